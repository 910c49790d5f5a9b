/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bundle.h"
#include "cgroupfs.h"
#include "console.h"
#include "hook.h"
#include "main.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "spec-seccomp.h"
#include "state.h"

typedef struct Creation {
        const char *bundle_path;
        const char *console_socket;
        const char *pid_file;
        uint32_t preserve_fds;
        bool detach;
        bool run;

        Bundle bundle;
        RuntimeState state;
        RuntimeContainer *container;
        bool made_state;
} Creation;

/* Whatever was begun and not finished is taken back; the container's processes end with its first one. */
static void creation_undo(const Program *p, Creation *c) {
        c->container = runtime_container_free(c->container);
        cgroupfs_remove(c->state.cgroups);
        if (c->made_state)
                (void) runtime_state_remove(p->root, c->state.id);
}

static void creation_done(Creation *c) {
        runtime_container_free(c->container);
        runtime_state_done(&c->state);
        bundle_done(&c->bundle);
}

static int parse_options(int argc, char *argv[], Creation *c, const char **ret_id, Error *reterr) {
        enum { ARG_CONSOLE_SOCKET = 256, ARG_PID_FILE, ARG_PRESERVE_FDS, ARG_IGNORED };
        static const struct option options[] = {
                { "bundle",         required_argument, NULL, 'b'                },
                { "console-socket", required_argument, NULL, ARG_CONSOLE_SOCKET },
                { "pid-file",       required_argument, NULL, ARG_PID_FILE       },
                { "preserve-fds",   required_argument, NULL, ARG_PRESERVE_FDS   },
                { "detach",         no_argument,       NULL, 'd'                },
                { "no-new-keyring", no_argument,       NULL, ARG_IGNORED        },
                { "no-pivot",       no_argument,       NULL, ARG_IGNORED        },
                {},
        };
        int k;

        while ((k = getopt_long(argc, argv, "+b:d", options, NULL)) >= 0)
                switch (k) {
                case 'b':
                        c->bundle_path = optarg;
                        break;
                case 'd':
                        c->detach = true;
                        break;
                case ARG_CONSOLE_SOCKET:
                        c->console_socket = optarg;
                        break;
                case ARG_PID_FILE:
                        c->pid_file = optarg;
                        break;
                case ARG_PRESERVE_FDS:
                        if (parse_u32(optarg, &c->preserve_fds) < 0 || c->preserve_fds > 16)
                                return error_set(reterr, -EINVAL, "--preserve-fds: '%s' is not a number up to 16", optarg);
                        break;
                case ARG_IGNORED:
                        break;
                default:
                        return error_set(reterr, -EINVAL, "Try --help");
                }

        return container_argument(argc, argv, optind, ret_id, reterr);
}

static int listen_for_start(const RuntimeState *s, Error *reterr) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int fd = -EBADF;

        /* Short whatever the state directory is called */
        snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%i/%s", s->directory_fd, STATE_START_SOCKET);

        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, 4) < 0)
                return error_errnof(reterr, -errno, "Cannot listen for the start");

        return TAKE_FD(fd);
}

static int write_pid_file(const char *path, pid_t pid, Error *reterr) {
        char text[16];
        int r;

        if (!path)
                return 0;

        snprintf(text, sizeof(text), "%i", pid);
        r = write_file_at_path(path, text, WRITE_FILE_MODE_0644);
        return r < 0 ? error_errnof(reterr, r, "pid file '%s'", path) : 0;
}

static int begin_state(const Program *p, const char *id, Creation *c, Error *reterr) {
        int r;

        r = runtime_state_create(p->root, id, &c->state, reterr);
        if (r < 0)
                return r;
        c->made_state = true;

        c->state.bundle = strdup(c->bundle.path);
        c->state.annotations = strv_copy(c->bundle.spec->annotations);
        if (!c->state.bundle || (c->bundle.spec->annotations && !c->state.annotations))
                return error_oom(reterr);

        r = write_file_atomic_at(c->state.directory_fd, STATE_CONFIG, c->bundle.text, strlen(c->bundle.text), 0);
        return r < 0 ? error_errnof(reterr, r, "Cannot keep config.json") : 0;
}

static int handle_terminal(const Creation *c, int terminal_fd, Error *reterr) {
        if (!c->bundle.spec->process.terminal || !c->console_socket)
                return 0;

        return console_send(c->console_socket, terminal_fd, reterr);
}

static int check_terminal(const Creation *c, Error *reterr) {
        bool terminal = c->bundle.spec->process.terminal;

        if (terminal && !c->console_socket && (!c->run || c->detach))
                return error_set(reterr, -EINVAL, "process.terminal needs --console-socket");
        if (!terminal && c->console_socket)
                return error_set(reterr, -EINVAL, "--console-socket needs process.terminal");

        return 0;
}

/* Up to the point where it waits for the release. */
static int create(const Program *p, const char *id, Creation *c, int *ret_terminal_fd, Error *reterr) {
        _cleanup_(closep) int seccomp_fd = -EBADF, listen_fd = -EBADF;
        RuntimeOptions options = RUNTIME_OPTIONS_INIT;
        int fds[16], r;

        r = bundle_open(c->bundle_path, &c->bundle, reterr);
        if (r < 0)
                return r;
        r = check_terminal(c, reterr);
        if (r < 0)
                return r;
        if (c->bundle.spec->hooks[OCI_HOOK_CREATE_CONTAINER].n > 0 || c->bundle.spec->hooks[OCI_HOOK_START_CONTAINER].n > 0)
                return error_set(reterr, -EOPNOTSUPP, "Hooks that run in the container's namespaces are not supported");
        r = begin_state(p, id, c, reterr);
        if (r < 0)
                return r;
        r = spec_seccomp_compile(c->bundle.spec, &seccomp_fd, reterr);
        if (r < 0)
                return r;

        if (!c->run) {
                listen_fd = listen_for_start(&c->state, reterr);
                if (listen_fd < 0)
                        return listen_fd;
        }

        for (uint32_t i = 0; i < c->preserve_fds; i++)
                fds[i] = 3 + (int) i;
        options.bundle_fd = c->bundle.fd;
        options.stdio[0] = STDIN_FILENO;
        options.stdio[1] = STDOUT_FILENO;
        options.stdio[2] = STDERR_FILENO;
        options.extra_fds = fds;
        options.n_extra_fds = c->preserve_fds;
        options.seccomp_fd = seccomp_fd;
        options.listen_fd = listen_fd;
        options.init_path = p->init;
        options.outlive_parent = !c->run || c->detach;

        r = runtime_container_create(c->bundle.spec, &options, &c->container, reterr);
        if (r < 0)
                return r;
        r = process_identify(runtime_container_pid(c->container), &c->state.process);
        if (r < 0)
                return error_errnof(reterr, r, "The container's first process is gone");

        if (p->cgroup_manager == CGROUP_MANAGER_CGROUPFS) {
                r = cgroupfs_enter(c->bundle.spec, id, c->state.process.pid, &c->state.cgroups, reterr);
                if (r < 0)
                        return r;
        }

        r = hooks_run(c->bundle.spec, OCI_HOOK_PRESTART, &c->state, reterr);
        if (r >= 0)
                r = hooks_run(c->bundle.spec, OCI_HOOK_CREATE_RUNTIME, &c->state, reterr);
        if (r < 0)
                return r;

        r = runtime_container_setup(c->container, reterr);
        if (r < 0)
                return r;
        *ret_terminal_fd = runtime_container_take_terminal(c->container);
        r = handle_terminal(c, *ret_terminal_fd, reterr);
        if (r < 0)
                return r;

        r = write_pid_file(c->pid_file, c->state.process.pid, reterr);
        if (r < 0)
                return r;

        return runtime_state_save(&c->state, reterr);
}

int verb_create(const Program *p, int argc, char *argv[], Error *reterr) {
        _cleanup_(creation_done) Creation c = { .bundle_path = ".", .bundle = BUNDLE_INIT, .state = RUNTIME_STATE_INIT };
        _cleanup_(closep) int terminal_fd = -EBADF;
        const char *id;
        int r;

        r = parse_options(argc, argv, &c, &id, reterr);
        if (r < 0)
                return r;

        r = create(p, id, &c, &terminal_fd, reterr);
        if (r < 0) {
                creation_undo(p, &c);
                return r;
        }

        runtime_container_leave(c.container);
        return EXIT_SUCCESS;
}

static int wait_for_container(const Creation *c, int terminal_fd, Error *reterr) {
        int status, r;

        r = console_proxy(c->console_socket ? -EBADF : terminal_fd, runtime_container_pidfd(c->container), reterr);
        if (r < 0)
                return r;

        while (waitpid(c->state.process.pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errnof(reterr, -errno, "Cannot wait for the container");

        return wait_status_to_exit_code(status);
}

int verb_run(const Program *p, int argc, char *argv[], Error *reterr) {
        _cleanup_(creation_done) Creation c = {
                .bundle_path = ".",
                .run = true,
                .bundle = BUNDLE_INIT,
                .state = RUNTIME_STATE_INIT,
        };
        _cleanup_(closep) int terminal_fd = -EBADF;
        const char *id;
        int r;

        r = parse_options(argc, argv, &c, &id, reterr);
        if (r < 0)
                return r;

        r = create(p, id, &c, &terminal_fd, reterr);
        if (r >= 0)
                r = runtime_container_release(c.container, reterr);
        if (r < 0) {
                RuntimeFailure failure = c.container ? runtime_container_failure(c.container) : RUNTIME_FAILURE_SETUP;

                creation_undo(p, &c);
                fprintf(stderr, "caisson-runtime: %s\n", error_message(reterr, r));
                return (int) failure;
        }

        c.state.started = true;
        r = runtime_state_save(&c.state, reterr);
        if (r >= 0)
                r = hooks_run(c.bundle.spec, OCI_HOOK_POSTSTART, &c.state, reterr);
        if (r < 0 || c.detach)
                return r < 0 ? r : EXIT_SUCCESS;

        r = wait_for_container(&c, terminal_fd, reterr);
        (void) hooks_run(c.bundle.spec, OCI_HOOK_POSTSTOP, &c.state, NULL);
        creation_undo(p, &c);
        return r;
}

static int connect_to_start(const RuntimeState *s, Error *reterr) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int fd = -EBADF;

        snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%i/%s", s->directory_fd, STATE_START_SOCKET);

        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return error_errnof(reterr, -errno, "container %s: cannot reach its first process", s->id);

        return TAKE_FD(fd);
}

int verb_start(const Program *p, int argc, char *argv[], Error *reterr) {
        _cleanup_(runtime_state_done) RuntimeState state = RUNTIME_STATE_INIT;
        _cleanup_(oci_spec_freep) OciSpec *spec = NULL;
        _cleanup_(freep) char *text = NULL;
        _cleanup_(closep) int fd = -EBADF;
        RuntimeFailure failure;
        const char *id;
        int r;

        r = container_argument(argc, argv, 1, &id, reterr);
        if (r < 0)
                return r;
        r = runtime_state_load(p->root, id, &state, reterr);
        if (r < 0)
                return r;
        if (runtime_state_status(&state) != CONTAINER_CREATED)
                return error_set(reterr, -EINVAL, "container %s is %s, not created", id,
                                 container_status_to_string(runtime_state_status(&state)));

        r = read_full_file_at(state.directory_fd, STATE_CONFIG, JSON_SIZE_MAX, &text, NULL);
        if (r < 0)
                return error_errnof(reterr, r, "container %s: %s", id, STATE_CONFIG);
        r = oci_spec_parse(STATE_CONFIG, text, strlen(text), &spec, reterr);
        if (r < 0)
                return r;

        fd = connect_to_start(&state, reterr);
        if (fd < 0)
                return fd;
        r = runtime_release_connected(spec, state.process.pid, fd, &failure, reterr);
        if (r < 0)
                return r;

        state.started = true;
        (void) unlinkat(state.directory_fd, STATE_START_SOCKET, 0);
        r = runtime_state_save(&state, reterr);
        if (r < 0)
                return r;

        r = hooks_run(spec, OCI_HOOK_POSTSTART, &state, reterr);
        return r < 0 ? r : EXIT_SUCCESS;
}
