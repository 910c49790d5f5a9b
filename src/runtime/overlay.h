/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/runtime-spec.h"
#include "shared/error.h"

/* Makes the overlay that a mount of type "overlay" describes (see container.h), detached. userns_fd: the container's, for
 * "idmap", or -EBADF. It belongs to the host: overlayfs' own attributes are trusted.*, out of the container's reach. */
int overlay_mount(const OciMount *m, int userns_fd, Error *reterr);

/* As above, but always in the way of kernels before 6.15; for the tests. */
int overlay_mount_attached(const OciMount *m, int userns_fd, Error *reterr);
