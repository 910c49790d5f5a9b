/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "shared/error.h"

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

#define LAYER_XATTR_VALUE_MAX 65536U
#define LAYER_XATTRS_MAX      256U /* on one file */

/* Which attributes a layer may set: user.* without what overlayfs itself would read, file capabilities, and
 * access control lists. */
bool layer_xattr_is_kept(const char *name) _pure_;

/* Sets what the entry carries and what is kept, on a regular file or a directory. *ret_default_acl tells
 * whether it has a default list now, which what is made inside would inherit. */
int layer_xattr_apply(struct archive_entry *e, int fd, bool *ret_default_acl, Error *reterr);

/* Copies the kept ones. */
int layer_xattr_copy(int from_fd, int to_fd, bool *ret_default_acl);

/* Removes inherited access control lists. */
int layer_xattr_clear_acls(int fd, bool directory);
