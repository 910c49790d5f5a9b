/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/message-json.h"
#include "shared/bus-names.h"
#include "shared/format/human.h"
#include "shared/parse.h"
#include "shared/text.h"

/* info, version, jobs, cancel, help */

static int describe(Client *c, JsonObject **ret, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *text;
        int r;

        r = client_call_manager(c, "Describe", &reply, reterr, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return bus_message_failed(r, reterr);
        return json_parse("caissond's answer", text, strlen(text), ret, reterr);
}

static int print_template(JsonObject *o, const char *format, Error *reterr) {
        _cleanup_(json_putp) JsonObject *list = json_object_new_array();

        if (streq(format, "json")) {
                puts(json_text_pretty(o));
                return flush_output(reterr);
        }
        if (!list || json_object_array_add(list, json_object_get(o)) < 0)
                return error_oom(reterr);
        return view_print_objects(list, format, reterr);
}

/* "Key: value" lines, nested ones indented. */
static void print_object(JsonObject *o, int indent) {
        json_object_object_foreach(o, key, value) {
                _cleanup_(freep) char *escaped = NULL;

                printf("%*s%s:", indent, "", key);
                if (json_object_is_type(value, json_type_object)) {
                        putchar('\n');
                        print_object(value, indent + 2);
                        continue;
                }
                if (json_object_is_type(value, json_type_array)) {
                        for (size_t i = 0; i < json_object_array_length(value); i++) {
                                _cleanup_(freep) char *element = text_escape(
                                        strempty(json_object_get_string(json_object_array_get_idx(value, i))));
                                printf(" %s", strempty(element));
                        }
                        putchar('\n');
                        continue;
                }
                escaped = text_escape(strempty(json_object_get_string(value)));
                printf(" %s\n", strempty(escaped));
        }
}

static int run_info(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        int r;

        r = describe(c, &o, reterr);
        if (r < 0)
                return r;
        if (option_given(a, "format"))
                return print_template(o, option_string(a, "format"), reterr);
        print_object(o, 0);
        return flush_output(reterr);
}

static int make_version(const char *version, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "Version", version);
        if (r >= 0)
                r = json_add_string(o, "OsArch", "linux/" CAISSON_ARCHITECTURE);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

static int run_version(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object(), *info = NULL;
        _cleanup_(error_done) Error error = {};
        JsonObject *client = NULL, *server = NULL;
        int failed;

        failed = describe(c, &info, &error);
        if (!o || make_version(CAISSON_VERSION, &client) < 0 || json_add(o, "Client", client) < 0)
                return error_oom(reterr);
        if (failed >= 0) {
                const char *version = json_get_string(info, "ServerVersion") ?: json_get_string(info, "Version");

                if (make_version(strempty(version), &server) < 0 || json_add(o, "Server", server) < 0)
                        return error_oom(reterr);
        }

        if (option_given(a, "format")) {
                int r = print_template(o, option_string(a, "format"), reterr);
                if (r < 0)
                        return r;
        } else
                print_object(o, 0);
        (void) flush_output(NULL);

        if (failed < 0) {
                error_move(reterr, &error);
                return failed;
        }
        return 0;
}

static const Heading jobs_headings[] = {
        { "ID", "JOB" }, { "Type", "TYPE" }, { "Subject", "SUBJECT" }, { "State", "STATE" }, { "Progress", "PROGRESS" }, {},
};

static int add_job(Rows *rows, JsonObject *job) {
        _cleanup_(json_putp) JsonObject *s = json_object_new_object();
        double progress = json_object_get_double(json_object_array_get_idx(job, 4));
        _cleanup_(freep) char *percent = progress > 0 ? text_printf("%.0f%%", 100 * progress) : strdup("");
        int r = 0;

        if (!s || !percent)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < 4; i++)
                r = row_set(s, jobs_headings[i].field, json_object_get_string(json_object_array_get_idx(job, i)));
        if (r >= 0)
                r = row_set(s, "Progress", percent);
        return r < 0 ? r : rows_add(rows, TAKE_PTR(s), NULL);
}

static int run_jobs(Client *c, const Arguments *a, Error *reterr) {
        static const View view = { .headings = jobs_headings,
                                   .format = "{{.ID}}\t{{.Type}}\t{{.Subject}}\t{{.State}}\t{{.Progress}}" };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_putp) JsonObject *list = NULL;
        _cleanup_(rows_done) Rows rows = {};
        int r;

        r = client_call_manager(c, "ListJobs", &reply, reterr, NULL);
        if (r < 0)
                return r;
        r = message_read_json(reply, &list);
        if (r < 0)
                return bus_message_failed(r, reterr);
        for (size_t i = 0; i < json_object_array_length(list); i++)
                if (add_job(&rows, json_object_array_get_idx(list, i)) < 0)
                        return error_oom(reterr);

        return view_print(&view, &rows, a, reterr);
}

static int cancel_one(Client *c, const Arguments *a, const char *word, Error *reterr) {
        uint32_t id;

        if (parse_u32(word, &id) < 0) {
                _cleanup_(freep) char *shown = text_escape(word);
                return error_set(reterr, -EINVAL, "'%.40s' is not the number of a job", strempty(shown));
        }
        return client_call_manager(c, "CancelJob", NULL, reterr, "u", id);
}

static int run_cancel(Client *c, const Arguments *a, Error *reterr) {
        return for_each_argument(c, a, cancel_one);
}

static int run_help(Client *c, const Arguments *a, Error *reterr) {
        const Verb *v;
        size_t words;

        if (!a->positional)
                help_all(stdout);
        else if ((v = verb_find(a->positional, &words)))
                help_verb(v, stdout);
        else if (verb_group(a->positional[0]) && !a->positional[1])
                help_group(verb_group(a->positional[0]), stdout);
        else {
                _cleanup_(freep) char *shown = text_escape(a->positional[0]);
                return error_set(reterr, -EINVAL, "there is no verb '%.40s'", strempty(shown));
        }
        return flush_output(reterr);
}

const Verb verb_info = {
        .names = "info|system info",
        .area = VERB_SYSTEM,
        .arguments = "",
        .summary = "Show what caisson and the system are like",
        .options = { format_option },
        .run = run_info,
};

const Verb verb_version = {
        .names = "version",
        .area = VERB_SYSTEM,
        .arguments = "",
        .summary = "Show the versions of caissonctl and caissond",
        .options = { format_option },
        .run = run_version,
};

const Verb verb_jobs = {
        .names = "jobs|system jobs",
        .area = VERB_SYSTEM,
        .arguments = "",
        .summary = "List what caissond is busy with",
        .options = { list_options },
        .run = run_jobs,
};

const Verb verb_cancel = {
        .names = "cancel|system cancel",
        .area = VERB_SYSTEM,
        .arguments = "JOB [JOB…]",
        .summary = "Cancel jobs",
        .min = 1,
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_JOB,
        .run = run_cancel,
};

const Verb verb_help = {
        .names = "help",
        .area = VERB_SYSTEM,
        .arguments = "[VERB]",
        .summary = "Show the verbs, or the options of one",
        .max = 2,
        .run = run_help,
};
