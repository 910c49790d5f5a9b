/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "filesystem.h"
#include "setup-target.h"
#include "shared/path.h"
#include "shared/text.h"

/* One component below dir_fd, which nobody has led us to by a link. */
static int open_or_make(int dir_fd, const char *name, bool directory) {
        int fd;

        fd = open_beneath(dir_fd, name, O_PATH | (directory ? O_DIRECTORY : 0), 0);
        if (fd != -ENOENT)
                return fd;

        if (directory) {
                if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
                        return -errno;
        } else {
                _cleanup_(closep) int made_fd = open_beneath(dir_fd, name, O_CREAT | O_EXCL | O_WRONLY, 0644);
                if (made_fd < 0 && made_fd != -EEXIST)
                        return made_fd;
        }

        return open_beneath(dir_fd, name, O_PATH | (directory ? O_DIRECTORY : 0), 0);
}

static int open_engine_target(int root_fd, const char *path, bool directory) {
        _cleanup_(closep) int fd = -EBADF;
        const char *p = path;

        /* What is there nearly always is */
        fd = open_in_root_nofollow(root_fd, path, O_PATH | (directory ? O_DIRECTORY : 0), 0);
        if (fd != -ENOENT)
                return TAKE_FD(fd);

        fd = open_in_root_nofollow(root_fd, "/", O_PATH | O_DIRECTORY, 0);
        while (fd >= 0 && *(p += strspn(p, "/"))) {
                size_t n = strcspn(p, "/");
                char name[NAME_MAX + 1];
                int next;

                if (n > NAME_MAX)
                        return -ENAMETOOLONG;
                memcpy(name, p, n);
                name[n] = 0;
                p += n;

                next = open_or_make(fd, name, directory || *p);
                safe_close(fd);
                fd = next;
        }

        return TAKE_FD(fd);
}

int setup_open_target(int root_fd, const char *path, bool directory, bool engine) {
        _cleanup_(closep) int fd = -EBADF;
        struct statfs fs;

        if (engine)
                return open_engine_target(root_fd, path, directory);

        fd = open_mount_point_in_root(root_fd, path, directory);
        if (fd < 0)
                return fd;

        /* A link of the image's must not put a volume where the kernel's files are expected */
        if (fstatfs(fd, &fs) < 0)
                return -errno;
        if (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC)
                return -ELOOP;

        return TAKE_FD(fd);
}

static int mount_id(int fd, uint64_t *ret) {
        struct statx stx;

        if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &stx) < 0)
                return -errno;

        *ret = stx.stx_mnt_id;
        return 0;
}

int setup_attach_at(int root_fd, int fd, int target_fd, const char *path, bool engine) {
        _cleanup_(closep) int seen_fd = -EBADF;
        uint64_t ours, seen;
        int r;

        r = mount_attach(fd, target_fd);
        if (r < 0)
                return r;

        seen_fd = engine ? open_in_root_nofollow(root_fd, path, O_PATH, 0) : open_in_root(root_fd, path, O_PATH, 0);
        if (seen_fd < 0)
                return seen_fd;

        r = mount_id(fd, &ours);
        if (r < 0)
                return r;
        r = mount_id(seen_fd, &seen);
        if (r < 0)
                return r;

        return ours == seen ? 0 : -EXDEV;
}
