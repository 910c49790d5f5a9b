/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>

#include "layer-set.h"
#include "shared/string-map.h"

/* Between layer-set.c, which knows all layers, and layer-work.c, which deals with one. */

typedef struct Layer {
        char diff_id[DIGEST_SIZE];
        char blob[DIGEST_SIZE];
        char *label;
        uint64_t blob_size;

        bool in_store;  /* somebody unpacked it before: only to be verified */
        bool complete;  /* it is named by its diff id */
        bool verified;  /* the blob's content has the diff id */
        uint64_t size;  /* unpacked */
} Layer;

struct LayerSet {
        StoreJob *job;
        const ImageCallbacks *callbacks;
        uint64_t bytes_max;
        Layer **layers;
        size_t n_layers;
        StringMap *by_diff_id;
        StringMap *chains; /* ChainLayer by chain id: unpacked by this job */

        /* Shared by the threads */
        pthread_mutex_t mutex;
        size_t next;
        int result; /* of the first that failed */
        Error error;
        uint64_t done, total; /* bytes of blobs */
        LayerOpaqueOps opaque;
};

/* Verifies or unpacks the layer for itself; by any thread. */
int layer_work_alone(LayerSet *set, Layer *l, Error *reterr);

/* Unpacks it onto those below, whose directories are open, topmost first. */
int layer_work_onto(LayerSet *set, Layer *l, const char *chain_id, const int *lower_fds, size_t n_lower_fds,
                    uint64_t *ret_size, Error *reterr);

/* Makes sure that the content of its blob has the diff id. */
int layer_work_verify(LayerSet *set, Layer *l, Error *reterr);
