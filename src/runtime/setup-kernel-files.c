/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "filesystem.h"
#include "kernel-files.h"
#include "setup-target.h"
#include "setup.h"
#include "shared/path.h"
#include "shared/text.h"

/* A procfs that we made and that nothing is mounted over: RESOLVE_NO_XDEV would notice. */
static int open_proc(Setup *s, const char *path, int flags) {
        const struct open_how how = {
                .flags = (uint64_t) (unsigned) flags | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
        };
        int fd;

        for (size_t i = 0; i < s->n_mounts && s->proc_fd < 0; i++)
                if (s->mounts[i].kind == MOUNT_KIND_FILESYSTEM && streq(s->mounts[i].mount->type, "proc"))
                        s->proc_fd = s->mounts[i].fd;
        if (s->proc_fd < 0)
                s->proc_fd = filesystem_make("proc", "proc", NULL, 0, NULL);
        if (s->proc_fd < 0)
                return s->proc_fd;

        fd = syscall(SYS_openat2, s->proc_fd, path, &how, sizeof(how));
        return fd < 0 ? -errno : fd;
}

int setup_sysctls(Setup *s, SetupReport *report) {
        for (char *const *sysctl = s->spec->linux_.sysctl; sysctl && *sysctl; sysctl++) {
                const char *value = strchr(*sysctl, '=') + 1;
                _cleanup_(closep) int fd = -EBADF;
                char path[SYSCTL_PATH_MAX];
                int r;

                setup_subject(report, *sysctl);
                r = sysctl_path(*sysctl, path);
                if (r < 0)
                        return r;

                fd = open_proc(s, path, O_WRONLY);
                if (fd < 0)
                        return fd;
                if (write(fd, value, strlen(value)) < 0)
                        return -errno;
        }

        return 0;
}

int setup_readonly_paths(Setup *s, SetupReport *report) {
        for (char *const *p = s->spec->linux_.readonly_paths; p && *p; p++) {
                _cleanup_(closep) int target_fd = -EBADF, fd = -EBADF;
                int r;

                setup_subject(report, *p);
                target_fd = open_in_root_nofollow(s->root_fd, *p, O_PATH, 0);
                if (target_fd == -ENOENT)
                        continue;
                if (target_fd < 0)
                        return target_fd;

                fd = open_tree(target_fd, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
                if (fd < 0)
                        return -errno;
                r = mount_set_attributes(fd, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, 0, -EBADF);
                if (r < 0)
                        return r;
                r = mount_attach(fd, target_fd);
                if (r < 0)
                        return r;
        }

        return 0;
}

#define MASK_ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

static int open_null_at(int dir_fd, const char *path) {
        _cleanup_(closep) int fd = -EBADF;
        struct stat st;

        fd = openat(dir_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;

        return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) ? TAKE_FD(fd) : -ENODEV;
}

/* Our own /dev/null, which nobody in the container has seen yet, or the host's. Read-only: a container that may change the
 * mode of what it sees there must not change the host's. */
static int mask_file(Setup *s, int target_fd) {
        _cleanup_(closep) int fd = -EBADF;
        int r;

        if (s->null_fd < 0 && s->dev_fd >= 0)
                s->null_fd = open_null_at(s->dev_fd, "null");
        if (s->null_fd < 0)
                s->null_fd = open_null_at(AT_FDCWD, "/dev/null");
        if (s->null_fd < 0)
                return s->null_fd;

        fd = mount_clone(s->null_fd);
        if (fd < 0)
                return fd;
        r = mount_set_attributes(fd, 0, MASK_ATTRIBUTES, 0, 0, -EBADF);
        if (r < 0)
                return r;

        return mount_attach(fd, target_fd);
}

/* One empty file system for all of them. It can be copied only once it is attached somewhere. */
static int mask_directory(Setup *s, int target_fd) {
        static char mode[] = "mode=0555", size[] = "size=4k", inodes[] = "nr_inodes=1";
        static char *const options[] = { mode, size, inodes, NULL };
        _cleanup_(closep) int fd = -EBADF;

        if (s->mask_fd < 0) {
                s->mask_fd = filesystem_make("tmpfs", "tmpfs", options, MASK_ATTRIBUTES | MOUNT_ATTR_NODEV, NULL);
                return s->mask_fd < 0 ? s->mask_fd : mount_attach(s->mask_fd, target_fd);
        }

        fd = mount_clone(s->mask_fd);
        return fd < 0 ? fd : mount_attach(fd, target_fd);
}

int setup_masked_paths(Setup *s, SetupReport *report) {
        for (char *const *p = s->spec->linux_.masked_paths; p && *p; p++) {
                _cleanup_(closep) int target_fd = -EBADF;
                struct stat st;
                int r;

                setup_subject(report, *p);
                target_fd = open_in_root_nofollow(s->root_fd, *p, O_PATH, 0);
                if (target_fd == -ENOENT || target_fd == -ENOTDIR)
                        continue; /* kernels differ */
                if (target_fd < 0)
                        return target_fd;
                if (fstat(target_fd, &st) < 0)
                        return -errno;

                r = S_ISDIR(st.st_mode) ? mask_directory(s, target_fd) : mask_file(s, target_fd);
                if (r < 0)
                        return r;
        }

        return 0;
}
