/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "setup.h"
#include "shared/error.h"

/* Namespaces that exist already are joined by the parent, just for the moment of the clone: it has the rights in the host's
 * user namespace that a process in a new one would lack. Between enter and leave nothing else may happen. */
typedef struct NamespaceJoin {
        int target_fds[OCI_NAMESPACE_TYPE_MAX];
        int own_fds[OCI_NAMESPACE_TYPE_MAX];
} NamespaceJoin;

int namespace_join_open(const OciSpec *spec, NamespaceJoin *ret, Error *reterr);
void namespace_join_done(NamespaceJoin *j);
int namespace_join_enter(NamespaceJoin *j, Error *reterr);
int namespace_join_leave(NamespaceJoin *j);

int id_maps_write(pid_t pid, const OciLinux *l, Error *reterr);
