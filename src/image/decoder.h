/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "shared/error.h"

/* Decompresses what strangers packed: plain bytes, gzip, zstd or xz, told apart by their magic, one of them
 * and never one within another. Memory is bounded whatever the stream asks for. */
typedef enum Compression {
        COMPRESSION_NONE,
        COMPRESSION_GZIP,
        COMPRESSION_ZSTD,
        COMPRESSION_XZ,
        _COMPRESSION_MAX,
        _COMPRESSION_INVALID = -EINVAL,
} Compression;

DECLARE_STRING_TABLE(compression, Compression); /* "none", "gzip", … */

#define COMPRESSION_MAGIC_MAX 6U
Compression compression_detect(const void *data,
                               size_t size) _pure_; /* of the first bytes; NONE for the unknown */

typedef struct Decoder Decoder;

/* Reads fd from its current offset to its end; it need not be seekable and remains the caller's. */
int decoder_new(int fd, Decoder **ret, Error *reterr);
Decoder *decoder_free(Decoder *d);
DEFINE_TRIVIAL_CLEANUP_FUNC(Decoder *, decoder_free)

/* Fills the buffer as far as there is anything: less than size only at the end, where it is 0. -EBADMSG is a
 * damaged or truncated stream. */
ssize_t decoder_read(Decoder *d, void *buffer, size_t size, Error *reterr);

Compression decoder_compression(const Decoder *d) _pure_;
uint64_t decoder_bytes_read(const Decoder *d) _pure_; /* of the compressed bytes, for progress */
