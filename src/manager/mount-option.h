/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mount-spec.h"

/* One option of a mount; the same table serves -v, --mount and --tmpfs. */

/* What has been said already, so that "ro,rw" is refused. */
typedef struct MountOptionsSeen {
        uint64_t subjects;
} MountOptionsSeen;

/* value: NULL for an option without "=". */
int mount_option_apply(MountSpec *m, MountOptionsSeen *seen, const char *key, const char *value, Error *reterr);
