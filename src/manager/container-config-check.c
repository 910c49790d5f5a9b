/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability-set.h"
#include "container-config-table.h"
#include "resource-check.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "sysctl-policy.h"

#define MOUNTS_MAX  512U
#define DEVICES_MAX 256U

/* Parses each string of a list into an array of structs; the count grows with the array, so that what there is is
 * freed with the configuration when the next one is wrong. */
#define PARSE_LIST(list, parse, array, n, max)                                                               \
        ({                                                                                                   \
                int _r = 0;                                                                                  \
                size_t _length = strv_length(list);                                                          \
                if (_length + (n) > (max))                                                                   \
                        _r = error_set(reterr, -EINVAL, "more than %u of one kind", (unsigned) (max));       \
                else if (_length > 0) {                                                                      \
                        __typeof__(array) _new = realloc(array, ((n) + _length) * sizeof((array)[0]));       \
                        if (!_new)                                                                           \
                                _r = error_oom(reterr);                                                      \
                        else                                                                                 \
                                (array) = _new;                                                              \
                        STRV_FOREACH(_s, list) {                                                             \
                                if (_r < 0)                                                                  \
                                        break;                                                               \
                                _r = parse(*_s, (array) + (n), reterr);                                      \
                                if (_r >= 0)                                                                 \
                                        (n)++;                                                               \
                        }                                                                                    \
                }                                                                                            \
                _r;                                                                                          \
        })

static int check_namespaces(ContainerConfig *c, Error *reterr) {
        int r;

        r = network_mode_parse(strempty(c->network_mode), &c->network_ns, reterr);
        if (r >= 0)
                r = pid_mode_parse(strempty(c->pid_mode), &c->pid_ns, reterr);
        if (r >= 0)
                r = ipc_mode_parse(strempty(c->ipc_mode), &c->ipc_ns, reterr);
        if (r >= 0)
                r = uts_mode_parse(strempty(c->uts_mode), &c->uts_ns, reterr);
        if (r >= 0)
                r = cgroup_mode_parse(strempty(c->cgroup_ns), &c->cgroup_namespace, reterr);
        if (r >= 0)
                r = user_mode_parse(strempty(c->userns), &c->user_ns, &c->userns_size, reterr);
        if (r < 0)
                return r;

        if (c->uts_ns == NAMESPACE_HOST && (c->hostname || c->domainname))
                return error_set(reterr, -EINVAL, "--hostname cannot be combined with --uts host: it would rename the host");

        /* In a user namespace, the kernel lets nobody mount proc or sysfs of namespaces that belong to another one */
        if (c->user_ns == NAMESPACE_PRIVATE && c->pid_ns == NAMESPACE_HOST)
                return error_set(reterr, -EINVAL, "--pid host needs --userns host too");

        return 0;
}

static int compare_mounts(const void *a, const void *b) {
        const MountSpec *x = a, *y = b;
        size_t depth_x = 0, depth_y = 0;

        for (const char *p = x->target; *p; p++)
                depth_x += *p == '/';
        for (const char *p = y->target; *p; p++)
                depth_y += *p == '/';

        /* Outer ones first, or they would hide inner ones */
        return depth_x != depth_y ? (depth_x < depth_y ? -1 : 1) : strcmp(x->target, y->target);
}

int container_config_sort_mounts(ContainerConfig *c, Error *reterr) {
        if (c->n_mount_specs > 0)
                qsort(c->mount_specs, c->n_mount_specs, sizeof(MountSpec), compare_mounts);

        for (size_t i = 1; i < c->n_mount_specs; i++)
                if (streq(c->mount_specs[i - 1].target, c->mount_specs[i].target))
                        return error_set(reterr, -EINVAL, "two mounts have the target '%s'", c->mount_specs[i].target);
        return 0;
}

static int check_mounts(ContainerConfig *c, Error *reterr) {
        int r;

        if (!strv_isempty(c->volumes_from))
                return error_set(reterr, -EOPNOTSUPP, "--volumes-from is not supported yet; name the paths with --volume");

        r = PARSE_LIST(c->volumes, mount_spec_parse_volume, c->mount_specs, c->n_mount_specs, MOUNTS_MAX);
        if (r >= 0)
                r = PARSE_LIST(c->mounts, mount_spec_parse_mount, c->mount_specs, c->n_mount_specs, MOUNTS_MAX);
        if (r >= 0)
                r = PARSE_LIST(c->tmpfs, mount_spec_parse_tmpfs, c->mount_specs, c->n_mount_specs, MOUNTS_MAX);
        if (r >= 0)
                r = PARSE_LIST(c->image_volumes, mount_spec_parse_image_volume, c->mount_specs, c->n_mount_specs,
                               MOUNTS_MAX);
        if (r < 0)
                return r;

        return container_config_sort_mounts(c, reterr);
}

static int check_security(ContainerConfig *c, Error *reterr) {
        int r;

        STRV_FOREACH(s, c->cap_add) {
                r = capability_set_add(&c->capability_add, *s, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "CapAdd");
        }
        STRV_FOREACH(s, c->cap_drop) {
                r = capability_set_add(&c->capability_drop, *s, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "CapDrop");
        }
        STRV_FOREACH(s, c->security_opt) {
                r = security_options_add(&c->security, *s, reterr);
                if (r < 0)
                        return r;
        }

        if (c->seccomp_profile) {
                _cleanup_(json_putp) JsonObject *profile = NULL;

                if (c->security.seccomp_unconfined)
                        return error_set(reterr, -EINVAL, "seccomp=unconfined and a seccomp profile contradict each other");
                r = json_parse("seccomp profile", c->seccomp_profile, strlen(c->seccomp_profile), &profile, reterr);
                if (r < 0)
                        return r;
                if (!json_object_is_type(profile, json_type_object))
                        return error_set(reterr, -EINVAL, "the seccomp profile is not a JSON object");
        }

        STRV_FOREACH(s, c->sysctls) {
                r = sysctl_check(*s, c->ipc_ns != NAMESPACE_HOST, c->network_ns != NAMESPACE_HOST,
                                 c->uts_ns != NAMESPACE_HOST, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int check_devices(ContainerConfig *c, Error *reterr) {
        int r;

        r = PARSE_LIST(c->devices, device_spec_parse, c->device_specs, c->n_device_specs, DEVICES_MAX);
        if (r >= 0)
                r = PARSE_LIST(c->device_cgroup_rules, device_rule_parse, c->device_rules, c->n_device_rules, DEVICES_MAX);
        if (r >= 0)
                r = PARSE_LIST(c->device_read_bps, device_limit_parse_bytes, c->read_bps, c->n_read_bps, DEVICES_MAX);
        if (r >= 0)
                r = PARSE_LIST(c->device_write_bps, device_limit_parse_bytes, c->write_bps, c->n_write_bps, DEVICES_MAX);
        if (r >= 0)
                r = PARSE_LIST(c->device_read_iops, device_limit_parse_operations, c->read_iops, c->n_read_iops,
                               DEVICES_MAX);
        if (r >= 0)
                r = PARSE_LIST(c->device_write_iops, device_limit_parse_operations, c->write_iops, c->n_write_iops,
                               DEVICES_MAX);
        if (r >= 0)
                r = PARSE_LIST(c->blkio_weight_device, device_limit_parse_weight, c->weight_devices,
                               c->n_weight_devices, DEVICES_MAX);
        return r;
}

static int check_network(ContainerConfig *c, Error *reterr) {
        if (!strv_isempty(c->publish))
                return error_set(reterr, -EOPNOTSUPP,
                                 "--publish needs a network, and this version has only 'none' and 'host'; "
                                 "with --network host the ports are the host's");
        return 0;
}

static int check_life(ContainerConfig *c, Error *reterr) {
        int r;

        r = restart_policy_parse(strempty(c->restart), &c->restart_policy, reterr);
        if (r < 0)
                return r;
        if (c->auto_remove && c->restart_policy.mode != RESTART_NO)
                return error_set(reterr, -EINVAL, "--rm and --restart contradict each other");
        if (streq(c->log_driver, "passthrough") && c->tty)
                return error_set(reterr, -EINVAL, "the log driver passthrough cannot be combined with a terminal");
        return 0;
}

int container_config_check(ContainerConfig *c, Error *reterr) {
        int r;

        r = check_namespaces(c, reterr);
        if (r >= 0)
                r = check_mounts(c, reterr);
        if (r >= 0)
                r = check_security(c, reterr);
        if (r >= 0)
                r = check_devices(c, reterr);
        if (r >= 0)
                r = PARSE_LIST(c->ulimits, ulimit_parse, c->ulimit_specs, c->n_ulimit_specs, DEVICES_MAX);
        if (r >= 0)
                r = resource_limits_check(c, reterr);
        if (r >= 0)
                r = check_network(c, reterr);
        if (r >= 0)
                r = check_life(c, reterr);
        return r;
}
