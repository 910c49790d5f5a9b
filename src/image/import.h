/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "callbacks.h"
#include "oci/platform.h"
#include "store.h"

/* "import": the tar of a root file system, plain or compressed by gzip, zstd or xz, becomes an image of one layer. */
typedef struct ImageImportOptions {
        const char *name;            /* NULL: none */
        char *const *changes;        /* see oci/change.h */
        const char *message;         /* into the history; NULL: "Imported from -" */
        const OciPlatform *platform; /* NULL: this machine's */
        uint64_t created_usec;       /* 0: now */
        uint64_t bytes_max;          /* of the tar, uncompressed; 0: LAYER_BYTES_MAX */
        const ImageCallbacks *callbacks;
} ImageImportOptions;

/* The image's id. */
int image_import(ImageStore *s, int fd, const ImageImportOptions *options, char ret_id[static DIGEST_SIZE],
                 Error *reterr);
