/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "setup.h"

/* Opens, and makes if it is missing, what a mount goes onto: an O_PATH descriptor of a directory or of anything else. An
 * engine's own mount point must not be reached through any symbolic link; others follow links inside the root, but may not
 * lead into /proc or /sys. */
int setup_open_target(int root_fd, const char *path, bool directory, bool engine);

/* Mounts fd on target_fd and checks that path, in the root, now leads to it. */
int setup_attach_at(int root_fd, int fd, int target_fd, const char *path, bool engine);
