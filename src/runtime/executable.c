/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "executable.h"
#include "shared/strv.h"
#include "shared/text.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int check(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;

        return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

int executable_find(const char *name, char *const *env, char ret[static PATH_MAX]) {
        const char *p = strv_env_get(env, "PATH") ?: DEFAULT_PATH;
        size_t length = strlen(name);

        if (length == 0)
                return -ENOENT;
        if (length >= PATH_MAX)
                return -ENAMETOOLONG;

        if (strchr(name, '/')) {
                memcpy(ret, name, length + 1);
                return check(name);
        }

        for (;;) {
                size_t n = strcspn(p, ":");

                if (p[0] == '/' && n + 1 + length < PATH_MAX) {
                        memcpy(ret, p, n);
                        ret[n] = '/';
                        memcpy(ret + n + 1, name, length + 1);
                        if (check(ret) >= 0)
                                return 0;
                }
                if (p[n] == 0)
                        return -ENOENT;
                p += n + 1;
        }
}
