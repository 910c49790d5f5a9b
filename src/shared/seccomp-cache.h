/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/* Compiled filters, since compiling one takes longer than starting a container. A filter's key is the SHA-256 of
 * everything it depends on; its file appears as a whole or not at all, so that using it is one open(). This part knows
 * nothing of libseccomp: caissond has it, and on a miss has caisson-worker's verb "seccomp" make the file. */

#define SECCOMP_CACHE_DIRECTORY "/run/caisson/seccomp"
#define SECCOMP_DEFAULT_PROFILE CAISSON_DATADIR "/seccomp.json"
#define SECCOMP_KEY_LENGTH      64U
#define SECCOMP_PROFILE_MAX     (1U << 20) /* bytes of one profile */

/* profile_text: NULL is caisson's own. capabilities: the bounding set that the container gets. */
int seccomp_cache_key(const char *profile_text, uint64_t capabilities, char ret[static SECCOMP_KEY_LENGTH + 1],
                      Error *reterr);

/* A read-only descriptor of the compiled filter, or -ENOENT. */
int seccomp_cache_open(const char *key);

/* Makes the directory if need be. Two at once is safe: they write the same. */
int seccomp_cache_store(const char *key, const void *program, size_t size);

/* The text of caisson's own profile. */
int seccomp_default_profile(char **ret, Error *reterr);
