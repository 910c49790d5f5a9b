/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>

#include "capability.h"
#include "cgroup-hierarchy.h"
#include "kernel-files.h"
#include "setup.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

#define INIT_ANNOTATION "io.caisson.init"

static const struct {
        OciNamespaceType type;
        uint64_t flag;
} namespace_flags[] = {
        { OCI_NAMESPACE_PID,     CLONE_NEWPID  },
        { OCI_NAMESPACE_NETWORK, CLONE_NEWNET  },
        { OCI_NAMESPACE_MOUNT,   CLONE_NEWNS   },
        { OCI_NAMESPACE_IPC,     CLONE_NEWIPC  },
        { OCI_NAMESPACE_UTS,     CLONE_NEWUTS  },
        { OCI_NAMESPACE_USER,    CLONE_NEWUSER },
};

static int plan_namespaces(const OciSpec *spec, Setup *s, Error *reterr) {
        const OciNamespace *n;

        for (size_t i = 0; i < ELEMENTSOF(namespace_flags); i++) {
                n = oci_spec_namespace(spec, namespace_flags[i].type);
                if (n && isempty(n->path))
                        s->clone_flags |= namespace_flags[i].flag;
        }

        n = oci_spec_namespace(spec, OCI_NAMESPACE_CGROUP);
        s->cgroupns = n && isempty(n->path);
        s->userns = s->clone_flags & CLONE_NEWUSER;

        if (!(s->clone_flags & CLONE_NEWNS))
                return error_set(reterr, -EOPNOTSUPP, "Containers without a mount namespace of their own are not supported");
        n = oci_spec_namespace(spec, OCI_NAMESPACE_USER);
        if (n && !isempty(n->path))
                return error_set(reterr, -EOPNOTSUPP, "Joining a user namespace is not supported");
        if (oci_spec_namespace(spec, OCI_NAMESPACE_TIME))
                return error_set(reterr, -EOPNOTSUPP, "Time namespaces are not supported");
        if (s->userns && (spec->linux_.n_uid_mappings == 0 || spec->linux_.n_gid_mappings == 0))
                return error_set(reterr, -EINVAL, "A user namespace needs linux.uidMappings and linux.gidMappings");
        if ((spec->hostname || spec->domainname) && !oci_spec_namespace(spec, OCI_NAMESPACE_UTS))
                return error_set(reterr, -EINVAL, "A host name needs a UTS namespace, it would be the host's");

        return 0;
}

static int plan_sysctls(const OciSpec *spec, Error *reterr) {
        static const OciNamespaceType needed[] = {
                [SYSCTL_IPC] = OCI_NAMESPACE_IPC,
                [SYSCTL_UTS] = OCI_NAMESPACE_UTS,
                [SYSCTL_NETWORK] = OCI_NAMESPACE_NETWORK,
        };

        STRV_FOREACH(sysctl, spec->linux_.sysctl) {
                int length = (int) strcspn(*sysctl, "=");
                SysctlScope scope = sysctl_scope(*sysctl, length);
                char path[SYSCTL_PATH_MAX];

                if (sysctl_path(*sysctl, path) < 0)
                        return error_set(reterr, -EINVAL, "sysctl '%.*s' is not a name", length, *sysctl);
                if (scope == SYSCTL_NONE)
                        return error_set(reterr, -EPERM, "sysctl '%.*s' belongs to the whole machine, not to a container",
                                         length, *sysctl);
                if (!oci_spec_namespace(spec, needed[scope]))
                        return error_set(reterr, -EPERM, "sysctl '%.*s' would be the host's: the container has no %s namespace",
                                         length, *sysctl, oci_namespace_type_to_string(needed[scope]));
                if (strpbrk(*sysctl, "\n"))
                        return error_set(reterr, -EINVAL, "sysctl '%.*s': more than one value", length, *sysctl);
        }

        return 0;
}

static bool path_is_at_or_below(const char *path, const char *directory) {
        const char *rest = startswith(path, directory);

        return rest && (*rest == 0 || *rest == '/');
}

static MountKind classify(const OciMount *m, const MountPlan *p) {
        if (p->options.bind)
                return MOUNT_KIND_BIND;
        if (STR_IN_SET(m->type, "cgroup", "cgroup2"))
                return MOUNT_KIND_CGROUP;
        if (streq(m->type, "tmpfs") && streq(p->destination, "/dev"))
                return MOUNT_KIND_DEV;

        return MOUNT_KIND_FILESYSTEM;
}

/* Whose namespace shows in these is looked at with the rights of that namespace's owner. If it is not the container's,
 * its parent has to make the mount. */
static bool shows_foreign_namespace(const Setup *s, const char *type) {
        return s->userns && ((streq(type, "proc") && !(s->clone_flags & CLONE_NEWPID)) ||
                             (streq(type, "sysfs") && !(s->clone_flags & CLONE_NEWNET)) ||
                             (streq(type, "mqueue") && !(s->clone_flags & CLONE_NEWIPC)));
}

static int plan_mount(const OciMount *m, Setup *s, Error *reterr) {
        MountPlan *p = s->mounts + s->n_mounts;
        bool bind = !m->type || streq(m->type, "bind");
        int r;

        *p = (MountPlan) { .mount = m, .fd = -EBADF, .target_fd = -EBADF };
        s->n_mounts++;

        p->destination = path_clean(m->destination);
        if (!p->destination)
                return error_oom(reterr);
        if (streq(p->destination, "/"))
                return error_set(reterr, -EINVAL, "mount /: only an overlay can be mounted there");

        r = mount_options_parse(p->destination, m->options, bind, &p->options, reterr);
        if (r < 0)
                return r;

        p->kind = classify(m, p);
        p->engine = path_is_at_or_below(p->destination, "/proc") || path_is_at_or_below(p->destination, "/sys") ||
                    path_is_at_or_below(p->destination, "/dev");

        switch (p->kind) {
        case MOUNT_KIND_BIND:
                if (isempty(m->source))
                        return error_set(reterr, -EINVAL, "mount %s: a bind mount needs a source", p->destination);
                if (p->options.idmap && !s->userns)
                        return error_set(reterr, -EINVAL, "mount %s: 'idmap' needs a user namespace", p->destination);
                if (m->n_uid_mappings > 0 || m->n_gid_mappings > 0)
                        return error_set(reterr, -EOPNOTSUPP, "mount %s: id maps of its own are not supported, only 'idmap'",
                                         p->destination);
                p->from_parent = true;
                break;

        case MOUNT_KIND_DEV:
                p->from_parent = true;
                break;

        case MOUNT_KIND_CGROUP:
                p->options.attr_set |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
                p->from_parent = !s->cgroupns;
                break;

        case MOUNT_KIND_FILESYSTEM:
                if (STR_IN_SET(m->type, "proc", "sysfs", "mqueue"))
                        p->options.attr_set |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
                else if (streq(m->type, "devpts"))
                        p->options.attr_set |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
                p->from_parent = shows_foreign_namespace(s, m->type);
                break;
        }

        return 0;
}

static int plan_mounts(const OciSpec *spec, Setup *s, Error *reterr) {
        int r;

        s->mounts = new0(MountPlan, spec->n_mounts + 1);
        if (!s->mounts)
                return error_oom(reterr);

        for (size_t i = 0; i < spec->n_mounts; i++) {
                const OciMount *m = spec->mounts + i;

                if (streq(m->destination, "/") && streq_ptr(m->type, "overlay")) {
                        if (s->root_mount)
                                return error_set(reterr, -EINVAL, "mount /: a second overlay");
                        s->root_mount = m;
                        continue;
                }

                r = plan_mount(m, s, reterr);
                if (r < 0)
                        return r;
        }

        if (!s->root_mount && !spec->root.path)
                return error_set(reterr, -EINVAL, "The container has no root file system");

        return 0;
}

static int plan_capabilities(const OciCapabilities *c, Setup *s) {
        s->keep_capabilities = !c->set;
        s->bounding = capability_set_from_names(c->bounding);
        s->permitted = capability_set_from_names(c->permitted);
        s->effective = capability_set_from_names(c->effective);
        s->inheritable = capability_set_from_names(c->inheritable);
        s->ambient = capability_set_from_names(c->ambient);
        return 0;
}

static int plan_process(const OciSpec *spec, Setup *s, Error *reterr) {
        const OciProcess *p = &spec->process;

        if (!p->cwd)
                return error_set(reterr, -EINVAL, "The container has no process");
        if (strv_isempty(p->args))
                return error_set(reterr, -EINVAL, "The container's process has no arguments");
        if (strlen(p->cwd) >= PATH_MAX)
                return error_set(reterr, -ENAMETOOLONG, "The working directory is longer than a path can be");

        s->use_init = oci_spec_annotation_is_true(spec, INIT_ANNOTATION);
        s->n_args = strv_length(p->args);

        /* Where the user is looked up, so is the home directory */
        if (!isempty(p->user.username) && !strv_env_get(p->env, "HOME")) {
                size_t n = strv_length(p->env);

                s->environment = new0(char *, n + 2);
                if (!s->environment)
                        return error_oom(reterr);
                for (size_t i = 0; i < n; i++)
                        s->environment[i] = p->env[i];
        }
        return 0;
}

int setup_plan(const OciSpec *spec, Setup *s, Error *reterr) {
        int r;

        *s = (Setup) {
                .spec = spec,
                .stdio = { -EBADF, -EBADF, -EBADF },
                .init_fd = -EBADF,
                .listen_fd = -EBADF,
                .socket = -EBADF,
                .root_fd = -EBADF,
                .dev_fd = -EBADF,
                .proc_fd = -EBADF,
                .mask_fd = -EBADF,
                .null_fd = -EBADF,
                .terminal_fd = -EBADF,
        };

        r = plan_namespaces(spec, s, reterr);
        if (r < 0)
                return r;
        r = plan_process(spec, s, reterr);
        if (r < 0)
                return r;
        r = plan_sysctls(spec, reterr);
        if (r < 0)
                return r;
        r = plan_mounts(spec, s, reterr);
        if (r < 0)
                return r;
        r = plan_capabilities(&spec->process.capabilities, s);
        if (r < 0)
                return r;

        r = cgroup_hierarchies_read(&s->hierarchies, &s->n_hierarchies);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot read /proc/self/cgroup");

        return 0;
}

void setup_done(Setup *s) {
        for (size_t i = 0; i < s->n_mounts; i++) {
                free(s->mounts[i].destination);
                mount_options_done(&s->mounts[i].options);
                safe_close(s->mounts[i].fd);
        }
        s->mounts = mfree(s->mounts);
        s->n_mounts = 0;
        mount_options_done(&s->root_options);
        cgroup_hierarchies_free(s->hierarchies, s->n_hierarchies);
        s->hierarchies = NULL;
        s->n_hierarchies = 0;
        free(s->filter.filter);
        s->filter = (struct sock_fprog) {};
        s->init_argv = mfree(s->init_argv); /* what is in it is the specification's */
        s->environment = mfree(s->environment);
        for (int i = 0; i < 3; i++)
                s->stdio[i] = safe_close(s->stdio[i]);
        for (size_t i = 0; i < s->n_extra_fds; i++)
                s->extra_fds[i] = safe_close(s->extra_fds[i]);
        s->init_fd = safe_close(s->init_fd);
        s->listen_fd = safe_close(s->listen_fd);
        s->socket = safe_close(s->socket);
}
