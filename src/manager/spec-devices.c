/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device-tree.h"
#include "shared/path.h"
#include "spec-internal.h"

/* Devices of the host that a container is given. The six that every container has are the runtime's business. Which of
 * them may be used is decided by the unit's device policy: resource-devices.c. */

static int add_node(const char *path, const struct stat *st, void *userdata) {
        OciDevice d = {
                .type = S_ISBLK(st->st_mode) ? 'b' : 'c',
                .path = (char *) path,
                .major = major(st->st_rdev),
                .minor = minor(st->st_rdev),
                .file_mode = OCI_NUMBER(st->st_mode & 0777),
                .uid = OCI_NUMBER(0),
                .gid = OCI_NUMBER(0),
        };

        return oci_spec_add_device(userdata, &d);
}

int spec_add_devices(OciSpec *s, const ContainerConfig *c, Error *reterr) {
        int r;

        if (c->privileged) {
                r = device_tree_walk("/dev", "/dev", add_node, s);
                if (r < 0 && r != -E2BIG) /* the first so many are enough for anybody */
                        return error_errnof(reterr, r, "cannot read /dev");
        }

        for (size_t i = 0; i < c->n_device_specs; i++) {
                const DeviceSpec *d = c->device_specs + i;

                r = device_tree_walk(d->source, d->target, add_node, s);
                if (r == -ENODEV)
                        return error_set(reterr, r, "'%s' is not a device", d->source);
                if (r == -E2BIG)
                        return error_set(reterr, r, "'%s' has more than %u devices", d->source, DEVICE_NODES_MAX);
                if (r < 0)
                        return error_errnof(reterr, r, "device %s", d->source);
        }
        return 0;
}

int container_spec_prepare_sources(const ContainerConfig *c, Error *reterr) {
        for (size_t i = 0; i < c->n_mount_specs; i++) {
                const MountSpec *m = c->mount_specs + i;
                int r;

                if (m->type != MOUNT_SPEC_BIND || access(m->source, F_OK) >= 0)
                        continue;
                if (!m->create_source || errno != ENOENT)
                        return error_errnof(reterr, negative_errno(), "mount of %s: cannot use %s", m->target, m->source);

                r = mkdir_parents(m->source, 0755);
                if (r < 0)
                        return error_errnof(reterr, r, "mount of %s: cannot make %s", m->target, m->source);
        }

        for (size_t i = 0; i < c->n_device_specs; i++)
                if (access(c->device_specs[i].source, F_OK) < 0)
                        return error_errnof(reterr, negative_errno(), "device %s", c->device_specs[i].source);
        return 0;
}
