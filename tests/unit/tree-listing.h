/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

/* A directory tree as text, a line for each file in the order of their names, so that a test can say what it
 * expects: "usr/bin/x f 4755 0:0 3 abc" */

static inline void list_xattrs(int dir_fd, const char *name, char **line) {
        _cleanup_(closep) int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        char names[4096], value[256];
        ssize_t n = fd < 0 ? 0 : flistxattr(fd, names, sizeof(names));

        for (const char *p = names; p < names + n; p += strlen(p) + 1) {
                ssize_t size = fgetxattr(fd, p, value, sizeof(value) - 1);

                value[MAX(size, (ssize_t) 0)] = 0;
                if (startswith(p, "system.") || startswith(p, "security."))
                        text_append(line, " %s[%zi]", p, size);
                else if (!startswith(p, "security.selinux"))
                        text_append(line, " %s=%s", p, value);
        }
}

static inline void list_node(int dir_fd, const char *name, const char *path, char ***lines) {
        _cleanup_(freep) char *shown = text_escape(path), *line = NULL;
        char content[64] = "";
        struct stat st;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;

        text_append(&line, "%s %c %o %u:%u", shown,
                    S_ISDIR(st.st_mode)    ? 'd'
                    : S_ISREG(st.st_mode)  ? 'f'
                    : S_ISLNK(st.st_mode)  ? 'l'
                    : S_ISCHR(st.st_mode)  ? 'c'
                    : S_ISBLK(st.st_mode)  ? 'b'
                    : S_ISFIFO(st.st_mode) ? 'p'
                                           : '?',
                    st.st_mode & 07777, st.st_uid, st.st_gid);

        if (S_ISREG(st.st_mode)) {
                _cleanup_(closep) int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
                ssize_t n = read(fd, content, sizeof(content) - 1);

                content[MAX(n, (ssize_t) 0)] = 0;
                text_append(&line, " %s", content);
                if (st.st_nlink > 1)
                        text_append(&line, " x%u", (unsigned) st.st_nlink);
        } else if (S_ISLNK(st.st_mode)) {
                _cleanup_(freep) char *escaped = NULL;
                ssize_t n = readlinkat(dir_fd, name, content, sizeof(content) - 1);

                content[MAX(n, (ssize_t) 0)] = 0;
                escaped = text_escape(content);
                text_append(&line, " %s", escaped);
        } else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
                text_append(&line, " %u:%u", major(st.st_rdev), minor(st.st_rdev));

        if (!S_ISLNK(st.st_mode))
                list_xattrs(dir_fd, name, &line);
        if (strv_consume(lines, TAKE_PTR(line)) < 0)
                abort();
}

static inline void list_directory(int fd, const char *path, char ***lines) {
        DIR *d = fdopendir(fd);
        struct dirent *de;

        while ((de = readdir(d))) {
                _cleanup_(freep) char *sub = NULL;
                int child;

                if (STR_IN_SET(de->d_name, ".", ".."))
                        continue;

                sub = *path ? text_join(path, "/", de->d_name, NULL) : strdup(de->d_name);
                list_node(dirfd(d), de->d_name, sub, lines);

                child = openat(dirfd(d), de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (child >= 0)
                        list_directory(child, sub, lines);
        }
        closedir(d);
}

static inline char *tree_listing(int root_fd) {
        _cleanup_(strv_freep) char **lines = NULL;

        list_directory(openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", &lines);
        if (!lines)
                return strdup("");
        return strv_join(strv_sort(lines), "\n");
}
