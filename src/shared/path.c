/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "path.h"
#include "text.h"

#define REMOVE_DEPTH_MAX 2048U /* directories below one another that remove_tree_at() descends into */

static int openat2_retry(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve) {
        struct open_how how = {
                .flags = (uint64_t) (unsigned) flags | O_CLOEXEC,
                .mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
                .resolve = resolve,
        };

        /* -EAGAIN: something was renamed on the way while the kernel looked. A container can do that for ever. */
        for (unsigned i = 0; i < 128; i++) {
                int fd = (int) syscall(SYS_openat2, dir_fd, isempty(path) ? "." : path, &how, sizeof(how));
                if (fd >= 0)
                        return fd;
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
        }

        return -EAGAIN;
}

int open_in_root(int root_fd, const char *path, int flags, mode_t mode) {
        return openat2_retry(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int open_in_root_nofollow(int root_fd, const char *path, int flags, mode_t mode) {
        return openat2_retry(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

int open_beneath(int dir_fd, const char *path, int flags, mode_t mode) {
        return openat2_retry(dir_fd, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

/* Copies the path up to its nth component's end; the kernel then resolves the links in it. */
static const char *next_component(const char *p, size_t *ret_length) {
        p += strspn(p, "/");
        *ret_length = strcspn(p, "/");
        return *ret_length > 0 ? p : NULL;
}

static int open_or_make_directory(int root_fd, int parent_fd, const char *so_far, const char *name, mode_t mode,
                                  uid_t uid, gid_t gid) {
        bool made = false;
        int fd, r;

        /* Resolved from the root each time: the component may be a link that leads anywhere inside */
        fd = open_in_root(root_fd, so_far, O_PATH | O_DIRECTORY, 0);
        if (fd != -ENOENT)
                return fd;

        if (mkdirat(parent_fd, name, mode) >= 0)
                made = true;
        else if (errno != EEXIST)
                return -errno;

        /* A dangling link is not followed: what was made is a directory of that very name or nothing */
        fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        if (made && (uid != (uid_t) -1 || gid != (gid_t) -1) &&
            fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0) {
                r = -errno;
                safe_close(fd);
                return r;
        }

        return fd;
}

int mkdir_in_root(int root_fd, const char *path, mode_t mode, uid_t uid, gid_t gid) {
        _cleanup_(closep) int fd = -EBADF;
        const char *p = path;
        size_t n;

        if (strlen(path) >= PATH_MAX)
                return -ENAMETOOLONG;

        fd = open_in_root(root_fd, "/", O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;

        while ((p = next_component(p, &n))) {
                char so_far[PATH_MAX], name[NAME_MAX + 1];
                int next;

                if (n > NAME_MAX)
                        return -ENAMETOOLONG;

                memcpy(so_far, path, p + n - path);
                so_far[p + n - path] = 0;
                memcpy(name, p, n);
                name[n] = 0;

                next = open_or_make_directory(root_fd, fd, so_far, name, mode, uid, gid);
                if (next < 0)
                        return next;

                safe_close(fd);
                fd = next;
                p += n;
        }

        return TAKE_FD(fd);
}

int open_parent_in_root(int root_fd, const char *path, int *ret_fd, const char **ret_name) {
        char parent[PATH_MAX];
        const char *name;
        size_t n;
        int fd;

        n = strlen(path);
        if (n >= PATH_MAX)
                return -ENAMETOOLONG;

        name = path_basename(path);
        if (!filename_is_valid(name))
                return -EINVAL;

        memcpy(parent, path, name - path);
        parent[name - path] = 0;

        fd = open_in_root(root_fd, isempty(parent) ? "/" : parent, O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;

        *ret_fd = fd;
        *ret_name = name;
        return 0;
}

int open_mount_point_in_root(int root_fd, const char *path, bool directory) {
        _cleanup_(closep) int parent_fd = -EBADF, made_fd = -EBADF;
        _cleanup_(freep) char *parent = NULL;
        const char *name;
        int fd;

        if (directory)
                return mkdir_in_root(root_fd, path, 0755, (uid_t) -1, (gid_t) -1);

        fd = open_in_root(root_fd, path, O_PATH, 0);
        if (fd != -ENOENT)
                return fd;

        name = path_basename(path);
        if (!filename_is_valid(name))
                return -EINVAL;

        parent = strndup(path, name - path);
        if (!parent)
                return -ENOMEM;

        parent_fd = mkdir_in_root(root_fd, parent, 0755, (uid_t) -1, (gid_t) -1);
        if (parent_fd < 0)
                return parent_fd;

        made_fd = openat(parent_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (made_fd < 0 && errno != EEXIST)
                return -errno;

        fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static int remove_directory_content(int fd, dev_t device, unsigned depth) {
        _cleanup_(closedirp) DIR *d = NULL;
        int result = 0;

        if (depth > REMOVE_DEPTH_MAX) {
                safe_close(fd);
                return -ELOOP;
        }

        d = fdopendir(fd);
        if (!d) {
                int r = -errno;
                safe_close(fd);
                return r;
        }

        for (;;) {
                struct dirent *de;
                struct stat st;
                int child, r;

                errno = 0;
                de = readdir(d);
                if (!de)
                        return errno > 0 && result >= 0 ? -errno : result;
                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;

                if (unlinkat(dirfd(d), de->d_name, 0) >= 0 || errno == ENOENT)
                        continue;
                if (errno != EISDIR && errno != EPERM) {
                        result = result < 0 ? result : -errno;
                        continue;
                }

                child = openat(dirfd(d), de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (child < 0) {
                        result = result < 0 ? result : -errno;
                        continue;
                }
                if (fstat(child, &st) < 0 || st.st_dev != device) {
                        safe_close(child);
                        result = result < 0 ? result : -EBUSY;
                        continue;
                }

                r = remove_directory_content(child, device, depth + 1);
                if (r >= 0 && unlinkat(dirfd(d), de->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                        r = -errno;
                if (r < 0 && result >= 0)
                        result = r;
        }
}

int remove_tree_at(int dir_fd, const char *name) {
        struct stat st;
        int fd, r;

        if (unlinkat(dir_fd, name, 0) >= 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        if (unlinkat(dir_fd, name, AT_REMOVEDIR) >= 0)
                return 0;

        fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(fd, &st) < 0) {
                r = -errno;
                safe_close(fd);
                return r;
        }

        r = remove_directory_content(fd, st.st_dev, 0);
        if (r < 0)
                return r;

        return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int mkdir_parents(const char *path, mode_t mode) {
        char buffer[PATH_MAX];

        if (strlen(path) >= sizeof(buffer))
                return -ENAMETOOLONG;

        strcpy(buffer, path);
        for (char *p = buffer + 1;; p++) {
                char saved = *p;

                if (saved != '/' && saved != 0)
                        continue;

                *p = 0;
                if (mkdir(buffer, mode) < 0 && errno != EEXIST)
                        return -errno;
                if (saved == 0)
                        return 0;
                *p = saved;
        }
}

char *path_join(const char *a, const char *b) {
        size_t n = strlen(a);

        while (n > 0 && a[n - 1] == '/')
                n--;

        return text_printf("%.*s/%s", (int) n, a, b + strspn(b, "/"));
}

bool path_is_absolute(const char *p) {
        return p[0] == '/';
}

bool path_is_normalized(const char *p) {
        if (!path_is_absolute(p) || strlen(p) >= PATH_MAX)
                return false;
        if (streq(p, "/"))
                return true;

        while (*p) {
                size_t n;

                p++; /* the slash */
                n = strcspn(p, "/");
                if (n == 0 || n > NAME_MAX || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
                        return false;
                p += n;
        }

        return true;
}

char *path_clean(const char *p) {
        char *clean, *q;
        size_t n;

        clean = q = malloc(strlen(p) + 2);
        if (!clean)
                return NULL;

        while ((p = next_component(p, &n))) {
                if (n == 2 && p[0] == '.' && p[1] == '.') {
                        while (q > clean && *--q != '/')
                                ;
                } else if (n != 1 || p[0] != '.') {
                        *q++ = '/';
                        memcpy(q, p, n);
                        q += n;
                }
                p += n;
        }

        if (q == clean)
                *q++ = '/';
        *q = 0;
        return clean;
}

const char *path_basename(const char *p) {
        const char *slash = strrchr(p, '/');

        return slash ? slash + 1 : p;
}

bool filename_is_valid(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= NAME_MAX && !strchr(name, '/') && !streq(name, ".") && !streq(name, "..");
}
