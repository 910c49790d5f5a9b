/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "setup.h"
#include "shared/error.h"

/* Mounts that need what only the host has: its files, its right to make device nodes and id maps. The parent makes them,
 * detached, and hands their descriptors to the container's first process. */

/* userns_fd: of the container, or -EBADF. */
int host_mount_make(const Setup *s, const MountPlan *m, int bundle_fd, int userns_fd, Error *reterr);

/* What "/" is: an overlay, or the directory root.path. */
int host_mount_root(const Setup *s, int bundle_fd, int userns_fd, Error *reterr);

/* An id of the container as the host has it; -EINVAL if it has none. */
int host_id(const OciIdMap *maps, size_t n, bool userns, uint32_t id, uint32_t *ret);
