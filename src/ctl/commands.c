/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/message-json.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "ctl/terminal.h"

#define CIDFILE_MAX 4096

void print_error(const Error *e, int r) {
        bool color = colors_on(STDERR_FILENO);
        _cleanup_(freep) char *escaped = text_escape(error_message(e, r)); /* names in it may be anybody's */

        fflush(stdout);
        fprintf(stderr, "%sError:%s %s\n", color ? COLOR_RED : "", color ? COLOR_NORMAL : "",
                escaped ?: error_message(NULL, -ENOMEM));
}

int describe_objects(Client *c, const char *member, char *const *names, char *const *filters, JsonObject **ret,
                     Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r;

        STRV_FOREACH(s, names)
                if (!utf8_is_valid(*s))
                        return error_set(reterr, -ENOENT, "the name is not UTF-8");

        r = client_new_call(c, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, member, &call, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(call, (char **) names);
        if (r < 0)
                return bus_message_failed(r, reterr);
        r = append_filters(call, filters, reterr);
        if (r < 0)
                return r;
        r = client_send(c, call, &reply, reterr);
        if (r < 0)
                return r;
        r = message_read_json(reply, ret);
        return r < 0 ? bus_message_failed(r, reterr) : 0;
}


static bool wanted_state(Containers which, const char *state) {
        bool rests = STR_IN_SET(state, "created", "exited", "failed");

        return which == CONTAINERS_ALL || which == CONTAINERS_NAMED || rests == (which == CONTAINERS_STOPPED);
}

static int add_listed(Client *c, char *const *filters, Containers which, char ***names, Error *reterr) {
        _cleanup_(json_putp) JsonObject *list = NULL;
        int r;

        r = describe_objects(c, "DescribeContainers", NULL, filters, &list, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                JsonObject *o = json_object_array_get_idx(list, i);
                const char *id = json_get_string(o, "Id");

                if (!id || !wanted_state(which, strempty(json_get_string(o, "State"))))
                        continue;
                if (strv_extend(names, id) < 0)
                        return error_oom(reterr);
        }
        return 0;
}

static int add_from_cidfile(const char *path, char ***names, Error *reterr) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        _cleanup_(freep) char *text = NULL;
        int r;

        if (fd < 0)
                return error_errnof(reterr, negative_errno(), "--cidfile: open '%s'", path);
        r = read_full_fd(fd, CIDFILE_MAX, &text, NULL);
        if (r < 0)
                return error_errnof(reterr, r, "--cidfile: read '%s'", path);
        return strv_extend(names, text_strip(text)) < 0 ? error_oom(reterr) : 0;
}

static bool is_on(const Arguments *a, const char *name) {
        return option_exists(a, name) && option_on(a, name);
}

static int collect(Client *c, const Arguments *a, Containers which, char ***names, Error *reterr) {
        char **filters = option_exists(a, "filter") ? option_list(a, "filter") : NULL;
        int r;

        if (which != CONTAINERS_NAMED || filters) {
                if (!strv_isempty(a->positional))
                        return error_set(reterr, -EINVAL, "names cannot be combined with --all or --filter");
                return add_listed(c, filters, which, names, reterr);
        }

        if (strv_extend_strv(names, a->positional) < 0)
                return error_oom(reterr);
        if (option_exists(a, "cidfile"))
                STRV_FOREACH(path, option_list(a, "cidfile")) {
                        r = add_from_cidfile(*path, names, reterr);
                        if (r == -ENOENT && is_on(a, "ignore")) {
                                error_done(reterr);
                                continue;
                        }
                        if (r < 0)
                                return r;
                }
        if (strv_isempty(*names) && !is_on(a, "ignore"))
                return error_set(reterr, -EINVAL, "'caissonctl %s' needs the name of a container", verb_name(a->verb));
        return 0;
}

int for_each_container(Client *c, const Arguments *a, Containers which, container_action_t action, Error *reterr) {
        _cleanup_(strv_freep) char **names = NULL;
        bool listed = which != CONTAINERS_NAMED || (option_exists(a, "filter") && option_list(a, "filter"));
        int r, exit_code = 0;

        r = collect(c, a, which, &names, reterr);
        if (r < 0)
                return r;

        STRV_FOREACH(name, names) {
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *path = NULL;

                c->exit_code = 0;
                r = client_get_container(c, *name, &path, &error);
                if (r >= 0)
                        r = action(c, a, path, &error);
                if (r == -ENOENT && (listed || is_on(a, "ignore")))
                        continue; /* somebody was faster, or it is all the same */
                if (r < 0) {
                        print_error(&error, r);
                        exit_code = c->exit_code ?: a->verb->failure ?: 1;
                        if (r == -ECONNREFUSED)
                                break;
                        continue;
                }
                puts(*name);
                fflush(stdout);
        }
        return exit_code;
}

int for_each_argument(Client *c, const Arguments *a,
                      int (*action)(Client *c, const Arguments *a, const char *word, Error *reterr)) {
        int exit_code = 0;

        STRV_FOREACH(word, a->positional) {
                _cleanup_(error_done) Error error = {};
                int r;

                r = action(c, a, *word, &error);
                if (r < 0) {
                        print_error(&error, r);
                        exit_code = c->exit_code ?: a->verb->failure ?: 1;
                        if (r == -ECONNREFUSED)
                                break;
                }
        }
        return exit_code;
}
