/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container.h"
#include "executable.h"
#include "setup.h"

/* From here on it is the program's fault, not ours, and the exit code says so. */
static int exec_failure(SetupReport *report, int error) {
        report->failure = error == -ENOENT ? RUNTIME_FAILURE_NOT_FOUND : RUNTIME_FAILURE_NOT_EXECUTABLE;
        return error;
}

int setup_find_executable(Setup *s, SetupReport *report) {
        const OciProcess *p = &s->spec->process;
        int r;

        setup_subject(report, p->args[0]);
        r = executable_find(p->args[0], p->env, s->executable);
        return r < 0 ? exec_failure(report, r) : 0;
}

static void reset_signals(void) {
        const struct {
                void *handler;
                unsigned long flags;
                void *restorer;
                uint64_t mask;
        } by_default = {};
        const uint64_t none = 0;

        for (int i = 1; i < _NSIG; i++)
                (void) syscall(SYS_rt_sigaction, i, &by_default, NULL, sizeof(uint64_t));
        (void) syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

int setup_exec(Setup *s, SetupReport *report) {
        static char *const no_environment[] = { NULL };
        char *const *environment = s->spec->process.env ?: no_environment;
        int error;

        if (s->environment) {
                size_t n = 0;

                while (s->environment[n])
                        n++;
                s->environment[n] = s->identity.home; /* there is one place more than that */
                environment = s->environment;
        }

        setup_subject(report, s->spec->process.args[0]);
        reset_signals();

        if (s->use_init) {
                int status_fd = 3 + (int) s->n_extra_fds;

                /* The init goes on to report where we stop, on the descriptor that its arguments name */
                s->init_argv[2] = s->executable;
                if (s->socket != status_fd && dup2(s->socket, status_fd) < 0)
                        return -errno;
                if (s->socket == status_fd && fcntl(status_fd, F_SETFD, 0) < 0)
                        return -errno;

                syscall(SYS_execveat, s->init_fd, "", s->init_argv, environment, AT_EMPTY_PATH);
                setup_subject(report, "caisson-init");
                return -errno;
        }

        execve(s->executable, s->spec->process.args, environment);
        error = -errno;
        if (error == -ENOENT)
                setup_detail(report, "is its interpreter missing?");
        return exec_failure(report, error);
}
