/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* What containers have written, from the journal. */

typedef struct LogSource {
        char *name;
        char *unit;            /* its scope */
        uint64_t created_usec; /* what is older belongs to another container that had the name */
        const char *color;     /* NULL: none */
} LogSource;

void log_source_done(LogSource *s);

typedef struct LogOptions {
        LogSource *sources;
        size_t n_sources;
        uint64_t since_usec, until_usec; /* 0, UINT64_MAX: no bound */
        uint64_t tail;                   /* UINT64_MAX: all */
        bool timestamps, names, details;
} LogOptions;

typedef struct LogReader LogReader;

int log_reader_new(const LogOptions *o, LogReader **ret, Error *reterr);
LogReader *log_reader_free(LogReader *r);
DEFINE_TRIVIAL_CLEANUP_FUNC(LogReader *, log_reader_free)

/* Prints what is there and not printed yet: standard output's lines to ours, standard error's to ours. 1: the end of
 * the time asked for has been reached. */
int log_reader_print(LogReader *r, Error *reterr);

/* Whether anything has been printed. */
bool log_reader_found_any(const LogReader *r);

/* For poll(): readable when there may be more; call log_reader_woken() then. */
int log_reader_fd(LogReader *r);
int log_reader_woken(LogReader *r);

/* Asks journald to write out what it has received. Best effort: who may not ask misses the last lines at worst. */
void log_sync(void);
