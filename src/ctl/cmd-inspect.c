/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/commands.h"
#include "shared/bus-names.h"
#include "shared/strv.h"
#include "shared/text.h"

enum { INSPECT_ANY, INSPECT_CONTAINER, INSPECT_IMAGE };

static const Option inspect_options[] = {
        { "size", 's', OPTION_BOOL, NULL, NULL, NULL, OPTION_UNSUPPORTED, NULL },
        {},
};

static const Option type_option[] = {
        { "type", 't', OPTION_STRING, "TYPE", "Look only for this: container, image", NULL, 0, NULL },
        {},
};

static int inspect_path(Client *c, const char *path, const char *interface, JsonObject *list, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        JsonObject *o = NULL;
        const char *text;
        int r;

        r = client_call(c, path, interface, "Inspect", &reply, reterr, "s", "docker");
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return bus_message_failed(r, reterr);
        r = json_parse("caissond's answer", text, strlen(text), &o, reterr);
        if (r < 0)
                return r;
        if (json_object_array_add(list, o) < 0) {
                json_object_put(o);
                return error_oom(reterr);
        }
        return 0;
}

static int inspect_one(Client *c, int what, const char *name, JsonObject *list, Error *reterr) {
        _cleanup_(freep) char *path = NULL, *shown = NULL;
        int r;

        if (what != INSPECT_IMAGE) {
                r = client_get_container(c, name, &path, reterr);
                if (r >= 0)
                        return inspect_path(c, path, BUS_IFACE_CONTAINER, list, reterr);
                if (what == INSPECT_CONTAINER || r != -ENOENT)
                        return r;
                error_done(reterr);
        }

        r = client_get_image(c, name, &path, reterr);
        if (r >= 0)
                return inspect_path(c, path, BUS_IFACE_IMAGE, list, reterr);
        if (what == INSPECT_IMAGE || r != -ENOENT)
                return r;
        error_done(reterr);
        shown = text_escape(name);
        return error_set(reterr, -ENOENT, "no such container or image: %.128s", strempty(shown));
}

static int run_inspect(Client *c, const Arguments *a, Error *reterr) {
        const char *type = option_exists(a, "type") ? option_string(a, "type") : NULL;
        _cleanup_(json_putp) JsonObject *list = json_object_new_array();
        int what = a->verb->variant, exit_code = 0, r;

        if (!list)
                return error_oom(reterr);
        if (type && !STR_IN_SET(type, "container", "image", "all"))
                return error_set(reterr, -EINVAL, "--type: expected container or image");
        if (type && !streq(type, "all"))
                what = streq(type, "container") ? INSPECT_CONTAINER : INSPECT_IMAGE;

        STRV_FOREACH(name, a->positional) {
                _cleanup_(error_done) Error error = {};

                r = inspect_one(c, what, *name, list, &error);
                if (r == -ECONNREFUSED || r == -EACCES) {
                        error_move(reterr, &error);
                        return r;
                }
                if (r < 0) {
                        print_error(&error, r);
                        exit_code = 1;
                }
        }

        r = view_print_objects(list, option_string(a, "format"), reterr);
        return r < 0 ? r : exit_code;
}

const Verb verb_inspect = {
        .names = "inspect",
        .area = VERB_SYSTEM,
        .arguments = "NAME [NAME…]",
        .summary = "Show all about containers and images, as JSON",
        .min = 1,
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_ANY,
        .options = { format_option, type_option, inspect_options },
        .run = run_inspect,
        .variant = INSPECT_ANY,
};

const Verb verb_container_inspect = {
        .names = "container inspect",
        .area = VERB_CONTAINER,
        .arguments = "CONTAINER [CONTAINER…]",
        .summary = "Show all about containers, as JSON",
        .min = 1,
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_CONTAINER,
        .options = { format_option, inspect_options },
        .run = run_inspect,
        .variant = INSPECT_CONTAINER,
};

const Verb verb_image_inspect = {
        .names = "image inspect",
        .area = VERB_IMAGE,
        .arguments = "IMAGE [IMAGE…]",
        .summary = "Show all about images, as JSON",
        .min = 1,
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_IMAGES,
        .options = { format_option },
        .run = run_inspect,
        .variant = INSPECT_IMAGE,
};
