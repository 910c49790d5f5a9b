/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/runtime-spec.h"
#include "runtime/container.h"
#include "supervisor/control.h"
#include "supervisor/log-sink.h"
#include "supervisor/streams.h"

/* One container: made, started, watched until its first process is gone. The order is in docs/ARCHITECTURE.md. */

typedef struct Supervisor {
        const char *id; /* weak */
        int run_dir_fd;
        int seccomp_fd;
        int loop_fd;

        OciSpec *spec;               /* until it runs */
        RuntimeContainer *container; /* until it runs */
        int stop_signal;

        pid_t pid;
        Source pidfd;
        Source signals;
        Source status; /* of the first process while it waits to be released */

        LogSink log;
        Streams streams;
        Control control;

        int memory_events_fd;
        uint64_t oom_kills_before; /* the group's count when we came */

        bool released;  /* caissond said so */
        bool cancelled; /* somebody said the opposite */
        bool gone;      /* the first process */
} Supervisor;

#define SUPERVISOR_FD_CONTROL 3
#define SUPERVISOR_FD_RUN_DIR 4
#define SUPERVISOR_FD_ATTACH  5
#define SUPERVISOR_FD_SECCOMP 6

/* Takes the descriptors above. Returns when the container has ended; -ECANCELED: the start was given up because nobody
 * waits for it any more. */
int supervisor_run(const char *id, Error *reterr);
