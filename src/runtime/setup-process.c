/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "setup.h"
#include "shared/path.h"
#include "shared/text.h"

#define KEEP_MAX 12U

/* A descriptor that is still needed goes above those that the program gets. */
static int lift(int *fd, int above) {
        int lifted;

        if (*fd < 0 || *fd >= above)
                return 0;

        lifted = fcntl(*fd, F_DUPFD_CLOEXEC, above);
        if (lifted < 0)
                return -errno;

        *fd = lifted;
        return 0;
}

static void keep(int *list, size_t *n, int fd) {
        size_t i = *n;

        if (fd < 0)
                return;

        assert(*n < KEEP_MAX);
        for (; i > 0 && list[i - 1] > fd; i--)
                list[i] = list[i - 1];
        list[i] = fd;
        (*n)++;
}

int setup_close_descriptors(Setup *s, SetupReport *report) {
        int first = 3 + (int) s->n_extra_fds, list[KEEP_MAX], r;
        MountPlan *cgroup = NULL;
        size_t n = 0;

        setup_subject(report, "the host's files");

        for (size_t i = 0; i < s->n_mounts; i++)
                if (s->mounts[i].kind == MOUNT_KIND_CGROUP && !s->mounts[i].from_parent)
                        cgroup = s->mounts + i;

        int *needed[] = { &s->socket, &s->listen_fd, &s->root_fd, &s->init_fd, &s->terminal_fd, cgroup ? &cgroup->fd : NULL,
                          cgroup ? &cgroup->target_fd : NULL };
        for (size_t i = 0; i < ELEMENTSOF(needed); i++) {
                if (!needed[i])
                        continue;
                r = lift(needed[i], first);
                if (r < 0)
                        return r;
                keep(list, &n, *needed[i]);
        }

        /* The parent has duplicated them to above all of these numbers */
        for (size_t i = 0; i < s->n_extra_fds; i++)
                if (dup2(s->extra_fds[i], 3 + (int) i) < 0)
                        return -errno;

        return close_all_fds_except(first, list, n);
}

int setup_working_directory(Setup *s, SetupReport *report) {
        const char *path = s->spec->process.cwd;
        _cleanup_(closep) int fd = -EBADF;
        char where[PATH_MAX];

        setup_subject(report, path);

        /* Magic links are not followed: "/proc/self/fd/7" is no directory of the container's */
        fd = open_in_root(s->root_fd, path, O_PATH | O_DIRECTORY, 0);
        if (fd == -ENOENT)
                fd = mkdir_in_root(s->root_fd, path, 0755, (uid_t) -1, (gid_t) -1);
        if (fd < 0)
                return fd;
        if (fchdir(fd) < 0)
                return -errno;

        /* The raw call says "(unreachable)" where glibc's would go and look for it */
        if (syscall(SYS_getcwd, where, sizeof(where)) < 0)
                return -errno;

        return where[0] == '/' ? 0 : -ENOENT;
}

int setup_ready(Setup *s, SetupReport *report) {
        SetupMessage m = { .type = SETUP_READY };
        int r;

        setup_subject(report, "the cgroup");
        r = setup_send(s->socket, &m, &s->terminal_fd, s->terminal_fd >= 0 ? 1 : 0);
        if (r < 0)
                return r;
        s->terminal_fd = safe_close(s->terminal_fd);

        if (s->listen_fd >= 0) {
                int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);

                if (fd < 0)
                        return -errno;
                safe_close(s->socket);
                s->socket = fd;
                s->listen_fd = safe_close(s->listen_fd);
                r = lift(&s->socket, 3 + (int) s->n_extra_fds);
                if (r < 0)
                        return r;
        }

        r = setup_receive_message(s->socket, &m, NULL, NULL);
        if (r < 0)
                return r;

        return m.type == SETUP_RELEASE ? 0 : -EPROTO;
}

int setup_personality(Setup *s, SetupReport *report) {
        const OciProcess *p = &s->spec->process;

        setup_subject(report, "the personality");
        if (s->spec->linux_.personality_domain &&
            personality(streq(s->spec->linux_.personality_domain, "LINUX32") ? PER_LINUX32 : PER_LINUX) < 0)
                return -errno;

        (void) umask(p->user.umask.set ? (mode_t) p->user.umask.value : 0022);
        return 0;
}

int setup_seccomp(Setup *s, SetupReport *report) {
        setup_subject(report, "the system call filter");
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &s->filter) < 0 ? -errno : 0;
}

int setup_no_new_privileges(Setup *s, SetupReport *report) {
        setup_subject(report, "no_new_privs");
        if (s->spec->process.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;

        return 0;
}

int setup_parent_death(Setup *s, SetupReport *report) {
        struct pollfd p = { .fd = s->socket };

        setup_subject(report, "to the life of the supervisor");
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
                return -errno;

        /* getppid() is 0 in a PID namespace, dead or alive; but a parent that died before the line above has closed its
         * end of the socket */
        if (poll(&p, 1, 0) < 0)
                return -errno;

        return p.revents & (POLLHUP | POLLERR) ? -ESRCH : 0;
}
