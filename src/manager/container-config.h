/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "device-spec.h"
#include "mount-spec.h"
#include "namespace-mode.h"
#include "restart-policy.h"
#include "security-options.h"
#include "shared/json.h"
#include "ulimit.h"

/* What somebody asked a container to be. It is read from the bus (or from the container's record) once, checked as a
 * whole and merged with the image's configuration; then it is shared as const and never changes: what is authorized is
 * what is run. The table in container-config-table.c knows every key; one line there makes a new one. */

typedef struct OciImageConfig OciImageConfig;

#define CONTAINER_CONFIG_VERSION    1U
#define CONTAINER_CONFIG_STRING_MAX 131071U      /* the kernel takes no longer argument */
#define CONTAINER_CONFIG_LIST_MAX   4096U        /* elements of one list */
#define CONTAINER_CONFIG_TOTAL_MAX  (640U << 10) /* bytes of all strings: it must fit JSON_SIZE_MAX, escaped */

/* Lists and maps are NULL when the key was not given; an empty list is one that was. Maps are "name=value". Strings are
 * NULL when not given, and never empty unless an empty one means something. */
typedef struct ContainerConfig {
        unsigned n_ref;

        /* the process */
        char **command;    /* after the merge with the image: what follows the entrypoint */
        char **entrypoint; /* after the merge: in effect */
        char **environment;
        char **unset_environment;
        char *working_directory;
        char *user; /* "name|uid[:group|gid]": looked up in the container's files by the runtime */
        char **group_add;
        char *umask;
        bool tty, interactive, init;
        char *systemd; /* "true": where the command is one; "always", "false" */
        char **attach; /* "stdin", "stdout", "stderr"; NULL: what docker attaches */
        char *detach_keys;
        char *stop_signal; /* "SIGTERM" after the merge */
        uint64_t stop_timeout_usec;

        /* names */
        char *hostname, *domainname, *timezone;
        char **labels, **annotations;

        /* security */
        bool privileged;
        int no_new_privileges; /* -1: not said; see container_config_no_new_privileges() */
        char **cap_add, **cap_drop, **security_opt;
        char *seccomp_profile; /* JSON text */
        char **devices, **device_cgroup_rules;
        char *userns, *pid_mode, *ipc_mode, *uts_mode, *cgroup_ns, *cgroup_parent;
        char **sysctls;
        char **ulimits;
        int32_t oom_score_adjust;
        bool oom_kill_disable; /* accepted from nobody: the check refuses it */

        /* files */
        bool read_only, read_only_tmpfs;
        char **tmpfs, **volumes, **mounts, **volumes_from;
        char **image_volumes; /* of the image's VOLUME, by the merge */
        uint64_t shm_size;

        /* network */
        char *network_mode;
        char **dns, **dns_search, **dns_option, **add_host, **expose, **publish;
        bool publish_all;

        /* resources; 0 is "not given" unless said otherwise */
        uint64_t memory, memory_reservation;
        int64_t memory_swap; /* memory and swap; -1: no limit. After the check: in effect if memory is */
        uint64_t cpu_shares, cpu_period;
        int64_t cpu_quota;
        uint64_t nano_cpus;
        char *cpuset_cpus, *cpuset_mems;
        int64_t pids_limit; /* <= 0: no limit */
        uint64_t blkio_weight;
        char **device_read_bps, **device_write_bps, **device_read_iops, **device_write_iops, **blkio_weight_device;

        /* life */
        bool auto_remove, replace;
        char *restart;
        char *log_driver; /* "journald", "none", "json-file", "passthrough"; never NULL */
        char **log_opts;
        char *platform, *pull;
        char *healthcheck; /* JSON text of the image's Healthcheck, by the merge; recorded, not run */

        JsonObject *unknown; /* members of the record that a newer version wrote; written back as they were */

        /* Parsed from the above */
        MountSpec *mount_specs; /* volumes, mounts, tmpfs, image volumes: in the order in which they are mounted */
        size_t n_mount_specs;
        DeviceSpec *device_specs;
        size_t n_device_specs;
        DeviceRule *device_rules;
        size_t n_device_rules;
        Ulimit *ulimit_specs;
        size_t n_ulimit_specs;
        DeviceLimit *read_bps, *write_bps, *read_iops, *write_iops, *weight_devices;
        size_t n_read_bps, n_write_bps, n_read_iops, n_write_iops, n_weight_devices;
        SecurityOptions security;
        RestartPolicy restart_policy;
        NamespaceMode network_ns, pid_ns, ipc_ns, uts_ns, cgroup_namespace, user_ns;
        uint32_t userns_size;       /* 0: host */
        uint64_t capability_add;    /* bits; all bits: ALL */
        uint64_t capability_drop;
} ContainerConfig;

DECLARE_REF_UNREF(ContainerConfig, container_config);

/* With every default. */
ContainerConfig *container_config_new(void);

/* Reads an a{sv} at the message's read pointer and checks it. AttachSocket, a descriptor, is no part of the
 * configuration: it is a duplicate in *ret_attach_fd, or -EBADF. -EINVAL: BUS_ERROR_INVALID_CONFIG; -EOPNOTSUPP:
 * BUS_ERROR_NOT_SUPPORTED; both with a sentence. */
int container_config_read_message(sd_bus_message *m, ContainerConfig **ret, int *ret_attach_fd, Error *reterr);

/* The member "Config" of container.json: only what differs from the defaults, and what we did not understand. */
int container_config_to_json(const ContainerConfig *c, JsonObject **ret, Error *reterr);
int container_config_from_json(JsonObject *o, const JsonPath *path, ContainerConfig **ret, Error *reterr);

/* Fills in what the image says and nobody overrode, by docker's rules: entrypoint and command, environment (with PATH,
 * TERM, HOSTNAME and container), user, working directory, stop signal, labels, exposed ports, volumes, health check.
 * id is the container's, whose first digits are the host name of one that got none. Call it once, before the
 * configuration is shared. Nothing to run at all is -EINVAL. */
int container_config_merge_image(ContainerConfig *c, const OciImageConfig *image, const char *id, Error *reterr);

/* Entrypoint and command as one. */
int container_config_make_argv(const ContainerConfig *c, char ***ret);

/* What is in effect. A systemd in the container gets a stop signal that it knows, tmpfs where it wants them, a control group of
 * its own to write to, and SETPCAP and AUDIT_WRITE; with "always" SYS_ADMIN of its own user namespace as well. */
bool container_config_is_systemd(const ContainerConfig *c);
bool container_config_no_new_privileges(const ContainerConfig *c);
uint64_t container_config_capabilities(const ContainerConfig *c);
int container_config_stop_signal(const ContainerConfig *c);

/* Whether running this gives more than a container of its own: it needs POLKIT_ACTION_RUN_PRIVILEGED then. The words
 * say what for, e.g. "device /dev/sda"; they go into the polkit details. */
int container_config_privileges(const ContainerConfig *c, char ***ret_reasons);
