/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "container-inspect.h"
#include "inspect-internal.h"
#include "oci/image-config.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

#define TIME_NEVER "0001-01-01T00:00:00Z" /* Go's zero */

static int add_time(JsonObject *o, const char *key, uint64_t usec) {
        _cleanup_(freep) char *text = usec > 0 ? oci_time_format(usec) : strdup(TIME_NEVER);

        return text ? json_add_string(o, key, text) : -ENOMEM;
}

static int make_state(const ContainerFacts *f, JsonObject *o) {
        bool paused = streq(f->state, "paused"), running = paused || STR_IN_SET(f->state, "running", "stopping");
        int r;

        r = json_add_string(o, "Status", f->state);
        if (r >= 0)
                r = json_add_bool(o, "Running", running);
        if (r >= 0)
                r = json_add_bool(o, "Paused", paused);
        if (r >= 0)
                r = json_add_bool(o, "Restarting", false);
        if (r >= 0)
                r = json_add_bool(o, "OOMKilled", f->oom_killed);
        if (r >= 0)
                r = json_add_bool(o, "Dead", streq(f->state, "failed"));
        if (r >= 0)
                r = json_add_i64(o, "Pid", running ? f->pid : 0);
        if (r >= 0)
                r = json_add_i64(o, "ExitCode", f->exit_code);
        if (r >= 0)
                r = json_add_string(o, "Error", strempty(f->error));
        if (r >= 0)
                r = add_time(o, "StartedAt", f->started_usec);
        if (r >= 0)
                r = add_time(o, "FinishedAt", f->finished_usec);
        if (r >= 0)
                r = json_add_string(o, "CgroupPath", strempty(f->control_group));
        return r;
}

/* The command line can hold passwords: those who may not see them see only what is run. */
static int add_command(JsonObject *o, const ContainerConfig *c, bool secrets) {
        _cleanup_(strv_freep) char **argv = NULL;
        char *const none[] = { NULL };
        int r;

        r = container_config_make_argv(c, &argv);
        if (r < 0)
                return r;

        r = json_add_string(o, "Path", argv ? argv[0] : "");
        if (r >= 0)
                r = json_add_strv(o, "Args", secrets && !strv_isempty(argv) ? argv + 1 : (char **) none);
        return r;
}

static int make_graph_driver(const ContainerFacts *f, JsonObject *o) {
        _cleanup_(freep) char *lower = strv_join(f->layers, ":"), *upper = path_join(f->state_dir, "upper"),
                              *work = path_join(f->state_dir, "work");
        JsonObject *data = NULL;
        int r;

        if ((!lower && !strv_isempty(f->layers)) || !upper || !work)
                return -ENOMEM;

        r = json_add_string(o, "Name", "overlay");
        if (r >= 0)
                r = inspect_add_object(o, "Data", &data);
        if (r >= 0)
                r = json_add_string(data, "LowerDir", strempty(lower));
        if (r >= 0)
                r = json_add_string(data, "UpperDir", upper);
        if (r >= 0)
                r = json_add_string(data, "WorkDir", work);
        return r;
}

static int add_network_settings(JsonObject *o, const ContainerConfig *c) {
        JsonObject *settings, *networks, *network, *ports;
        int r;

        r = inspect_add_object(o, "NetworkSettings", &settings);
        if (r >= 0)
                r = inspect_add_object(settings, "Ports", &ports);
        if (r >= 0)
                r = json_add_string(settings, "IPAddress", "");
        if (r >= 0)
                r = inspect_add_object(settings, "Networks", &networks);
        if (r >= 0)
                r = inspect_add_object(networks, c->network_ns == NAMESPACE_HOST ? "host" : "none", &network);
        if (r >= 0)
                r = json_add_string(network, "IPAddress", "");
        return r;
}

int inspect_add_object(JsonObject *o, const char *key, JsonObject **ret) {
        JsonObject *member = json_object_new_object();
        int r;

        r = json_add(o, key, member);
        if (r >= 0)
                *ret = member; /* o's */
        return r;
}

int inspect_add_array(JsonObject *o, const char *key, JsonObject **ret) {
        JsonObject *member = json_object_new_array();
        int r;

        r = json_add(o, key, member);
        if (r >= 0)
                *ret = member;
        return r;
}

int inspect_append_object(JsonObject *array, JsonObject **ret) {
        JsonObject *element = json_object_new_object();

        if (!element)
                return -ENOMEM;
        if (json_object_array_add(array, element) < 0) {
                json_object_put(element);
                return -ENOMEM;
        }

        *ret = element;
        return 0;
}

static int make_all(const ContainerConfig *c, const ContainerFacts *f, const ResourceLimits *live, bool secrets,
                    JsonObject *o) {
        JsonObject *member;
        int r;

        r = json_add_string(o, "Id", f->id);
        if (r >= 0)
                r = add_time(o, "Created", f->created_usec);
        if (r >= 0)
                r = add_command(o, c, secrets);
        if (r >= 0)
                r = inspect_add_object(o, "State", &member);
        if (r >= 0)
                r = make_state(f, member);
        if (r >= 0)
                r = json_add_string(o, "Image", f->image_id);
        if (r >= 0)
                r = json_add_string(o, "ImageName", f->image_name);
        if (r >= 0)
                r = inspect_add_path(o, "ResolvConfPath", f->run_dir, "resolv.conf");
        if (r >= 0)
                r = inspect_add_path(o, "HostnamePath", f->run_dir, "hostname");
        if (r >= 0)
                r = inspect_add_path(o, "HostsPath", f->run_dir, "hosts");
        if (r >= 0)
                r = json_add_string(o, "LogPath", "");
        if (r >= 0)
                r = json_add_string(o, "Name", f->name);
        if (r >= 0)
                r = json_add_i64(o, "RestartCount", f->restart_count);
        if (r >= 0)
                r = json_add_string(o, "Driver", "overlay");
        if (r >= 0)
                r = json_add_string(o, "Platform", "linux");
        if (r >= 0)
                r = json_add_string(o, "Unit", strempty(f->unit));
        if (r >= 0)
                r = json_add_string(o, "AppArmorProfile", strempty(c->security.apparmor));
        if (r >= 0)
                r = inspect_add_object(o, "HostConfig", &member);
        if (r >= 0)
                r = inspect_make_host_config(c, live, f->userns_base, member);
        if (r >= 0)
                r = inspect_add_object(o, "GraphDriver", &member);
        if (r >= 0)
                r = make_graph_driver(f, member);
        if (r >= 0)
                r = inspect_add_array(o, "Mounts", &member);
        if (r >= 0)
                r = inspect_make_mounts(c, f, member);
        if (r >= 0)
                r = inspect_add_object(o, "Config", &member);
        if (r >= 0)
                r = inspect_make_config(c, f, secrets, member);
        if (r >= 0)
                r = add_network_settings(o, c);
        return r;
}

int container_inspect(const ContainerConfig *c, const ContainerFacts *facts, const ResourceLimits *live, bool secrets,
                      JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = make_all(c, facts, live, secrets, o);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(o);
        return 0;
}
