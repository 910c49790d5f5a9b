/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image-cache.h"

/* Which images a list shows: docker's --filter. Values of one key are alternatives, except that all labels
 * must be there; all keys must hold. */
typedef struct ImageFilter {
        char **id;        /* the beginning of one */
        char **reference; /* a pattern, with the tag or without */
        char **label;     /* KEY or KEY=VALUE */
        int dangling;     /* 1: only those without a name; 0: only those with one; -1: both */
        uint64_t before_usec, since_usec; /* created before, since; UINT64_MAX, 0: any time */
        char *before_id, *since_id;       /* not these themselves */
} ImageFilter;

#define IMAGE_FILTER_INIT                                                                                   \
        { .dangling = -1, .before_usec = UINT64_MAX }

void image_filter_done(ImageFilter *f);

/* One more value for a key; -EINVAL with a sentence for what is none, -ENOENT for an image that is not
 * there. */
int image_filter_add(ImageFilter *f, ImageCache *c, const char *key, const char *value, Error *reterr);

bool image_filter_matches(const ImageFilter *f, const Image *i);
