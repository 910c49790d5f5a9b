/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/identifier.h"
#include "shared/log.h"
#include "supervisor/supervisor.h"

/* caisson-supervisor: a container's parent. Started by caissond, with descriptors that only caissond has. */
int main(int argc, char *argv[]) {
        _cleanup_(error_done) Error error = {};
        int r;

        if (fill_stdio_holes() < 0)
                return EXIT_FAILURE;
        log_setup("caisson-supervisor");

        if (argc != 2 || !identifier_is_valid(argv[1])) {
                static const char usage[] = "caisson-supervisor is started by caissond, as caisson-supervisor ID\n";

                (void) !write(STDERR_FILENO, usage, sizeof(usage) - 1);
                return EXIT_FAILURE;
        }

        r = supervisor_run(argv[1], &error);
        if (r == -ECANCELED)
                log_struct(LOG_NOTICE, LOG_FIELDS("CAISSON_CONTAINER_ID", argv[1]),
                           "The start was given up: caissond is gone");
        else if (r < 0)
                log_struct(LOG_ERR, LOG_FIELDS("CAISSON_CONTAINER_ID", argv[1]), "%s", error_message(&error, r));

        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
