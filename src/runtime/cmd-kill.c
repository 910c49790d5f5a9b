/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "bundle.h"
#include "cgroupfs.h"
#include "hook.h"
#include "main.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/parse.h"
#include "state.h"

#define DEATH_TIMEOUT_MSEC 10000

int verb_kill(const Program *p, int argc, char *argv[], Error *reterr) {
        static const struct option options[] = {
                { "all", no_argument, NULL, 'a' },
                {},
        };
        _cleanup_(runtime_state_done) RuntimeState state = RUNTIME_STATE_INIT;
        _cleanup_(closep) int pidfd = -EBADF;
        int signo = SIGTERM, c, r;
        bool all = false;
        const char *id;

        while ((c = getopt_long(argc, argv, "+a", options, NULL)) >= 0) {
                if (c != 'a')
                        return error_set(reterr, -EINVAL, "Try --help");
                all = true;
        }

        r = container_argument(argc, argv, optind, &id, reterr);
        if (r < 0)
                return r;
        if (optind + 1 < argc) {
                signo = parse_signal(argv[optind + 1]);
                if (signo < 0)
                        return error_set(reterr, -EINVAL, "'%s' is not a signal", argv[optind + 1]);
        }

        r = runtime_state_load(p->root, id, &state, reterr);
        if (r < 0)
                return r;

        if (all) {
                r = cgroupfs_signal(state.cgroups, signo);
                if (r < 0)
                        return error_errnof(reterr, r, "container %s: cannot send a signal to its processes", id);
                if (r > 0)
                        return EXIT_SUCCESS;
        }

        pidfd = process_open(&state.process);
        if (pidfd < 0 || !pidfd_is_alive(pidfd))
                return error_set(reterr, -ESRCH, "container not running: %s", id);
        r = pidfd_signal(pidfd, signo);
        return r < 0 ? error_errnof(reterr, r, "container %s: cannot send a signal", id) : EXIT_SUCCESS;
}

static int end_process(const RuntimeState *s, bool force, Error *reterr) {
        struct pollfd pfd = { .fd = -1, .events = POLLIN };
        _cleanup_(closep) int pidfd = -EBADF;

        pidfd = process_open(&s->process);
        if (pidfd < 0 || !pidfd_is_alive(pidfd))
                return 0;

        /* One that was created and never started has nothing to lose */
        if (!force && runtime_state_status(s) == CONTAINER_RUNNING)
                return error_set(reterr, -EBUSY, "container %s is still running", s->id);

        (void) pidfd_signal(pidfd, SIGKILL);
        pfd.fd = pidfd;
        if (poll(&pfd, 1, DEATH_TIMEOUT_MSEC) <= 0)
                return error_set(reterr, -ETIMEDOUT, "container %s does not die", s->id);

        return 0;
}

int verb_delete(const Program *p, int argc, char *argv[], Error *reterr) {
        static const struct option options[] = {
                { "force", no_argument, NULL, 'f' },
                {},
        };
        _cleanup_(runtime_state_done) RuntimeState state = RUNTIME_STATE_INIT;
        _cleanup_(oci_spec_freep) OciSpec *spec = NULL;
        _cleanup_(freep) char *text = NULL;
        bool force = false;
        const char *id;
        int c, r;

        while ((c = getopt_long(argc, argv, "+f", options, NULL)) >= 0) {
                if (c != 'f')
                        return error_set(reterr, -EINVAL, "Try --help");
                force = true;
        }

        r = container_argument(argc, argv, optind, &id, reterr);
        if (r < 0)
                return r;
        r = runtime_state_load(p->root, id, &state, reterr);
        if (r == -ENOENT && force)
                return EXIT_SUCCESS;
        if (r < 0)
                return r;

        r = end_process(&state, force, reterr);
        if (r < 0)
                return r;
        (void) cgroupfs_signal(state.cgroups, SIGKILL);
        cgroupfs_remove(state.cgroups);

        if (read_full_file_at(state.directory_fd, STATE_CONFIG, JSON_SIZE_MAX, &text, NULL) >= 0 &&
            oci_spec_parse(STATE_CONFIG, text, strlen(text), &spec, NULL) >= 0)
                (void) hooks_run(spec, OCI_HOOK_POSTSTOP, &state, NULL);

        r = runtime_state_remove(p->root, id);
        return r < 0 ? error_errnof(reterr, r, "container %s: cannot remove its state", id) : EXIT_SUCCESS;
}
