/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/runtime-spec.h"

/* A directory with a config.json. */
typedef struct Bundle {
        char *path; /* absolute */
        int fd;
        char *text; /* of config.json */
        OciSpec *spec;
} Bundle;
#define BUNDLE_INIT { .fd = -EBADF }

void bundle_done(Bundle *b);
int bundle_open(const char *path, Bundle *ret, Error *reterr);

/* write_file_atomic_at() for a path; flags: WriteFileFlags. */
int write_file_at_path(const char *path, const char *text, int flags);
