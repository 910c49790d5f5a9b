/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>

#include "ctl/session.h"
#include "shared/bus-names.h"
#include "shared/strv.h"
#include "shared/text.h"

int session_options(const Arguments *a, bool tty, bool interactive, AttachOptions *ret, Error *reterr) {
        const char *keys = option_exists(a, "detach-keys") ? option_string(a, "detach-keys") : NULL;
        char **streams = option_exists(a, "attach") && option_value(a, "attach")->option->type == OPTION_LIST
                                 ? option_list(a, "attach")
                                 : NULL;
        AttachOptions o = {
                .input = interactive,
                .output = !streams,
                .errors = !streams,
                .tty = tty,
                .proxy_signals = !option_exists(a, "sig-proxy") || option_on(a, "sig-proxy"),
        };

        STRV_FOREACH(s, streams) {
                _cleanup_(freep) char *name = strdup(*s);

                if (!name)
                        return error_oom(reterr);
                ascii_strlower(name);
                if (streq(name, "stdin"))
                        o.input = true;
                else if (streq(name, "stdout"))
                        o.output = true;
                else if (streq(name, "stderr"))
                        o.errors = true;
                else
                        return error_set(reterr, -EINVAL, "--attach: '%.40s' is not stdin, stdout or stderr", name);
        }

        if (detach_keys_parse(keys ?: DETACH_KEYS_DEFAULT, &o.detach_keys, reterr) < 0)
                return -EINVAL;
        *ret = o;
        return 0;
}

int session_check_terminal(const AttachOptions *o, Error *reterr) {
        if (o->input && o->tty && isatty(STDIN_FILENO) <= 0)
                return error_set(reterr, -ENOTTY, "the input device is not a TTY; leave out --tty to feed it from a pipe "
                                 "or file");
        return 0;
}

static int wait_for_exit(Client *c, const char *path, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int32_t code;
        int r;

        r = client_call(c, path, BUS_IFACE_CONTAINER, "Wait", &reply, reterr, "s", "not-running");
        if (r < 0)
                return error_prefix(reterr, r, "lost the container's streams, and how it ended");
        r = sd_bus_message_read(reply, "i", &code);
        if (r < 0)
                return bus_message_failed(r, reterr);
        return code & 0xff;
}

int session_run(Client *c, const char *path, int socket, const AttachOptions *o, Error *reterr) {
        AttachResult result;
        int exit_code = 0, r;

        polkit_agent_close(&c->agent); /* it has asked what was to be asked, and the terminal is the container's now */

        r = attach_run(socket, o, &result, &exit_code, reterr);
        if (r < 0)
                return r;

        switch (result) {
        case ATTACH_RESULT_ENDED:
                return exit_code;
        case ATTACH_RESULT_DETACHED:
                fprintf(stderr, "\r\nread detach keys; the container goes on\n");
                return 0;
        case ATTACH_RESULT_GAVE_UP:
                fprintf(stderr, "interrupted three times; the container goes on if it has not ended\n");
                return exit_code;
        case ATTACH_RESULT_LOST:
                return wait_for_exit(c, path, reterr);
        }
        return 0;
}
