/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "capability-set.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "spec-internal.h"

#define NOFILE_SOFT 1024U
#define NOFILE_HARD 524288U
#define GID_LAST    2147483647U

static int add_capabilities(OciSpec *s, const ContainerConfig *c) {
        OciCapabilities *caps = &s->process.capabilities;
        uint64_t set = container_config_capabilities(c);
        int r;

        r = capability_set_names(set, &caps->bounding);
        if (r >= 0)
                r = capability_set_names(set, &caps->effective);
        if (r >= 0)
                r = capability_set_names(set, &caps->permitted);
        /* Never any: a program with file capabilities would get more than its user has */
        if (r >= 0)
                r = capability_set_names(0, &caps->inheritable);
        if (r >= 0)
                r = capability_set_names(0, &caps->ambient);
        caps->set = true;
        return r;
}

static int add_user(OciSpec *s, const ContainerConfig *c) {
        OciUser *user = &s->process.user;
        mode_t umask = 0022;

        if (c->umask)
                (void) parse_mode(c->umask, &umask);
        user->umask = OCI_NUMBER(umask);

        /* Looked up by the runtime even where it is a number: that decides the group, and 0 has groups too */
        user->username = strdup(c->user ?: "0");
        return user->username ? 0 : -ENOMEM;
}

/* Where even root may not raise a hard limit (caissond in a container, say), the usual one is what there is. What somebody
 * asks for is not changed: it fails, with a sentence. */
static uint64_t usual_hard_limit(int resource, uint64_t wanted) {
        struct rlimit own;

        if (prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1 || getrlimit(resource, &own) < 0)
                return wanted;
        return MIN(wanted, (uint64_t) own.rlim_max);
}

static int add_rlimits(OciSpec *s, const ContainerConfig *c) {
        uint64_t nofile = usual_hard_limit(RLIMIT_NOFILE, NOFILE_HARD);
        int r;

        r = oci_spec_add_rlimit(s, RLIMIT_NOFILE, MIN((uint64_t) NOFILE_SOFT, nofile), nofile);
        if (r >= 0)
                r = oci_spec_add_rlimit(s, RLIMIT_CORE, 0, usual_hard_limit(RLIMIT_CORE, UINT64_MAX));

        for (size_t i = 0; r >= 0 && i < c->n_ulimit_specs; i++) {
                const Ulimit *u = c->ulimit_specs + i;

                r = oci_spec_add_rlimit(s, oci_rlimit_from_string(u->name), u->soft, u->hard);
        }
        return r;
}

static int add_process(OciSpec *s, const ContainerConfig *c) {
        OciProcess *p = &s->process;
        int r;

        p->terminal = c->tty;
        p->no_new_privileges = container_config_no_new_privileges(c);
        p->oom_score_adj = OCI_NUMBER(c->oom_score_adjust);

        r = container_config_make_argv(c, &p->args);
        if (r < 0)
                return r;

        p->env = strv_copy(c->environment);
        p->cwd = strdup(c->working_directory ?: "/");
        if (!p->env || !p->cwd)
                return -ENOMEM;

        if (c->security.apparmor && !streq(c->security.apparmor, "unconfined")) {
                p->apparmor_profile = strdup(c->security.apparmor);
                if (!p->apparmor_profile)
                        return -ENOMEM;
        }

        r = add_user(s, c);
        if (r >= 0)
                r = add_capabilities(s, c);
        if (r >= 0)
                r = add_rlimits(s, c);
        return r;
}

static int add_namespaces(OciSpec *s, const ContainerConfig *c, const ContainerPlace *place) {
        const struct {
                OciNamespaceType type;
                NamespaceMode mode;
        } namespaces[] = {
                { OCI_NAMESPACE_MOUNT, NAMESPACE_PRIVATE },  { OCI_NAMESPACE_PID, c->pid_ns },
                { OCI_NAMESPACE_IPC, c->ipc_ns },            { OCI_NAMESPACE_UTS, c->uts_ns },
                { OCI_NAMESPACE_NETWORK, c->network_ns },    { OCI_NAMESPACE_CGROUP, c->cgroup_namespace },
                { OCI_NAMESPACE_USER, c->user_ns },
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(namespaces); i++) {
                if (namespaces[i].mode == NAMESPACE_HOST)
                        continue;
                r = oci_spec_add_namespace(s, namespaces[i].type, NULL);
                if (r < 0)
                        return r;
        }

        if (c->user_ns != NAMESPACE_HOST)
                return oci_spec_add_id_map(s, 0, place->userns_base, c->userns_size);
        return 0;
}

static int add_sysctls(OciSpec *s, const ContainerConfig *c) {
        char ***l = &s->linux_.sysctl;

        if (c->network_ns != NAMESPACE_HOST) {
                /* ping without privileges, and ports below 1024 for users that are not root: both are the container's own
                 * business in a network of its own. Groups beyond the id map would be refused. */
                if (strv_extendf(l, "net.ipv4.ping_group_range=0 %u",
                                 c->user_ns == NAMESPACE_HOST ? GID_LAST : c->userns_size - 1) < 0 ||
                    strv_extend(l, "net.ipv4.ip_unprivileged_port_start=0") < 0)
                        return -ENOMEM;
        }

        STRV_FOREACH(a, c->sysctls)
                if (strv_env_set(l, *a) < 0)
                        return -ENOMEM;
        return 0;
}

static int add_annotations(OciSpec *s, const ContainerConfig *c, const ContainerPlace *place) {
        _cleanup_(freep) char *groups = NULL;
        int r;

        s->annotations = strv_copy(c->annotations);
        if (c->annotations && !s->annotations)
                return -ENOMEM;

        if (!strv_isempty(c->group_add)) {
                groups = strv_join(c->group_add, ",");
                if (!groups)
                        return -ENOMEM;
        }

        const struct {
                const char *name;
                const char *value;
        } annotations[] = {
                { "io.caisson.id", place->id },
                { "io.caisson.name", place->name },
                { "io.caisson.unit", place->unit },
                { "io.caisson.log-driver", c->log_driver },
                { "io.caisson.log-opt.max-size", strv_env_get(c->log_opts, "max-size") },
                { "io.caisson.log-opt.max-file", strv_env_get(c->log_opts, "max-file") },
                { "io.caisson.log-direct", streq_ptr(strv_env_get(c->log_opts, "direct"), "true") ? "true" : NULL },
                { "io.caisson.interactive", c->interactive ? "true" : NULL },
                { "io.caisson.stop-signal", c->stop_signal },
                { "io.caisson.detach-keys", c->detach_keys },
                { "io.caisson.init", c->init ? "true" : NULL },
                { "io.caisson.group-add", groups },
        };

        for (size_t i = 0; i < ELEMENTSOF(annotations); i++) {
                if (!annotations[i].value)
                        continue;
                r = oci_spec_set_annotation(s, annotations[i].name, annotations[i].value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int copy_text(char **target, const char *value) {
        if (!value)
                return 0;
        *target = strdup(value);
        return *target ? 0 : -ENOMEM;
}

int container_spec_make(const ContainerConfig *c, const ContainerPlace *place, OciSpec **ret, Error *reterr) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;
        int r;

        r = oci_spec_new(&s);
        if (r >= 0)
                r = add_process(s, c);
        if (r >= 0)
                r = add_namespaces(s, c, place);
        if (r >= 0)
                r = add_sysctls(s, c);
        if (r >= 0)
                r = add_annotations(s, c, place);
        if (r >= 0)
                r = spec_add_hidden_paths(s, c);
        if (r >= 0 && c->uts_ns != NAMESPACE_HOST) {
                r = copy_text(&s->hostname, c->hostname);
                if (r >= 0)
                        r = copy_text(&s->domainname, c->domainname);
        }
        if (r < 0)
                return error_oom(reterr);

        /* The specification wants a path; what is mounted at "/" is the root */
        s->root.readonly = c->read_only;
        s->root.path = strdup("rootfs");
        if (!s->root.path)
                return error_oom(reterr);

        r = spec_add_mounts(s, c, place, reterr);
        if (r >= 0)
                r = spec_add_devices(s, c, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}
