/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filesystem.h"
#include "setup-target.h"
#include "setup.h"
#include "shared/text.h"

/* v1 and hybrid: a directory for each hierarchy, and links for those who look for one of several controllers of a
 * hierarchy ("cpu" for "cpu,cpuacct"). */
int setup_cgroup_tmpfs(Setup *s, MountPlan *m, SetupReport *report) {
        static char mode[] = "mode=0755", size[] = "size=64k";
        static char *const options[] = { mode, size, NULL };
        int r;

        m->fd = filesystem_make("tmpfs", "cgroup", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                                report);
        if (m->fd < 0)
                return m->fd;

        for (size_t i = 0; i < s->n_hierarchies; i++) {
                const CgroupHierarchy *h = s->hierarchies + i;

                if (mkdirat(m->fd, h->name, 0755) < 0 && errno != EEXIST)
                        return -errno;
                if (!h->controllers || !h->controllers[1] || strchr(h->controllers[0], '='))
                        continue;
                for (char *const *c = h->controllers; *c; c++)
                        if (symlinkat(h->name, m->fd, *c) < 0 && errno != EEXIST)
                                return -errno;
        }

        r = mount_set_attributes(m->fd, 0, MOUNT_ATTR_RDONLY, 0, 0, -EBADF);
        if (r < 0)
                return r;

        return setup_attach_at(s->root_fd, m->fd, m->target_fd, m->destination, m->engine);
}

static int mount_hierarchy(const CgroupHierarchy *h, const MountPlan *m, int target_fd, SetupReport *report) {
        _cleanup_(closep) int fd = -EBADF;

        fd = filesystem_make(h->controllers ? "cgroup" : "cgroup2", "cgroup", h->controllers, m->options.attr_set, report);
        if (fd < 0)
                return fd;

        return mount_attach(fd, target_fd);
}

int setup_cgroup_mounts(Setup *s, SetupReport *report) {
        for (size_t i = 0; i < s->n_mounts; i++) {
                MountPlan *m = s->mounts + i;
                int r;

                if (m->kind != MOUNT_KIND_CGROUP || m->from_parent)
                        continue;

                setup_subject(report, m->destination);
                if (s->n_hierarchies == 1) {
                        r = mount_hierarchy(s->hierarchies, m, m->target_fd, report);
                        if (r < 0)
                                return r;
                        continue;
                }

                for (size_t k = 0; k < s->n_hierarchies; k++) {
                        _cleanup_(closep) int target_fd = -EBADF;

                        setup_subject(report, s->hierarchies[k].name);
                        target_fd = openat(m->fd, s->hierarchies[k].name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                        if (target_fd < 0)
                                return -errno;
                        r = mount_hierarchy(s->hierarchies + k, m, target_fd, report);
                        if (r < 0)
                                return r;
                }
        }

        return 0;
}
