/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container-config.h"

/* Whether a volume without a name has a directory of its own: "volumes/N", counted in the order of the mounts. It is
 * needed only where the image's tree is not writable: otherwise the container's own layer has the place already, with the
 * image's files and owners in it, and is removed with the container just the same. */
static inline bool spec_volume_has_directory(const ContainerConfig *c, const MountSpec *m) {
        return m->type == MOUNT_SPEC_IMAGE_VOLUME && (!m->from_image || c->read_only);
}
