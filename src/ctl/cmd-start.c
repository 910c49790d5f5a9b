/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/container-options.h"
#include "ctl/session.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

/* A screen makes sense only with what was on it; lines of a program without a terminal are in the log. */
#define ATTACH_REPLAY_SCREEN UINT64_C(1)

static const Option start_options[] = {
        { "attach", 'a', OPTION_BOOL, NULL, "Connect standard output and error, and wait for its end", NULL, 0, NULL },
        { "interactive", 'i', OPTION_BOOL, NULL, "Connect standard input", NULL, 0, NULL },
        { "all", 0, OPTION_BOOL, NULL, "Start all containers that do not run", NULL, 0, NULL },
        { "sig-proxy", 0, OPTION_BOOL, NULL, "Pass the signals we get on to the command (on unless --sig-proxy=false)", NULL,
          OPTION_DEFAULT_TRUE, NULL },
        { "detach-keys", 0, OPTION_STRING, "KEYS", "Keys that leave the container running, ctrl-p,ctrl-q by default",
          NULL, 0, NULL },
        {},
};

static const Option attach_options[] = {
        { "no-stdin", 0, OPTION_BOOL, NULL, "Do not connect standard input", NULL, 0, NULL },
        { "sig-proxy", 0, OPTION_BOOL, NULL, "Pass the signals we get on to the command (on unless --sig-proxy=false)", NULL,
          OPTION_DEFAULT_TRUE, NULL },
        { "detach-keys", 0, OPTION_STRING, "KEYS", "Keys that leave the container running, ctrl-p,ctrl-q by default",
          NULL, 0, NULL },
        {},
};

static char *const all_streams[] = { (char *) "stdin", (char *) "stdout", (char *) "stderr", NULL };

static int has_terminal(Client *c, const char *path, bool *ret, Error *reterr) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int tty, r;

        r = sd_bus_get_property_trivial(c->bus, BUS_NAME, path, BUS_IFACE_CONTAINER, "Tty", &e, 'b', &tty);
        if (r < 0)
                return client_error(c, &e, r, reterr);
        *ret = tty;
        return 0;
}

static int start_attached(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(closep) int ours = -EBADF, theirs = -EBADF;
        _cleanup_(freep) char *path = NULL;
        AttachOptions attach;
        bool tty;
        int r;

        if (strv_length(a->positional) != 1)
                return error_set(reterr, -EINVAL, "--attach and --interactive are for one container at a time");

        r = client_get_container(c, a->positional[0], &path, reterr);
        if (r >= 0)
                r = has_terminal(c, path, &tty, reterr);
        if (r >= 0)
                r = session_options(a, tty, option_on(a, "interactive"), &attach, reterr);
        if (r >= 0)
                r = session_check_terminal(&attach, reterr);
        if (r >= 0)
                r = attach_make_sockets(&ours, &theirs, reterr);
        if (r >= 0)
                r = attach_prepare(&attach, reterr);
        if (r >= 0)
                r = client_new_call(c, path, BUS_IFACE_CONTAINER, "Start", &call, reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(call, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = append_strv(call, "Attach", attach.input ? all_streams : all_streams + 1);
        if (r >= 0)
                r = sd_bus_message_append(call, "{sv}", "AttachSocket", "h", theirs);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = sd_bus_message_append(call, "t", (uint64_t) 0);
        if (r < 0)
                return bus_message_failed(r, reterr);

        r = client_send(c, call, NULL, reterr);
        if (r < 0)
                return r;

        /* The message has a copy, and as long as there is one the stream does not end */
        call = sd_bus_message_unref(call);
        theirs = safe_close(theirs);
        return session_run(c, path, ours, &attach, reterr);
}

static int start_one(Client *c, const Arguments *a, const char *path, Error *reterr) {
        return client_call(c, path, BUS_IFACE_CONTAINER, "Start", NULL, reterr, "a{sv}t", 0, (uint64_t) 0);
}

static int run_start(Client *c, const Arguments *a, Error *reterr) {
        if (option_on(a, "attach") || option_on(a, "interactive"))
                return start_attached(c, a, reterr);

        return for_each_container(c, a, option_on(a, "all") ? CONTAINERS_STOPPED : CONTAINERS_NAMED, start_one, reterr);
}

static int run_attach(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(closep) int ours = -EBADF, theirs = -EBADF;
        _cleanup_(freep) char *path = NULL;
        AttachOptions attach;
        bool tty;
        int r;

        r = client_get_container(c, a->positional[0], &path, reterr);
        if (r >= 0)
                r = has_terminal(c, path, &tty, reterr);
        if (r >= 0)
                r = session_options(a, tty, !option_on(a, "no-stdin"), &attach, reterr);
        if (r >= 0)
                r = session_check_terminal(&attach, reterr);
        if (r >= 0)
                r = attach_make_sockets(&ours, &theirs, reterr);
        if (r >= 0)
                r = attach_prepare(&attach, reterr);
        if (r >= 0)
                r = client_call(c, path, BUS_IFACE_CONTAINER, "Attach", NULL, reterr, "ht", theirs,
                                tty ? ATTACH_REPLAY_SCREEN : UINT64_C(0));
        if (r < 0)
                return r;

        theirs = safe_close(theirs);
        return session_run(c, path, ours, &attach, reterr);
}

const Verb verb_start = {
        .names = "start|container start",
        .area = VERB_CONTAINER,
        .arguments = "CONTAINER [CONTAINER…]",
        .summary = "Start containers that do not run",
        .min = 0,
        .max = ARGUMENTS_ANY,
        .failure = 125,
        .object = VERB_OBJECT_STOPPED,
        .options = { start_options, filter_option },
        .run = run_start,
};

const Verb verb_attach = {
        .names = "attach|container attach",
        .area = VERB_CONTAINER,
        .arguments = "CONTAINER",
        .summary = "Connect to the standard streams of a running container",
        .min = 1,
        .max = 1,
        .failure = 125,
        .object = VERB_OBJECT_RUNNING,
        .options = { attach_options },
        .run = run_attach,
};
