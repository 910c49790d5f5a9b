/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "device-tree.h"
#include "shared/fd.h"
#include "shared/path.h"
#include "shared/text.h"

#define DEPTH_MAX 4U

typedef struct Walk {
        device_node_t node;
        void *userdata;
        size_t n;
} Walk;

/* The container's own, of which the host's must not be what "all devices" means. */
static bool is_special(const char *path) {
        return STR_IN_SET(path, "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/hugepages", "/dev/fd", "/dev/console",
                          "/dev/ptmx", "/dev/tty", "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                          "/dev/urandom");
}

static int visit(Walk *w, const char *path, const struct stat *st) {
        if (++w->n > DEVICE_NODES_MAX)
                return -E2BIG;
        return w->node(path, st, w->userdata);
}

/* dir_fd is consumed. */
static int walk_directory(Walk *w, int dir_fd, const char *source, const char *target, unsigned depth) {
        _cleanup_(closedirp) DIR *d = fdopendir(dir_fd);
        struct dirent *de;
        int r;

        if (!d) {
                r = negative_errno();
                safe_close(dir_fd);
                return r;
        }

        while ((de = readdir(d))) {
                _cleanup_(freep) char *from = NULL, *to = NULL;
                struct stat st;

                if (STR_IN_SET(de->d_name, ".", "..") || fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;

                from = path_join(source, de->d_name);
                to = path_join(target, de->d_name);
                if (!from || !to)
                        return -ENOMEM;
                if (is_special(from))
                        continue;

                r = 0;
                if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
                        int fd = openat(dirfd(d), de->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

                        if (fd >= 0)
                                r = walk_directory(w, fd, from, to, depth + 1);
                } else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
                        r = visit(w, to, &st);
                if (r < 0)
                        return r;
        }

        return 0;
}

int device_tree_walk(const char *source, const char *target, device_node_t node, void *userdata) {
        Walk w = { .node = node, .userdata = userdata };
        _cleanup_(closep) int fd = -EBADF;
        struct stat st;
        int dir_fd;

        fd = open(source, O_PATH | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return negative_errno();

        if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
                return visit(&w, target, &st);
        if (!S_ISDIR(st.st_mode))
                return -ENODEV;

        dir_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0)
                return negative_errno();
        return walk_directory(&w, dir_fd, source, target, 0);
}
