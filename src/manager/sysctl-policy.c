/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/text.h"
#include "sysctl-policy.h"

#define SYSCTL_NAME_MAX  256U
#define SYSCTL_VALUE_MAX 256U

static const char *const ipc_sysctls[] = {
        "kernel.msgmax",          "kernel.msgmnb",   "kernel.msgmni",   "kernel.sem",         "kernel.shmall",
        "kernel.shmmax",          "kernel.shmmni",   "kernel.shm_rmid_forced",
        "fs.mqueue.msg_default",  "fs.mqueue.msg_max", "fs.mqueue.msgsize_default", "fs.mqueue.msgsize_max",
        "fs.mqueue.queues_max",
};

static bool name_is_valid(const char *name) {
        if (strlen(name) > SYSCTL_NAME_MAX || name[0] == '.' || strstr(name, "..") || endswith(name, "."))
                return false;
        for (const char *p = name; *p; p++)
                if (!ascii_isalnum(*p) && !strchr("_-.", *p))
                        return false;
        return true;
}

SysctlScope sysctl_scope(const char *name) {
        if (!name_is_valid(name))
                return _SYSCTL_SCOPE_INVALID;

        for (size_t i = 0; i < ELEMENTSOF(ipc_sysctls); i++)
                if (streq(name, ipc_sysctls[i]))
                        return SYSCTL_IPC;
        if (streq(name, "kernel.domainname"))
                return SYSCTL_UTS;
        if (startswith(name, "net."))
                return SYSCTL_NETWORK;

        return _SYSCTL_SCOPE_INVALID;
}

/* One value: the kernel would take what follows a line feed for nothing, but who reads /proc may not. Several numbers
 * apart by blanks are one value of kernel.sem or net.ipv4.ping_group_range. */
static bool value_is_valid(const char *value) {
        if (isempty(value) || strlen(value) > SYSCTL_VALUE_MAX)
                return false;
        for (const char *p = value; *p; p++)
                if (!ascii_isalnum(*p) && !strchr(" \t.,:_/+-", *p))
                        return false;
        return true;
}

int sysctl_check(const char *assignment, bool own_ipc, bool own_network, bool own_uts, Error *reterr) {
        _cleanup_(freep) char *name = strndup(assignment, strcspn(assignment, "="));
        const char *value = strchr(assignment, '=');

        if (!name)
                return error_oom(reterr);

        switch (sysctl_scope(name)) {

        case SYSCTL_IPC:
                if (!own_ipc)
                        return error_set(reterr, -EINVAL, "sysctl '%s' would be the host's with --ipc host", name);
                break;

        case SYSCTL_NETWORK:
                if (!own_network)
                        return error_set(reterr, -EINVAL, "sysctl '%s' would be the host's with --network host", name);
                break;

        case SYSCTL_UTS:
                if (!own_uts)
                        return error_set(reterr, -EINVAL, "sysctl '%s' would be the host's with --uts host", name);
                break;

        default:
                return error_set(reterr, -EINVAL, "sysctl '%s' does not belong to a container: it would be the host's; "
                                 "there are net.*, fs.mqueue.* and the kernel.* of messages, semaphores and shared memory", name);
        }

        if (!value || !value_is_valid(value + 1))
                return error_set(reterr, -EINVAL, "sysctl '%s': '%s' is not a value", name, value ? value + 1 : "");
        return 0;
}
