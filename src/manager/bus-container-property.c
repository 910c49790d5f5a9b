/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-container-property.h"
#include "bus-container.h"
#include "container-config.h"
#include "manager.h"
#include "shared/bus-names.h"
#include "shared/strv.h"
#include "shared/text.h"

/* A container whose record is damaged has no configuration: its properties are empty. */

int bus_container_get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const Container *c = ASSERT_PTR(userdata);
        const char *s = NULL;

        if (streq(property, "Id"))
                s = c->id;
        else if (streq(property, "Name"))
                s = c->name;
        else if (streq(property, "ImageReference"))
                s = c->image;
        else if (streq(property, "ImageID"))
                s = c->image_id;
        else if (streq(property, "State"))
                s = container_state_to_string(c->state);
        else if (streq(property, "Error"))
                s = c->error;
        else if (streq(property, "Unit"))
                s = container_state_is_at_rest(c->state) ? NULL : c->unit;
        else if (streq(property, "RestartPolicy"))
                s = c->config ? c->config->restart ?: "no" : NULL;
        return sd_bus_message_append(reply, "s", strempty(s));
}

int bus_container_get_image(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const Container *c = ASSERT_PTR(userdata);
        const char *hex = startswith(c->image_id, "sha256:");
        _cleanup_(freep) char *p = hex ? text_join(BUS_PATH_IMAGE "/", hex, NULL) : strdup("/");

        return p ? sd_bus_message_append(reply, "o", p) : -ENOMEM;
}

int bus_container_get_number(sd_bus *bus, const char *path, const char *interface, const char *property,
                             sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const Container *c = ASSERT_PTR(userdata);

        if (streq(property, "ExitCode"))
                return sd_bus_message_append(reply, "i", (int32_t) c->exit_code);
        if (streq(property, "ExitSignal"))
                return sd_bus_message_append(reply, "i", (int32_t) container_exit_signal(c));
        if (streq(property, "Leader"))
                return sd_bus_message_append(reply, "u", (uint32_t) c->leader.pid);
        if (streq(property, "OwnerUID"))
                return sd_bus_message_append(reply, "u", (uint32_t) c->owner_uid);
        if (streq(property, "UIDShift"))
                return sd_bus_message_append(reply, "u", (uint32_t) c->userns_base);
        if (streq(property, "RestartCount"))
                return sd_bus_message_append(reply, "u", c->restart_count);
        if (streq(property, "Created"))
                return sd_bus_message_append(reply, "t", c->created_usec);
        if (streq(property, "Started"))
                return sd_bus_message_append(reply, "t", c->started_usec);
        return sd_bus_message_append(reply, "t", c->finished_usec);
}

int bus_container_get_bool(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const Container *c = ASSERT_PTR(userdata);

        return sd_bus_message_append(
                        reply, "b",
                        (int) (streq(property, "Tty") ? c->config && c->config->tty : c->oom_killed));
}

static int append_map(sd_bus_message *reply, char *const *l) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{ss}");
        if (r < 0)
                return r;
        STRV_FOREACH(s, l) {
                _cleanup_(freep) char *key = strndup(*s, strcspn(*s, "="));
                const char *value = strchr(*s, '=');

                if (!key)
                        return -ENOMEM;
                r = sd_bus_message_append(reply, "{ss}", key, value ? value + 1 : "");
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(reply);
}

int bus_container_get_map(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const Container *c = ASSERT_PTR(userdata);

        if (!c->config)
                return append_map(reply, NULL);
        return append_map(reply, streq(property, "Labels") ? c->config->labels : c->config->annotations);
}

int bus_container_get_list(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const Container *c = ASSERT_PTR(userdata);
        _cleanup_(strv_freep) char **argv = NULL;
        int r;

        if (!c->config)
                return sd_bus_message_append_strv(reply, NULL);
        if (streq(property, "Environment"))
                return sd_bus_message_append_strv(reply, c->config->environment);
        r = container_config_make_argv(c->config, &argv);
        return r < 0 ? r : sd_bus_message_append_strv(reply, argv);
}

int bus_container_get_control_group(sd_bus *bus, const char *path, const char *interface,
                                    const char *property, sd_bus_message *reply, void *userdata,
                                    sd_bus_error *reterr) {
        const Container *c = ASSERT_PTR(userdata);
        _cleanup_(freep) char *group = NULL;

        if (container_control_group(c, &group) < 0)
                return sd_bus_message_append(reply, "s", "");
        return sd_bus_message_append(reply, "s", group);
}

static int describe_text(sd_bus_message *reply, const char *key, const char *value) {
        return sd_bus_message_append(reply, "{sv}", key, "s", strempty(value));
}

static int describe_list(sd_bus_message *reply, const char *key, char *const *value) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, (char **) value);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int describe_labels(sd_bus_message *reply, char *const *labels) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", "Labels");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "a{ss}");
        if (r >= 0)
                r = append_map(reply, labels);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int describe_config(sd_bus_message *reply, const ContainerConfig *config) {
        _cleanup_(strv_freep) char **argv = NULL, **mounts = NULL, **networks = NULL;
        int r;

        r = container_config_make_argv(config, &argv);
        if (r >= 0)
                r = strv_extend_strv(&mounts, config->volumes);
        if (r >= 0)
                r = strv_extend_strv(&mounts, config->mounts);
        if (r >= 0)
                r = strv_extend(&networks, config->network_mode ?: "none");
        if (r >= 0)
                r = describe_list(reply, "Command", argv);
        if (r >= 0)
                r = describe_labels(reply, config->labels);
        if (r >= 0)
                r = describe_list(reply, "Ports", config->publish);
        if (r >= 0)
                r = describe_list(reply, "Mounts", mounts);
        if (r >= 0)
                r = describe_list(reply, "Networks", networks);
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}", "Tty", "b", (int) config->tty, "AutoRemove",
                                          "b", (int) config->auto_remove);
        return r;
}

int bus_container_describe(sd_bus_message *reply, Container *c) {
        _cleanup_(freep) char *path = bus_container_path(c);
        int r;

        if (!path)
                return -ENOMEM;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", "Path", "o", path);
        if (r >= 0)
                r = describe_text(reply, "Id", c->id);
        if (r >= 0)
                r = describe_text(reply, "Name", c->name);
        if (r >= 0)
                r = describe_text(reply, "Image", c->image);
        if (r >= 0)
                r = describe_text(reply, "ImageID", c->image_id);
        if (r >= 0)
                r = describe_text(reply, "State", container_state_to_string(c->state));
        if (r >= 0)
                r = describe_text(reply, "Error", c->error);
        if (r >= 0)
                r = describe_text(reply, "Unit", container_state_is_at_rest(c->state) ? NULL : c->unit);
        if (r >= 0)
                r = describe_text(reply, "Health", NULL);
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "Created", "t",
                                          c->created_usec, "Started", "t", c->started_usec, "Finished", "t",
                                          c->finished_usec, "ExitCode", "i", (int32_t) c->exit_code,
                                          "OOMKilled", "b", (int) c->oom_killed, "Leader", "u",
                                          (uint32_t) c->leader.pid, "OwnerUID", "u",
                                          (uint32_t) c->owner_uid);
        if (r >= 0 && c->config)
                r = describe_config(reply, c->config);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r;
}
