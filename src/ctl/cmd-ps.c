/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/commands.h"
#include "shared/bus-names.h"
#include "shared/format/human.h"
#include "shared/identifier.h"
#include "shared/strv.h"
#include "shared/text.h"

#define COMMAND_WIDTH 20U

static const Option ps_options[] = {
        { "all", 'a', OPTION_BOOL, NULL, "Show those that do not run, too", NULL, 0, NULL },
        { "last", 'n', OPTION_UNSIGNED, "NUMBER", "Show the newest ones, running or not", NULL, 0, NULL },
        { "latest", 'l', OPTION_BOOL, NULL, "Show the newest one, running or not", NULL, 0, NULL },
        { "size", 's', OPTION_BOOL, NULL, NULL, NULL, OPTION_UNSUPPORTED, NULL },
        { "external", 0, OPTION_BOOL, NULL, NULL, NULL, OPTION_HIDDEN, NULL }, /* podman's: there are none here */
        { "format", 0, OPTION_STRING, "FORMAT", "Show it by a Go template ('table …' with headings), or as json (one "
          "array)", NULL, 0, NULL },
        { "noheading", 0, OPTION_BOOL, NULL, "Leave out the headings", NULL, 0, NULL },
        { "quiet", 'q', OPTION_BOOL, NULL, "Show identifiers only", NULL, 0, NULL },
        { "no-trunc", 0, OPTION_BOOL, NULL, "Shorten nothing", NULL, 0, NULL },
        {},
};

static const Heading ps_headings[] = {
        { "Command", "COMMAND" },       { "CreatedAt", "CREATED AT" }, { "ID", "CONTAINER ID" },
        { "Image", "IMAGE" },           { "Labels", "LABELS" },        { "Mounts", "MOUNTS" },
        { "Names", "NAMES" },           { "Networks", "NETWORKS" },    { "Ports", "PORTS" },
        { "RunningFor", "CREATED" },    { "State", "STATE" },
        { "Status", "STATUS" },         { "ExitCode", "EXIT CODE" },   { "ImageID", "IMAGE ID" },
        { "Pid", "PID" },               { "Created", "CREATED" },      { "Id", "CONTAINER ID" },
        { "Unit", "UNIT" },             { "RestartCount", "RESTARTS" }, {},
};

static void shorten(char *s, size_t width) {
        size_t i = 0, n = strlen(s);

        for (size_t k = 0; k + 1 < width && i < n; k++)
                i += MAX(utf8_sequence_length(s + i, n - i), (size_t) 1);
        if (i < n && i + MAX(utf8_sequence_length(s + i, n - i), (size_t) 1) < n)
                strcpy(s + i, n - i >= strlen("…") ? "…" : "");
}

static char *command_text(JsonObject *o, bool truncate) {
        JsonObject *list = json_get(o, "Command");
        _cleanup_(freep) char *text = strdup(""), *escaped = NULL;

        for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++)
                if (text_append(&text, "%s%s", i > 0 ? " " : "",
                                strempty(json_object_get_string(json_object_array_get_idx(list, i)))) < 0)
                        return NULL;
        escaped = text ? text_escape(text) : NULL;
        if (!escaped)
                return NULL;
        if (truncate)
                shorten(escaped, COMMAND_WIDTH - 2);
        return text_printf("\"%s\"", escaped);
}

static char *pairs_text(JsonObject *o) {
        char *text = strdup("");

        if (!json_object_is_type(o, json_type_object))
                return text;
        json_object_object_foreach(o, key, value)
                if (text_append(&text, "%s%s=%s", text && *text ? "," : "", key,
                                strempty(json_object_get_string(value))) < 0)
                        return mfree(text);
        return text;
}

static char *list_text(JsonObject *o, const char *separator) {
        char *text = strdup("");

        for (size_t i = 0; json_object_is_type(o, json_type_array) && i < json_object_array_length(o); i++)
                if (text_append(&text, "%s%s", i > 0 ? separator : "",
                                strempty(json_object_get_string(json_object_array_get_idx(o, i)))) < 0)
                        return mfree(text);
        return text;
}

/* "Up 3 minutes", "Exited (1) 2 hours ago" */
static char *status_text(JsonObject *o, uint64_t now) {
        const char *state = strempty(json_get_string(o, "State"));
        uint64_t started = (uint64_t) json_get_i64(o, "Started"), finished = (uint64_t) json_get_i64(o, "Finished");
        char buffer[HUMAN_MAX];

        if (STR_IN_SET(state, "running", "paused", "stopping"))
                return text_printf("Up %s%s", human_duration(buffer, started > 0 && now > started ? now - started : 0),
                                   streq(state, "paused") ? " (Paused)" : streq(state, "stopping") ? " (Stopping)" : "");
        if (streq(state, "exited"))
                return text_printf("Exited (%" PRIi64 ") %s%s", json_get_i64(o, "ExitCode"),
                                   human_ago(buffer, finished, now), json_get_bool(o, "OOMKilled") ? " (out of memory)" : "");
        if (streq(state, "failed"))
                return text_printf("Failed to start%s%s", finished > 0 ? " " : "",
                                   finished > 0 ? human_ago(buffer, finished, now) : "");
        if (!*state)
                return strdup("Unknown");
        return text_printf("%c%s", state[0] >= 'a' && state[0] <= 'z' ? state[0] - 'a' + 'A' : state[0], state + 1);
}

static int set_and_free(JsonObject *shown, const char *field, char *value) {
        int r = value ? row_set(shown, field, value) : -ENOMEM;

        free(value);
        return r;
}

/* What podman's "ps --format json" has. */
static int make_details(JsonObject *o, const char *status, JsonObject **ret) {
        static const struct {
                const char *ours, *theirs;
        } renamed[] = {
                { "Id", "Id" },           { "Image", "Image" },      { "ImageID", "ImageID" },   { "Command", "Command" },
                { "State", "State" },     { "ExitCode", "ExitCode" }, { "Leader", "Pid" },        { "Labels", "Labels" },
                { "Mounts", "Mounts" },   { "Ports", "Ports" },      { "Networks", "Networks" }, { "Unit", "Unit" },
                { "AutoRemove", "AutoRemove" }, { "RestartCount", "RestartCount" }, { "OOMKilled", "OOMKilled" },
                { "Error", "Error" },     { "Tty", "Tty" },
        };
        _cleanup_(json_putp) JsonObject *d = json_object_new_object(), *names = json_object_new_array();
        uint64_t created = (uint64_t) json_get_i64(o, "Created");
        char buffer[HUMAN_MAX];
        int r = 0;

        if (!d || !names)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(renamed); i++)
                if (json_get(o, renamed[i].ours))
                        r = json_add(d, renamed[i].theirs, json_object_get(json_get(o, renamed[i].ours)));
        if (r >= 0 && json_get_string(o, "Name"))
                r = json_object_array_add(names, json_object_get(json_get(o, "Name")));
        if (r >= 0)
                r = json_add(d, "Names", json_object_get(names));
        if (r >= 0)
                r = json_add_string(d, "Status", status);
        if (r >= 0)
                r = json_add_i64(d, "Created", (int64_t) (created / 1000000));
        if (r >= 0)
                r = json_add_string(d, "CreatedAt", human_time_rfc3339(buffer, created, true));
        if (r >= 0)
                r = json_add_i64(d, "StartedAt", json_get_i64(o, "Started") / 1000000);
        if (r >= 0)
                r = json_add_i64(d, "ExitedAt", json_get_i64(o, "Finished") / 1000000);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

static char *image_name(JsonObject *o, bool truncate) {
        const char *name = json_get_string(o, "Image") ?: json_get_string(o, "ImageReference");
        const char *id = json_get_string(o, "ImageID"), *rest;

        if (isempty(name))
                name = strempty(id);
        if (truncate && (rest = startswith(name, "sha256:")))
                return strndup(rest, CONTAINER_ID_SHORT);
        if (!truncate)
                return strdup(name);
        rest = startswith(name, "docker.io/library/");
        rest = rest ?: startswith(name, "docker.io/");
        return strdup(rest ?: name);
}

static int make_shown(JsonObject *o, const char *status, bool truncate, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *s = json_object_new_object();
        const char *id = strempty(json_get_string(o, "Id"));
        uint64_t created = (uint64_t) json_get_i64(o, "Created");
        char buffer[HUMAN_MAX];
        int r;

        if (!s)
                return -ENOMEM;
        r = set_and_free(s, "ID", strndup(id, truncate ? CONTAINER_ID_SHORT : strlen(id)));
        if (r >= 0)
                r = set_and_free(s, "Image", image_name(o, truncate));
        if (r >= 0)
                r = set_and_free(s, "Command", command_text(o, truncate));
        if (r >= 0)
                r = row_set(s, "CreatedAt", human_time(buffer, created));
        if (r >= 0)
                r = row_set(s, "RunningFor", human_ago(buffer, created, now_realtime_usec()));
        if (r >= 0)
                r = set_and_free(s, "Ports", list_text(json_get(o, "Ports"), ", "));
        if (r >= 0)
                r = row_set(s, "State", json_get_string(o, "State"));
        if (r >= 0)
                r = row_set(s, "Status", status);
        if (r >= 0)
                r = row_set(s, "Names", json_get_string(o, "Name"));
        if (r >= 0)
                r = set_and_free(s, "Labels", pairs_text(json_get(o, "Labels")));
        if (r >= 0)
                r = set_and_free(s, "Mounts", list_text(json_get(o, "Mounts"), ","));
        if (r >= 0)
                r = set_and_free(s, "Networks", list_text(json_get(o, "Networks"), ","));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

static int add_row(Rows *rows, JsonObject *o, const Arguments *a) {
        _cleanup_(json_putp) JsonObject *shown = NULL, *details = NULL;
        _cleanup_(freep) char *status = status_text(o, now_realtime_usec());
        int r;

        if (!status)
                return -ENOMEM;
        r = make_shown(o, status, !option_on(a, "no-trunc"), &shown);
        if (r >= 0)
                r = make_details(o, status, &details);
        return r < 0 ? r : rows_add(rows, TAKE_PTR(shown), TAKE_PTR(details));
}

static int run_ps(Client *c, const Arguments *a, Error *reterr) {
        static const View view = {
                .headings = ps_headings,
                .format = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
        };
        _cleanup_(json_putp) JsonObject *list = NULL;
        _cleanup_(strv_freep) char **filters = NULL;
        _cleanup_(rows_done) Rows rows = {};
        uint64_t last = option_on(a, "latest") ? 1 : option_number(a, "last", UINT64_MAX), shown = 0;
        bool all = option_on(a, "all") || last != UINT64_MAX;
        int r;

        if (strv_extend_strv(&filters, option_list(a, "filter")) < 0)
                return error_oom(reterr);
        STRV_FOREACH(f, filters)
                all = all || startswith(*f, "status=") || startswith(*f, "exited=");

        r = describe_objects(c, "DescribeContainers", NULL, filters, &list, reterr);
        if (r < 0)
                return r;
        json_object_array_sort(list, newest_first);

        for (size_t i = 0; i < json_object_array_length(list) && shown < last; i++) {
                JsonObject *o = json_object_array_get_idx(list, i);

                if (!all && !STR_IN_SET(strempty(json_get_string(o, "State")), "running", "paused", "stopping"))
                        continue;
                shown++;
                if (add_row(&rows, o, a) < 0)
                        return error_oom(reterr);
        }

        return view_print(&view, &rows, a, reterr);
}

const Verb verb_ps = {
        .names = "ps|container ls|container list|container ps",
        .area = VERB_CONTAINER,
        .arguments = "",
        .summary = "List containers",
        .description = "Fields for --format: .ID .Image .Command .CreatedAt .RunningFor .Ports .State .Status .Names "
                       ".Labels .Label .Mounts .Networks .ImageID .ExitCode .Pid .Unit. Filters: id, name, label, status, "
                       "ancestor, exited, before, since.",
        .options = { ps_options, filter_option },
        .run = run_ps,
};
