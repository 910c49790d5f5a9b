/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "bus-container.h"
#include "bus-error.h"
#include "bus-image.h"
#include "bus-job.h"
#include "bus-manager.h"
#include "bus-polkit.h"
#include "bus-run.h"
#include "container-filter.h"
#include "container.h"
#include "describe.h"
#include "manager.h"
#include "shared/bus-names.h"
#include "shared/strv.h"
#include "shared/text.h"

static int authorize(sd_bus_message *message, Manager *m, const char *action, const char *verb,
                     sd_bus_error *reterr) {
        const char *details[] = {"verb", verb, NULL};

        return bus_authorize(message, action, details, m->polkit, reterr);
}

static int reply_path(sd_bus_message *message, const Container *c) {
        _cleanup_(freep) char *path = bus_container_path(c);

        return path ? sd_bus_reply_method_return(message, "o", path) : -ENOMEM;
}

static int method_get_container(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        const char *name;
        Container *c;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r < 0)
                return r;
        r = authorize(message, m, POLKIT_ACTION_INSPECT, "get", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = bus_find_container(m, name, &c, reterr);
        return r < 0 ? r : reply_path(message, c);
}

static int method_get_container_by_pid(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        uint32_t pid;
        Container *c;
        int r;

        r = sd_bus_message_read(message, "u", &pid);
        if (r < 0)
                return r;
        if (pid == 0 || pid > INT32_MAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "%u is not a process", pid);
        r = authorize(message, m, POLKIT_ACTION_INSPECT, "get", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = container_find_by_pid(m, (pid_t) pid, &c);
        if (r < 0)
                return sd_bus_error_setf(reterr, BUS_ERROR_NO_SUCH_CONTAINER,
                                         "Process %u is in no container", pid);
        return reply_path(message, c);
}

static int read_filter_value(sd_bus_message *message, Manager *m, const char *key, ContainerFilter *f,
                             sd_bus_error *reterr) {
        _cleanup_(strv_freep) char **values = NULL;
        _cleanup_(error_done) Error e = {};
        const char *contents;
        int r;

        r = sd_bus_message_peek_type(message, NULL, &contents);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(message, 'v', contents);
        if (r < 0)
                return r;
        if (streq(contents, "s")) {
                const char *value;

                r = sd_bus_message_read(message, "s", &value);
                if (r >= 0)
                        r = strv_extend(&values, value);
        } else if (streq(contents, "as"))
                r = sd_bus_message_read_strv(message, &values);
        else
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "The filter '%s' must be an array of strings", key);
        if (r < 0)
                return r;

        STRV_FOREACH(v, values) {
                r = container_filter_add(f, m, key, *v, &e);
                if (r < 0)
                        return bus_error_from(reterr, r, &e, BUS_ERROR_NO_SUCH_CONTAINER);
        }
        return sd_bus_message_exit_container(message);
}

static int read_filter(sd_bus_message *message, Manager *m, ContainerFilter *f, sd_bus_error *reterr) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = sd_bus_message_read(message, "s", &key);
                if (r >= 0)
                        r = read_filter_value(message, m, key, f, reterr);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int method_list_containers(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(container_filter_done) ContainerFilter filter = {};
        Manager *m = ASSERT_PTR(userdata);
        Container *c;
        int r;

        r = authorize(message, m, POLKIT_ACTION_INSPECT, "list", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = read_filter(message, m, &filter, reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssssuto)");
        if (r < 0)
                return r;
        STRING_MAP_FOREACH(c, m->containers) {
                _cleanup_(freep) char *path = NULL;

                if (c->given_up || !container_filter_matches(&filter, c))
                        continue;
                path = bus_container_path(c);
                if (!path)
                        return -ENOMEM;
                r = sd_bus_message_append(reply, "(ssssuto)", c->id, c->name, c->image,
                                          container_state_to_string(c->state), (uint32_t) c->leader.pid,
                                          c->created_usec, path);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int describe_named(sd_bus_message *reply, Manager *m, char *const *names,
                          const ContainerFilter *filter, sd_bus_error *reterr) {
        Container *c;
        int r;

        STRV_FOREACH(name, names) {
                r = bus_find_container(m, *name, &c, reterr);
                if (r < 0)
                        return r;
                if (!container_filter_matches(filter, c))
                        continue;
                r = bus_container_describe(reply, c);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int describe_all(sd_bus_message *reply, Manager *m, const ContainerFilter *filter) {
        Container *c;
        int r;

        STRING_MAP_FOREACH(c, m->containers) {
                if (c->given_up || !container_filter_matches(filter, c))
                        continue;
                r = bus_container_describe(reply, c);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int method_describe_containers(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(container_filter_done) ContainerFilter filter = {};
        _cleanup_(strv_freep) char **names = NULL;
        Manager *m = ASSERT_PTR(userdata);
        int r;

        r = sd_bus_message_read_strv(message, &names);
        if (r < 0)
                return r;
        if (strv_length(names) > CONTAINERS_MAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "More than %u names", CONTAINERS_MAX);
        r = authorize(message, m, POLKIT_ACTION_INSPECT, "list", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = read_filter(message, m, &filter, reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r >= 0)
                r = names ? describe_named(reply, m, names, &filter, reterr)
                          : describe_all(reply, m, &filter);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_prune_containers(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(container_filter_done) ContainerFilter filter = {};
        _cleanup_(strv_freep) char **removed = NULL;
        Manager *m = ASSERT_PTR(userdata);
        uint64_t flags;
        Container *c;
        int r;

        r = authorize(message, m, POLKIT_ACTION_MANAGE_CONTAINERS, "prune", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = read_filter(message, m, &filter, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(message, "t", &flags);
        if (r < 0)
                return r;
        if (flags != 0)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown flags");

        STRING_MAP_FOREACH(c, m->containers) {
                if (!container_state_is_at_rest(c->state) || !container_filter_matches(&filter, c))
                        continue;
                r = strv_extend(&removed, c->id);
                if (r < 0)
                        return r;
                bus_audit(message, c, "prune");
                (void) container_remove(c, /* force= */ false,
                                        NULL); /* cannot fail on one that is at rest */
        }

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, removed);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_describe(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(json_putp) JsonObject *o = NULL;
        const char *text;
        int r;

        r = authorize(message, m, POLKIT_ACTION_INSPECT, "info", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = manager_describe(m, &o);
        if (r < 0)
                return r;
        text = json_text(o);
        return text ? sd_bus_reply_method_return(message, "s", text) : -ENOMEM;
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        return sd_bus_message_append(reply, "s", CAISSON_VERSION);
}

static int get_api_level(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        return sd_bus_message_append(reply, "u", MANAGER_API_LEVEL);
}

static int get_store_path(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        return sd_bus_message_append(reply, "s", STATE_DIRECTORY);
}

static int get_n_containers(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);

        return sd_bus_message_append(reply, "u", (uint32_t) string_map_size(m->containers));
}

static int get_n_running(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);

        return sd_bus_message_append(reply, "u", (uint32_t) m->n_running);
}

static int get_features(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        return sd_bus_message_append_strv(reply, (char **) manager_features);
}

static const sd_bus_vtable manager_vtable[] = {
                SD_BUS_VTABLE_START(0),
                SD_BUS_METHOD_WITH_ARGS("CreateContainer",
                                        SD_BUS_ARGS("s", name, "s", image, "a{sv}", config, "t", flags),
                                        SD_BUS_RESULT("o", container), bus_method_create_container,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("RunContainer",
                                        SD_BUS_ARGS("s", name, "s", image, "a{sv}", config, "t", flags),
                                        SD_BUS_RESULT("o", container), bus_method_run_container,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("GetContainer", SD_BUS_ARGS("s", name),
                                        SD_BUS_RESULT("o", container), method_get_container,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("GetContainerByPID", SD_BUS_ARGS("u", pid),
                                        SD_BUS_RESULT("o", container), method_get_container_by_pid,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("ListContainers", SD_BUS_ARGS("a{sv}", filter),
                                        SD_BUS_RESULT("a(ssssuto)", containers), method_list_containers,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("DescribeContainers", SD_BUS_ARGS("as", names, "a{sv}", filter),
                                        SD_BUS_RESULT("aa{sv}", containers), method_describe_containers,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("PruneContainers", SD_BUS_ARGS("a{sv}", filter, "t", flags),
                                        SD_BUS_RESULT("as", removed), method_prune_containers,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                                        method_describe, SD_BUS_VTABLE_UNPRIVILEGED),
                BUS_IMAGE_MANAGER_METHODS,
                BUS_JOB_MANAGER_METHODS,

                SD_BUS_SIGNAL_WITH_ARGS("ContainerNew", SD_BUS_ARGS("s", id, "o", container), 0),
                SD_BUS_SIGNAL_WITH_ARGS("ContainerRemoved", SD_BUS_ARGS("s", id, "o", container), 0),

                SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("ApiLevel", "u", get_api_level, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("StorePath", "s", get_store_path, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("NContainers", "u", get_n_containers, 0, 0),
                SD_BUS_PROPERTY("NRunning", "u", get_n_running, 0, 0),
                SD_BUS_PROPERTY("Features", "as", get_features, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_VTABLE_END,
};

int bus_manager_export(Manager *m) {
        return sd_bus_add_object_vtable(m->bus, NULL, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, manager_vtable,
                                        m);
}
