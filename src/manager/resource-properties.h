/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container-config.h"

/* A container's limits as properties of its systemd unit, and back. systemd knows which version of cgroups the machine
 * has; we have to know only where it cannot translate. */

/* Whether the memory, cpu, … controllers are those of cgroup v2. */
bool resource_host_is_unified(void);

/* What only a request has to stand up to, for a record comes from another day: -EINVAL for more processors than there
 * are, or a device without a file. */
int resource_limits_check_host(const ContainerConfig *c, Error *reterr);

/* Sentences about limits that were asked for and that this machine will not enforce; NULL: none. */
int resource_limits_warnings(const ContainerConfig *c, bool unified, char ***ret);

/* On cgroup v1 systemd does not set cpusets: the container's first process, before it is released, is bound to its
 * processors here, and what it starts after it. On v2 this does nothing. */
int resource_apply_affinity(const ContainerConfig *c, bool unified, pid_t leader);

/* Appends (sv) structs to the open a(sv) of StartTransientUnit or SetUnitProperties. */
int resource_properties_append(sd_bus_message *m, const ContainerConfig *c, bool unified);

/* runc's present formula for docker's shares (2 to 262144) as a weight of cgroup v2 (1 to 10000). */
uint64_t cpu_shares_to_weight(uint64_t shares);

/* What systemd says that the unit has; UINT64_MAX: no limit. */
typedef struct ResourceLimits {
        uint64_t memory_max, memory_low, memory_swap_max;
        uint64_t cpu_weight, cpu_shares;
        uint64_t cpu_quota_per_sec_usec, cpu_quota_period_usec;
        uint64_t tasks_max;
        uint64_t io_weight, block_io_weight;
        char *allowed_cpus, *allowed_memory_nodes; /* "0-2,5"; NULL: not limited */
        /* what is used now */
        uint64_t memory_current, cpu_usage_nsec, tasks_current;
} ResourceLimits;

#define RESOURCE_LIMITS_INIT                                                                                 \
        { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,    \
          UINT64_MAX, UINT64_MAX, NULL, NULL, UINT64_MAX, UINT64_MAX, UINT64_MAX }

void resource_limits_done(ResourceLimits *l);
/* Reads the answer (a{sv}) of org.freedesktop.DBus.Properties.GetAll("org.freedesktop.systemd1.Scope"). */
int resource_limits_read(sd_bus_message *reply, ResourceLimits *ret);
