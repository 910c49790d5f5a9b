/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/message-json.h"
#include "shared/bus-names.h"
#include "shared/strv.h"
#include "shared/text.h"

static const Heading top_headings[] = {
        { "User", "USER" }, { "Pid", "PID" }, { "PPid", "PPID" }, { "Command", "COMMAND" }, {},
};

static int add_process(Rows *rows, JsonObject *process) {
        static const char *const fields[] = { "Pid", "PPid", "User", "Command" }; /* as the method has them */
        _cleanup_(json_putp) JsonObject *s = json_object_new_object();
        int r = s ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(fields); i++)
                r = row_set(s, fields[i], json_object_get_string(json_object_array_get_idx(process, i)));
        return r < 0 ? r : rows_add(rows, TAKE_PTR(s), NULL);
}

static int run_top(Client *c, const Arguments *a, Error *reterr) {
        static const View view = {
                .headings = top_headings,
                .format = "{{.User}}\t{{.Pid}}\t{{.PPid}}\t{{.Command}}",
                .quiet = "Pid",
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_putp) JsonObject *list = NULL;
        _cleanup_(freep) char *path = NULL;
        _cleanup_(rows_done) Rows rows = {};
        int r;

        r = client_get_container(c, a->positional[0], &path, reterr);
        if (r >= 0)
                r = client_call(c, path, BUS_IFACE_CONTAINER, "ListProcesses", &reply, reterr, NULL);
        if (r < 0)
                return r;
        r = message_read_json(reply, &list);
        if (r < 0)
                return bus_message_failed(r, reterr);

        for (size_t i = 0; i < json_object_array_length(list); i++)
                if (add_process(&rows, json_object_array_get_idx(list, i)) < 0)
                        return error_oom(reterr);
        return view_print(&view, &rows, a, reterr);
}

const Verb verb_top = {
        .names = "top|container top",
        .area = VERB_CONTAINER,
        .arguments = "CONTAINER",
        .summary = "List the processes of a container",
        .description = "Processes and users have the numbers that the host knows them by. Fields for --format: .User .Pid "
                       ".PPid .Command.",
        .min = 1,
        .max = 1,
        .object = VERB_OBJECT_RUNNING,
        .options = { list_options },
        .run = run_top,
};
