/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* --network, --pid, --ipc, --uts, --cgroupns and --userns. */

typedef enum NamespaceMode {
        NAMESPACE_PRIVATE,   /* one of its own; with --network: "none", nothing in it but lo */
        NAMESPACE_HOST,      /* that of the host */
        NAMESPACE_SHAREABLE, /* --ipc only: its own, which others may join in a later version */
        _NAMESPACE_MODE_MAX,
        _NAMESPACE_MODE_INVALID = -EINVAL,
} NamespaceMode;

int network_mode_parse(const char *text, NamespaceMode *ret, Error *reterr);
int pid_mode_parse(const char *text, NamespaceMode *ret, Error *reterr);
int ipc_mode_parse(const char *text, NamespaceMode *ret, Error *reterr);
int uts_mode_parse(const char *text, NamespaceMode *ret, Error *reterr);
int cgroup_mode_parse(const char *text, NamespaceMode *ret, Error *reterr);

/* "auto", "auto:size=N", "private", "host": size is 0 with host. */
int user_mode_parse(const char *text, NamespaceMode *ret, uint32_t *ret_size, Error *reterr);
