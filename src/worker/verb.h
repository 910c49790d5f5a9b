/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "link.h"
#include "sandbox.h"

/* One thing the worker can do. It runs after the sandbox has closed. */
typedef struct Verb {
        const char *name;
        SandboxKind sandbox;

        /* link is for progress; *ret becomes the result's record: an object, to which "type" is added. A
         * failure's sentence is what the person reads; its name on the bus is made from the code unless the
         * verb says it by worker_link_set_error_name(). */
        int (*run)(WorkerLink *link, JsonObject *parameters, JsonObject **ret, Error *reterr);
} Verb;

extern const Verb verb_load;
extern const Verb verb_import;
extern const Verb verb_save;
extern const Verb verb_tag;
extern const Verb verb_untag;
extern const Verb verb_remove;
extern const Verb verb_clean;
extern const Verb verb_seccomp;

/* Descriptors of the verbs on images: the state directory first, then the archive. */
#define WORKER_FD_STATE   WORKER_FD_FIRST
#define WORKER_FD_ARCHIVE (WORKER_FD_FIRST + 1)
