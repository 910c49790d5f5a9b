/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "setup.h"

/* caisson-init STATUS-FD PATH ARG0 …
 *
 * PID 1 of a container that asked for one: starts the program, passes on every signal, reaps what is left to it, and ends
 * as the program ends. It finishes the conversation with the runtime: the status descriptor closes when the program was
 * executed, or says why not. */

static _noreturn_ void fail(int status_fd, int error, const char *program) {
        SetupMessage m = { .type = SETUP_FAILED };

        m.report.error = -error;
        m.report.failure = error == ENOENT ? RUNTIME_FAILURE_NOT_FOUND : RUNTIME_FAILURE_NOT_EXECUTABLE;
        strncpy(m.report.subject, program, sizeof(m.report.subject) - 1);
        if (error == ENOENT)
                strncpy(m.report.detail, "is its interpreter missing?", sizeof(m.report.detail) - 1);

        (void) !write(status_fd, &m, setup_message_size(&m));
        _exit((int) m.report.failure);
}

static _noreturn_ void run(int status_fd, const char *path, char **argv, const sigset_t *signals) {
        /* Without a PID namespace of our own nobody else would end it with us */
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);

        /* Ctrl-C is for the program; we would pass it on a second time. Becoming the foreground stops nobody, since
         * SIGTTOU is blocked. */
        if (setpgid(0, 0) >= 0)
                (void) tcsetpgrp(STDIN_FILENO, getpid());

        (void) sigprocmask(SIG_UNBLOCK, signals, NULL);
        (void) fcntl(status_fd, F_SETFD, FD_CLOEXEC);
        execv(path, argv);
        fail(status_fd, errno, argv[0]);
}

static int reap(pid_t program) {
        int status, result = -1;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                if (pid == program)
                        result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

        return result;
}

int main(int argc, char *argv[]) {
        sigset_t signals;
        int status_fd;
        pid_t program;

        if (argc < 4)
                return RUNTIME_FAILURE_SETUP;

        status_fd = atoi(argv[1]);
        sigfillset(&signals);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

        program = fork();
        if (program == 0)
                run(status_fd, argv[2], argv + 3, &signals);
        if (program < 0)
                fail(status_fd, errno, argv[3]);
        (void) close(status_fd);

        for (;;) {
                int signo = sigwaitinfo(&signals, NULL), status;

                if (signo == SIGCHLD) {
                        status = reap(program);
                        if (status >= 0)
                                return status;
                } else if (signo > 0 && signo != SIGTTIN && signo != SIGTTOU)
                        (void) kill(program, signo);
        }
}
