/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/message-json.h"
#include "shared/bus-names.h"
#include "shared/strv.h"
#include "shared/text.h"

/* tag, untag, rmi, exists, prune */

static const Option rmi_options[] = {
        { "force", 'f', OPTION_BOOL, NULL, "Remove an image with several names, and containers that use it", NULL, 0, NULL },
        { "ignore", 'i', OPTION_BOOL, NULL, "Images that are not there are no failure", NULL, 0, NULL },
        { "all", 'a', OPTION_BOOL, NULL, "Remove all images that no container uses", NULL, 0, NULL },
        { "no-prune", 0, OPTION_BOOL, NULL, NULL, NULL, OPTION_HIDDEN, NULL },
        {},
};

static const Option prune_options[] = {
        { "force", 'f', OPTION_BOOL, NULL, "Do not ask", NULL, 0, NULL },
        {},
};

static const Option image_prune_options[] = {
        { "all", 'a', OPTION_BOOL, NULL, "Remove all that no container uses, not only those without a name", NULL, 0, NULL },
        {},
};

static const Option exists_options[] = {
        { "external", 0, OPTION_BOOL, NULL, NULL, NULL, OPTION_HIDDEN, NULL },
        {},
};

static int run_tag(Client *c, const Arguments *a, Error *reterr) {
        for (char **name = a->positional + 1; *name; name++) {
                int r;

                if (!utf8_is_valid(a->positional[0]) || !utf8_is_valid(*name))
                        return error_set(reterr, -EINVAL, "names must be UTF-8");
                r = client_call_manager(c, "TagImage", NULL, reterr, "ss", a->positional[0], *name);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int run_untag(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = client_new_call(c, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "UntagImage", &call, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "s", a->positional[0]);
        if (r >= 0)
                r = sd_bus_message_append_strv(call, a->positional + 1);
        if (r < 0)
                return bus_message_failed(r, reterr);
        return client_send(c, call, NULL, reterr);
}

static int remove_image(Client *c, const char *name, bool force, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(strv_freep) char **report = NULL;
        int r;

        if (!utf8_is_valid(name))
                return error_set(reterr, -ENOENT, "the name is not UTF-8");
        r = client_call_manager(c, "RemoveImage", &reply, reterr, "st", name, (uint64_t) force);
        if (r < 0)
                return r;
        r = sd_bus_message_read_strv(reply, &report);
        if (r < 0)
                return bus_message_failed(r, reterr);

        STRV_FOREACH(line, report) {
                _cleanup_(freep) char *escaped = text_escape(*line);
                puts(strempty(escaped));
        }
        fflush(stdout);
        return 0;
}

static int remove_argument(Client *c, const Arguments *a, const char *name, Error *reterr) {
        int r;

        r = remove_image(c, name, option_on(a, "force"), reterr);
        return r == -ENOENT && option_on(a, "ignore") ? 0 : r;
}

/* By the containers made from it. */
static int is_used(Client *c, const char *id, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_putp) JsonObject *users = NULL;
        _cleanup_(freep) char *path = NULL;
        int r;

        r = client_get_image(c, id, &path, reterr);
        if (r >= 0)
                r = client_call(c, path, "org.freedesktop.DBus.Properties", "Get", &reply, reterr, "ss", BUS_IFACE_IMAGE,
                                "Users");
        if (r < 0)
                return r;
        r = message_read_json(reply, &users);
        if (r < 0)
                return bus_message_failed(r, reterr);
        return json_object_is_type(users, json_type_array) && json_object_array_length(users) > 0;
}

/* By its id an image goes only when it has one name left (by force it would take containers with it). */
static int remove_with_names(Client *c, JsonObject *o, bool force, Error *reterr) {
        JsonObject *names = json_get(o, "Names");
        const char *id = json_get_string(o, "Id");
        size_t n = json_object_is_type(names, json_type_array) ? json_object_array_length(names) : 0;
        int r;

        r = force ? 0 : is_used(c, id, reterr);
        if (r != 0)
                return r;
        for (size_t i = 0; i + 1 < n; i++) {
                r = remove_image(c, json_object_get_string(json_object_array_get_idx(names, i)), force, reterr);
                if (r < 0)
                        return r;
        }
        return remove_image(c, id, force, reterr);
}

/* All that match; those in use stay unless forced. */
static int remove_matching(Client *c, char *const *filters, bool force, Error *reterr) {
        _cleanup_(json_putp) JsonObject *list = NULL;
        int r, exit_code = 0;

        r = describe_objects(c, "DescribeImages", NULL, filters, &list, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < json_object_array_length(list); i++) {
                JsonObject *o = json_object_array_get_idx(list, i);
                _cleanup_(error_done) Error error = {};

                if (!json_get_string(o, "Id"))
                        continue;
                r = remove_with_names(c, o, force, &error);
                if (r == -EBUSY || r == -ENOENT)
                        continue;
                if (r < 0) {
                        print_error(&error, r);
                        exit_code = 1;
                }
        }
        return exit_code;
}

static int run_rmi(Client *c, const Arguments *a, Error *reterr) {
        if (option_on(a, "all")) {
                if (a->positional)
                        return error_set(reterr, -EINVAL, "names cannot be combined with --all");
                return remove_matching(c, NULL, option_on(a, "force"), reterr);
        }
        if (!a->positional && !option_on(a, "ignore"))
                return error_set(reterr, -EINVAL, "'caissonctl rmi' needs the name of an image");
        return for_each_argument(c, a, remove_argument);
}

/* 0: there is one, 1: there is none; failures are 125. */
static int run_exists(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(freep) char *path = NULL;
        int r;

        r = (a->verb->variant == VERB_IMAGE ? client_get_image : client_get_container)(c, a->positional[0], &path, reterr);
        if (r == -ENOENT) {
                error_done(reterr);
                return 1;
        }
        return MIN(r, 0);
}

static int confirm(const Arguments *a, const char *question, Error *reterr) {
        char answer[16];

        if (option_on(a, "force"))
                return 1;
        fprintf(stderr, "%s [y/N] ", question);
        if (!fgets(answer, sizeof(answer), stdin))
                return 0;
        return answer[0] == 'y' || answer[0] == 'Y';
}

static int run_prune(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(strv_freep) char **removed = NULL;
        int r;

        r = confirm(a, "Remove all containers that do not run?", reterr);
        if (r <= 0)
                return r;
        r = client_new_call(c, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "PruneContainers", &call, reterr);
        if (r >= 0)
                r = append_filters(call, option_list(a, "filter"), reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "t", (uint64_t) 0);
        if (r < 0)
                return bus_message_failed(r, reterr);
        r = client_send(c, call, &reply, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read_strv(reply, &removed);
        if (r < 0)
                return bus_message_failed(r, reterr);

        STRV_FOREACH(id, removed)
                puts(*id);
        return flush_output(reterr);
}

static int run_image_prune(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(strv_freep) char **filters = NULL;
        int r;

        r = confirm(a, option_on(a, "all") ? "Remove all images that no container uses?" : "Remove all images without a name?",
                    reterr);
        if (r <= 0)
                return r;
        if (strv_extend_strv(&filters, option_list(a, "filter")) < 0 ||
            (!option_on(a, "all") && strv_extend(&filters, "dangling=true") < 0))
                return error_oom(reterr);
        return remove_matching(c, filters, false, reterr);
}

const Verb verb_tag = {
        .names = "tag|image tag",
        .area = VERB_IMAGE,
        .arguments = "IMAGE NAME [NAME…]",
        .summary = "Give an image more names",
        .min = 2,
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_IMAGES,
        .run = run_tag,
};

const Verb verb_untag = {
        .names = "untag|image untag",
        .area = VERB_IMAGE,
        .arguments = "IMAGE [NAME…]",
        .summary = "Take names from an image, all of them if none is given",
        .min = 1,
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_IMAGES,
        .run = run_untag,
};

const Verb verb_rmi = {
        .names = "rmi|image rm|image remove",
        .area = VERB_IMAGE,
        .arguments = "IMAGE [IMAGE…]",
        .summary = "Remove images",
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_IMAGES,
        .options = { rmi_options },
        .run = run_rmi,
};

const Verb verb_image_exists = {
        .names = "image exists",
        .area = VERB_IMAGE,
        .arguments = "IMAGE",
        .summary = "Exit with 0 if there is such an image, with 1 if not",
        .min = 1,
        .max = 1,
        .failure = 125,
        .object = VERB_OBJECT_IMAGES,
        .run = run_exists,
        .variant = VERB_IMAGE,
};

const Verb verb_container_exists = {
        .names = "container exists",
        .area = VERB_CONTAINER,
        .arguments = "CONTAINER",
        .summary = "Exit with 0 if there is such a container, with 1 if not",
        .min = 1,
        .max = 1,
        .failure = 125,
        .object = VERB_OBJECT_CONTAINER,
        .options = { exists_options },
        .run = run_exists,
        .variant = VERB_CONTAINER,
};

const Verb verb_container_prune = {
        .names = "container prune",
        .area = VERB_CONTAINER,
        .arguments = "",
        .summary = "Remove all containers that do not run, and print their ids",
        .options = { prune_options, filter_option_long },
        .run = run_prune,
};

const Verb verb_image_prune = {
        .names = "image prune",
        .area = VERB_IMAGE,
        .arguments = "",
        .summary = "Remove images that are not used",
        .options = { prune_options, image_prune_options, filter_option_long },
        .run = run_image_prune,
};
