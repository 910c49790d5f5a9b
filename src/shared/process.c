/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "io.h"
#include "process.h"
#include "text.h"

int process_identify(pid_t pid, ProcessId *ret) {
        char path[sizeof("/proc//stat") + 11], buffer[1024];
        _cleanup_(closep) int fd = -EBADF;
        unsigned long long start_time;
        const char *p;
        ssize_t n;

        if (pid <= 0)
                return -ESRCH;

        snprintf(path, sizeof(path), "/proc/%i/stat", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;

        n = loop_read(fd, buffer, sizeof(buffer) - 1);
        if (n < 0)
                return n;
        buffer[n] = 0;

        /* The command may contain anything, parentheses too: the last one ends it */
        p = strrchr(buffer, ')');
        if (!p || sscanf(p + 1,
                         " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                         &start_time) != 1)
                return -EIO;

        *ret = (ProcessId) { .pid = pid, .start_time = start_time };
        return 0;
}

int pidfd_open_pid(pid_t pid) {
        int fd = pidfd_open(pid, 0);

        return fd < 0 ? -errno : fd;
}

int process_open(const ProcessId *id) {
        _cleanup_(closep) int fd = -EBADF;
        ProcessId now;
        int r;

        if (id->pid <= 0)
                return -ESRCH;

        fd = pidfd_open_pid(id->pid);
        if (fd < 0)
                return fd == -EINVAL ? -ESRCH : fd;

        /* The descriptor is held: if the start time is right now, it was right when it was opened */
        r = process_identify(id->pid, &now);
        if (r < 0)
                return r;
        if (now.start_time != id->start_time)
                return -ESRCH;

        return TAKE_FD(fd);
}

int pidfd_signal(int pidfd, int signo) {
        return pidfd_send_signal(pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}

bool pidfd_is_alive(int pidfd) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };

        return poll(&p, 1, 0) == 0;
}

#define SPAWN_STACK_SIZE (64U * 1024U)

/* What the child needs; it shares the parent's memory until it has called execve(). */
typedef struct SpawnChild {
        const char *path;
        char *const *argv;
        char *const *environment;
        const SpawnOptions *options;
        const int *sources; /* 3 + n_fds descriptors, all of them above the last target */
        size_t n_sources;
        int error;
} SpawnChild;

static int spawn_child_arrange_fds(const SpawnChild *c) {
        for (size_t i = 0; i < c->n_sources; i++)
                if (dup2(c->sources[i], (int) i) < 0)
                        return -errno;

        return close_range((unsigned) c->n_sources, ~0U, 0) < 0 ? -errno : 0;
}

static int spawn_child_run(void *userdata) {
        SpawnChild *c = userdata;
        sigset_t none;

        for (int i = 1; i < _NSIG; i++)
                if (i != SIGKILL && i != SIGSTOP) {
                        /* The raw call: glibc refuses the two signals it keeps for itself */
                        const struct {
                                void *handler;
                                unsigned long flags;
                                void *restorer;
                                uint64_t mask;
                        } by_default = {};
                        (void) syscall(SYS_rt_sigaction, i, &by_default, NULL, sizeof(uint64_t));
                }
        if (c->options->new_session)
                (void) setsid();

        if (c->options->oom_score_adjust != INT32_MIN) {
                char text[12];

                snprintf(text, sizeof(text), "%i", c->options->oom_score_adjust);
                (void) write_string_at(AT_FDCWD, "/proc/self/oom_score_adj", text);
        }

        c->error = spawn_child_arrange_fds(c);
        if (c->error >= 0) {
                sigemptyset(&none);
                sigprocmask(SIG_SETMASK, &none, NULL);
                execve(c->path, c->argv, c->environment);
                c->error = -errno;
        }
        _exit(127);
}

/* The lowest descriptors are the child's targets: a source among them would be overwritten. */
static int spawn_lift_fds(const SpawnOptions *o, int *sources, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int from = i < 3 ? o->stdio[i] : o->fds[i - 3];
                _cleanup_(closep) int null_fd = -EBADF;

                if (from < 0) {
                        null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
                        if (null_fd < 0)
                                return -errno;
                        from = null_fd;
                }

                sources[i] = fcntl(from, F_DUPFD_CLOEXEC, (int) n);
                if (sources[i] < 0)
                        return -errno;
        }

        return 0;
}

int process_spawn(const char *path, char *const *argv, const SpawnOptions *options, pid_t *ret_pid, int *ret_pidfd) {
        static char *const empty[] = { NULL };
        size_t n = 3 + options->n_fds;
        int sources[3 + FDS_MAX], pidfd = -EBADF, r;
        sigset_t all, saved;
        SpawnChild child = {
                .path = path,
                .argv = argv,
                .environment = options->environment ?: empty,
                .options = options,
                .sources = sources,
                .n_sources = n,
        };
        _cleanup_(freep) char *stack = NULL;
        pid_t pid;

        assert(options->n_fds <= FDS_MAX);

        for (size_t i = 0; i < n; i++)
                sources[i] = -EBADF;
        r = spawn_lift_fds(options, sources, n);
        if (r < 0)
                goto finish;

        /* A stack of its own: the child must not walk over the frames its parent will return to */
        stack = malloc(SPAWN_STACK_SIZE);
        if (!stack) {
                r = -ENOMEM;
                goto finish;
        }

        /* A handler must not run in the child on the memory of the parent */
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, &saved);
        pid = clone(spawn_child_run, stack + SPAWN_STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child,
                    &pidfd);
        r = pid < 0 ? -errno : child.error;
        sigprocmask(SIG_SETMASK, &saved, NULL);

        if (pid > 0 && r < 0) {
                (void) waitpid(pid, NULL, 0);
                pidfd = safe_close(pidfd);
        }
        if (r >= 0) {
                *ret_pid = pid;
                *ret_pidfd = pidfd;
        }

finish:
        for (size_t i = 0; i < n; i++)
                safe_close(sources[i]);
        return r;
}

int wait_status_to_exit_code(int status) {
        if (WIFEXITED(status))
                return WEXITSTATUS(status);
        if (WIFSIGNALED(status))
                return 128 + WTERMSIG(status);
        return 255;
}
