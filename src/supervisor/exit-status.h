/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/macro.h"

/* How a container ended. */
typedef struct ExitStatus {
        int exit_code; /* 0 to 255: 128 + n for signal n */
        int signal;    /* 0: it called exit() */
        uint64_t oom_count; /* processes killed for want of memory while it ran */
        uint64_t finished_usec; /* CLOCK_REALTIME */
} ExitStatus;

/* Writes the file SUPERVISOR_EXIT_FILE in the container's run directory, as a whole or not at all:
 *   {"version":1,"exitCode":137,"signal":9,"oomKilled":true,"oomCount":1,"finishedUSec":1700000000000000} */
int exit_status_write(const ExitStatus *e, int run_dir_fd);
