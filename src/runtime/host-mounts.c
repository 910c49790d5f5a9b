/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filesystem.h"
#include "host-dev.h"
#include "host-mounts.h"
#include "overlay.h"
#include "shared/strv.h"
#include "shared/text.h"

/* A bind mount shows what is there; it does not make more of it than the host allows itself */
#define NEVER_CLEARED (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

int host_id(const OciIdMap *maps, size_t n, bool userns, uint32_t id, uint32_t *ret) {
        if (!userns) {
                *ret = id;
                return 0;
        }

        for (size_t i = 0; i < n; i++)
                if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].size) {
                        *ret = maps[i].host_id + (id - maps[i].container_id);
                        return 0;
                }

        return -EINVAL;
}

static int set_bind_attributes(int fd, const MountOptions *o, int userns_fd) {
        uint64_t set = o->attr_set | (o->idmap ? MOUNT_ATTR_IDMAP : 0);
        uint64_t below = o->recursive_set | (o->idmap_recursive ? MOUNT_ATTR_IDMAP : 0);
        int r;

        /* Private in any case: what the host mounts later shall not appear, unless it was asked for */
        r = mount_set_attributes(fd, o->recursive ? AT_RECURSIVE : 0, o->recursive ? below : set,
                                 (o->recursive ? o->recursive_clear : o->attr_clear) & ~NEVER_CLEARED,
                                 o->propagation & (MS_SHARED | MS_SLAVE) ? 0 : MS_PRIVATE,
                                 userns_fd);
        if (r < 0 || !o->recursive)
                return r;

        set &= ~(below & ~MOUNT_ATTR__ATIME);
        if (set == 0 && o->attr_clear == 0)
                return 0;

        return mount_set_attributes(fd, 0, set, o->attr_clear & ~NEVER_CLEARED, 0, userns_fd);
}

static int bind(const MountPlan *m, const char *source, int bundle_fd, int userns_fd, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        int r;

        fd = open_tree(bundle_fd >= 0 ? bundle_fd : AT_FDCWD, source,
                       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (m->options.recursive ? AT_RECURSIVE : 0));
        if (fd < 0 && errno == ENOENT)
                return error_set(reterr, -ENOENT, "mount %s: bind source path does not exist: %s", m->destination,
                                 source);
        if (fd < 0)
                return error_errnof(reterr, -errno, "mount %s: cannot use '%s'", m->destination, source);

        r = set_bind_attributes(fd, &m->options, userns_fd);
        if (r == -EINVAL && m->options.idmap)
                return error_set(reterr, r,
                                 "mount %s: the file system of '%s' cannot be id-mapped; --userns=host does without",
                                 m->destination, source);
        if (r < 0)
                return error_errnof(reterr, r, "mount %s: cannot set the options of the mount", m->destination);

        return TAKE_FD(fd);
}

int host_mount_make(const Setup *s, const MountPlan *m, int bundle_fd, int userns_fd, Error *reterr) {
        SetupReport report = {};
        int fd;

        switch (m->kind) {
        case MOUNT_KIND_DEV:
                return host_dev_make(s, m, reterr);

        case MOUNT_KIND_BIND:
                return bind(m, m->mount->source, bundle_fd, userns_fd, reterr);

        case MOUNT_KIND_CGROUP: {
                MountPlan all = *m;

                all.options.recursive = true;
                all.options.recursive_set |= all.options.attr_set;
                return bind(&all, "/sys/fs/cgroup", bundle_fd, userns_fd, reterr);
        }

        case MOUNT_KIND_FILESYSTEM:
                break;
        }

        fd = filesystem_make(m->mount->type, m->mount->source ?: m->mount->type, m->options.filesystem,
                             m->options.attr_set, &report);
        if (fd < 0)
                return error_errnof(reterr, fd, "mount %s%s%s", m->destination, isempty(report.detail) ? "" : ": ",
                                    report.detail);

        return fd;
}

static int bind_root(const Setup *s, int bundle_fd, Error *reterr) {
        const char *path = s->spec->root.path;
        _cleanup_(closep) int fd = -EBADF;
        struct stat st;
        int r;

        fd = open_tree(bundle_fd >= 0 ? bundle_fd : AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        if (fd < 0)
                return error_errnof(reterr, -errno, "root file system '%s'", path);
        if (fstat(fd, &st) < 0)
                return error_errnof(reterr, -errno, "root file system '%s'", path);
        if (!S_ISDIR(st.st_mode))
                return error_errnof(reterr, -ENOTDIR, "root file system '%s'", path);

        r = mount_set_attributes(fd, AT_RECURSIVE, 0, 0, MS_PRIVATE, -EBADF);
        if (r < 0)
                return error_errnof(reterr, r, "root file system '%s'", path);

        return TAKE_FD(fd);
}

int host_mount_root(const Setup *s, int bundle_fd, int userns_fd, Error *reterr) {
        if (!s->root_mount)
                return bind_root(s, bundle_fd, reterr);

        return overlay_mount(s->root_mount, userns_fd, reterr);
}
