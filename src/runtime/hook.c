/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook.h"
#include "shared/fd.h"
#include "shared/strv.h"

static int wait_for_hook(const OciHook *h, pid_t pid, int pidfd, Error *reterr) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };
        int status, n;

        do
                n = poll(&p, 1, h->timeout.set ? (int) MIN(h->timeout.value * 1000, (int64_t) INT32_MAX) : -1);
        while (n < 0 && errno == EINTR);
        if (n == 0)
                (void) pidfd_signal(pidfd, SIGKILL);

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errnof(reterr, -errno, "hook '%s'", h->path);

        if (n == 0)
                return error_set(reterr, -ETIMEDOUT, "hook '%s' took more than %lli s", h->path, (long long) h->timeout.value);
        if (status != 0)
                return error_set(reterr, -EIO, "hook '%s' failed with status %i", h->path, wait_status_to_exit_code(status));

        return 0;
}

static int run_hook(const OciHook *h, int input_fd, Error *reterr) {
        char *const alone[] = { h->path, NULL };
        SpawnOptions options = SPAWN_OPTIONS_INIT;
        _cleanup_(closep) int pidfd = -EBADF;
        pid_t pid;
        int r;

        options.stdio[0] = input_fd;
        options.stdio[1] = STDOUT_FILENO;
        options.stdio[2] = STDERR_FILENO;
        options.environment = h->env;

        if (lseek(input_fd, 0, SEEK_SET) < 0)
                return error_errnof(reterr, -errno, "hook '%s'", h->path);
        r = process_spawn(h->path, strv_isempty(h->args) ? alone : h->args, &options, &pid, &pidfd);
        if (r < 0)
                return error_errnof(reterr, r, "hook '%s'", h->path);

        return wait_for_hook(h, pid, pidfd, reterr);
}

int hooks_run(const OciSpec *spec, OciHookType type, const RuntimeState *state, Error *reterr) {
        bool tolerant = type == OCI_HOOK_POSTSTART || type == OCI_HOOK_POSTSTOP;
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(closep) int input_fd = -EBADF;
        const OciHooks *hooks = spec->hooks + type;
        const char *text;
        int r;

        if (hooks->n == 0)
                return 0;

        r = runtime_state_to_json(state, &o);
        if (r < 0)
                return error_oom(reterr);
        text = json_text(o);
        input_fd = memfd_from_bytes("state", text, strlen(text));
        if (input_fd < 0)
                return error_errnof(reterr, input_fd, "Cannot write the state down for hooks");

        for (size_t i = 0; i < hooks->n; i++) {
                _cleanup_(error_done) Error error = {};

                r = run_hook(hooks->hooks + i, input_fd, &error);
                if (r >= 0)
                        continue;
                if (!tolerant) {
                        error_move(reterr, &error);
                        return r;
                }
                dprintf(STDERR_FILENO, "caisson-runtime: %s, ignoring\n", error_message(&error, r));
        }

        return 0;
}
