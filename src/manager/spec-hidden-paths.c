/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>
#include <unistd.h>

#include "shared/strv.h"
#include "shared/text.h"
#include "spec-internal.h"

/* Files of the kernel that are not about the container: what they tell helps against other containers, and what can be
 * written to them is the host's. docker's and podman's lists together, and a few more. Those that the running kernel
 * does not have are passed over by the runtime. */
static const char *const masked_paths[] = {
        "/proc/acpi",
        "/proc/asound",
        "/proc/config.gz",
        "/proc/interrupts",
        "/proc/kcore",
        "/proc/keys",
        "/proc/kpagecgroup",
        "/proc/kpagecount",
        "/proc/kpageflags",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/sys/dev/block",
        "/sys/devices/virtual/powercap",
        "/sys/firmware",
        "/sys/fs/selinux",
        "/sys/kernel/debug",
        "/sys/kernel/tracing",
        "/sys/module",
};

static const char *const readonly_paths[] = {
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

/* One per processor; a side channel where there are any. */
#define THROTTLE_PATH "/sys/devices/system/cpu/cpu%ld/thermal_throttle"

static bool is_unmasked(const ContainerConfig *c, const char *path) {
        if (c->privileged || c->security.unmask_all)
                return true;

        STRV_FOREACH(pattern, c->security.unmask)
                if (fnmatch(*pattern, path, FNM_PATHNAME) == 0)
                        return true;
        return false;
}

static int add(char ***l, const ContainerConfig *c, const char *path) {
        return is_unmasked(c, path) ? 0 : strv_extend(l, path);
}

int spec_add_hidden_paths(OciSpec *s, const ContainerConfig *c) {
        char ***masked = &s->linux_.masked_paths, ***readonly = &s->linux_.readonly_paths;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(masked_paths); i++)
                r = add(masked, c, masked_paths[i]);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(readonly_paths); i++)
                r = add(readonly, c, readonly_paths[i]);

        for (long i = 0, n = sysconf(_SC_NPROCESSORS_CONF); r >= 0 && i < n; i++) {
                char path[sizeof(THROTTLE_PATH) + 20];

                snprintf(path, sizeof(path), THROTTLE_PATH, i);
                if (access(path, F_OK) < 0)
                        break;
                r = add(masked, c, path);
        }

        /* What somebody wants hidden is hidden, whatever else is said */
        STRV_FOREACH(p, c->security.mask)
                if (r >= 0 && !strv_contains(*masked, *p))
                        r = strv_extend(masked, *p);
        return r;
}
