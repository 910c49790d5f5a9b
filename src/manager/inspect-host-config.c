/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability-set.h"
#include "inspect-internal.h"
#include "shared/strv.h"
#include "shared/text.h"

/* What was asked for, with docker's names. Limits are what systemd says that the unit has, where it runs: somebody may
 * have used "systemctl set-property". */

static const char *mode_text(const char *asked, const char *standard) {
        return isempty(asked) ? standard : asked;
}

static uint64_t live_or(uint64_t live, uint64_t asked) {
        return live == UINT64_MAX ? asked : live;
}

static int add_memory(JsonObject *o, const ContainerConfig *c, const ResourceLimits *live) {
        uint64_t memory = c->memory;
        int64_t swap = c->memory_swap;
        int r;

        if (live) {
                memory = live->memory_max == UINT64_MAX ? 0 : live->memory_max;
                if (memory > 0 && live->memory_swap_max != UINT64_MAX)
                        swap = (int64_t) MIN(memory + live->memory_swap_max, (uint64_t) INT64_MAX);
        } else if (memory > 0 && swap == 0)
                swap = (int64_t) MIN(memory * 2, (uint64_t) INT64_MAX);

        r = json_add_u64(o, "Memory", memory);
        if (r >= 0)
                r = json_add_u64(o, "MemoryReservation", c->memory_reservation);
        if (r >= 0)
                r = json_add_i64(o, "MemorySwap", swap);
        return r;
}

static int add_cpu(JsonObject *o, const ContainerConfig *c, const ResourceLimits *live) {
        uint64_t shares = c->cpu_shares;
        const char *cpus = c->cpuset_cpus, *mems = c->cpuset_mems;
        int r;

        if (live) {
                shares = live_or(live->cpu_shares, shares);
                cpus = live->allowed_cpus ?: cpus;
                mems = live->allowed_memory_nodes ?: mems;
        }

        r = json_add_u64(o, "CpuShares", shares);
        if (r >= 0)
                r = json_add_u64(o, "NanoCpus", c->nano_cpus);
        if (r >= 0)
                r = json_add_u64(o, "CpuPeriod", c->cpu_period);
        if (r >= 0)
                r = json_add_i64(o, "CpuQuota", c->cpu_quota);
        if (r >= 0)
                r = json_add_string(o, "CpusetCpus", strempty(cpus));
        if (r >= 0)
                r = json_add_string(o, "CpusetMems", strempty(mems));
        return r;
}

static int add_device_limits(JsonObject *o, const char *key, const char *value_key, const DeviceLimit *limits, size_t n) {
        JsonObject *array, *element;
        int r;

        r = inspect_add_array(o, key, &array);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                r = inspect_append_object(array, &element);
                if (r >= 0)
                        r = json_add_string(element, "Path", limits[i].path);
                if (r >= 0)
                        r = json_add_u64(element, value_key, limits[i].value);
        }
        return r;
}

static int add_io(JsonObject *o, const ContainerConfig *c) {
        int r;

        r = json_add_u64(o, "BlkioWeight", c->blkio_weight);
        if (r >= 0)
                r = add_device_limits(o, "BlkioWeightDevice", "Weight", c->weight_devices, c->n_weight_devices);
        if (r >= 0)
                r = add_device_limits(o, "BlkioDeviceReadBps", "Rate", c->read_bps, c->n_read_bps);
        if (r >= 0)
                r = add_device_limits(o, "BlkioDeviceWriteBps", "Rate", c->write_bps, c->n_write_bps);
        if (r >= 0)
                r = add_device_limits(o, "BlkioDeviceReadIOps", "Rate", c->read_iops, c->n_read_iops);
        if (r >= 0)
                r = add_device_limits(o, "BlkioDeviceWriteIOps", "Rate", c->write_iops, c->n_write_iops);
        return r;
}

static int add_pids(JsonObject *o, const ContainerConfig *c, const ResourceLimits *live) {
        if (live)
                return json_add_i64(o, "PidsLimit", live->tasks_max > INT64_MAX ? -1 : (int64_t) live->tasks_max);
        return json_add_i64(o, "PidsLimit", c->pids_limit > 0 ? c->pids_limit : -1);
}

static int add_devices(JsonObject *o, const ContainerConfig *c) {
        JsonObject *array, *element;
        int r;

        r = inspect_add_array(o, "Devices", &array);
        for (size_t i = 0; r >= 0 && i < c->n_device_specs; i++) {
                const DeviceSpec *d = c->device_specs + i;
                char access[4];

                r = inspect_append_object(array, &element);
                if (r >= 0)
                        r = json_add_string(element, "PathOnHost", d->source);
                if (r >= 0)
                        r = json_add_string(element, "PathInContainer", d->target);
                if (r >= 0)
                        r = json_add_string(element, "CgroupPermissions", device_access_text(d->access, access));
        }
        if (r >= 0)
                r = json_add_strv(o, "DeviceCgroupRules", c->device_cgroup_rules ?: (char *[]) { NULL });
        return r;
}

static int add_ulimits(JsonObject *o, const ContainerConfig *c) {
        JsonObject *array, *element;
        int r;

        r = inspect_add_array(o, "Ulimits", &array);
        for (size_t i = 0; r >= 0 && i < c->n_ulimit_specs; i++) {
                const Ulimit *u = c->ulimit_specs + i;

                r = inspect_append_object(array, &element);
                if (r >= 0)
                        r = json_add_string(element, "Name", ulimit_short_name(u->name));
                if (r >= 0)
                        r = json_add_i64(element, "Soft", u->soft > INT64_MAX ? -1 : (int64_t) u->soft);
                if (r >= 0)
                        r = json_add_i64(element, "Hard", u->hard > INT64_MAX ? -1 : (int64_t) u->hard);
        }
        return r;
}

static int add_capabilities(JsonObject *o, const ContainerConfig *c) {
        _cleanup_(strv_freep) char **effective = NULL;
        int r;

        r = capability_set_names(container_config_capabilities(c), &effective);
        if (r >= 0)
                r = json_add_strv(o, "CapAdd", c->cap_add ?: (char *[]) { NULL });
        if (r >= 0)
                r = json_add_strv(o, "CapDrop", c->cap_drop ?: (char *[]) { NULL });
        if (r >= 0)
                r = json_add_strv(o, "EffectiveCaps", effective);
        return r;
}

static int add_security(JsonObject *o, const ContainerConfig *c, uid_t userns_base) {
        int r;

        r = json_add_bool(o, "Privileged", c->privileged);
        if (r >= 0)
                r = add_capabilities(o, c);
        if (r >= 0)
                r = json_add_strv(o, "SecurityOpt", c->security_opt ?: (char *[]) { NULL });
        if (r >= 0)
                r = json_add_bool(o, "NoNewPrivileges", container_config_no_new_privileges(c));
        if (r >= 0)
                r = json_add_bool(o, "ReadonlyRootfs", c->read_only);
        if (r >= 0)
                r = json_add_string(o, "UsernsMode", mode_text(c->userns, "auto"));
        if (r >= 0 && c->user_ns != NAMESPACE_HOST) {
                JsonObject *map;

                r = inspect_add_object(o, "IDMappings", &map);
                if (r >= 0)
                        r = json_add_u64(map, "Base", userns_base);
                if (r >= 0)
                        r = json_add_u64(map, "Size", c->userns_size);
        }
        if (r >= 0)
                r = json_add_i64(o, "OomScoreAdj", c->oom_score_adjust);
        if (r >= 0)
                r = json_add_bool(o, "OomKillDisable", c->oom_kill_disable);
        if (r >= 0)
                r = json_add_strv(o, "GroupAdd", c->group_add ?: (char *[]) { NULL });
        if (r >= 0)
                r = json_add_string_map(o, "Sysctls", c->sysctls ?: (char *[]) { NULL });
        return r;
}

static int add_life(JsonObject *o, const ContainerConfig *c) {
        JsonObject *member, *options;
        int r;

        r = inspect_add_object(o, "LogConfig", &member);
        if (r >= 0)
                r = json_add_string(member, "Type", c->log_driver);
        if (r >= 0)
                r = c->log_opts ? json_add_string_map(member, "Config", c->log_opts)
                                : inspect_add_object(member, "Config", &options);
        if (r >= 0)
                r = inspect_add_object(o, "RestartPolicy", &member);
        if (r >= 0)
                r = json_add_string(member, "Name", restart_mode_to_string(c->restart_policy.mode));
        if (r >= 0)
                r = json_add_u64(member, "MaximumRetryCount", c->restart_policy.max_retries);
        if (r >= 0)
                r = json_add_bool(o, "AutoRemove", c->auto_remove);
        if (r >= 0)
                r = json_add_bool(o, "Init", c->init);
        return r;
}

static int add_modes(JsonObject *o, const ContainerConfig *c) {
        int r;

        r = json_add_string(o, "NetworkMode", mode_text(c->network_mode, "none"));
        if (r >= 0)
                r = json_add_string(o, "PidMode", mode_text(c->pid_mode, "private"));
        if (r >= 0)
                r = json_add_string(o, "IpcMode", mode_text(c->ipc_mode, "private"));
        if (r >= 0)
                r = json_add_string(o, "UTSMode", mode_text(c->uts_mode, "private"));
        if (r >= 0)
                r = json_add_string(o, "CgroupnsMode", mode_text(c->cgroup_ns, "private"));
        if (r >= 0)
                r = json_add_string(o, "CgroupParent", mode_text(c->cgroup_parent, "caisson.slice"));
        if (r >= 0)
                r = json_add_u64(o, "ShmSize", c->shm_size);
        return r;
}

static int add_network(JsonObject *o, const ContainerConfig *c) {
        JsonObject *ports;
        int r;

        r = json_add_strv(o, "Dns", c->dns ?: (char *[]) { NULL });
        if (r >= 0)
                r = json_add_strv(o, "DnsSearch", c->dns_search ?: (char *[]) { NULL });
        if (r >= 0)
                r = json_add_strv(o, "DnsOptions", c->dns_option ?: (char *[]) { NULL });
        if (r >= 0)
                r = json_add_strv(o, "ExtraHosts", c->add_host ?: (char *[]) { NULL });
        if (r >= 0)
                r = inspect_add_object(o, "PortBindings", &ports);
        if (r >= 0)
                r = json_add_bool(o, "PublishAllPorts", c->publish_all);
        return r;
}

int inspect_make_host_config(const ContainerConfig *c, const ResourceLimits *live, uid_t userns_base, JsonObject *o) {
        int r;

        r = json_add_strv(o, "Binds", c->volumes ?: (char *[]) { NULL });
        if (r >= 0)
                r = add_life(o, c);
        if (r >= 0)
                r = add_modes(o, c);
        if (r >= 0)
                r = add_network(o, c);
        if (r >= 0)
                r = add_security(o, c, userns_base);
        if (r >= 0)
                r = add_memory(o, c, live);
        if (r >= 0)
                r = add_cpu(o, c, live);
        if (r >= 0)
                r = add_io(o, c);
        if (r >= 0)
                r = add_pids(o, c, live);
        if (r >= 0)
                r = add_devices(o, c);
        if (r >= 0)
                r = add_ulimits(o, c);
        return r;
}
