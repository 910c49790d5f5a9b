/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image.h"

/* What people are shown of an image. */

/* A line of "history", newest first. */
typedef struct ImageHistoryLine {
        const char *id; /* of the image for the newest, otherwise NULL: docker prints "<missing>" */
        uint64_t created_usec;
        const char *created_by; /* never NULL */
        const char *comment;    /* never NULL */
        uint64_t size;
} ImageHistoryLine;

/* Strings are the image's. The image is in order (image_check()). */
int image_history(const Image *i, ImageHistoryLine **ret, size_t *ret_n);

/* With the fields of "docker image inspect". A damaged image has Id, RepoTags and Damage. */
int image_inspect(const Image *i, JsonObject **ret);
