/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/json.h"
#include "shared/worker-protocol.h"

/* The worker's side of shared/worker-protocol.h. */
typedef struct WorkerLink {
        int fd;                 /* weak */
        uint64_t progress_usec; /* when something was last told, CLOCK_MONOTONIC */
        char *phase;            /* of the last progress */
        const char *error_name; /* static */
        struct {
                char *id;
                char *phase;
                uint64_t usec;
        } item; /* the last one told */
} WorkerLink;

void worker_link_done(WorkerLink *l);

/* The first record. */
int worker_link_receive(WorkerLink *l, JsonObject **ret, Error *reterr);

/* May be called as often as one likes: what comes too soon after the last is not sent, unless it is a new
 * phase or the end of one. -EPIPE: nobody listens any more, and nobody would get what we make. */
int worker_link_progress(WorkerLink *l, const char *phase, uint64_t current, uint64_t total);
int worker_link_item(WorkerLink *l, const char *id, const char *phase, uint64_t current, uint64_t total);

void worker_link_set_error_name(WorkerLink *l, const char *name); /* static */

/* The last record. */
int worker_link_result(WorkerLink *l, JsonObject *result); /* consumes it; NULL is an empty one */
int worker_link_error(WorkerLink *l, int code, const Error *e);
