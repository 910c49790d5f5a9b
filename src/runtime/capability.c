/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability.h"
#include "shared/strv.h"
#include "shared/text.h"

static const char *const capability_names[] = {
        "CAP_CHOWN",           "CAP_DAC_OVERRIDE",     "CAP_DAC_READ_SEARCH", "CAP_FOWNER",         "CAP_FSETID",
        "CAP_KILL",            "CAP_SETGID",           "CAP_SETUID",          "CAP_SETPCAP",        "CAP_LINUX_IMMUTABLE",
        "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",   "CAP_NET_ADMIN",       "CAP_NET_RAW",        "CAP_IPC_LOCK",
        "CAP_IPC_OWNER",       "CAP_SYS_MODULE",       "CAP_SYS_RAWIO",       "CAP_SYS_CHROOT",     "CAP_SYS_PTRACE",
        "CAP_SYS_PACCT",       "CAP_SYS_ADMIN",        "CAP_SYS_BOOT",        "CAP_SYS_NICE",       "CAP_SYS_RESOURCE",
        "CAP_SYS_TIME",        "CAP_SYS_TTY_CONFIG",   "CAP_MKNOD",           "CAP_LEASE",          "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL",   "CAP_SETFCAP",          "CAP_MAC_OVERRIDE",    "CAP_MAC_ADMIN",      "CAP_SYSLOG",
        "CAP_WAKE_ALARM",      "CAP_BLOCK_SUSPEND",    "CAP_AUDIT_READ",      "CAP_PERFMON",        "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE",
};

int capability_from_name(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(capability_names); i++)
                if (streq(capability_names[i], name))
                        return (int) i;

        return -EINVAL;
}

const char *capability_to_name(unsigned capability) {
        return capability < ELEMENTSOF(capability_names) ? capability_names[capability] : NULL;
}

uint64_t capability_set_from_names(char *const *names) {
        uint64_t set = 0;

        STRV_FOREACH(name, names) {
                int c = capability_from_name(*name);

                if (c >= 0)
                        set |= UINT64_C(1) << c;
        }

        return set;
}
