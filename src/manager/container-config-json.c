/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container-config-table.h"
#include "shared/strv.h"
#include "shared/text.h"

/* The configuration within container.json. Keys that this version does not know came from a newer one, or from the next
 * after a downgrade: they are kept and written back. */

#define VERSION_KEY "Version"

static int add_key(JsonObject *o, const ConfigKey *k, const ContainerConfig *c) {
        const void *value = config_key_value(k, c);

        switch (k->type) {

        case CONFIG_STRING:
                return json_add_string(o, k->name, *(char *const *) value);
        case CONFIG_LIST:
                return json_add_strv(o, k->name, *(char **const *) value);
        case CONFIG_MAP:
                return json_add_string_map(o, k->name, *(char **const *) value);
        case CONFIG_BOOL:
        case CONFIG_TRISTATE:
                return json_add_bool(o, k->name, config_key_number(k, c) > 0);
        default:
                return json_add_i64(o, k->name, config_key_number(k, c));
        }
}

int container_config_to_json(const ContainerConfig *c, JsonObject **ret, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        int r;

        if (!o)
                return error_oom(reterr);

        r = json_add_u64(o, VERSION_KEY, CONTAINER_CONFIG_VERSION);
        if (r < 0)
                return error_oom(reterr);

        for (size_t i = 0; i < n_config_keys; i++) {
                if (config_key_is_standard(config_keys + i, c))
                        continue;
                r = add_key(o, config_keys + i, c);
                if (r < 0)
                        return error_oom(reterr);
        }

        if (c->unknown) {
                json_object_object_foreach(c->unknown, name, value) {
                        r = json_add(o, name, json_object_get(value));
                        if (r < 0)
                                return error_oom(reterr);
                }
        }

        *ret = TAKE_PTR(o);
        return 0;
}

static int read_key(JsonObject *value, const JsonPath *path, const ConfigKey *k, ContainerConfig *c, Error *reterr) {
        char **l = NULL, *text = NULL;
        int64_t number = 0;
        bool b = false;
        int r;

        switch (k->type) {

        case CONFIG_STRING:
                r = json_read_string(value, path, NULL, &text, reterr);
                return r < 0 ? r : config_key_set_string(k, c, text, reterr);

        case CONFIG_LIST:
                r = json_read_strv(value, path, NULL, &l, reterr);
                return r < 0 ? r : config_key_set_strv(k, c, l, reterr);

        case CONFIG_MAP:
                r = json_read_string_map(value, path, NULL, &l, reterr);
                return r < 0 ? r : config_key_set_strv(k, c, l, reterr);

        case CONFIG_BOOL:
        case CONFIG_TRISTATE:
                r = json_read_bool(value, path, NULL, &b, reterr);
                return r < 0 ? r : config_key_set_number(k, c, b, reterr);

        default:
                if (!json_object_is_type(value, json_type_int))
                        return json_error(path, reterr, "expected integer, got %s",
                                          json_type_word(json_object_get_type(value)));
                number = json_object_get_int64(value);
                return config_key_set_number(k, c, number, reterr);
        }
}

int container_config_from_json(JsonObject *o, const JsonPath *path, ContainerConfig **ret, Error *reterr) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        int r;

        if (!json_object_is_type(o, json_type_object))
                return json_error(path, reterr, "expected object, got %s", json_type_word(json_object_get_type(o)));

        c = container_config_new();
        if (!c)
                return error_oom(reterr);

        json_object_object_foreach(o, name, value) {
                JsonPath here = { .parent = path, .key = name };
                const ConfigKey *k;

                if (streq(name, VERSION_KEY)) {
                        if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 1)
                                return json_error(&here, reterr, "is not a version");
                        continue;
                }

                k = config_key_find(name);
                if (!k) {
                        if (!c->unknown)
                                c->unknown = json_object_new_object();
                        if (!c->unknown)
                                return error_oom(reterr);
                        if (value && json_add(c->unknown, name, json_object_get(value)) < 0)
                                return error_oom(reterr);
                        continue;
                }

                r = read_key(value, &here, k, c, reterr);
                if (r < 0)
                        return r;
        }

        r = container_config_check_size(c, reterr);
        if (r >= 0)
                r = container_config_check(c, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "%s", path && path->key ? path->key : "configuration");

        *ret = TAKE_PTR(c);
        return 0;
}
