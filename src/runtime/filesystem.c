/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "filesystem.h"
#include "shared/strv.h"
#include "shared/text.h"

#define KEY_MAX 64U

/* The context is a little log: "e tmpfs: Bad value for 'size'" */
static void read_detail(int context_fd, SetupReport *report) {
        char line[SETUP_DETAIL_MAX];
        ssize_t n;

        if (!report)
                return;

        n = read(context_fd, line, sizeof(line) - 1);
        if (n <= 2)
                return;

        line[n] = 0;
        line[strcspn(line, "\n")] = 0;
        setup_detail(report, line[1] == ' ' ? line + 2 : line);
}

static int configure(int context_fd, const char *option) {
        const char *equals = strchr(option, '=');
        char key[KEY_MAX];
        size_t n;

        if (!equals)
                return fsconfig(context_fd, FSCONFIG_SET_FLAG, option, NULL, 0) < 0 ? -errno : 0;

        n = equals - option;
        if (n >= sizeof(key))
                return -EINVAL;
        memcpy(key, option, n);
        key[n] = 0;

        return fsconfig(context_fd, FSCONFIG_SET_STRING, key, equals + 1, 0) < 0 ? -errno : 0;
}

int filesystem_make(const char *type, const char *source, char *const *options, uint64_t attributes,
                    SetupReport *report) {
        _cleanup_(closep) int context_fd = -EBADF;
        int r, fd;

        context_fd = fsopen(type, FSOPEN_CLOEXEC);
        if (context_fd < 0)
                return -errno;

        r = source && fsconfig(context_fd, FSCONFIG_SET_STRING, "source", source, 0) < 0 ? -errno : 0;
        for (char *const *o = options; r >= 0 && o && *o; o++)
                r = configure(context_fd, *o);
        if (r >= 0 && fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                r = -errno;
        if (r < 0) {
                read_detail(context_fd, report);
                return r;
        }

        fd = fsmount(context_fd, FSMOUNT_CLOEXEC, attributes);
        if (fd < 0) {
                r = -errno;
                read_detail(context_fd, report);
                return r;
        }

        return fd;
}

int mount_attach(int fd, int target_fd) {
        return move_mount(fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
}

int mount_clone(int fd) {
        int clone_fd = open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

        return clone_fd < 0 ? -errno : clone_fd;
}

int mount_set_attributes(int fd, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, int userns_fd) {
        struct mount_attr attributes = {
                .attr_set = set,
                .attr_clr = clear,
                .propagation = propagation,
                .userns_fd = userns_fd >= 0 ? userns_fd : 0,
        };

        return mount_setattr(fd, "", flags | AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0 ? -errno : 0;
}
