/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-image.h"
#include "bus-error.h"
#include "bus-job.h"
#include "bus-polkit.h"
#include "container.h"
#include "image/inspect.h"
#include "manager.h"
#include "oci/platform.h"
#include "shared/bus-names.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"

/* The objects below /io/caisson1/image. Their names are the digits of the images' ids. */

char *bus_image_path(const char *id) {
        return text_join(BUS_PATH_IMAGE "/", digest_hex(id), NULL);
}

static int append_labels(sd_bus_message *reply, const Image *i) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{ss}");
        STRV_FOREACH(l, i->config ? i->config->labels : NULL) {
                size_t n = strcspn(*l, "=");
                _cleanup_(freep) char *name = strndup(*l, n);

                if (!name)
                        return -ENOMEM;
                if (r >= 0)
                        r = sd_bus_message_append(reply, "{ss}", name, (*l)[n] ? *l + n + 1 : "");
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_layers(sd_bus_message *reply, const Image *i) {
        size_t n = i->manifest && i->layer_sizes ? i->manifest->n_layers : 0;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sts)");
        for (size_t k = 0; r >= 0 && k < n; k++)
                r = sd_bus_message_append(reply, "(sts)", i->manifest->layers[k].digest, i->layer_sizes[k],
                                          i->chain_ids[k]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_users(sd_bus_message *reply, const ImageEntry *e) {
        Container *c;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "o");
        STRING_MAP_FOREACH(c, e->manager->containers) {
                _cleanup_(freep) char *path = NULL;

                if (r < 0 || c->given_up || !streq_ptr(c->image_id, e->image->id))
                        continue;
                path = text_join(BUS_PATH_CONTAINER "/", c->id, NULL);
                r = path ? sd_bus_message_append(reply, "o", path) : -ENOMEM;
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_config(sd_bus_message *reply, const Image *i) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        JsonObject *config;
        int r;

        r = image_inspect(i, &o);
        if (r < 0)
                return r;
        config = json_get(o, "Config");
        return sd_bus_message_append(reply, "s", config ? json_text(config) : "{}");
}

static int append_property(sd_bus_message *reply, const ImageEntry *e, const char *property) {
        _cleanup_(freep) char *platform = NULL;
        const Image *i = e->image;

        if (streq(property, "Id"))
                return sd_bus_message_append(reply, "s", i->id);
        if (streq(property, "Digest"))
                return sd_bus_message_append(reply, "s", i->digest);
        if (streq(property, "Names"))
                return sd_bus_message_append_strv(reply, i->names);
        if (streq(property, "Size"))
                return sd_bus_message_append(reply, "t", i->size);
        if (streq(property, "Created"))
                return sd_bus_message_append(reply, "t", i->created_usec);
        if (streq(property, "Layers"))
                return append_layers(reply, i);
        if (streq(property, "Config"))
                return append_config(reply, i);
        if (streq(property, "Labels"))
                return append_labels(reply, i);
        if (streq(property, "Users"))
                return append_users(reply, e);
        if (streq(property, "Damage"))
                return sd_bus_message_append(reply, "s", strempty(i->damage));

        assert(streq(property, "Platform"));
        platform = i->config ? platform_to_string(&i->config->platform) : strdup("");
        return platform ? sd_bus_message_append(reply, "s", platform) : -ENOMEM;
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        return append_property(reply, ASSERT_PTR(userdata), property);
}

static int describe_property(sd_bus_message *reply, const ImageEntry *e, const char *property,
                             const char *type) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", property);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', type);
        if (r >= 0)
                r = append_property(reply, e, property);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_image_describe(sd_bus_message *reply, const ImageEntry *e) {
        static const struct {
                const char *property, *type;
        } shown[] = {
                        {"Id",       "s"    },
                        {"Digest",   "s"    },
                        {"Names",    "as"   },
                        {"Size",     "t"    },
                        {"Created",  "t"    },
                        {"Platform", "s"    },
                        {"Labels",   "a{ss}"},
                        {"Damage",   "s"    },
        };
        _cleanup_(strv_freep) char **users = NULL;
        int r;

        r = image_cache_users(e->cache, e->image->id, &users);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(shown); i++)
                r = describe_property(reply, e, shown[i].property, shown[i].type);
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", "Containers", "u", (uint32_t) strv_length(users));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int authorize_inspect(sd_bus_message *message, const ImageEntry *e, const char *verb,
                             sd_bus_error *reterr) {
        const char *details[] = {"image", strv_isempty(e->image->names) ? e->image->id : e->image->names[0],
                                 "verb", verb, NULL};

        return bus_authorize(message, POLKIT_ACTION_INSPECT, details, e->manager->polkit, reterr);
}

static int method_history(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(freep) ImageHistoryLine *lines = NULL;
        ImageEntry *e = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error error = {};
        size_t n;
        int r;

        r = authorize_inspect(message, e, "history", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = image_check(e->image, &error);
        if (r < 0)
                return bus_error_from(reterr, r, &error, BUS_ERROR_NO_SUCH_IMAGE);

        r = image_history(e->image, &lines, &n);
        if (r >= 0)
                r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(tstss)");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(reply, "(tstss)", lines[i].created_usec, lines[i].created_by,
                                          lines[i].size, strempty(lines[i].id), lines[i].comment);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_inspect(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        ImageEntry *e = ASSERT_PTR(userdata);
        _cleanup_(json_putp) JsonObject *o = NULL;
        const char *version;
        int r;

        r = sd_bus_message_read(message, "s", &version);
        if (r < 0)
                return r;
        if (!STR_IN_SET(version, "", "docker"))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "There is no format '%s'",
                                         version);

        r = authorize_inspect(message, e, "inspect", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = image_inspect(e->image, &o);
        return r < 0 ? r : sd_bus_reply_method_return(message, "s", json_text(o));
}

static int method_remove(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        ImageEntry *e = ASSERT_PTR(userdata);
        uint64_t flags;
        int r;

        r = sd_bus_message_read(message, "t", &flags);
        return r < 0 ? r : bus_image_remove(message, e, NULL, flags, reterr);
}

static const sd_bus_vtable image_vtable[] = {
                SD_BUS_VTABLE_START(0),
                SD_BUS_METHOD_WITH_ARGS("History", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(tstss)", entries),
                                        method_history, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Inspect", SD_BUS_ARGS("s", format_version),
                                        SD_BUS_RESULT("s", json), method_inspect,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_ARGS("t", flags), SD_BUS_RESULT("as", report),
                                        method_remove, SD_BUS_VTABLE_UNPRIVILEGED),

                SD_BUS_PROPERTY("Id", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Digest", "s", get_property, 0, 0),
                SD_BUS_PROPERTY("Names", "as", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Size", "t", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Created", "t", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Layers", "a(sts)", get_property, 0, 0),
                SD_BUS_PROPERTY("Platform", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Config", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Labels", "a{ss}", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Users", "ao", get_property, 0, 0),
                SD_BUS_PROPERTY("Damage", "s", get_property, 0, 0),
                SD_BUS_VTABLE_END,
};

static int find_image(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                      sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        const char *hex = startswith(path, BUS_PATH_IMAGE "/");
        char id[DIGEST_SIZE];

        *ret_found = NULL;
        if (!hex || !text_is_hex(hex, DIGEST_HEX_LENGTH))
                return 0;

        image_cache_changed(m->images);
        digest_from_hex(id, hex);
        *ret_found = image_cache_find(m->images, id);
        return *ret_found != NULL;
}

static int enumerate_images(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                            sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(strv_freep) char **paths = NULL;
        ImageEntry *e;

        image_cache_changed(m->images);
        STRING_MAP_FOREACH(e, image_cache_entries(m->images))
        if (strv_consume(&paths, bus_image_path(e->image->id)) < 0)
                return -ENOMEM;

        *ret_nodes = TAKE_PTR(paths);
        return 1;
}

int bus_image_export(Manager *m) {
        int r;

        r = sd_bus_add_fallback_vtable(m->bus, NULL, BUS_PATH_IMAGE, BUS_IFACE_IMAGE, image_vtable,
                                       find_image, m);
        return r < 0 ? r : sd_bus_add_node_enumerator(m->bus, NULL, BUS_PATH_IMAGE, enumerate_images, m);
}

/* Telling. At the start, before there is a bus, the images that are there already are news to nobody. */

static void emit_failed(int r) {
        if (r < 0)
                (void) log_debug_errno(r, "Cannot emit a signal, ignoring: %m");
}

static void emit_manager_signal(ImageEntry *e, const char *signal) {
        _cleanup_(freep) char *path = bus_image_path(e->image->id);

        if (path && e->manager->bus)
                emit_failed(sd_bus_emit_signal(e->manager->bus, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, signal,
                                               "so", e->image->id, path));
}

static void on_added(ImageEntry *e) {
        emit_manager_signal(e, "ImageNew");
}

static void on_removed(ImageEntry *e) {
        emit_manager_signal(e, "ImageRemoved");
}

static void on_renamed(ImageEntry *e) {
        _cleanup_(freep) char *path = bus_image_path(e->image->id);

        if (path && e->manager->bus)
                emit_failed(sd_bus_emit_signal(e->manager->bus, path, "org.freedesktop.DBus.Properties",
                                               "PropertiesChanged", "sa{sv}as", BUS_IFACE_IMAGE, 0, 1,
                                               "Names"));
}

const ImageObserver bus_image_observer = {
                .added = on_added,
                .renamed = on_renamed,
                .removed = on_removed,
};
