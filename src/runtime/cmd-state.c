/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroupfs.h"
#include "main.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "state.h"

static int print_json(JsonObject *o, Error *reterr) {
        const char *text = json_text_pretty(o);

        if (!text)
                return error_oom(reterr);
        printf("%s\n", text);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : error_errnof(reterr, -errno, "Cannot write");
}

int verb_state(const Program *p, int argc, char *argv[], Error *reterr) {
        _cleanup_(runtime_state_done) RuntimeState state = RUNTIME_STATE_INIT;
        _cleanup_(json_putp) JsonObject *o = NULL;
        const char *id;
        int r;

        r = container_argument(argc, argv, 1, &id, reterr);
        if (r < 0)
                return r;
        r = runtime_state_load(p->root, id, &state, reterr);
        if (r < 0)
                return r;
        if (runtime_state_to_json(&state, &o) < 0)
                return error_oom(reterr);

        return print_json(o, reterr);
}

typedef struct ListOptions {
        bool json;
        bool quiet;
} ListOptions;

static int parse_list_options(int argc, char *argv[], ListOptions *ret, Error *reterr) {
        static const struct option options[] = {
                { "format", required_argument, NULL, 'f' },
                { "quiet",  no_argument,       NULL, 'q' },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "+f:q", options, NULL)) >= 0)
                switch (c) {
                case 'f':
                        if (!STR_IN_SET(optarg, "table", "json"))
                                return error_set(reterr, -EINVAL, "Unknown format '%s'", optarg);
                        ret->json = streq(optarg, "json");
                        break;
                case 'q':
                        ret->quiet = true;
                        break;
                default:
                        return error_set(reterr, -EINVAL, "Try --help");
                }

        return 0;
}

static int list_one(const RuntimeState *s, const ListOptions *options, JsonObject *array) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        ContainerStatus status = runtime_state_status(s);
        char when[sizeof("2000-01-01T00:00:00Z") + 8];
        time_t created = s->created_usec / 1000000;
        struct tm tm;

        if (options->quiet) {
                printf("%s\n", s->id);
                return 0;
        }

        strftime(when, sizeof(when), "%FT%TZ", gmtime_r(&created, &tm));
        if (!options->json) {
                printf("%-24s %-8i %-10s %-40s %s\n", s->id, status == CONTAINER_STOPPED ? 0 : s->process.pid,
                       container_status_to_string(status), s->bundle, when);
                return 0;
        }

        if (runtime_state_to_json(s, &o) < 0 || json_add_string(o, "created", when) < 0 ||
            json_object_array_add(array, o) < 0)
                return -ENOMEM;
        o = NULL;
        return 0;
}

int verb_list(const Program *p, int argc, char *argv[], Error *reterr) {
        _cleanup_(json_putp) JsonObject *array = json_object_new_array();
        _cleanup_(strv_freep) char **ids = NULL;
        ListOptions options = {};
        int r;

        r = parse_list_options(argc, argv, &options, reterr);
        if (r < 0)
                return r;
        r = runtime_state_list(p->root, &ids, reterr);
        if (r < 0)
                return r;

        if (!options.json && !options.quiet)
                printf("%-24s %-8s %-10s %-40s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED");
        STRV_FOREACH(id, ids) {
                _cleanup_(runtime_state_done) RuntimeState state = RUNTIME_STATE_INIT;

                if (runtime_state_load(p->root, *id, &state, NULL) < 0)
                        continue; /* just removed */
                if (list_one(&state, &options, array) < 0)
                        return error_oom(reterr);
        }

        return options.json ? print_json(array, reterr) : EXIT_SUCCESS;
}

int verb_ps(const Program *p, int argc, char *argv[], Error *reterr) {
        _cleanup_(runtime_state_done) RuntimeState state = RUNTIME_STATE_INIT;
        _cleanup_(json_putp) JsonObject *array = json_object_new_array();
        _cleanup_(freep) pid_t *pids = NULL;
        ListOptions options = {};
        const char *id;
        size_t n = 0;
        int r;

        r = parse_list_options(argc, argv, &options, reterr);
        if (r < 0)
                return r;
        r = container_argument(argc, argv, optind, &id, reterr);
        if (r < 0)
                return r;
        r = runtime_state_load(p->root, id, &state, reterr);
        if (r < 0)
                return r;
        if (runtime_state_status(&state) == CONTAINER_STOPPED)
                return error_set(reterr, -ESRCH, "container %s is not running", id);

        r = cgroupfs_processes(state.cgroups, &pids, &n);
        if (r < 0)
                return error_errnof(reterr, r, "container %s: cannot list its processes", id);
        if (n == 0) {
                pids = new0(pid_t, 1);
                if (!pids)
                        return error_oom(reterr);
                pids[n++] = state.process.pid;
        }

        if (!options.json)
                printf("PID\n");
        for (size_t i = 0; i < n; i++)
                if (!options.json)
                        printf("%i\n", pids[i]);
                else if (json_object_array_add(array, json_object_new_int(pids[i])) < 0)
                        return error_oom(reterr);

        return options.json ? print_json(array, reterr) : EXIT_SUCCESS;
}
