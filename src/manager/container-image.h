/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

typedef struct Manager Manager;
typedef struct Image Image;

/* What containers want of the image store, which caissond only reads. */

/* A name, an id or a prefix of one. *ret_name: the full name, or the id where it has none. -ENOENT,
 * -ENOTUNIQ. */
int container_image_resolve(Manager *m, const char *reference, char **ret_name, Image **ret, Error *reterr);

/* The paths of its unpacked layers, topmost first. */
int container_image_layers(Manager *m, const char *image_id, char ***ret, Error *reterr);
