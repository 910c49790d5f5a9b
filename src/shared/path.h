/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include "macro.h"

/* The one place where paths meet a tree that somebody else can change. Everything is resolved from a descriptor of the
 * tree's root with openat2(2); a path is used once, and what comes out is a descriptor. */

/* Opens path as a process whose root directory is root_fd would: absolute links stay inside, ".." stops at the root,
 * magic links are refused. flags as of open(2) (O_CLOEXEC is added). With O_CREAT, mode is needed. */
int open_in_root(int root_fd, const char *path, int flags, mode_t mode);

/* The same, but any symbolic link on the way is -ELOOP: for the engine's own mount points. */
int open_in_root_nofollow(int root_fd, const char *path, int flags, mode_t mode);

/* Opens a path relative to dir_fd that may neither leave it nor pass through a link: for our own state. */
int open_beneath(int dir_fd, const char *path, int flags, mode_t mode);

/* mkdir -p, component by component beneath root_fd, following links inside the root only. Returns an O_PATH
 * descriptor of the directory. Directories it makes get mode and, if valid, uid and gid. */
int mkdir_in_root(int root_fd, const char *path, mode_t mode, uid_t uid, gid_t gid);

/* Opens path for use as the target of a bind mount of a directory or of anything else: it is made if missing. The
 * result is an O_PATH descriptor. */
int open_mount_point_in_root(int root_fd, const char *path, bool directory);

/* Opens the directory that holds the last component; *ret_name points into path. -EINVAL for "", ".", "..", "a/..". */
int open_parent_in_root(int root_fd, const char *path, int *ret_fd, const char **ret_name);

/* Removes dir_fd/name whatever it is, without following a link or crossing a mount point. Not there: 0. */
int remove_tree_at(int dir_fd, const char *name);

/* As mkdir -p for paths of our own; 0 if it is there already. */
int mkdir_parents(const char *path, mode_t mode);

/* "a" + "b" with one slash between. */
char *path_join(const char *a, const char *b);

bool path_is_absolute(const char *p) _pure_;

/* Absolute, without empty, "." and ".." components, and shorter than PATH_MAX. */
bool path_is_normalized(const char *p) _pure_;

/* Cleans an absolute path as Go's path.Clean() does: "/a/../../b//" is "/b". */
char *path_clean(const char *p);

/* The last component within p. */
const char *path_basename(const char *p) _pure_;

/* Usable as a single component: not empty, no slash, not "." or "..", at most NAME_MAX bytes. */
bool filename_is_valid(const char *name) _pure_;
