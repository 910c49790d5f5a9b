/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/polkit-agent.h"
#include "shared/fd.h"
#include "shared/process.h"

#define AGENT              "/usr/bin/pkttyagent"
#define READY_TIMEOUT_MSEC 5000

PolkitAgent polkit_agent_open(void) {
        static const char *const argv[] = { "pkttyagent", "--notify-fd", "3", "--fallback", NULL };
        _cleanup_(close_pairp) int pair[2] = PAIR_OF_EBADF;
        SpawnOptions options = SPAWN_OPTIONS_INIT;
        PolkitAgent a = { .pidfd = -EBADF };
        struct pollfd p;
        pid_t pid;

        if (geteuid() == 0 || isatty(STDIN_FILENO) <= 0 || isatty(STDERR_FILENO) <= 0 || access(AGENT, X_OK) < 0 ||
            pipe2(pair, O_CLOEXEC) < 0)
                return a;

        options.stdio[0] = STDIN_FILENO;
        options.stdio[1] = STDERR_FILENO; /* our standard output may be somebody's data */
        options.stdio[2] = STDERR_FILENO;
        options.fds = &pair[1];
        options.n_fds = 1;
        options.environment = environ;
        if (process_spawn(AGENT, (char *const *) argv, &options, &pid, &a.pidfd) < 0)
                return (PolkitAgent) { .pidfd = -EBADF };

        /* It closes the pipe when polkit knows it; before that the call would be refused */
        pair[1] = safe_close(pair[1]);
        p = (struct pollfd) { .fd = pair[0], .events = POLLIN };
        (void) poll(&p, 1, READY_TIMEOUT_MSEC);
        return a;
}

void polkit_agent_close(PolkitAgent *a) {
        siginfo_t info;

        if (a->pidfd < 0)
                return;
        (void) pidfd_signal(a->pidfd, SIGTERM);
        (void) pidfd_signal(a->pidfd, SIGCONT);
        (void) waitid(P_PIDFD, (id_t) a->pidfd, &info, WEXITED);
        a->pidfd = safe_close(a->pidfd);
}
