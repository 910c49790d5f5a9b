/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "filesystem.h"
#include "host-dev.h"
#include "host-mounts.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

static const OciDevice usual_devices[] = {
        { .type = 'c', .path = (char *) "/dev/null",    .major = 1, .minor = 3 },
        { .type = 'c', .path = (char *) "/dev/zero",    .major = 1, .minor = 5 },
        { .type = 'c', .path = (char *) "/dev/full",    .major = 1, .minor = 7 },
        { .type = 'c', .path = (char *) "/dev/random",  .major = 1, .minor = 8 },
        { .type = 'c', .path = (char *) "/dev/urandom", .major = 1, .minor = 9 },
        { .type = 'c', .path = (char *) "/dev/tty",     .major = 5, .minor = 0 },
};

/* Opens the directory of path, which is below /dev, and makes it if need be. */
static int open_device_directory(int dev_fd, const char *path, uid_t uid, gid_t gid, const char **ret_name) {
        const char *below = startswith(path, "/dev/"), *name;
        _cleanup_(freep) char *directory = NULL;

        if (!below || !path_is_normalized(path))
                return -EINVAL;

        name = path_basename(below);
        directory = strndup(below, name - below);
        if (!directory)
                return -ENOMEM;

        *ret_name = name;
        return mkdir_in_root(dev_fd, directory, 0755, uid, gid);
}

static int make_device(const Setup *s, int dev_fd, const OciDevice *d) {
        const OciLinux *l = &s->spec->linux_;
        mode_t type = d->type == 'b' ? S_IFBLK : d->type == 'p' ? S_IFIFO : S_IFCHR;
        mode_t mode = d->file_mode.set ? (mode_t) d->file_mode.value & 07777 : 0666;
        _cleanup_(closep) int dir_fd = -EBADF;
        uint32_t uid, gid, root_uid, root_gid;
        const char *name;
        int r;

        r = host_id(l->uid_mappings, l->n_uid_mappings, s->userns, d->uid.set ? (uint32_t) d->uid.value : 0, &uid);
        if (r < 0)
                return r;
        r = host_id(l->gid_mappings, l->n_gid_mappings, s->userns, d->gid.set ? (uint32_t) d->gid.value : 0, &gid);
        if (r < 0)
                return r;
        r = host_id(l->uid_mappings, l->n_uid_mappings, s->userns, 0, &root_uid);
        if (r < 0)
                return r;
        r = host_id(l->gid_mappings, l->n_gid_mappings, s->userns, 0, &root_gid);
        if (r < 0)
                return r;

        dir_fd = open_device_directory(dev_fd, d->path, root_uid, root_gid, &name);
        if (dir_fd < 0)
                return dir_fd;

        /* Nobody else sees this file system yet, so names can be used twice. The specification's own go before ours. */
        if (mknodat(dir_fd, name, type | mode, makedev(d->major, d->minor)) < 0)
                return errno == EEXIST ? 0 : -errno;
        if ((uid != 0 || gid != 0) && fchownat(dir_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;

        return 0;
}

static int make_devices(const Setup *s, int dev_fd, const OciDevice *devices, size_t n, Error *reterr) {
        for (size_t i = 0; i < n; i++) {
                int r = make_device(s, dev_fd, devices + i);

                if (r == -EINVAL)
                        return error_set(reterr, r, "device '%s': not a path below /dev, or of no id of the container",
                                         devices[i].path);
                if (r < 0)
                        return error_errnof(reterr, r, "device '%s'", devices[i].path);
        }

        return 0;
}

int host_dev_make(const Setup *s, const MountPlan *m, Error *reterr) {
        const OciLinux *l = &s->spec->linux_;
        _cleanup_(strv_freep) char **options = NULL;
        _cleanup_(closep) int fd = -EBADF;
        SetupReport report = {};
        uint32_t uid, gid;
        mode_t saved;
        int r;

        if (host_id(l->uid_mappings, l->n_uid_mappings, s->userns, 0, &uid) < 0 ||
            host_id(l->gid_mappings, l->n_gid_mappings, s->userns, 0, &gid) < 0)
                return error_set(reterr, -EINVAL, "mount /dev: the container's root is nobody on the host");

        options = strv_copy(m->options.filesystem);
        if (m->options.filesystem && !options)
                return error_oom(reterr);
        if (s->userns && (strv_extendf(&options, "uid=%u", uid) < 0 || strv_extendf(&options, "gid=%u", gid) < 0))
                return error_oom(reterr);

        fd = filesystem_make("tmpfs", "tmpfs", options, m->options.attr_set & ~MOUNT_ATTR_NODEV, &report);
        if (fd < 0)
                return error_errnof(reterr, fd, "mount /dev%s%s", isempty(report.detail) ? "" : ": ", report.detail);

        saved = umask(0);
        r = make_devices(s, fd, l->devices, l->n_devices, reterr);
        if (r >= 0)
                r = make_devices(s, fd, usual_devices, ELEMENTSOF(usual_devices), reterr);
        umask(saved);
        if (r < 0)
                return r;

        return TAKE_FD(fd);
}
