/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "shared/error.h"

/* Who "USER[:GROUP]" is in a root file system, by its /etc/passwd and /etc/group: docker's rules, but what is written as a
 * number is that number whatever the files say. Without GROUP it is the user's primary group (0 for a number nobody has)
 * and the groups that list the user; with GROUP it is that group alone. The files are read in the root, as regular files of
 * bounded size; one that is missing is empty. */
typedef struct UserIdentity {
        uid_t uid;
        gid_t gid;
        gid_t *groups; /* supplementary, the primary one among them, each once */
        size_t n_groups;
        char *home; /* absolute; NULL: the files do not say */
} UserIdentity;

#define USER_GROUPS_MAX 1024U

void user_identity_done(UserIdentity *u);

/* Says "unable to find user foo: no matching entries in passwd file", as docker. */
int user_lookup(int root_fd, const char *user, UserIdentity *ret, Error *reterr);

/* "audio,1001": more groups, comma-separated. */
int user_lookup_add_groups(int root_fd, const char *list, UserIdentity *u, Error *reterr);
int user_identity_add_group(UserIdentity *u, gid_t gid);
