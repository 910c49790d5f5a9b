/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <math.h>
#include <sched.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cpu-list.h"
#include "resource-devices.h"
#include "resource-properties.h"
#include "shared/io.h"
#include "shared/strv.h"
#include "shared/text.h"

#define NSEC_PER_SEC        UINT64_C(1000000000)
#define USEC_PER_SEC        UINT64_C(1000000)
#define CPU_PERIOD_STANDARD 100000U /* µs; the kernel's and docker's */

#define IO_WEIGHT_MAX 10000U

bool resource_host_is_unified(void) {
        struct statfs s;

        return statfs("/sys/fs/cgroup", &s) >= 0 && s.f_type == CGROUP2_SUPER_MAGIC;
}

/* ceil(10^((l² + 125·l)/612 − 7/34)) with l = log2(shares): 2 is 1, 1024 is 100, 262144 is 10000. */
uint64_t cpu_shares_to_weight(uint64_t shares) {
        double l, exponent;

        if (shares <= 2)
                return 1;
        if (shares >= 262144)
                return 10000;

        l = log2((double) shares);
        exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
        return (uint64_t) ceil(pow(10, exponent));
}

/* docker's weight of block I/O, 10 to 1000, on the scale of cgroup v2, as runc has it. */
static uint64_t blkio_to_io_weight(uint64_t weight) {
        return 1 + (weight - 10) * (IO_WEIGHT_MAX - 1) / 990;
}

/* Microseconds of processor time in a second, all processors together; 0: no limit. */
static uint64_t cpu_quota_per_second(const ContainerConfig *c) {
        if (c->nano_cpus > 0)
                return c->nano_cpus / (NSEC_PER_SEC / USEC_PER_SEC);
        if (c->cpu_quota > 0)
                return (uint64_t) ((unsigned __int128) c->cpu_quota * USEC_PER_SEC / (c->cpu_period ?: CPU_PERIOD_STANDARD));
        return 0;
}

static int append_u64(sd_bus_message *m, const char *name, uint64_t value) {
        return sd_bus_message_append(m, "(sv)", name, "t", value);
}

static int append_memory(sd_bus_message *m, const ContainerConfig *c) {
        int r = 0;

        if (c->memory > 0)
                r = append_u64(m, "MemoryMax", c->memory);
        if (r >= 0 && c->memory_reservation > 0)
                r = append_u64(m, "MemoryLow", c->memory_reservation);

        /* docker counts memory and swap together, systemd swap alone; when nothing is said, as much swap as memory */
        if (r >= 0 && c->memory > 0 && c->memory_swap >= 0)
                r = append_u64(m, "MemorySwapMax", c->memory_swap > 0 ? (uint64_t) c->memory_swap - c->memory : c->memory);
        return r;
}

static int append_cpu_list(sd_bus_message *m, const char *name, const char *text) {
        CpuList list;
        int r;

        r = cpu_list_parse(text, &list, NULL);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', list.bits, list.n_bytes);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* On v1 a weight would be translated back, and not to the number that was given: it gets the words of v1. */
static int append_cpu(sd_bus_message *m, const ContainerConfig *c, bool unified) {
        uint64_t quota = cpu_quota_per_second(c);
        int r = 0;

        if (c->cpu_shares > 0)
                r = unified ? append_u64(m, "CPUWeight", cpu_shares_to_weight(c->cpu_shares))
                            : append_u64(m, "CPUShares", c->cpu_shares);
        if (r >= 0 && quota > 0)
                r = append_u64(m, "CPUQuotaPerSecUSec", quota);
        if (r >= 0 && c->cpu_period > 0)
                r = append_u64(m, "CPUQuotaPeriodUSec", c->cpu_period);
        if (r >= 0 && c->cpuset_cpus)
                r = append_cpu_list(m, "AllowedCPUs", c->cpuset_cpus);
        if (r >= 0 && c->cpuset_mems)
                r = append_cpu_list(m, "AllowedMemoryNodes", c->cpuset_mems);
        return r;
}

static int append_device_limits(sd_bus_message *m, const char *name, const DeviceLimit *limits, size_t n,
                                uint64_t (*convert)(uint64_t)) {
        int r;

        if (n == 0)
                return 0;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(st)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(st)");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(m, "(st)", limits[i].path, convert ? convert(limits[i].value) : limits[i].value);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_io(sd_bus_message *m, const ContainerConfig *c, bool unified) {
        int r = 0;

        if (c->blkio_weight > 0)
                r = unified ? append_u64(m, "IOWeight", blkio_to_io_weight(c->blkio_weight))
                            : append_u64(m, "BlockIOWeight", c->blkio_weight);
        if (r >= 0)
                r = unified ? append_device_limits(m, "IODeviceWeight", c->weight_devices, c->n_weight_devices,
                                                   blkio_to_io_weight)
                            : append_device_limits(m, "BlockIODeviceWeight", c->weight_devices, c->n_weight_devices, NULL);

        /* systemd 252 has the bandwidths of v1 in properties of their own, and prefers those of v2 if there are any */
        if (r >= 0)
                r = append_device_limits(m, unified ? "IOReadBandwidthMax" : "BlockIOReadBandwidth", c->read_bps,
                                         c->n_read_bps, NULL);
        if (r >= 0)
                r = append_device_limits(m, unified ? "IOWriteBandwidthMax" : "BlockIOWriteBandwidth", c->write_bps,
                                         c->n_write_bps, NULL);
        if (r >= 0)
                r = append_device_limits(m, "IOReadIOPSMax", c->read_iops, c->n_read_iops, NULL);
        if (r >= 0)
                r = append_device_limits(m, "IOWriteIOPSMax", c->write_iops, c->n_write_iops, NULL);
        return r;
}

int resource_properties_append(sd_bus_message *m, const ContainerConfig *c, bool unified) {
        int r;

        r = sd_bus_message_append(m, "(sv)(sv)(sv)", "CPUAccounting", "b", 1, "MemoryAccounting", "b", 1,
                                  "TasksAccounting", "b", 1);
        if (r >= 0)
                r = append_u64(m, "TasksMax", c->pids_limit > 0 ? (uint64_t) c->pids_limit : UINT64_MAX);
        if (r >= 0)
                r = append_memory(m, c);
        if (r >= 0)
                r = append_cpu(m, c, unified);
        if (r >= 0)
                r = append_io(m, c, unified);
        if (r >= 0)
                r = resource_devices_append(m, c);
        return r;
}

static int check_limit_devices(const DeviceLimit *limits, size_t n, Error *reterr) {
        for (size_t i = 0; i < n; i++)
                if (access(limits[i].path, F_OK) < 0)
                        return error_set(reterr, -EINVAL, "limit of block I/O: there is no device '%s'", limits[i].path);
        return 0;
}

/* docker's sentence. A host that does not say what it has is taken at its word when systemd sets the limit. */
static int check_available(const char *what, const char *text, const char *online_path, Error *reterr) {
        _cleanup_(freep) char *online = NULL;
        CpuList wanted, have;

        if (!text || read_full_file_at(AT_FDCWD, online_path, 4096, &online, NULL) < 0 ||
            cpu_list_parse(text_strip(online), &have, NULL) < 0 || cpu_list_parse(text, &wanted, NULL) < 0)
                return 0;

        for (size_t i = 0; i < wanted.n_bytes; i++)
                if (wanted.bits[i] & ~have.bits[i])
                        return error_set(reterr, -EINVAL, "%s are not available: requested %s, available %s", what, text, online);
        return 0;
}

int resource_limits_check_host(const ContainerConfig *c, Error *reterr) {
        long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
        int r;

        if (n_cpus > 0 && c->nano_cpus > (uint64_t) n_cpus * NSEC_PER_SEC)
                return error_set(reterr, -EINVAL, "--cpus can be 0.01 to %li.00, as there are only %li processors", n_cpus, n_cpus);

        r = check_available("processors", c->cpuset_cpus, "/sys/devices/system/cpu/online", reterr);
        if (r >= 0)
                r = check_available("memory nodes", c->cpuset_mems, "/sys/devices/system/node/online", reterr);
        if (r >= 0)
                r = check_limit_devices(c->read_bps, c->n_read_bps, reterr);
        if (r >= 0)
                r = check_limit_devices(c->write_bps, c->n_write_bps, reterr);
        if (r >= 0)
                r = check_limit_devices(c->read_iops, c->n_read_iops, reterr);
        if (r >= 0)
                r = check_limit_devices(c->write_iops, c->n_write_iops, reterr);
        if (r >= 0)
                r = check_limit_devices(c->weight_devices, c->n_weight_devices, reterr);
        return r;
}

int resource_limits_warnings(const ContainerConfig *c, bool unified, char ***ret) {
        _cleanup_(strv_freep) char **l = NULL;
        const struct {
                bool holds;
                const char *sentence;
        } warnings[] = {
                { c->memory_reservation > 0, "systemd has no memory reservation on cgroup v1: it is ignored" },
                { c->memory_swap > 0, "systemd has no limit of swap on cgroup v1: it is ignored" },
                { c->n_read_iops > 0 || c->n_write_iops > 0,
                  "systemd has no limit of I/O operations on cgroup v1: it is ignored" },
                { !!c->cpuset_cpus, "systemd has no cpusets on cgroup v1: the processors are set as an affinity, "
                                    "which the container's processes could change" },
                { !!c->cpuset_mems, "systemd has no cpusets on cgroup v1: the memory nodes are ignored" },
        };

        for (size_t i = 0; !unified && i < ELEMENTSOF(warnings); i++)
                if (warnings[i].holds && strv_extend(&l, warnings[i].sentence) < 0)
                        return -ENOMEM;

        *ret = TAKE_PTR(l);
        return 0;
}

int resource_apply_affinity(const ContainerConfig *c, bool unified, pid_t leader) {
        CpuList list;
        cpu_set_t set;
        int r;

        if (unified || !c->cpuset_cpus)
                return 0;

        r = cpu_list_parse(c->cpuset_cpus, &list, NULL);
        if (r < 0)
                return r;

        CPU_ZERO(&set);
        for (size_t i = 0; i < list.n_bytes * 8 && i < CPU_SETSIZE; i++)
                if (list.bits[i / 8] & (1U << (i % 8)))
                        CPU_SET(i, &set);

        return sched_setaffinity(leader, sizeof(set), &set) < 0 ? negative_errno() : 0;
}

void resource_limits_done(ResourceLimits *l) {
        free(l->allowed_cpus);
        free(l->allowed_memory_nodes);
        *l = (ResourceLimits) RESOURCE_LIMITS_INIT;
}

static int read_bytes(sd_bus_message *m, char **ret) {
        const void *bytes;
        size_t n;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &bytes, &n);
        if (r < 0)
                return r;

        free(*ret);
        *ret = NULL;
        r = cpu_list_format(bytes, MIN(n, (size_t) CPU_LIST_MAX / 8), ret);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int resource_limits_read(sd_bus_message *reply, ResourceLimits *ret) {
        _cleanup_(resource_limits_done) ResourceLimits l = RESOURCE_LIMITS_INIT;
        const struct {
                const char *name;
                uint64_t *value;
        } numbers[] = {
                { "MemoryMax", &l.memory_max },
                { "MemoryLow", &l.memory_low },
                { "MemorySwapMax", &l.memory_swap_max },
                { "CPUWeight", &l.cpu_weight },
                { "CPUShares", &l.cpu_shares },
                { "CPUQuotaPerSecUSec", &l.cpu_quota_per_sec_usec },
                { "CPUQuotaPeriodUSec", &l.cpu_quota_period_usec },
                { "TasksMax", &l.tasks_max },
                { "IOWeight", &l.io_weight },
                { "BlockIOWeight", &l.block_io_weight },
                { "MemoryCurrent", &l.memory_current },
                { "CPUUsageNSec", &l.cpu_usage_nsec },
                { "TasksCurrent", &l.tasks_current },
        };
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                uint64_t *number = NULL;
                const char *name;

                r = sd_bus_message_read_basic(reply, 's', &name);
                if (r < 0)
                        return r;

                for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                        if (streq(numbers[i].name, name))
                                number = numbers[i].value;

                if (number)
                        r = sd_bus_message_read(reply, "v", "t", number);
                else if (streq(name, "AllowedCPUs"))
                        r = read_bytes(reply, &l.allowed_cpus);
                else if (streq(name, "AllowedMemoryNodes"))
                        r = read_bytes(reply, &l.allowed_memory_nodes);
                else
                        r = sd_bus_message_skip(reply, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        r = sd_bus_message_exit_container(reply);
        if (r < 0)
                return r;

        resource_limits_done(ret);
        *ret = TAKE_GENERIC(l, ResourceLimits, (ResourceLimits) RESOURCE_LIMITS_INIT);
        return 0;
}
