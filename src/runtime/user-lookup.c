/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>

#include "shared/fd.h"
#include "shared/io.h"
#include "shared/parse.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "user-lookup.h"

#define DATABASE_MAX (1U << 20)
#define FIELDS_MAX   7U

void user_identity_done(UserIdentity *u) {
        u->groups = mfree(u->groups);
        u->home = mfree(u->home);
        u->n_groups = 0;
}

int user_identity_add_group(UserIdentity *u, gid_t gid) {
        gid_t *groups;

        for (size_t i = 0; i < u->n_groups; i++)
                if (u->groups[i] == gid)
                        return 0;
        if (u->n_groups >= USER_GROUPS_MAX)
                return -E2BIG;

        groups = reallocarray(u->groups, u->n_groups + 1, sizeof(gid_t));
        if (!groups)
                return -ENOMEM;

        u->groups = groups;
        u->groups[u->n_groups++] = gid;
        return 0;
}

/* Opened without waiting, so that a fifo hangs nobody, and looked at before it is read. */
static int read_database(int root_fd, const char *path, char **ret, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        struct stat st;
        int r;

        fd = open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0);
        if (fd == -ENOENT || fd == -ENOTDIR) {
                *ret = strdup("");
                return *ret ? 0 : error_oom(reterr);
        }
        if (fd < 0)
                return error_errnof(reterr, fd, "Cannot read the container's %s", path);

        if (fstat(fd, &st) < 0)
                return error_errnof(reterr, -errno, "Cannot read the container's %s", path);
        if (!S_ISREG(st.st_mode))
                return error_set(reterr, -EBADF, "The container's %s is not a regular file", path);

        r = read_full_fd(fd, DATABASE_MAX, ret, NULL);
        if (r == -EFBIG)
                return error_set(reterr, r, "The container's %s is larger than 1 MiB", path);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot read the container's %s", path);

        return 0;
}

/* Takes the next line off *text and splits it at the colons; missing fields are "". NULL at the end. */
static char *next_entry(char **text, char *fields[static FIELDS_MAX]) {
        static char nothing[] = "";
        char *line = *text;

        if (!*line)
                return NULL;

        *text += strcspn(line, "\n");
        if (**text)
                *(*text)++ = 0;

        for (size_t i = 0; i < FIELDS_MAX; i++) {
                fields[i] = line ?: nothing;
                line = line ? strchr(line, ':') : NULL;
                if (line)
                        *line++ = 0;
        }

        return fields[0];
}

/* By name, or by number if name is NULL. The first entry that matches counts. */
static int find_user(char *passwd, const char *name, uid_t uid, char **ret_name, uid_t *ret_uid, gid_t *ret_gid,
                     char **ret_home) {
        char *fields[FIELDS_MAX];

        while (next_entry(&passwd, fields)) {
                uid_t u;
                gid_t g;

                if (isempty(fields[0]) || parse_uid(fields[2], &u) < 0 || parse_uid(fields[3], &g) < 0)
                        continue;
                if (name ? !streq(fields[0], name) : u != uid)
                        continue;

                *ret_name = fields[0];
                *ret_uid = u;
                *ret_gid = g;
                *ret_home = fields[5];
                return 1;
        }

        return 0;
}

static int find_group(const char *group, const char *name, gid_t *ret) {
        _cleanup_(freep) char *copy = strdup(group);
        char *text = copy, *fields[FIELDS_MAX];

        if (!copy)
                return -ENOMEM;

        while (next_entry(&text, fields))
                if (streq(fields[0], name) && parse_uid(fields[2], ret) >= 0)
                        return 1;

        return 0;
}

static int add_memberships(char *group, const char *user, UserIdentity *u, Error *reterr) {
        char *fields[FIELDS_MAX];

        while (next_entry(&group, fields)) {
                gid_t gid;

                if (isempty(fields[0]) || parse_uid(fields[2], &gid) < 0)
                        continue;

                for (char *member = fields[3]; *member;) {
                        size_t n = strcspn(member, ",");

                        if (n == strlen(user) && strncmp(member, user, n) == 0) {
                                int r = user_identity_add_group(u, gid);
                                if (r == -E2BIG)
                                        return error_set(reterr, r, "User %s is in more than %u groups", user, USER_GROUPS_MAX);
                                if (r < 0)
                                        return error_oom(reterr);
                                break;
                        }
                        member += n + (member[n] == ',');
                }
        }

        return 0;
}

static int resolve_group(const char *group, const char *name, gid_t *ret, Error *reterr) {
        int r;

        if (parse_uid(name, ret) >= 0)
                return 0;
        if (ascii_isdigit(name[0]) && strspn(name, "0123456789") == strlen(name))
                return error_set(reterr, -ERANGE, "'%s' is not a group id", name);

        r = find_group(group, name, ret);
        if (r < 0)
                return error_oom(reterr);
        if (r == 0)
                return error_set(reterr, -ENOENT, "unable to find group %s: no matching entries in group file", name);

        return 0;
}

int user_lookup(int root_fd, const char *user, UserIdentity *ret, Error *reterr) {
        _cleanup_(user_identity_done) UserIdentity u = {};
        _cleanup_(freep) char *passwd = NULL, *group = NULL, *name = NULL;
        const char *colon = strchr(user, ':'), *group_name = colon ? colon + 1 : NULL;
        char *entry = NULL, *home = NULL;
        uid_t uid;
        gid_t gid = 0;
        bool numbers;
        int r;

        name = strndup(user, colon ? (size_t) (colon - user) : strlen(user));
        if (!name)
                return error_oom(reterr);
        if ((isempty(name) && colon) || (group_name && (isempty(group_name) || strchr(group_name, ':'))))
                return error_set(reterr, -EINVAL, "'%s' is not a user: expected USER[:GROUP]", user);

        /* Numbers need no files: what is wrong with these is none of their business */
        numbers = (isempty(name) || parse_uid(name, &u.uid) >= 0) && (!group_name || parse_uid(group_name, &u.gid) >= 0);

        r = read_database(root_fd, "/etc/passwd", &passwd, numbers ? NULL : reterr);
        if (r < 0 && !numbers)
                return r;
        r = read_database(root_fd, "/etc/group", &group, numbers ? NULL : reterr);
        if (r < 0 && !numbers)
                return r;

        if (isempty(name) || parse_uid(name, &u.uid) >= 0) {
                /* Only its group is looked up */
                if (passwd && find_user(passwd, NULL, u.uid, &entry, &uid, &gid, &home))
                        u.gid = gid;
        } else if (strspn(name, "0123456789") == strlen(name))
                return error_set(reterr, -ERANGE, "'%s' is not a user id", name);
        else if (!find_user(passwd, name, 0, &entry, &u.uid, &u.gid, &home))
                return error_set(reterr, -ENOENT, "unable to find user %s: no matching entries in passwd file", name);

        if (group_name) {
                r = resolve_group(group, group_name, &u.gid, reterr);
                if (r < 0)
                        return r;
        }

        if (home && path_is_absolute(home)) {
                u.home = strdup(home);
                if (!u.home)
                        return error_oom(reterr);
        }

        r = user_identity_add_group(&u, u.gid);
        if (r < 0)
                return error_oom(reterr);
        if (!group_name && entry && group) {
                r = add_memberships(group, entry, &u, reterr);
                if (r < 0)
                        return r;
        }

        *ret = u;
        u = (UserIdentity) {};
        return 0;
}

int user_lookup_add_groups(int root_fd, const char *list, UserIdentity *u, Error *reterr) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_(freep) char *group = NULL;
        int r;

        r = strv_split(list, ",", &names);
        if (r < 0)
                return error_oom(reterr);
        r = read_database(root_fd, "/etc/group", &group, reterr);
        if (r < 0)
                return r;

        STRV_FOREACH(name, names) {
                gid_t gid;

                r = resolve_group(group, *name, &gid, reterr);
                if (r < 0)
                        return r;
                r = user_identity_add_group(u, gid);
                if (r == -E2BIG)
                        return error_set(reterr, r, "More than %u groups", USER_GROUPS_MAX);
                if (r < 0)
                        return error_oom(reterr);
        }

        return 0;
}
