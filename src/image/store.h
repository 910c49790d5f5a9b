/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/digest.h"
#include "shared/error.h"

/* The image store on disk, beneath a root directory that is given as a descriptor (/var/lib/caisson; a temporary
 * directory in tests):
 *
 *   images/oci-layout, index.json, blobs/sha256/HEX   a valid OCI image layout
 *   images/index.json.backup                          the same as index.json: read when that is damaged
 *   images/lock                                       flock: held while names change or things are removed
 *   images/staging/JOB                                what a job is making; the directory is locked while the job lives
 *   layers/HEX, layers/chain-HEX, layers/.staging-JOB-N
 *
 * Whoever reads takes no lock: everything appears by rename, and index.json last. */

typedef struct Image Image;

typedef enum ImageStoreFlags {
        IMAGE_STORE_READ_ONLY = 1 << 0, /* makes nothing; a store that is not there yet is an empty one */
} ImageStoreFlags;

typedef struct ImageStore {
        int root_fd;
        int images_fd;
        int blobs_fd;
        int layers_fd;
        bool read_only;

        /* The cache: see image.c */
        bool loaded;
        dev_t seen_dev;
        ino_t seen_ino;
        struct timespec seen_mtime;
        off_t seen_size;
        Image **images; /* newest first */
        size_t n_images;
        char *trouble; /* what is wrong with index.json itself; NULL: nothing */
} ImageStore;

/* root_fd is duplicated. */
int image_store_open(int root_fd, ImageStoreFlags flags, ImageStore **ret, Error *reterr);
ImageStore *image_store_free(ImageStore *s);
DEFINE_TRIVIAL_CLEANUP_FUNC(ImageStore *, image_store_free)

/* Waits for the lock; closing the descriptor releases it. Nobody reads what strangers wrote while holding it. */
int image_store_lock(ImageStore *s, int *ret_fd, Error *reterr);

/* Opens the directories that have come into being since; 0 if the store is there, -ENOENT if not. */
int image_store_open_directories(ImageStore *s);

#define STORE_DOCUMENT_MAX (4U << 20) /* manifests, indexes, configurations */

/* Reads a document into memory and makes sure that it is what its digest says. what names it in messages
 * ("manifest", "configuration"). -ENOENT: it is not there, -EBADMSG: it is something else. */
int image_store_read_blob(ImageStore *s, const char *digest, const char *what, char **ret, size_t *ret_size,
                          Error *reterr);

/* A blob for reading, whatever is in it. */
int image_store_open_blob(ImageStore *s, const char *digest, uint64_t *ret_size);

/* The name of a layer's directory below layers/: the digits of its diff id, or "chain-" and those of its chain id. */
#define LAYER_NAME_MAX (sizeof("chain-") + DIGEST_HEX_LENGTH)
void layer_name_from_diff_id(char ret[static LAYER_NAME_MAX], const char *diff_id);
void layer_name_from_chain_id(char ret[static LAYER_NAME_MAX], const char *chain_id);

/* Whether the layer is unpacked: 1 and its directory's name, or 0. */
int image_store_find_layer(ImageStore *s, const char *diff_id, const char *chain_id, char ret[static LAYER_NAME_MAX]);
