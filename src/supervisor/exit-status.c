/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor/exit-status.h"

#include <stdio.h>

#include "shared/io.h"
#include "shared/supervisor-protocol.h"

int exit_status_write(const ExitStatus *e, int run_dir_fd) {
        char text[256];
        int n;

        n = snprintf(text, sizeof(text),
                     "{\"version\":1,\"exitCode\":%i,\"signal\":%i,\"oomKilled\":%s,\"oomCount\":%llu,"
                     "\"finishedUSec\":%llu}\n",
                     e->exit_code, e->signal, e->oom_count > 0 ? "true" : "false",
                     (unsigned long long) e->oom_count, (unsigned long long) e->finished_usec);
        assert(n > 0 && (size_t) n < sizeof(text));

        return write_file_atomic_at(run_dir_fd, SUPERVISOR_EXIT_FILE, text, (size_t) n, 0);
}
