/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <limits.h>

#include "config-value.h"
#include "container-config-table.h"
#include "shared/strv.h"
#include "shared/text.h"

#define TEXT_MAX    4096 /* of a string whose line says nothing else */
#define PROFILE_MAX (256 * 1024)
#define MINUTE_USEC INT64_C(60000000)

#define STRING(n, m, ...) { .name = n, .type = CONFIG_STRING, .offset = offsetof(ContainerConfig, m), __VA_ARGS__ }
#define LIST(n, m, ...)   { .name = n, .type = CONFIG_LIST, .offset = offsetof(ContainerConfig, m), __VA_ARGS__ }
#define MAP(n, m, ...)    { .name = n, .type = CONFIG_MAP, .offset = offsetof(ContainerConfig, m), __VA_ARGS__ }
#define BOOL(n, m, ...)   { .name = n, .type = CONFIG_BOOL, .offset = offsetof(ContainerConfig, m), __VA_ARGS__ }
#define NUMBER(n, t, m, low, high, ...) \
        { .name = n, .type = t, .offset = offsetof(ContainerConfig, m), .minimum = low, .maximum = high, __VA_ARGS__ }
#define UNSIGNED(n, m, high, ...) NUMBER(n, CONFIG_UNSIGNED, m, 0, high, __VA_ARGS__)
#define SIGNED(n, m, high, ...)   NUMBER(n, CONFIG_SIGNED, m, -1, high, __VA_ARGS__)

/* In the order of docs/ARCHITECTURE.md. */
const ConfigKey config_keys[] = {
        LIST("Command", command, .maximum = CONTAINER_CONFIG_STRING_MAX),
        LIST("Entrypoint", entrypoint, .maximum = CONTAINER_CONFIG_STRING_MAX),
        LIST("Environment", environment, .maximum = CONTAINER_CONFIG_STRING_MAX, .check = check_environment),
        LIST("UnsetEnvironment", unset_environment, .check = check_environment_name),
        STRING("WorkingDirectory", working_directory, .check = check_absolute_path),
        STRING("User", user, .check = check_user),
        STRING("Hostname", hostname, .check = check_hostname),
        STRING("Domainname", domainname, .check = check_domainname),
        STRING("Umask", umask, .check = check_umask),
        STRING("Timezone", timezone, .check = check_timezone),
        LIST("GroupAdd", group_add, .check = check_group),
        MAP("Labels", labels, .maximum = CONTAINER_CONFIG_STRING_MAX, .check = check_label),
        MAP("Annotations", annotations, .maximum = CONTAINER_CONFIG_STRING_MAX, .check = check_label),
        MAP("Sysctls", sysctls),
        BOOL("Tty", tty),
        BOOL("Interactive", interactive),
        BOOL("Init", init),
        STRING("Systemd", systemd, .check = check_systemd),
        BOOL("ReadOnly", read_only),
        BOOL("ReadOnlyTmpfs", read_only_tmpfs, .standard = true),
        BOOL("AutoRemove", auto_remove),
        BOOL("Privileged", privileged),
        BOOL("PublishAll", publish_all),
        BOOL("OOMKillDisable", oom_kill_disable),
        NUMBER("NoNewPrivileges", CONFIG_TRISTATE, no_new_privileges, -1, 1, .standard = -1),
        LIST("Attach", attach, .check = check_stream),
        LIST("CapAdd", cap_add),
        LIST("CapDrop", cap_drop),
        LIST("SecurityOpt", security_opt),
        STRING("SeccompProfile", seccomp_profile, .maximum = PROFILE_MAX),
        LIST("Ulimits", ulimits),
        LIST("Tmpfs", tmpfs),
        LIST("Volumes", volumes, .maximum = 2 * PATH_MAX + 256),
        LIST("Mounts", mounts, .maximum = 2 * PATH_MAX + 256),
        LIST("VolumesFrom", volumes_from),
        LIST("Devices", devices, .maximum = 2 * PATH_MAX),
        LIST("DeviceCgroupRules", device_cgroup_rules),
        STRING("NetworkMode", network_mode),
        STRING("UserNS", userns),
        STRING("PidMode", pid_mode),
        STRING("IpcMode", ipc_mode),
        STRING("UtsMode", uts_mode),
        STRING("CgroupNS", cgroup_ns),
        STRING("CgroupParent", cgroup_parent, .check = check_slice),
        LIST("Dns", dns, .check = check_dns_server),
        LIST("DnsSearch", dns_search, .check = check_dns_word),
        LIST("DnsOption", dns_option, .check = check_dns_word),
        LIST("AddHost", add_host, .check = check_host_entry),
        LIST("Expose", expose, .check = check_port),
        LIST("Publish", publish),
        UNSIGNED("Memory", memory, INT64_MAX),
        UNSIGNED("MemoryReservation", memory_reservation, INT64_MAX),
        SIGNED("MemorySwap", memory_swap, INT64_MAX),
        UNSIGNED("CPUShares", cpu_shares, 262144),
        UNSIGNED("CPUPeriod", cpu_period, 1000000),
        SIGNED("CPUQuota", cpu_quota, INT64_MAX / 1000000),
        UNSIGNED("NanoCPUs", nano_cpus, INT64_C(1000000000) * 8192),
        STRING("CpusetCpus", cpuset_cpus, .check = check_cpu_list),
        STRING("CpusetMems", cpuset_mems, .check = check_cpu_list),
        SIGNED("PidsLimit", pids_limit, 4194304, .standard = 2048),
        UNSIGNED("BlkioWeight", blkio_weight, 1000),
        LIST("DeviceReadBps", device_read_bps),
        LIST("DeviceWriteBps", device_write_bps),
        LIST("DeviceReadIOps", device_read_iops),
        LIST("DeviceWriteIOps", device_write_iops),
        LIST("BlkioWeightDevice", blkio_weight_device),
        NUMBER("OOMScoreAdjust", CONFIG_INT, oom_score_adjust, -1000, 1000),
        UNSIGNED("ShmSize", shm_size, INT64_MAX, .standard = 64 << 20),
        STRING("StopSignal", stop_signal, .check = check_signal),
        UNSIGNED("StopTimeoutUSec", stop_timeout_usec, 60 * MINUTE_USEC, .standard = 10000000),
        STRING("LogDriver", log_driver, .check = check_log_driver, .standard_text = "journald"),
        MAP("LogOpts", log_opts, .check = check_log_option),
        STRING("Restart", restart),
        STRING("DetachKeys", detach_keys, .check = check_detach_keys, .flags = CONFIG_EMPTY_MEANS),
        BOOL("Replace", replace),
        STRING("Platform", platform, .check = check_platform),
        STRING("Pull", pull, .check = check_pull),

        /* what the image said */
        LIST("ImageVolumes", image_volumes, .flags = CONFIG_INTERNAL),
        STRING("Healthcheck", healthcheck, .flags = CONFIG_INTERNAL, .maximum = PROFILE_MAX),
};
const size_t n_config_keys = ELEMENTSOF(config_keys);

const ConfigKey *config_key_find(const char *name) {
        for (size_t i = 0; i < n_config_keys; i++)
                if (streq(config_keys[i].name, name))
                        return config_keys + i;
        return NULL;
}

const char *config_type_signature(ConfigType type) {
        static const char *const signatures[_CONFIG_TYPE_MAX] = {
                [CONFIG_STRING] = "s",   [CONFIG_LIST] = "as",     [CONFIG_MAP] = "a{ss}",  [CONFIG_BOOL] = "b",
                [CONFIG_TRISTATE] = "b", [CONFIG_UNSIGNED] = "t", [CONFIG_SIGNED] = "x",   [CONFIG_INT] = "i",
        };

        return signatures[type];
}

int config_key_unknown(const char *name, Error *reterr) {
        _cleanup_(freep) char *shown = strndup(name, 64);
        unsigned best_distance = (unsigned) MIN(strlen(name) / 3 + 1, (size_t) 4);
        const char *best = NULL;

        if (!shown)
                return error_oom(reterr);
        if (!utf8_is_valid(shown)) /* cut within a character */
                return error_set(reterr, -EINVAL, "unknown key");

        for (size_t i = 0; i < n_config_keys; i++) {
                unsigned d;

                if (config_keys[i].flags & CONFIG_INTERNAL)
                        continue;
                d = edit_distance(name, config_keys[i].name);
                if (d < best_distance) {
                        best = config_keys[i].name;
                        best_distance = d;
                }
        }

        if (best)
                return error_set(reterr, -EINVAL, "unknown key '%s'; did you mean '%s'?", shown, best);
        return error_set(reterr, -EINVAL, "unknown key '%s'", shown);
}

size_t config_key_length_max(const ConfigKey *k) {
        return k->maximum > 0 ? (size_t) k->maximum : TEXT_MAX;
}

static int check_text(const ConfigKey *k, const char *value, Error *reterr) {
        int r;

        if (strlen(value) > config_key_length_max(k))
                return error_set(reterr, -EINVAL, "%s: longer than %zu bytes", k->name, config_key_length_max(k));
        if (!utf8_is_valid(value))
                return error_set(reterr, -EINVAL, "%s: not UTF-8", k->name);
        if (!k->check)
                return 0;

        r = k->check(value, reterr);
        return r < 0 ? error_prefix(reterr, r, "%s", k->name) : 0;
}

int config_key_set_string(const ConfigKey *k, ContainerConfig *c, char *value, Error *reterr) {
        _cleanup_(freep) char *v = value;
        char **target = config_key_target(k, c);
        int r;

        if (isempty(v) && !(k->flags & CONFIG_EMPTY_MEANS))
                return 0; /* the default stays */

        r = check_text(k, v, reterr);
        if (r < 0)
                return r;

        return free_and_replace(*target, v);
}

int config_key_set_strv(const ConfigKey *k, ContainerConfig *c, char **value, Error *reterr) {
        _cleanup_(strv_freep) char **v = value;
        char ***target = config_key_target(k, c);
        int r;

        if (strv_length(v) > CONTAINER_CONFIG_LIST_MAX)
                return error_set(reterr, -EINVAL, "%s: more than %u entries", k->name, CONTAINER_CONFIG_LIST_MAX);

        STRV_FOREACH(s, v) {
                r = check_text(k, *s, reterr);
                if (r < 0)
                        return r;
        }

        strv_free(*target);
        *target = TAKE_PTR(v);
        return 0;
}

int config_key_set_number(const ConfigKey *k, ContainerConfig *c, int64_t value, Error *reterr) {
        void *target = config_key_target(k, c);

        if (k->type != CONFIG_BOOL && (value < k->minimum || value > k->maximum))
                return error_set(reterr, -EINVAL, "%s: %" PRIi64 " is not between %" PRIi64 " and %" PRIi64, k->name,
                                 value, k->minimum, k->maximum);

        switch (k->type) {

        case CONFIG_BOOL:
                *(bool *) target = value != 0;
                return 0;
        case CONFIG_TRISTATE:
        case CONFIG_INT:
                *(int32_t *) target = (int32_t) value;
                return 0;
        default:
                *(int64_t *) target = value; /* an uint64_t never above INT64_MAX is the same */
                return 0;
        }
}

int64_t config_key_number(const ConfigKey *k, const ContainerConfig *c) {
        const void *value = config_key_value(k, c);

        switch (k->type) {

        case CONFIG_BOOL:
                return *(const bool *) value;
        case CONFIG_TRISTATE:
        case CONFIG_INT:
                return *(const int32_t *) value;
        default:
                return *(const int64_t *) value;
        }
}

bool config_key_is_standard(const ConfigKey *k, const ContainerConfig *c) {
        const void *value = config_key_value(k, c);

        switch (k->type) {

        case CONFIG_STRING:
                return streq_ptr(*(char *const *) value, k->standard_text);
        case CONFIG_LIST:
        case CONFIG_MAP:
                return !*(char **const *) value;
        default:
                return config_key_number(k, c) == k->standard;
        }
}

int container_config_check_size(const ContainerConfig *c, Error *reterr) {
        size_t total = 0;

        for (size_t i = 0; i < n_config_keys; i++) {
                const void *value = config_key_value(config_keys + i, c);

                if (config_keys[i].type == CONFIG_STRING)
                        total += strlen(strempty(*(char *const *) value));
                else if (config_keys[i].type == CONFIG_LIST || config_keys[i].type == CONFIG_MAP) {
                        char *const *l = *(char **const *) value;

                        if (strv_length(l) > CONTAINER_CONFIG_LIST_MAX)
                                return error_set(reterr, -EINVAL, "%s: more than %u entries", config_keys[i].name,
                                                 CONTAINER_CONFIG_LIST_MAX);
                        STRV_FOREACH(s, l) {
                                if (strlen(*s) > config_key_length_max(config_keys + i))
                                        return error_set(reterr, -EINVAL, "%s: longer than %zu bytes",
                                                         config_keys[i].name, config_key_length_max(config_keys + i));
                                total += strlen(*s) + 1;
                        }
                }
        }

        if (total > CONTAINER_CONFIG_TOTAL_MAX)
                return error_set(reterr, -EINVAL, "the configuration is %zu bytes of text, more than %u", total,
                                 CONTAINER_CONFIG_TOTAL_MAX);
        return 0;
}
