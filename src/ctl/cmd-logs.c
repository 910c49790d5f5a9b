/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/log-reader.h"
#include "ctl/message-json.h"
#include "shared/bus-names.h"
#include "shared/format/human.h"
#include "shared/identifier.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "ctl/terminal.h"

#define SOURCES_MAX 64U

static const Option logs_options[] = {
        { "follow", 'f', OPTION_BOOL, NULL, "Go on until the container has ended", NULL, 0, NULL },
        { "tail", 'n', OPTION_STRING, "LINES", "Show only so many lines from the end, or all", NULL, 0, NULL },
        { "since", 0, OPTION_STRING, "TIME", "Show what was written at this time or later: 2024-05-06T07:08:09, 90m (ago), "
          "today", NULL, 0, NULL },
        { "until", 0, OPTION_STRING, "TIME", "Show what was written before this time", NULL, 0, NULL },
        { "timestamps", 't', OPTION_BOOL, NULL, "Show when each line was written", NULL, 0, NULL },
        { "names", 0, OPTION_BOOL, NULL, "Show which container wrote it", NULL, 0, NULL },
        { "color", 0, OPTION_BOOL, NULL, "Show the names in colors", NULL, 0, NULL },
        { "details", 0, OPTION_BOOL, NULL, "Show more about each line", NULL, 0, NULL },
        {},
};

static int get_properties(Client *c, const char *path, JsonObject **ret, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = client_call(c, path, "org.freedesktop.DBus.Properties", "GetAll", &reply, reterr, "s", BUS_IFACE_CONTAINER);
        if (r < 0)
                return r;
        r = message_read_json(reply, ret);
        return r < 0 ? bus_message_failed(r, reterr) : 0;
}

/* Only what goes to the journal can be read from it. */
static int check_driver(Client *c, const char *path, const char *name, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        const char *text, *driver, *file;
        int r;

        r = client_call(c, path, BUS_IFACE_CONTAINER, "Inspect", &reply, reterr, "s", "docker");
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return bus_message_failed(r, reterr);
        r = json_parse("caissond's answer", text, strlen(text), &o, reterr);
        if (r < 0)
                return r;

        driver = json_get_string(json_get(json_get(o, "HostConfig"), "LogConfig"), "Type");
        if (isempty(driver) || streq(driver, "journald"))
                return 0;
        file = json_get_string(o, "LogPath");
        if (streq(driver, "json-file") && !isempty(file))
                return error_set(reterr, -EOPNOTSUPP, "the output of container %s is in the file '%s'", name, file);
        return error_set(reterr, -EOPNOTSUPP, "the output of container %s is not kept: its log driver is %s", name, driver);
}

static int add_source(Client *c, const char *word, LogOptions *o, char ***paths, Error *reterr) {
        _cleanup_(json_putp) JsonObject *p = NULL;
        _cleanup_(freep) char *path = NULL, *escaped = NULL;
        LogSource *s = &o->sources[o->n_sources];
        const char *name, *unit;
        int r;

        r = client_get_container(c, word, &path, reterr);
        if (r >= 0)
                r = get_properties(c, path, &p, reterr);
        if (r < 0)
                return r;
        name = strempty(json_get_string(p, "Name"));
        r = check_driver(c, path, name, reterr);
        if (r < 0)
                return r;

        o->n_sources++;
        s->name = strdup(name);
        s->created_usec = (uint64_t) json_get_i64(p, "Created");
        unit = json_get_string(p, "Unit");
        if (isempty(unit)) {
                escaped = unit_name_escape_string(name);
                s->unit = escaped ? text_join("caisson-", escaped, ".scope", NULL) : NULL;
        } else
                s->unit = strdup(unit);
        if (!s->name || !s->unit || strv_extend(paths, path) < 0)
                return error_oom(reterr);
        return 0;
}

static int on_ended(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        size_t *running = userdata;

        (*running)--;
        return 0;
}

/* Until all have ended and the journal has all that they wrote. */
static int follow(Client *c, LogReader *reader, char *const *paths, Error *reterr) {
        size_t running = 0;
        int r;

        STRV_FOREACH(path, paths) {
                r = sd_bus_call_method_async(c->bus, NULL, BUS_NAME, *path, BUS_IFACE_CONTAINER, "Wait", on_ended, &running,
                                             "s", "not-running");
                if (r < 0)
                        return client_error(c, NULL, r, reterr);
                running++;
        }

        while (running > 0) {
                struct pollfd fds[] = { { .fd = sd_bus_get_fd(c->bus), .events = (short) sd_bus_get_events(c->bus) },
                                        { .fd = log_reader_fd(reader), .events = POLLIN } };

                r = sd_bus_process(c->bus, NULL);
                if (r < 0)
                        return client_error(c, NULL, r, reterr);
                if (r > 0)
                        continue;
                fds[0].events = (short) sd_bus_get_events(c->bus);
                if (poll(fds, ELEMENTSOF(fds), -1) < 0 && errno != EINTR)
                        return error_errnof(reterr, negative_errno(), "wait");
                if (fds[1].revents) {
                        (void) log_reader_woken(reader);
                        r = log_reader_print(reader, reterr);
                        if (r != 0)
                                return MIN(r, 0);
                }
        }

        log_sync();
        (void) log_reader_woken(reader);
        return MIN(log_reader_print(reader, reterr), 0);
}

static int parse_bound(const Arguments *a, const char *name, uint64_t *ret, Error *reterr) {
        const char *s = option_string(a, name);
        _cleanup_(freep) char *shown = NULL;

        if (!s || parse_time(s, now_realtime_usec(), ret) >= 0)
                return 0;
        shown = text_escape(s);
        return error_set(reterr, -EINVAL, "--%s: '%.60s' is not a time such as 2024-05-06T07:08:09 or 90m", name,
                         strempty(shown));
}

static int run_logs(Client *c, const Arguments *a, Error *reterr) {
        static const char *const colors[] = { "\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[31m" };
        LogSource sources[SOURCES_MAX] = {};
        LogOptions o = {
                .sources = sources,
                .until_usec = UINT64_MAX,
                .tail = UINT64_MAX,
                .timestamps = option_on(a, "timestamps"),
                .names = option_on(a, "names"),
                .details = option_on(a, "details"),
        };
        _cleanup_(log_reader_freep) LogReader *reader = NULL;
        _cleanup_(strv_freep) char **paths = NULL;
        const char *tail = option_string(a, "tail");
        int r;

        if (tail && !STR_IN_SET(tail, "all", "-1") && parse_u64(tail, &o.tail) < 0)
                return error_set(reterr, -EINVAL, "--tail: expected a number of lines, or all");
        r = parse_bound(a, "since", &o.since_usec, reterr);
        if (r >= 0)
                r = parse_bound(a, "until", &o.until_usec, reterr);

        for (char **word = a->positional; r >= 0 && *word; word++) {
                if (option_on(a, "color") && colors_on(STDOUT_FILENO))
                        sources[o.n_sources].color = colors[o.n_sources % ELEMENTSOF(colors)];
                r = add_source(c, *word, &o, &paths, reterr);
        }
        if (r >= 0) {
                log_sync();
                r = log_reader_new(&o, &reader, reterr);
        }
        if (r >= 0)
                r = log_reader_print(reader, reterr);
        if (r == 0 && option_on(a, "follow"))
                r = follow(c, reader, paths, reterr);

        if (r >= 0 && !log_reader_found_any(reader) && geteuid() != 0)
                fprintf(stderr, "There is nothing, or nothing that you may read: the journal is for root and members of the "
                                "group systemd-journal.\n");

        for (size_t i = 0; i < o.n_sources; i++)
                log_source_done(&sources[i]);
        return MIN(r, 0);
}

const Verb verb_logs = {
        .names = "logs|container logs",
        .area = VERB_CONTAINER,
        .arguments = "CONTAINER [CONTAINER…]",
        .summary = "Show what containers have written",
        .description = "Standard output and standard error of a container go to the journal, from where this reads them; "
                       "'journalctl -u caisson-NAME.scope' shows the same.",
        .min = 1,
        .max = SOURCES_MAX,
        .object = VERB_OBJECT_CONTAINER,
        .options = { logs_options },
        .run = run_logs,
};
