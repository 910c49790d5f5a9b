/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "resource-delegation.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

#define PROC_CGROUP_MAX (64U << 10)

/* As PID 1 sees it: for us it is read-only */
#define HOST_CGROUPFS "/proc/1/root/sys/fs/cgroup"

static int give_away(const char *hierarchy, const char *path, uid_t owner) {
        static const char *const files[] = { "cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "tasks" };
        _cleanup_(closep) int root_fd = -EBADF, fd = -EBADF;
        _cleanup_(freep) char *root = NULL;

        root = path_join(HOST_CGROUPFS, hierarchy);
        if (!root)
                return -ENOMEM;
        root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0)
                return negative_errno();

        /* Never a group that is not below another one: that would be the host's own */
        if (path[0] != '/' || !strchr(path + 1, '/'))
                return -EINVAL;
        fd = open_beneath(root_fd, path + 1, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;

        if (fchown(fd, owner, owner) < 0)
                return negative_errno();
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (fchownat(fd, files[i], owner, owner, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
                        return negative_errno();
        return 0;
}

int resource_delegate(const ContainerConfig *c, pid_t leader, uid_t userns_base, Error *reterr) {
        _cleanup_(freep) char *name = NULL, *text = NULL;
        _cleanup_(strv_freep) char **lines = NULL;
        bool unified;
        int r;

        if (!container_config_is_systemd(c) || userns_base == 0)
                return 0;

        name = text_printf("/proc/%i/cgroup", (int) leader);
        if (!name)
                return error_oom(reterr);
        r = read_full_file_at(AT_FDCWD, name, PROC_CGROUP_MAX, &text, NULL);
        if (r >= 0)
                r = strv_split(text, "\n", &lines);
        if (r < 0)
                return error_errnof(reterr, r, "cannot read %s", name);

        unified = access(HOST_CGROUPFS "/cgroup.controllers", F_OK) >= 0;
        STRV_FOREACH(line, lines) {
                const char *path = strstr(*line, ":name=systemd:");
                const char *hierarchy = "systemd";

                if (path)
                        path += strlen(":name=systemd:");
                else {
                        path = startswith(*line, "0::");
                        hierarchy = unified ? "" : "unified";
                }
                if (!path)
                        continue;

                r = give_away(hierarchy, path, userns_base);
                if (r < 0 && r != -ENOENT)
                        return error_errnof(reterr, r, "cannot give the container its control group");
        }
        return 0;
}
