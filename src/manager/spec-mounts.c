/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "spec-internal.h"
#include "spec-volumes.h"

/* The container's mounts in the order in which they are made: the root, what every container has, what was asked for;
 * an outer one always before what is mounted within. */

typedef struct Plan {
        OciSpec *spec;
        const ContainerConfig *config;
        const ContainerPlace *place;
        unsigned depth; /* of the targets that are being added */
} Plan;

static unsigned path_depth(const char *path) {
        unsigned n = 0;

        for (const char *p = path; *p; p++)
                n += *p == '/';
        return n;
}

static bool user_mounts_at(const ContainerConfig *c, const char *target) {
        for (size_t i = 0; i < c->n_mount_specs; i++)
                if (streq(c->mount_specs[i].target, target))
                        return true;
        return false;
}

/* options: separated by commas. */
static int add_mount(const Plan *p, const char *target, const char *type, const char *source, const char *options) {
        _cleanup_(strv_freep) char **l = NULL;
        int r;

        r = strv_split(options, ",", &l);
        if (r < 0)
                return r;
        return oci_spec_add_mount(p->spec, target, type, source, l);
}

/* One of those that every container has, unless somebody mounts something of his own there. */
static int add_standard(const Plan *p, const char *target, const char *type, const char *source, const char *options) {
        if (path_depth(target) != p->depth || user_mounts_at(p->config, target))
                return 0;
        return add_mount(p, target, type, source, options);
}

static int add_root(const Plan *p, Error *reterr) {
        const ContainerConfig *c = p->config;
        _cleanup_(freep) char *empty = NULL;
        _cleanup_(strv_freep) char **options = NULL;
        int r = 0;

        STRV_FOREACH(layer, p->place->layers)
                if (r >= 0)
                        r = strv_extendf(&options, "lowerdir=%s", *layer);

        /* overlayfs wants something below, also for an image without any layer */
        if (r >= 0 && strv_isempty(p->place->layers)) {
                empty = path_join(p->place->state_dir, "empty");
                if (!empty)
                        return error_oom(reterr);
                if (mkdir(empty, 0755) < 0 && errno != EEXIST)
                        return error_errnof(reterr, negative_errno(), "cannot make %s", empty);
                r = strv_extendf(&options, "lowerdir=%s", empty);
        }

        if (r >= 0)
                r = strv_extendf(&options, "upperdir=%s/upper", p->place->state_dir);
        if (r >= 0)
                r = strv_extendf(&options, "workdir=%s/work", p->place->state_dir);
        if (r >= 0 && c->user_ns != NAMESPACE_HOST)
                r = strv_extend(&options, "idmap");
        if (r >= 0 && c->auto_remove)
                r = strv_extend(&options, "volatile"); /* not worth an fsync: it will be gone */
        if (r >= 0 && !c->privileged)
                r = strv_extend(&options, "nodev");
        if (r >= 0)
                r = oci_spec_add_mount(p->spec, "/", "overlay", "overlay", options);

        return r < 0 ? error_oom(reterr) : 0;
}

/* A namespace of the host's belongs to the host's user namespace: there the kernel lets nobody mount its file system
 * anew from another one, so that the host's mount is shown instead. */
static bool must_bind(const ContainerConfig *c, NamespaceMode mode) {
        return mode == NAMESPACE_HOST && c->user_ns != NAMESPACE_HOST;
}

static int add_standard_mounts(const Plan *p) {
        const ContainerConfig *c = p->config;
        const char *kernel_writable = c->privileged ? "" : ",ro";
        _cleanup_(freep) char *shm = NULL, *sys = NULL, *cgroup = NULL;
        int r;

        sys = text_printf("nosuid,noexec,nodev%s", kernel_writable);
        cgroup = text_printf("nosuid,noexec,nodev,relatime%s", container_config_is_systemd(c) ? "" : kernel_writable);
        shm = text_printf("nosuid,noexec,nodev,mode=1777,size=%" PRIu64, c->shm_size > 0 ? c->shm_size : UINT64_C(64) << 20);
        if (!sys || !cgroup || !shm)
                return -ENOMEM;

        r = add_standard(p, "/proc", "proc", "proc", "nosuid,noexec,nodev");
        if (r >= 0)
                r = add_standard(p, "/dev", "tmpfs", "tmpfs", "nosuid,noexec,strictatime,mode=755,size=4m");
        if (r >= 0)
                r = must_bind(c, c->network_ns)
                            ? add_standard(p, "/sys", "bind", "/sys", "rbind,rprivate,ro,rnosuid,rnoexec,rnodev")
                            : add_standard(p, "/sys", "sysfs", "sysfs", sys);
        if (r >= 0)
                r = add_standard(p, "/dev/pts", "devpts", "devpts",
                                 "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
        if (r >= 0)
                r = must_bind(c, c->ipc_ns) ? add_standard(p, "/dev/mqueue", "bind", "/dev/mqueue", "bind,nosuid,noexec,nodev")
                                            : add_standard(p, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
        if (r >= 0)
                r = c->ipc_ns == NAMESPACE_HOST
                            ? add_standard(p, "/dev/shm", "bind", "/dev/shm", "bind,nosuid,noexec,nodev")
                            : add_standard(p, "/dev/shm", "tmpfs", "shm", shm);
        if (r >= 0)
                r = add_standard(p, "/sys/fs/cgroup", "cgroup", "cgroup", cgroup);
        return r;
}

/* What the engine says about names; read-only, since nobody would look at what the container writes there. */
static int add_etc_files(const Plan *p) {
        static const char *const files[] = { "hosts", "hostname", "resolv.conf" };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(files); i++) {
                _cleanup_(freep) char *source = path_join(p->place->run_dir, files[i]);
                _cleanup_(freep) char *target = path_join("/etc", files[i]);

                if (!source || !target)
                        return -ENOMEM;
                r = add_standard(p, target, "bind", source, "bind,rprivate,ro,nosuid,nodev,noexec");
        }

        if (r >= 0 && p->config->timezone) {
                _cleanup_(freep) char *source = streq(p->config->timezone, "local")
                                                        ? strdup("/etc/localtime")
                                                        : path_join("/usr/share/zoneinfo", p->config->timezone);

                if (!source)
                        return -ENOMEM;
                r = add_standard(p, "/etc/localtime", "bind", source, "bind,rprivate,ro,nosuid,nodev,noexec");
        }
        return r;
}

/* Places to write: with --read-only, since programs that write at all write there, and what systemd mounts itself where it
 * can, and where it looks whether it must. */
static int add_scratch(const Plan *p) {
        bool read_only = p->config->read_only && p->config->read_only_tmpfs, systemd = container_config_is_systemd(p->config);
        const struct {
                bool wanted;
                const char *target;
                const char *options;
        } scratch[] = {
                { read_only || systemd, "/run", "nosuid,nodev,mode=755" },
                { systemd, "/run/lock", "nosuid,nodev,noexec,mode=1777,size=5m" },
                { read_only || systemd, "/tmp", "nosuid,nodev,mode=1777" },
                { read_only, "/var/tmp", "nosuid,nodev,mode=1777" },
                { systemd, "/var/log/journal", "nosuid,nodev,noexec,mode=755" },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(scratch); i++)
                if (scratch[i].wanted)
                        r = add_standard(p, scratch[i].target, "tmpfs", "tmpfs", scratch[i].options);
        return r;
}

static int add_bind_options(const ContainerConfig *c, const MountSpec *m, char ***l) {
        bool all = m->recursive;
        int r;

        r = strv_extend(l, all ? "rbind" : "bind");
        if (r >= 0)
                r = strv_extend(l, m->propagation);
        if (r >= 0 && m->read_only)
                r = strv_extend(l, all ? "rro" : "ro");
        if (r >= 0 && !m->suid)
                r = strv_extend(l, all ? "rnosuid" : "nosuid");
        if (r >= 0 && !m->dev)
                r = strv_extend(l, all ? "rnodev" : "nodev");
        if (r >= 0 && !m->exec)
                r = strv_extend(l, all ? "rnoexec" : "noexec");

        /* The files below have the same owners for the container as for the host, whatever ids it has there */
        if (r >= 0 && c->user_ns != NAMESPACE_HOST && !m->no_idmap)
                r = strv_extend(l, "idmap");
        return r;
}

static int add_tmpfs(const Plan *p, const MountSpec *m) {
        _cleanup_(freep) char *options = NULL;
        uint64_t size = m->size;
        struct sysinfo info;
        int r;

        r = text_append(&options, "mode=%o", m->mode == (mode_t) -1 ? 01777 : (unsigned) m->mode);
        if (r >= 0 && m->read_only)
                r = text_append(&options, ",ro");
        if (r >= 0 && !m->suid)
                r = text_append(&options, ",nosuid");
        if (r >= 0 && !m->dev)
                r = text_append(&options, ",nodev");
        if (r >= 0 && !m->exec)
                r = text_append(&options, ",noexec");

        if (m->size_percent > 0 && sysinfo(&info) >= 0)
                size = (uint64_t) info.totalram * info.mem_unit / 100 * m->size_percent;
        if (r >= 0 && size > 0)
                r = text_append(&options, ",size=%" PRIu64, size);
        if (r >= 0 && m->n_inodes > 0)
                r = text_append(&options, ",nr_inodes=%" PRIu64, m->n_inodes);
        if (r >= 0 && m->uid > 0)
                r = text_append(&options, ",uid=%u", m->uid);
        if (r >= 0 && m->gid > 0)
                r = text_append(&options, ",gid=%u", m->gid);

        return r < 0 ? r : add_mount(p, m->target, "tmpfs", "tmpfs", options);
}

static int add_volume(const Plan *p, const MountSpec *m, size_t number) {
        _cleanup_(strv_freep) char **options = NULL;
        _cleanup_(freep) char *source = NULL;
        int r;

        source = text_printf("%s/volumes/%zu", p->place->state_dir, number);
        if (!source)
                return -ENOMEM;

        /* Its owner on disk is the container's root already */
        r = strv_extend(&options, "bind");
        if (r >= 0)
                r = strv_extend(&options, m->propagation);
        if (r >= 0 && m->read_only)
                r = strv_extend(&options, "ro");
        if (r >= 0 && !m->suid)
                r = strv_extend(&options, "nosuid");
        if (r >= 0 && !m->dev)
                r = strv_extend(&options, "nodev");
        if (r >= 0 && !m->exec)
                r = strv_extend(&options, "noexec");
        return r < 0 ? r : oci_spec_add_mount(p->spec, m->target, "bind", source, options);
}

static int add_asked_for(const Plan *p) {
        const ContainerConfig *c = p->config;
        size_t volume = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < c->n_mount_specs; i++) {
                const MountSpec *m = c->mount_specs + i;
                size_t number = spec_volume_has_directory(c, m) ? volume++ : 0;
                _cleanup_(strv_freep) char **options = NULL;

                if (path_depth(m->target) != p->depth)
                        continue;

                switch (m->type) {

                case MOUNT_SPEC_BIND:
                        r = add_bind_options(c, m, &options);
                        if (r >= 0)
                                r = oci_spec_add_mount(p->spec, m->target, "bind", m->source, options);
                        break;

                case MOUNT_SPEC_TMPFS:
                        r = add_tmpfs(p, m);
                        break;

                default:
                        if (spec_volume_has_directory(c, m))
                                r = add_volume(p, m, number);
                        break;
                }
        }

        return r;
}

int spec_add_mounts(OciSpec *s, const ContainerConfig *c, const ContainerPlace *place, Error *reterr) {
        Plan p = { .spec = s, .config = c, .place = place };
        unsigned deepest = 3; /* /sys/fs/cgroup */
        int r;

        r = add_root(&p, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < c->n_mount_specs; i++)
                deepest = MAX(deepest, path_depth(c->mount_specs[i].target));

        for (p.depth = 1; p.depth <= deepest; p.depth++) {
                r = add_standard_mounts(&p);
                if (r >= 0)
                        r = add_etc_files(&p);
                if (r >= 0)
                        r = add_scratch(&p);
                if (r >= 0)
                        r = add_asked_for(&p);
                if (r < 0)
                        return error_oom(reterr);
        }

        return 0;
}

int container_spec_directories(const ContainerConfig *c, char ***ret) {
        _cleanup_(strv_freep) char **l = NULL;
        size_t n = 0;
        int r;

        r = strv_extend(&l, "upper");
        for (size_t i = 0; r >= 0 && i < c->n_mount_specs; i++) {
                if (!spec_volume_has_directory(c, c->mount_specs + i))
                        continue;
                if (n == 0)
                        r = strv_extend(&l, "volumes");
                if (r >= 0)
                        r = strv_extendf(&l, "volumes/%zu", n++);
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(l);
        return 0;
}
