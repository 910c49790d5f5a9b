/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>

#include "shared/macro.h"

/* The file that args[0] means to whoever asks, who is in the container already: itself if it has a slash, else the first
 * executable one in $PATH of env. Empty and relative parts of $PATH are skipped. -ENOENT, -EACCES, -EISDIR. Allocates
 * nothing. */
int executable_find(const char *name, char *const *env, char ret[static PATH_MAX]);
