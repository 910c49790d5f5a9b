/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "callbacks.h"
#include "oci/platform.h"
#include "store.h"

/* "load": every image in an archive, as "docker save", "podman save" and "skopeo copy" write them: docker-archive (also
 * where layers are links to one another) and oci-archive, plain or compressed by gzip, zstd or xz, from a file or a pipe.
 * All or nothing: the store changes when everything has been verified (digests, sizes, diff ids, configurations) and is on
 * disk. An archive that is not in order is -EBADMSG. */

#define IMAGE_ARCHIVE_ENTRIES_MAX 100000U
#define IMAGE_ARCHIVE_BYTES_MAX   (UINT64_C(1) << 42) /* unpacked */
#define IMAGE_ARCHIVE_IMAGES_MAX  1000U

typedef struct ImageLoadOptions {
        const OciPlatform *platform; /* which of several; NULL: this machine's */
        uint64_t bytes_max;          /* of the archive, uncompressed; 0: IMAGE_ARCHIVE_BYTES_MAX */
        const ImageCallbacks *callbacks;
} ImageLoadOptions;

typedef struct LoadedImage {
        char *id;     /* "sha256:…" */
        char **names; /* full; may be empty */
} LoadedImage;

typedef struct ImageLoadResult {
        LoadedImage *images;
        size_t n_images;
} ImageLoadResult;

void image_load_result_done(ImageLoadResult *r);

int image_load(ImageStore *s, int fd, const ImageLoadOptions *options, ImageLoadResult *ret, Error *reterr);
