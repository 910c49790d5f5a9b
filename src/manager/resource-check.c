/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "resource-check.h"

#define MEMORY_MIN     (UINT64_C(6) << 20)
#define CPU_PERIOD_MIN 1000U
#define CPU_QUOTA_MIN  1000
#define NANO_CPUS_MIN  10000000U
#define SHARES_MIN     2U
#define WEIGHT_MIN     10U

static int check_memory(ContainerConfig *c, Error *reterr) {
        if (c->memory > 0 && c->memory < MEMORY_MIN)
                return error_set(reterr, -EINVAL, "Minimum memory limit allowed is 6MB");
        if (c->memory_reservation > 0 && c->memory_reservation < MEMORY_MIN)
                return error_set(reterr, -EINVAL, "Minimum memory reservation allowed is 6MB");
        if (c->memory > 0 && c->memory_reservation > c->memory)
                return error_set(reterr, -EINVAL, "the memory limit must be above the memory reservation");
        if (c->memory_swap > 0 && c->memory == 0)
                return error_set(reterr, -EINVAL, "a limit of memory and swap (--memory-swap) needs one of memory (--memory) too");
        if (c->memory_swap > 0 && (uint64_t) c->memory_swap < c->memory)
                return error_set(reterr, -EINVAL,
                                 "the limit of memory and swap (--memory-swap) must not be below that of memory (--memory)");
        if (c->oom_kill_disable)
                return error_set(reterr, -EOPNOTSUPP,
                                 "--oom-kill-disable is not supported: control groups of version 2 do not have it");
        return 0;
}

static int check_cpu(ContainerConfig *c, Error *reterr) {
        if (c->cpu_shares > 0 && c->cpu_shares < SHARES_MIN)
                return error_set(reterr, -EINVAL, "the least of cpu shares is %u", SHARES_MIN);
        if (c->nano_cpus > 0 && (c->cpu_quota != 0 || c->cpu_period > 0))
                return error_set(reterr, -EINVAL, "--cpus cannot be combined with --cpu-quota or --cpu-period: it sets both");
        if (c->nano_cpus > 0 && c->nano_cpus < NANO_CPUS_MIN)
                return error_set(reterr, -EINVAL, "--cpus must be at least 0.01");
        if (c->cpu_period > 0 && c->cpu_period < CPU_PERIOD_MIN)
                return error_set(reterr, -EINVAL, "the period must be 1000 to 1000000 µs");
        if (c->cpu_quota > 0 && c->cpu_quota < CPU_QUOTA_MIN)
                return error_set(reterr, -EINVAL, "the least quota is 1000 µs");
        return 0;
}

int resource_limits_check(ContainerConfig *c, Error *reterr) {
        int r;

        r = check_memory(c, reterr);
        if (r >= 0)
                r = check_cpu(c, reterr);
        if (r < 0)
                return r;

        if (c->blkio_weight > 0 && c->blkio_weight < WEIGHT_MIN)
                return error_set(reterr, -EINVAL, "the weight of block I/O must be 10 to 1000");
        return 0;
}
