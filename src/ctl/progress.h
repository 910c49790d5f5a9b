/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/macro.h"

/* How far something is, on standard error. */
typedef struct Progress {
        const char *what; /* weak */
        bool quiet;
        bool terminal;
        bool drawn;
        uint64_t drawn_usec; /* when, monotonic */
        char phase[64];
} Progress;

void progress_init(Progress *p, const char *what, bool quiet);
/* phase and item may be NULL; total 0: not known. */
void progress_update(Progress *p, const char *phase, const char *item, uint64_t current, uint64_t total);
void progress_done(Progress *p); /* wipes the bar */

/* The bar alone, for tests: at most width columns. */
void progress_line(char *buffer, size_t size, const char *what, const char *phase, uint64_t current, uint64_t total,
                   size_t width);
