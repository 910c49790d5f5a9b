/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filesystem.h"
#include "setup-target.h"
#include "setup.h"
#include "shared/path.h"
#include "shared/text.h"

/* Our mount namespace is a copy of the host's: what happens in the one shall not happen in the other. */
int setup_propagation(Setup *s, SetupReport *report) {
        struct mount_attr attributes = { .propagation = MS_PRIVATE };

        setup_subject(report, "mounts private");
        return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof(attributes)) < 0 ? -errno : 0;
}

int setup_filesystems(Setup *s, SetupReport *report) {
        for (size_t i = 0; i < s->n_mounts; i++) {
                MountPlan *m = s->mounts + i;

                if (m->from_parent || m->kind != MOUNT_KIND_FILESYSTEM)
                        continue;

                setup_subject(report, m->destination);
                m->fd = filesystem_make(m->mount->type, m->mount->source ?: m->mount->type, m->options.filesystem,
                                        m->options.attr_set, report);
                if (m->fd < 0)
                        return m->fd;
        }

        return 0;
}

int setup_receive(Setup *s, SetupReport *report) {
        int fds[FDS_MAX];
        size_t n = 2, i = 0;
        SetupMessage m;
        int r;

        setup_subject(report, "the root file system");
        r = setup_receive_message(s->socket, &m, fds, &n);
        if (r < 0)
                return r;
        if (m.type != SETUP_ROOT || n < 1)
                return -EPROTO;

        s->identity = m.identity;
        s->root_fd = fds[0];
        s->dev_fd = n > 1 ? fds[1] : -EBADF;

        setup_subject(report, "mounts");
        n = 0;
        for (size_t k = 0; k < s->n_mounts; k++) {
                if (!s->mounts[k].from_parent)
                        continue;
                if (s->mounts[k].kind == MOUNT_KIND_DEV) {
                        s->mounts[k].fd = s->dev_fd;
                        continue;
                }

                if (i == n) {
                        n = FDS_MAX;
                        i = 0;
                        r = setup_receive_message(s->socket, &m, fds, &n);
                        if (r < 0)
                                return r;
                        if (m.type != SETUP_MOUNTS || n == 0)
                                return -EPROTO;
                }
                s->mounts[k].fd = fds[i++];
        }

        return 0;
}

/* Onto the host's root, where it covers everything; no directory of the host is needed or touched. Paths from "/" still
 * begin at the host's root, since that is where our root directory is until the pivot. */
int setup_root(Setup *s, SetupReport *report) {
        setup_subject(report, "/");
        return move_mount(s->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

static int set_propagation(const MountPlan *m) {
        if (m->options.propagation == 0 || m->options.propagation == MS_PRIVATE)
                return 0;

        return mount_set_attributes(m->fd, m->options.propagation_recursive ? AT_RECURSIVE : 0, 0, 0,
                                    m->options.propagation, -EBADF);
}

static int mount_one(Setup *s, MountPlan *m, SetupReport *report) {
        _cleanup_(closep) int target_fd = -EBADF;
        bool directory = true;
        int r;

        if (m->kind == MOUNT_KIND_BIND) {
                struct stat st;

                if (fstat(m->fd, &st) < 0)
                        return -errno;
                directory = S_ISDIR(st.st_mode);
        }

        target_fd = setup_open_target(s->root_fd, m->destination, directory, m->engine);
        if (target_fd < 0)
                return target_fd;

        if (m->kind == MOUNT_KIND_CGROUP && !m->from_parent) {
                /* Cgroups as they are seen from a namespace that we are not in yet */
                m->target_fd = TAKE_FD(target_fd);
                return s->n_hierarchies > 1 ? setup_cgroup_tmpfs(s, m, report) : 0;
        }

        r = setup_attach_at(s->root_fd, m->fd, target_fd, m->destination, m->engine);
        if (r < 0)
                return r;

        return set_propagation(m);
}

int setup_mounts(Setup *s, SetupReport *report) {
        for (size_t i = 0; i < s->n_mounts; i++) {
                int r;

                setup_subject(report, s->mounts[i].destination);
                r = mount_one(s, s->mounts + i, report);
                if (r < 0)
                        return r;
        }

        return 0;
}

int setup_pivot_root(Setup *s, SetupReport *report) {
        setup_subject(report, "the root file system");
        if (fchdir(s->root_fd) < 0)
                return -errno;

        /* The old root lands on top of the new one and is the first to be found there */
        if (syscall(SYS_pivot_root, ".", ".") < 0)
                return -errno;
        if (umount2(".", MNT_DETACH) < 0)
                return -errno;

        return chdir("/") < 0 ? -errno : 0;
}

int setup_root_readonly(Setup *s, SetupReport *report) {
        static const struct {
                const char *name;
                uint64_t flag;
        } propagations[] = {
                { "shared", MS_SHARED },         { "rshared", MS_SHARED },         { "slave", MS_SLAVE },
                { "rslave", MS_SLAVE },          { "unbindable", MS_UNBINDABLE },  { "runbindable", MS_UNBINDABLE },
        };
        const char *wanted = s->spec->linux_.rootfs_propagation;
        uint64_t propagation = 0;

        for (size_t i = 0; wanted && i < ELEMENTSOF(propagations); i++)
                if (streq(propagations[i].name, wanted))
                        propagation = propagations[i].flag;

        if (!s->spec->root.readonly && propagation == 0)
                return 0;

        setup_subject(report, "the root file system");
        return mount_set_attributes(s->root_fd, 0, s->spec->root.readonly ? MOUNT_ATTR_RDONLY : 0, 0, propagation,
                                    -EBADF);
}
