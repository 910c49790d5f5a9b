/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "layer-unpack.h"

/* How those that do something slow to the store tell how far they are. All members may be NULL. They are never called
 * by two threads at once; a negative errno ends the work with it. */
typedef struct ImageCallbacks {
        /* phase: "reading", "unpacking", "writing", "storing"; total is 0 where it is not known */
        int (*progress)(const char *phase, uint64_t current, uint64_t total, void *userdata);

        /* The same for one layer; id is its diff id */
        int (*item)(const char *id, const char *phase, uint64_t current, uint64_t total, void *userdata);

        void *userdata;

        const LayerOpaqueOps *opaque; /* for layer_unpack(); here too, one call at a time */
} ImageCallbacks;

static inline int image_callbacks_progress(const ImageCallbacks *c, const char *phase, uint64_t current,
                                           uint64_t total) {
        return c && c->progress ? c->progress(phase, current, total, c->userdata) : 0;
}
