/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

#define ULIMIT_UNLIMITED UINT64_MAX

/* "nofile=1024:2048", "core=0", "memlock=-1:-1" */
typedef struct Ulimit {
        const char *name; /* static; "RLIMIT_NOFILE" as the OCI specification has it */
        uint64_t soft;
        uint64_t hard;
} Ulimit;

int ulimit_parse(const char *text, Ulimit *ret, Error *reterr);

/* "nofile" of "RLIMIT_NOFILE" */
const char *ulimit_short_name(const char *name);
