/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "config-value.h"
#include "container-config-table.h"
#include "oci/image-config.h"
#include "shared/identifier.h"
#include "shared/parse.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

/* What an image says about itself fills the gaps of what was asked for. It is data for the container and never tells
 * the engine what to do: names that are ours are left out, and so is what is no name at all. */

#define PATH_STANDARD "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define STOP_TIMEOUT_MAX_SEC 3600U

static int check_count(const char *what, char *const *l, Error *reterr) {
        if (strv_length(l) > CONTAINER_CONFIG_LIST_MAX)
                return error_set(reterr, -EINVAL, "the image has more than %u %s", CONTAINER_CONFIG_LIST_MAX, what);
        return 0;
}

/* An entrypoint that was given, even an empty one, was not made for the image's CMD. */
static int merge_command(ContainerConfig *c, const OciImageConfig *image, Error *reterr) {
        int r = 0;

        if (c->entrypoint) {
                if (strv_length(c->entrypoint) == 1 && isempty(c->entrypoint[0]))
                        strv_remove_at(c->entrypoint, 0);
        } else {
                r = strv_extend_strv(&c->entrypoint, image->entrypoint);
                if (r >= 0 && strv_isempty(c->command))
                        r = strv_extend_strv(&c->command, image->cmd);
        }
        if (r < 0)
                return error_oom(reterr);

        if (strv_isempty(c->entrypoint) && strv_isempty(c->command))
                return error_set(reterr, -EINVAL, "there is no command to run: the image has none, and none was given");
        if (isempty(strv_isempty(c->entrypoint) ? c->command[0] : c->entrypoint[0]))
                return error_set(reterr, -EINVAL, "the command is empty");
        return 0;
}

static void unset_variable(char **env, const char *name) {
        for (size_t i = 0; env && env[i];) {
                const char *rest = startswith(env[i], name);

                if (rest && *rest == '=')
                        strv_remove_at(env, i);
                else
                        i++;
        }
}

static int merge_environment(ContainerConfig *c, const OciImageConfig *image, Error *reterr) {
        _cleanup_(strv_freep) char **env = NULL;
        int r;

        r = check_count("variables", image->env, reterr);
        if (r < 0)
                return r;

        r = strv_extend(&env, PATH_STANDARD);
        if (r >= 0)
                r = strv_extend(&env, "container=caisson");
        if (r >= 0 && c->hostname)
                r = strv_extendf(&env, "HOSTNAME=%s", c->hostname);
        if (r >= 0 && c->tty)
                r = strv_extend(&env, "TERM=xterm");
        if (r < 0)
                return error_oom(reterr);

        STRV_FOREACH(s, image->env)
                if (check_environment(*s, NULL) >= 0 && strv_env_set(&env, *s) < 0)
                        return error_oom(reterr);
        STRV_FOREACH(s, c->environment)
                if (strv_env_set(&env, *s) < 0)
                        return error_oom(reterr);
        STRV_FOREACH(s, c->unset_environment)
                unset_variable(env, *s);

        strv_free(c->environment);
        c->environment = TAKE_PTR(env);
        return 0;
}

static int merge_labels(ContainerConfig *c, const OciImageConfig *image, Error *reterr) {
        _cleanup_(strv_freep) char **labels = NULL;
        int r;

        r = check_count("labels", image->labels, reterr);
        if (r < 0)
                return r;

        STRV_FOREACH(s, image->labels)
                if (check_label(*s, NULL) >= 0 && strv_env_set(&labels, *s) < 0)
                        return error_oom(reterr);
        STRV_FOREACH(s, c->labels)
                if (strv_env_set(&labels, *s) < 0)
                        return error_oom(reterr);

        strv_free(c->labels);
        c->labels = TAKE_PTR(labels);
        return 0;
}

static bool is_mounted(const ContainerConfig *c, const char *target) {
        for (size_t i = 0; i < c->n_mount_specs; i++)
                if (streq(c->mount_specs[i].target, target))
                        return true;
        return false;
}

static int merge_volumes(ContainerConfig *c, const OciImageConfig *image, Error *reterr) {
        int r;

        r = check_count("volumes", image->volumes, reterr);
        if (r < 0)
                return r;

        STRV_FOREACH(s, image->volumes) {
                _cleanup_(mount_spec_done) MountSpec m = {};
                MountSpec *grown;

                r = mount_spec_parse_image_volume(*s, &m, reterr);
                if (r < 0)
                        return r;
                if (is_mounted(c, m.target))
                        continue;

                if (strv_extend(&c->image_volumes, m.target) < 0)
                        return error_oom(reterr);
                grown = realloc(c->mount_specs, (c->n_mount_specs + 1) * sizeof(MountSpec));
                if (!grown)
                        return error_oom(reterr);
                c->mount_specs = grown;
                c->mount_specs[c->n_mount_specs++] = TAKE_GENERIC(m, MountSpec, (MountSpec) {});
        }

        return container_config_sort_mounts(c, reterr);
}

static int merge_process(ContainerConfig *c, const OciImageConfig *image, Error *reterr) {
        int r, signo;

        if (!c->user && !isempty(image->user)) {
                r = check_user(image->user, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "the image's user");
                c->user = strdup(image->user);
                if (!c->user)
                        return error_oom(reterr);
        }

        if (!c->working_directory) {
                _cleanup_(freep) char *path = path_join("/", strempty(image->working_dir));

                c->working_directory = path ? path_clean(path) : NULL;
                if (!c->working_directory)
                        return error_oom(reterr);
                r = check_absolute_path(c->working_directory, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "the image's working directory");
        }

        /* A signal that nobody knows is no reason not to run: the usual one remains */
        signo = c->stop_signal ? parse_signal(c->stop_signal) : image->stop_signal ? parse_signal(image->stop_signal) : 0;
        free(c->stop_signal);
        c->stop_signal = NULL;
        if (signo <= 0)
                signo = container_config_stop_signal(c);
        c->stop_signal = signal_name(signo) ? strdup(signal_name(signo)) : text_printf("%d", signo);
        if (!c->stop_signal)
                return error_oom(reterr);

        if (image->stop_timeout > 0 && config_key_is_standard(config_key_find("StopTimeoutUSec"), c))
                c->stop_timeout_usec = MIN(image->stop_timeout, (uint64_t) STOP_TIMEOUT_MAX_SEC) * 1000000U;
        return 0;
}

static int merge_hostname(ContainerConfig *c, const char *id, Error *reterr) {
        char name[65] = "";

        if (c->hostname || c->uts_ns == NAMESPACE_HOST)
                return 0;

        /* Programs on the host's network expect the host's name, as docker has it */
        if (c->network_ns == NAMESPACE_HOST)
                (void) gethostname(name, sizeof(name) - 1);
        if (!hostname_is_valid(name))
                snprintf(name, sizeof(name), "%.*s", (int) CONTAINER_ID_SHORT, id);

        c->hostname = strdup(name);
        return c->hostname ? 0 : error_oom(reterr);
}

static int merge_rest(ContainerConfig *c, const OciImageConfig *image, Error *reterr) {
        int r;

        r = check_count("ports", image->exposed_ports, reterr);
        if (r < 0)
                return r;
        STRV_FOREACH(s, image->exposed_ports)
                if (check_port(*s, NULL) >= 0 && !strv_contains(c->expose, *s) && strv_extend(&c->expose, *s) < 0)
                        return error_oom(reterr);

        if (image->healthcheck) {
                _cleanup_(json_putp) JsonObject *o = NULL;

                if (oci_healthcheck_to_json(image->healthcheck, &o) < 0)
                        return error_oom(reterr);
                free(c->healthcheck);
                c->healthcheck = strdup(strempty(json_text(o)));
                if (!c->healthcheck)
                        return error_oom(reterr);
        }

        return 0;
}

int container_config_merge_image(ContainerConfig *c, const OciImageConfig *image, const char *id, Error *reterr) {
        int r;

        r = merge_command(c, image, reterr);
        if (r >= 0)
                r = merge_hostname(c, id, reterr);
        if (r >= 0)
                r = merge_environment(c, image, reterr);
        if (r >= 0)
                r = merge_process(c, image, reterr);
        if (r >= 0)
                r = merge_labels(c, image, reterr);
        if (r >= 0)
                r = merge_volumes(c, image, reterr);
        if (r >= 0)
                r = merge_rest(c, image, reterr);
        if (r >= 0)
                r = container_config_check_size(c, reterr);
        return r;
}
