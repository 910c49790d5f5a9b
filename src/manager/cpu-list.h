/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* "0-2,5": sets of processors or memory nodes. */

#define CPU_LIST_MAX 1024U

typedef struct CpuList {
        uint8_t bits[CPU_LIST_MAX / 8]; /* number n is bit n % 8 of byte n / 8: what systemd's AllowedCPUs has */
        size_t n_bytes;                 /* up to the last that is not zero */
} CpuList;

int cpu_list_parse(const char *text, CpuList *ret, Error *reterr);
/* "0-2,5" of systemd's bytes */
int cpu_list_format(const uint8_t *bits, size_t n, char **ret);
