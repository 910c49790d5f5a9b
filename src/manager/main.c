/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "manager.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/text.h"

static int run(void) {
        _cleanup_(manager_freep) Manager *m = NULL;
        _cleanup_(error_done) Error e = {};
        int r;

        r = manager_new(&m, &e);
        if (r >= 0)
                r = manager_recover(m, &e);
        if (r >= 0)
                r = manager_publish(m, &e);
        if (r < 0) {
                log_error("Cannot start: %s", error_message(&e, r));
                return r;
        }

        (void) sd_notifyf(false, "READY=1\nSTATUS=%zu containers, %zu running",
                          string_map_size(m->containers), m->n_running);
        r = sd_event_loop(m->event);
        (void) sd_notify(false, "STOPPING=1");
        return r;
}

int main(int argc, char *argv[]) {
        if (argc == 2 && streq(argv[1], "--version")) {
                puts("caissond " CAISSON_VERSION);
                return EXIT_SUCCESS;
        }
        if (argc == 2 && STR_IN_SET(argv[1], "--help", "-h")) {
                puts("caissond\n\nKeeps containers, and serves them on the system bus. Started by caissond.service.\n\n"
                     "  -h --help     this text\n     --version  the version\n\nSee caissond(8).");
                return EXIT_SUCCESS;
        }
        if (argc > 1) {
                fprintf(stderr, "caissond: takes no arguments, got '%s'; see caissond(8)\n", argv[1]);
                return EXIT_FAILURE;
        }
        if (geteuid() != 0) {
                fputs("caissond: must be root; it is started by caissond.service\n", stderr);
                return EXIT_FAILURE;
        }

        (void) fill_stdio_holes();
        log_setup("caissond");
        umask(0022);
        return run() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
