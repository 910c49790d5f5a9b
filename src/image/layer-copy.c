/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "layer-copy.h"
#include "layer-xattr.h"
#include "shared/fd.h"
#include "shared/io.h"

/* Last of all: writing and changing the owner would take file capabilities away again. */
static int copy_metadata(LayerTree *t, int from_fd, int to_fd, const struct stat *st) {
        const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, st->st_mtim};
        bool default_acl = false;
        int r;

        if (t->default_acls) {
                r = layer_xattr_clear_acls(to_fd, S_ISDIR(st->st_mode));
                if (r < 0)
                        return r;
        }

        if (fchown(to_fd, st->st_uid, st->st_gid) < 0 || fchmod(to_fd, st->st_mode & 07777) < 0)
                return -errno;

        r = layer_xattr_copy(from_fd, to_fd, &default_acl);
        if (r < 0)
                return r;
        t->default_acls = t->default_acls || default_acl;

        return futimens(to_fd, times) < 0 ? -errno : 0;
}

int layer_copy_directory(LayerTree *t, int lower_parent_fd, const char *name) {
        _cleanup_(closep) int from_fd = -EBADF, to_fd = -EBADF;
        struct stat st;

        from_fd = openat(lower_parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (from_fd < 0 || fstat(from_fd, &st) < 0)
                return -errno;

        if (mkdirat(layer_tree_touch(t), name, 0700) < 0)
                return -errno;

        to_fd = openat(layer_tree_here(t)->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (to_fd < 0)
                return -errno;

        return copy_metadata(t, from_fd, to_fd, &st);
}

/* Hole by hole, so that what was sparse stays so. */
static int copy_data(LayerTree *t, int from_fd, int to_fd, off_t size) {
        off_t at = 0;
        int r;

        while (at < size) {
                off_t begin, end;

                begin = lseek(from_fd, at, SEEK_DATA);
                if (begin < 0) {
                        if (errno == ENXIO)
                                break; /* a hole until the end */
                        return -errno;
                }
                end = lseek(from_fd, begin, SEEK_HOLE);
                if (end < 0)
                        return -errno;

                t->n_copied += (uint64_t) (end - begin);
                if (t->n_copied > t->options->bytes_max)
                        return -EFBIG;

                if (lseek(from_fd, begin, SEEK_SET) < 0 || lseek(to_fd, begin, SEEK_SET) < 0)
                        return -errno;
                r = copy_bytes(from_fd, to_fd, (uint64_t) (end - begin));
                if (r < 0 && r != -EFBIG) /* there is more behind the piece, of course */
                        return r;

                at = end;
        }

        return ftruncate(to_fd, size) < 0 ? -errno : 0;
}

static int copy_file(LayerTree *t, int lower_parent_fd, const char *name) {
        _cleanup_(closep) int from_fd = -EBADF, to_fd = -EBADF;
        struct stat st;
        int r;

        from_fd = openat(lower_parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (from_fd < 0 || fstat(from_fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;

        to_fd = openat(layer_tree_touch(t), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                       0600);
        if (to_fd < 0)
                return -errno;

        r = copy_data(t, from_fd, to_fd, st.st_size);
        if (r < 0)
                return r;

        return copy_metadata(t, from_fd, to_fd, &st);
}

static int copy_link(LayerTree *t, int lower_parent_fd, const char *name) {
        char target[PATH_MAX];
        ssize_t n;

        n = readlinkat(lower_parent_fd, name, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = 0;

        return symlinkat(target, layer_tree_touch(t), name) < 0 ? -errno : 0;
}

int layer_copy_node(LayerTree *t, int lower_parent_fd, const char *name) {
        struct stat st;
        int fd, r;

        if (fstatat(lower_parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISREG(st.st_mode))
                return copy_file(t, lower_parent_fd, name);

        fd = layer_tree_touch(t);
        if (S_ISLNK(st.st_mode)) {
                r = copy_link(t, lower_parent_fd, name);
                if (r < 0)
                        return r;
        } else if (mknodat(fd, name, st.st_mode, st.st_rdev) < 0)
                return -errno;

        if (fchownat(fd, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISLNK(st.st_mode) && fchmodat(fd, name, st.st_mode & 07777, 0) < 0)
                return -errno;

        return utimensat(fd, name, (struct timespec[]){{.tv_nsec = UTIME_OMIT}, st.st_mtim},
                         AT_SYMLINK_NOFOLLOW) < 0
                               ? -errno
                               : 0;
}
