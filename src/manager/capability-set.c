/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/capability.h>
#include <strings.h>

#include "capability-set.h"
#include "shared/strv.h"
#include "shared/text.h"

static const char *const capability_names[] = {
        [CAP_CHOWN] = "CAP_CHOWN",
        [CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
        [CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
        [CAP_FOWNER] = "CAP_FOWNER",
        [CAP_FSETID] = "CAP_FSETID",
        [CAP_KILL] = "CAP_KILL",
        [CAP_SETGID] = "CAP_SETGID",
        [CAP_SETUID] = "CAP_SETUID",
        [CAP_SETPCAP] = "CAP_SETPCAP",
        [CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
        [CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
        [CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
        [CAP_NET_ADMIN] = "CAP_NET_ADMIN",
        [CAP_NET_RAW] = "CAP_NET_RAW",
        [CAP_IPC_LOCK] = "CAP_IPC_LOCK",
        [CAP_IPC_OWNER] = "CAP_IPC_OWNER",
        [CAP_SYS_MODULE] = "CAP_SYS_MODULE",
        [CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
        [CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
        [CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
        [CAP_SYS_PACCT] = "CAP_SYS_PACCT",
        [CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
        [CAP_SYS_BOOT] = "CAP_SYS_BOOT",
        [CAP_SYS_NICE] = "CAP_SYS_NICE",
        [CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
        [CAP_SYS_TIME] = "CAP_SYS_TIME",
        [CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
        [CAP_MKNOD] = "CAP_MKNOD",
        [CAP_LEASE] = "CAP_LEASE",
        [CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
        [CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
        [CAP_SETFCAP] = "CAP_SETFCAP",
        [CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
        [CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
        [CAP_SYSLOG] = "CAP_SYSLOG",
        [CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
        [CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
        [CAP_AUDIT_READ] = "CAP_AUDIT_READ",
        [CAP_PERFMON] = "CAP_PERFMON",
        [CAP_BPF] = "CAP_BPF",
        [CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};

#define BIT(c) (UINT64_C(1) << (c))

uint64_t capability_default_set(void) {
        return BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) |
               BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SYS_CHROOT);
}

uint64_t capability_known_set(void) {
        return BIT(ELEMENTSOF(capability_names)) - 1;
}

int capability_set_add(uint64_t *set, const char *name, Error *reterr) {
        const char *best = NULL;
        unsigned best_distance = (unsigned) MIN(strlen(name) / 3 + 1, (size_t) 4);

        if (strcasecmp(name, "all") == 0) {
                *set = CAPABILITY_ALL;
                return 0;
        }

        for (size_t i = 0; i < ELEMENTSOF(capability_names); i++)
                if (strcasecmp(name, capability_names[i]) == 0 ||
                    strcasecmp(name, capability_names[i] + strlen("CAP_")) == 0) {
                        *set |= BIT(i);
                        return 0;
                }

        for (size_t i = 0; i < ELEMENTSOF(capability_names); i++) {
                bool with_prefix = strncasecmp(name, "CAP_", 4) == 0;
                const char *candidate = capability_names[i] + (with_prefix ? 0 : strlen("CAP_"));
                unsigned d = edit_distance(name, candidate);

                if (d < best_distance) {
                        best = candidate;
                        best_distance = d;
                }
        }

        if (best)
                return error_set(reterr, -EINVAL, "'%s' is not a capability; did you mean %s?", name, best);
        return error_set(reterr, -EINVAL, "'%s' is not a capability", name);
}

int capability_set_names(uint64_t set, char ***ret) {
        _cleanup_(strv_freep) char **l = NULL;

        l = new0(char *, ELEMENTSOF(capability_names) + 1);
        if (!l)
                return -ENOMEM;

        for (size_t i = 0, n = 0; i < ELEMENTSOF(capability_names); i++)
                if (set & BIT(i)) {
                        l[n] = strdup(capability_names[i]);
                        if (!l[n++])
                                return -ENOMEM;
                }

        *ret = TAKE_PTR(l);
        return 0;
}
