/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "decoder.h"
#include "layer-unpack.h"

/* A layer's bytes on their way to whoever takes them apart: decompressed and hashed in passing. That is half of the work,
 * so that what is longer than a piece is read ahead by a thread of its own, unless it comes from a pipe, where
 * nobody could stop it. */
typedef struct LayerSource LayerSource;

int layer_source_new(int fd, LayerSource **ret, Error *reterr);
LayerSource *layer_source_free(LayerSource *s);
DEFINE_TRIVIAL_CLEANUP_FUNC(LayerSource *, layer_source_free)

/* The next piece, valid until the next call: its size, 0 at the end, or a negative errno. */
ssize_t layer_source_read(LayerSource *s, const void **ret, Error *reterr);

uint64_t layer_source_bytes(const LayerSource *s) _pure_;      /* given out so far */
uint64_t layer_source_bytes_read(const LayerSource *s) _pure_; /* of the file, for these */

/* The digest of everything, after the end. */
int layer_source_finish(LayerSource *s, char ret[static LAYER_DIGEST_MAX], Error *reterr);
