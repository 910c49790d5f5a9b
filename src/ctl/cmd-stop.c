/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "ctl/commands.h"
#include "shared/bus-names.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"

/* stop, restart, kill, pause, unpause, rm, rename, wait: verbs on containers that are there. */

#define STOP_TIMEOUT_USEC (10 * UINT64_C(1000000))

static const Option many_options[] = {
        { "all", 'a', OPTION_BOOL, NULL, "Do it to all containers", NULL, 0, NULL },
        { "ignore", 'i', OPTION_BOOL, NULL, "Containers that are not there are no failure", NULL, 0, NULL },
        { "cidfile", 0, OPTION_LIST, "FILE", "Read a container's id from a file", NULL, 0, NULL },
        {},
};

static const Option time_option[] = {
        { "time", 't', OPTION_DURATION, "SECONDS", "Kill it when it has not stopped after this time", NULL, 0, NULL },
        { "timeout", 0, OPTION_DURATION, "SECONDS", NULL, NULL, OPTION_HIDDEN, "time" },
        {},
};

static const Option stop_options[] = {
        { "signal", 's', OPTION_STRING, "SIGNAL", "Send this signal instead of the container's own", NULL, 0, NULL },
        {},
};

static const Option kill_options[] = {
        { "signal", 's', OPTION_STRING, "SIGNAL", "Send this signal, KILL by default", NULL, 0, NULL },
        { "whole", 0, OPTION_BOOL, NULL, "Send it to all processes of the container, not to its first alone", NULL, 0,
          NULL },
        {},
};

static const Option rm_options[] = {
        { "force", 'f', OPTION_BOOL, NULL, "Kill containers that run, first", NULL, 0, NULL },
        { "volumes", 'v', OPTION_BOOL, NULL, "Remove the anonymous volumes, too", NULL, 0, NULL },
        { "depend", 0, OPTION_BOOL, NULL, NULL, NULL, OPTION_HIDDEN, NULL },
        {},
};

static const Option wait_options[] = {
        { "condition", 0, OPTION_STRING, "CONDITION", "Wait for: not-running (the default), next-exit, removed", NULL, 0,
          NULL },
        { "ignore", 0, OPTION_BOOL, NULL, "Containers that are not there are no failure (-1 is printed)", NULL, 0, NULL },
        { "interval", 'i', OPTION_STRING, "TIME", NULL, NULL, OPTION_HIDDEN, NULL }, /* nothing polls here */
        {},
};

static int parse_signal_option(const Arguments *a, int otherwise, Error *reterr) {
        const char *s = option_string(a, "signal");
        int signo;

        if (!s)
                return otherwise;
        signo = parse_signal(s);
        if (signo < 0) {
                _cleanup_(freep) char *shown = text_escape(s);
                return error_set(reterr, -EINVAL, "--signal: '%.40s' is not a signal", strempty(shown));
        }
        return signo;
}

/* With a signal of the caller's choice: that, some time, and the end. */
static int stop_with(Client *c, const char *path, int signo, uint64_t timeout_usec, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = client_call(c, path, BUS_IFACE_CONTAINER, "Kill", NULL, reterr, "si", "leader", (int32_t) signo);
        if (r == -ESTALE) { /* does not run */
                error_done(reterr);
                return 0;
        }
        if (r < 0)
                return r;

        if (timeout_usec > 0) {
                r = client_new_call(c, path, BUS_IFACE_CONTAINER, "Wait", &call, reterr);
                if (r < 0)
                        return r;
                r = sd_bus_message_append(call, "s", "not-running");
                if (r < 0)
                        return bus_message_failed(r, reterr);
                r = sd_bus_call(c->bus, call, timeout_usec, &e, NULL);
                if (r >= 0 || sd_bus_error_has_name(&e, SD_BUS_ERROR_UNKNOWN_OBJECT))
                        return 0;
                if (r != -ETIMEDOUT)
                        return client_error(c, &e, r, reterr);
        }
        return client_call(c, path, BUS_IFACE_CONTAINER, "Stop", NULL, reterr, "tt", (uint64_t) 0, (uint64_t) 0);
}

static int stop_one(Client *c, const Arguments *a, const char *path, Error *reterr) {
        int signo;

        signo = parse_signal_option(a, 0, reterr);
        if (signo < 0)
                return signo;
        if (signo > 0)
                return stop_with(c, path, signo, option_number(a, "time", STOP_TIMEOUT_USEC), reterr);
        return client_call(c, path, BUS_IFACE_CONTAINER, "Stop", NULL, reterr, "tt",
                           option_number(a, "time", UINT64_MAX), (uint64_t) 0);
}

static int restart_one(Client *c, const Arguments *a, const char *path, Error *reterr) {
        return client_call(c, path, BUS_IFACE_CONTAINER, "Restart", NULL, reterr, "tt",
                           option_number(a, "time", UINT64_MAX), (uint64_t) 0);
}

static int kill_one(Client *c, const Arguments *a, const char *path, Error *reterr) {
        int signo = parse_signal_option(a, SIGKILL, reterr);

        if (signo < 0)
                return signo;
        return client_call(c, path, BUS_IFACE_CONTAINER, "Kill", NULL, reterr, "si",
                           option_on(a, "whole") ? "all" : "leader", (int32_t) signo);
}

static int pause_one(Client *c, const Arguments *a, const char *path, Error *reterr) {
        return client_call(c, path, BUS_IFACE_CONTAINER, "Pause", NULL, reterr, NULL);
}

static int unpause_one(Client *c, const Arguments *a, const char *path, Error *reterr) {
        return client_call(c, path, BUS_IFACE_CONTAINER, "Unpause", NULL, reterr, NULL);
}

static int remove_one(Client *c, const Arguments *a, const char *path, Error *reterr) {
        int r;

        if (option_given(a, "time") && option_on(a, "force") && option_number(a, "time", 0) > 0) {
                r = client_call(c, path, BUS_IFACE_CONTAINER, "Stop", NULL, reterr, "tt", option_number(a, "time", 0),
                                (uint64_t) 0);
                if (r < 0 && r != -ESTALE)
                        return r;
                error_done(reterr);
        }
        return client_call(c, path, BUS_IFACE_CONTAINER, "Remove", NULL, reterr, "t",
                           (uint64_t) (option_on(a, "force") ? 1 : 0) | (option_on(a, "volumes") ? 2 : 0));
}

enum { STOP, RESTART, KILL, PAUSE, UNPAUSE, REMOVE };

static int run_many(Client *c, const Arguments *a, Error *reterr) {
        static const struct {
                container_action_t action;
                Containers all; /* what --all means */
        } actions[] = {
                [STOP] = { stop_one, CONTAINERS_RUNNING },       [RESTART] = { restart_one, CONTAINERS_ALL },
                [KILL] = { kill_one, CONTAINERS_RUNNING },       [PAUSE] = { pause_one, CONTAINERS_RUNNING },
                [UNPAUSE] = { unpause_one, CONTAINERS_RUNNING }, [REMOVE] = { remove_one, CONTAINERS_ALL },
        };
        int variant = a->verb->variant;

        /* Mistakes before anything is done */
        if (option_exists(a, "signal") && parse_signal_option(a, SIGKILL, reterr) < 0)
                return -EINVAL;
        return for_each_container(c, a, option_on(a, "all") ? actions[variant].all : CONTAINERS_NAMED,
                                  actions[variant].action, reterr);
}

static int wait_one(Client *c, const Arguments *a, const char *name, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(freep) char *path = NULL;
        int32_t code;
        int r;

        r = client_get_container(c, name, &path, reterr);
        if (r >= 0)
                r = client_call(c, path, BUS_IFACE_CONTAINER, "Wait", &reply, reterr, "s",
                                option_string(a, "condition") ?: "not-running");
        if (r == -ENOENT && option_on(a, "ignore")) {
                puts("-1");
                return 0;
        }
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "i", &code);
        if (r < 0)
                return bus_message_failed(r, reterr);

        printf("%i\n", code);
        fflush(stdout);
        return 0;
}

static int run_wait(Client *c, const Arguments *a, Error *reterr) {
        const char *condition = option_string(a, "condition");

        if (condition && !STR_IN_SET(condition, "not-running", "stopped", "exited", "next-exit", "removed"))
                return error_set(reterr, -EINVAL, "--condition: expected not-running, next-exit or removed");
        if (condition && STR_IN_SET(condition, "stopped", "exited")) { /* podman's words */
                char **l = option_list(a, "condition");
                char *word = strdup("not-running");

                if (!word)
                        return error_oom(reterr);
                free_and_replace(l[0], word);
        }
        return for_each_argument(c, a, wait_one);
}

static int run_rename(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(freep) char *path = NULL;
        int r;

        r = client_get_container(c, a->positional[0], &path, reterr);
        if (r < 0)
                return r;
        return client_call(c, path, BUS_IFACE_CONTAINER, "Rename", NULL, reterr, "s", a->positional[1]);
}

#define DEFINE_VERB(symbol, word, text, v, what, ...)                                                        \
        const Verb verb_##symbol = {                                                                         \
                .names = word "|container " word,                                                            \
                .area = VERB_CONTAINER,                                                                      \
                .arguments = "CONTAINER [CONTAINER…]",                                                       \
                .summary = text,                                                                             \
                .max = ARGUMENTS_ANY,                                                                        \
                .object = what,                                                                              \
                .options = { __VA_ARGS__, many_options, filter_option },                                     \
                .run = run_many,                                                                             \
                .variant = v,                                                                                \
        }

static const Option no_options[] = { {} };

DEFINE_VERB(stop, "stop", "Stop containers: their stop signal, then, after a while, SIGKILL", STOP, VERB_OBJECT_RUNNING,
            stop_options, time_option);
DEFINE_VERB(restart, "restart", "Stop containers and start them again", RESTART, VERB_OBJECT_CONTAINER, time_option);
DEFINE_VERB(kill, "kill", "Send containers a signal", KILL, VERB_OBJECT_RUNNING, kill_options);
DEFINE_VERB(pause, "pause", "Freeze all processes of containers", PAUSE, VERB_OBJECT_RUNNING, no_options);
DEFINE_VERB(unpause, "unpause", "Let the processes of containers go on", UNPAUSE, VERB_OBJECT_RUNNING, no_options);

const Verb verb_rm = {
        .names = "rm|container rm|container remove",
        .area = VERB_CONTAINER,
        .arguments = "CONTAINER [CONTAINER…]",
        .summary = "Remove containers",
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_CONTAINER,
        .options = { rm_options, time_option, many_options, filter_option_long },
        .run = run_many,
        .variant = REMOVE,
};

const Verb verb_wait = {
        .names = "wait|container wait",
        .area = VERB_CONTAINER,
        .arguments = "CONTAINER [CONTAINER…]",
        .summary = "Wait until containers have ended, and print their exit codes",
        .min = 1,
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_RUNNING,
        .options = { wait_options },
        .run = run_wait,
};

const Verb verb_rename = {
        .names = "rename|container rename",
        .area = VERB_CONTAINER,
        .arguments = "CONTAINER NAME",
        .summary = "Give a container another name",
        .min = 2,
        .max = 2,
        .object = VERB_OBJECT_CONTAINER,
        .run = run_rename,
};
