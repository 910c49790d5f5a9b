/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "filesystem.h"
#include "setup-target.h"
#include "setup.h"
#include "shared/path.h"
#include "shared/text.h"

/* The nodes were made by the parent, who may; the links are made by the container's root, who then owns them. */
int setup_devices(Setup *s, SetupReport *report) {
        static const struct {
                const char *name, *target;
        } links[] = {
                { "fd",     "/proc/self/fd"   },
                { "stdin",  "/proc/self/fd/0" },
                { "stdout", "/proc/self/fd/1" },
                { "stderr", "/proc/self/fd/2" },
                { "core",   "/proc/kcore"     },
                { "ptmx",   "pts/ptmx"        },
        };

        if (s->dev_fd < 0)
                return 0;

        for (size_t i = 0; i < ELEMENTSOF(links); i++) {
                setup_subject(report, links[i].name);
                if (symlinkat(links[i].target, s->dev_fd, links[i].name) < 0 && errno != EEXIST)
                        return -errno;
        }

        return 0;
}

static int bind_console(Setup *s, int peer_fd) {
        _cleanup_(closep) int target_fd = -EBADF, fd = -EBADF;

        target_fd = setup_open_target(s->root_fd, "/dev/console", false, true);
        if (target_fd < 0)
                return target_fd;

        fd = mount_clone(peer_fd);
        if (fd < 0)
                return fd;

        return setup_attach_at(s->root_fd, fd, target_fd, "/dev/console", true);
}

/* A terminal from the container's own devpts; its other end is known by descriptor alone. */
int setup_terminal(Setup *s, SetupReport *report) {
        const OciProcess *p = &s->spec->process;
        _cleanup_(closep) int peer_fd = -EBADF;
        int devpts_fd = -EBADF, unlock = 0, r;

        setup_subject(report, "/dev/console");
        for (size_t i = 0; i < s->n_mounts; i++)
                if (s->mounts[i].kind == MOUNT_KIND_FILESYSTEM && streq(s->mounts[i].mount->type, "devpts"))
                        devpts_fd = s->mounts[i].fd;
        if (devpts_fd < 0)
                return -ENODEV;

        s->terminal_fd = openat(devpts_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
        if (s->terminal_fd < 0)
                return -errno;
        if (ioctl(s->terminal_fd, TIOCSPTLCK, &unlock) < 0)
                return -errno;
        peer_fd = ioctl(s->terminal_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (peer_fd < 0)
                return -errno;

        if (p->console_height > 0 || p->console_width > 0) {
                struct winsize size = { .ws_row = p->console_height, .ws_col = p->console_width };
                if (ioctl(peer_fd, TIOCSWINSZ, &size) < 0)
                        return -errno;
        }
        if (fchown(peer_fd, s->identity.uid, (gid_t) -1) < 0)
                return -errno;

        r = bind_console(s, peer_fd);
        if (r < 0)
                return r;

        /* We lead a session since the beginning */
        if (ioctl(peer_fd, TIOCSCTTY, 0) < 0)
                return -errno;
        for (int i = 0; i < 3; i++)
                if (dup2(peer_fd, i) < 0)
                        return -errno;

        return 0;
}

/* Where standard input or output is nothing: the container's own /dev/null, so that nobody in there holds the host's. */
static int open_null(Setup *s) {
        _cleanup_(closep) int fd = -EBADF;
        struct stat st;

        fd = open_in_root_nofollow(s->root_fd, "/dev/null", O_RDWR | O_NONBLOCK | O_NOCTTY, 0);
        if (fd >= 0 && fstat(fd, &st) >= 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
                return TAKE_FD(fd);

        fd = safe_close(fd);
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        return fd < 0 ? -errno : TAKE_FD(fd);
}

int setup_stdio(Setup *s, SetupReport *report) {
        setup_subject(report, "standard input and output");
        if (s->spec->process.terminal)
                return 0;

        for (int i = 0; i < 3; i++) {
                _cleanup_(closep) int null_fd = -EBADF;

                if (s->stdio[i] < 0) {
                        null_fd = open_null(s);
                        if (null_fd < 0)
                                return null_fd;
                }
                if (dup2(s->stdio[i] < 0 ? null_fd : s->stdio[i], i) < 0)
                        return -errno;
        }

        return 0;
}
