/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "namespaces.h"
#include "shared/io.h"
#include "shared/text.h"

/* In the order in which they are entered and, backwards, left */
static const struct {
        const char *own;
        int flag;
} joinable[OCI_NAMESPACE_TYPE_MAX] = {
        [OCI_NAMESPACE_PID] = { "/proc/self/ns/pid", CLONE_NEWPID },
        [OCI_NAMESPACE_NETWORK] = { "/proc/self/ns/net", CLONE_NEWNET },
        [OCI_NAMESPACE_IPC] = { "/proc/self/ns/ipc", CLONE_NEWIPC },
        [OCI_NAMESPACE_UTS] = { "/proc/self/ns/uts", CLONE_NEWUTS },
        [OCI_NAMESPACE_CGROUP] = { "/proc/self/ns/cgroup", CLONE_NEWCGROUP },
};

void namespace_join_done(NamespaceJoin *j) {
        for (OciNamespaceType t = 0; t < OCI_NAMESPACE_TYPE_MAX; t++) {
                j->target_fds[t] = safe_close(j->target_fds[t]);
                j->own_fds[t] = safe_close(j->own_fds[t]);
        }
}

int namespace_join_open(const OciSpec *spec, NamespaceJoin *ret, Error *reterr) {
        for (OciNamespaceType t = 0; t < OCI_NAMESPACE_TYPE_MAX; t++)
                ret->target_fds[t] = ret->own_fds[t] = -EBADF;

        for (size_t i = 0; i < spec->linux_.n_namespaces; i++) {
                const OciNamespace *n = spec->linux_.namespaces + i;

                if (isempty(n->path))
                        continue;
                if (!joinable[n->type].own)
                        return error_set(reterr, -EOPNOTSUPP, "Joining a namespace of type '%s' is not supported",
                                         oci_namespace_type_to_string(n->type));

                ret->target_fds[n->type] = open(n->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
                if (ret->target_fds[n->type] < 0)
                        return error_errnof(reterr, -errno, "%s namespace '%s'", oci_namespace_type_to_string(n->type),
                                            n->path);
                ret->own_fds[n->type] = open(joinable[n->type].own, O_RDONLY | O_CLOEXEC);
                if (ret->own_fds[n->type] < 0)
                        return error_errnof(reterr, -errno, "%s", joinable[n->type].own);
        }

        return 0;
}

int namespace_join_enter(NamespaceJoin *j, Error *reterr) {
        for (OciNamespaceType t = 0; t < OCI_NAMESPACE_TYPE_MAX; t++)
                if (j->target_fds[t] >= 0 && setns(j->target_fds[t], joinable[t].flag) < 0)
                        return error_errnof(reterr, -errno, "Cannot join the %s namespace", oci_namespace_type_to_string(t));

        return 0;
}

int namespace_join_leave(NamespaceJoin *j) {
        int result = 0;

        for (OciNamespaceType t = 0; t < OCI_NAMESPACE_TYPE_MAX; t++)
                if (j->own_fds[t] >= 0 && setns(j->own_fds[t], joinable[t].flag) < 0)
                        result = -errno;

        return result;
}

static int write_map(pid_t pid, const char *file, const OciIdMap *maps, size_t n, Error *reterr) {
        _cleanup_(freep) char *text = NULL;
        char path[64];
        int r;

        for (size_t i = 0; i < n; i++) {
                r = text_append(&text, "%u %u %u\n", maps[i].container_id, maps[i].host_id, maps[i].size);
                if (r < 0)
                        return error_oom(reterr);
        }

        snprintf(path, sizeof(path), "/proc/%i/%s", pid, file);
        r = write_string_at(AT_FDCWD, path, text);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot map the container's ids (%s)", file);

        return 0;
}

int id_maps_write(pid_t pid, const OciLinux *l, Error *reterr) {
        int r;

        r = write_map(pid, "uid_map", l->uid_mappings, l->n_uid_mappings, reterr);
        if (r < 0)
                return r;

        return write_map(pid, "gid_map", l->gid_mappings, l->n_gid_mappings, reterr);
}
