/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "callbacks.h"
#include "store.h"

/* "save": images as an archive that "docker load", "podman load" and skopeo read. The same images give the same bytes. */
typedef enum ImageArchiveFormat {
        IMAGE_ARCHIVE_DOCKER,
        IMAGE_ARCHIVE_OCI,
        _IMAGE_ARCHIVE_FORMAT_MAX,
        _IMAGE_ARCHIVE_FORMAT_INVALID = -EINVAL,
} ImageArchiveFormat;
DECLARE_STRING_TABLE(image_archive_format, ImageArchiveFormat); /* "docker-archive", "oci-archive" */

/* images: as people name them; an image that is named by its id goes without a name. Everything is found before the first
 * byte is written; the contents are verified on the way: after a failure what was written is of no use. fd may be a
 * pipe. */
int image_save(ImageStore *s, char *const *images, ImageArchiveFormat format, int fd, const ImageCallbacks *callbacks,
               Error *reterr);
