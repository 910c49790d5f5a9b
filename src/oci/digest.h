/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/macro.h"

/* Content digests as text: "sha256:" and 64 lower-case hexadecimal digits, and nothing else, since they become file
 * names. Every digest read from outside goes through digest_is_valid() before any other use. */

#define DIGEST_PREFIX     "sha256:"
#define DIGEST_HEX_LENGTH 64U
#define DIGEST_LENGTH     (sizeof(DIGEST_PREFIX) - 1 + DIGEST_HEX_LENGTH)
#define DIGEST_SIZE       (DIGEST_LENGTH + 1)

bool digest_is_valid(const char *s) _pure_;

/* The digits of a valid digest, within it. */
static inline const char *digest_hex(const char *digest) {
        return digest + sizeof(DIGEST_PREFIX) - 1;
}

/* "sha256:" + hex, of 64 valid digits. */
void digest_from_hex(char ret[static DIGEST_SIZE], const char *hex);

typedef struct DigestContext DigestContext;

int digest_new(DigestContext **ret);
DigestContext *digest_free(DigestContext *c);
DEFINE_TRIVIAL_CLEANUP_FUNC(DigestContext *, digest_free)

int digest_update(DigestContext *c, const void *data, size_t size);

/* The digest of all that was given; the context can be used for the next message afterwards. */
int digest_final(DigestContext *c, char ret[static DIGEST_SIZE]);

int digest_of_bytes(const void *data, size_t size, char ret[static DIGEST_SIZE]);

/* From the current offset to the end; *ret_size counts the bytes (may be NULL). */
int digest_of_fd(int fd, char ret[static DIGEST_SIZE], uint64_t *ret_size);
