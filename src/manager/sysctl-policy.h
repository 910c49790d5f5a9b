/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* The sysctls that belong to a namespace of the container, and no other: the kernel would set the host's. */

typedef enum SysctlScope {
        SYSCTL_IPC,
        SYSCTL_NETWORK,
        SYSCTL_UTS,
        _SYSCTL_SCOPE_INVALID = -EINVAL,
} SysctlScope;

/* name: "net.ipv4.ip_forward". */
SysctlScope sysctl_scope(const char *name);

/* assignment: "name=value". own_…: whether the container has such a namespace of its own. */
int sysctl_check(const char *assignment, bool own_ipc, bool own_network, bool own_uts, Error *reterr);
