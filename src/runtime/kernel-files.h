/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/macro.h"

#define SYSCTL_PATH_MAX 256U

/* The path below /proc of "net.ipv4.ip_forward=1": "sys/net/ipv4/ip_forward". A slash in the name stands for a dot in a
 * component ("net.ipv4.conf.eth0/1.forwarding"). -EINVAL where that is no path. Allocates nothing. */
int sysctl_path(const char *assignment, char ret[static SYSCTL_PATH_MAX]);

typedef enum SysctlScope {
        SYSCTL_NONE, /* belongs to the whole machine */
        SYSCTL_IPC,
        SYSCTL_UTS,
        SYSCTL_NETWORK,
} SysctlScope;

/* The namespace that "kernel.shmmax" belongs to. The list is fixed: what a newer kernel keeps per namespace is not known
 * to be safe here. */
SysctlScope sysctl_scope(const char *name, size_t length) _pure_;
