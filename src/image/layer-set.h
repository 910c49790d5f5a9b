/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "callbacks.h"
#include "oci/image-config.h"
#include "store-job.h"

/* The layers of the images that a job adds, each unpacked once, two at a time. A layer whose archive says everything is
 * unpacked for itself and named by its diff id; one that needs what is below it is unpacked after that, for
 * this stack only, and named by its chain id. What the store has already is verified but not unpacked again. */
typedef struct LayerSet LayerSet;

/* callbacks is weak and may be NULL. */
int layer_set_new(StoreJob *j, const ImageCallbacks *callbacks, LayerSet **ret);
LayerSet *layer_set_free(LayerSet *set);
DEFINE_TRIVIAL_CLEANUP_FUNC(LayerSet *, layer_set_free)

/* A layer by what it must be and the job's blob it comes from; label is for messages ("layer abc/layer.tar"). */
int layer_set_add(LayerSet *set, const char *diff_id, const char *blob_digest, const char *label, Error *reterr);

/* Verifies and unpacks all that were added. -EBADMSG: a layer is not what it should be. */
int layer_set_unpack(LayerSet *set, uint64_t bytes_max, Error *reterr);

/* Completes the layers of one image, bottom first, all of which were added; *ret is the unpacked size of each, for
 * STORE_ANNOTATION_LAYER_SIZES. After layer_set_unpack(). */
int layer_set_finish_stack(LayerSet *set, char *const *diff_ids, char **ret, Error *reterr);
