/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/capability.h>

#include "capability-set.h"
#include "container-config-table.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"

static ContainerConfig *container_config_free(ContainerConfig *c) {
        for (size_t i = 0; i < n_config_keys; i++) {
                void *target = config_key_target(config_keys + i, c);

                if (config_keys[i].type == CONFIG_STRING)
                        free(*(char **) target);
                else if (config_keys[i].type == CONFIG_LIST || config_keys[i].type == CONFIG_MAP)
                        strv_free(*(char ***) target);
        }

        json_putp(&c->unknown);
        mount_spec_free_many(c->mount_specs, c->n_mount_specs);
        for (size_t i = 0; i < c->n_device_specs; i++)
                device_spec_done(c->device_specs + i);
        free(c->device_specs);
        free(c->device_rules);
        free(c->ulimit_specs);

        struct {
                DeviceLimit *limits;
                size_t n;
        } limits[] = {
                { c->read_bps, c->n_read_bps },     { c->write_bps, c->n_write_bps },
                { c->read_iops, c->n_read_iops },   { c->write_iops, c->n_write_iops },
                { c->weight_devices, c->n_weight_devices },
        };
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                for (size_t j = 0; j < limits[i].n; j++)
                        device_limit_done(limits[i].limits + j);
                free(limits[i].limits);
        }

        security_options_done(&c->security);
        return mfree(c);
}

DEFINE_REF_UNREF(ContainerConfig, container_config, container_config_free);

ContainerConfig *container_config_new(void) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;

        c = new0(ContainerConfig, 1);
        if (!c)
                return NULL;

        c->n_ref = 1;
        c->security.no_new_privileges = -1;

        for (size_t i = 0; i < n_config_keys; i++) {
                const ConfigKey *k = config_keys + i;
                char *text;

                switch (k->type) {

                case CONFIG_STRING:
                        if (!k->standard_text)
                                break;
                        text = strdup(k->standard_text);
                        if (!text)
                                return NULL;
                        *(char **) config_key_target(k, c) = text;
                        break;

                case CONFIG_LIST:
                case CONFIG_MAP:
                        break;

                default:
                        (void) config_key_set_number(k, c, k->standard, NULL);
                        break;
                }
        }

        return TAKE_PTR(c);
}

int container_config_make_argv(const ContainerConfig *c, char ***ret) {
        _cleanup_(strv_freep) char **argv = NULL;
        int r;

        r = strv_extend_strv(&argv, c->entrypoint);
        if (r >= 0)
                r = strv_extend_strv(&argv, c->command);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(argv);
        return 0;
}

bool container_config_is_systemd(const ContainerConfig *c) {
        const char *program;

        if (c->systemd && !streq(c->systemd, "true"))
                return streq(c->systemd, "always");

        program = !strv_isempty(c->entrypoint) ? c->entrypoint[0] : !strv_isempty(c->command) ? c->command[0] : NULL;
        return program && STR_IN_SET(program, "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init", "/lib/systemd/systemd",
                                     "/usr/lib/systemd/systemd");
}

/* All that a whole system needs, asked for by the request itself: what an image says cannot lead here. */
static bool is_whole_system(const ContainerConfig *c) {
        return streq_ptr(c->systemd, "always");
}

bool container_config_no_new_privileges(const ContainerConfig *c) {
        if (c->no_new_privileges >= 0)
                return c->no_new_privileges > 0;
        if (c->security.no_new_privileges >= 0)
                return c->security.no_new_privileges > 0;

        return !c->privileged && !is_whole_system(c);
}

uint64_t container_config_capabilities(const ContainerConfig *c) {
        uint64_t set = c->privileged ? CAPABILITY_ALL : capability_default_set();

        if (container_config_is_systemd(c))
                set |= UINT64_C(1) << CAP_SETPCAP | UINT64_C(1) << CAP_AUDIT_WRITE;
        /* Over its own namespaces, and only where they are its own */
        if (is_whole_system(c) && c->user_ns != NAMESPACE_HOST)
                set |= UINT64_C(1) << CAP_SYS_ADMIN;

        /* As docker: "--cap-drop ALL --cap-add CHOWN" leaves one, "--cap-add ALL --cap-drop MKNOD" all but one */
        if (c->capability_add == CAPABILITY_ALL)
                set = CAPABILITY_ALL & ~(c->capability_drop == CAPABILITY_ALL ? 0 : c->capability_drop);
        else if (c->capability_drop == CAPABILITY_ALL)
                set = c->capability_add;
        else
                set = (set & ~c->capability_drop) | c->capability_add;

        return set & capability_known_set();
}

int container_config_stop_signal(const ContainerConfig *c) {
        int signo = c->stop_signal ? parse_signal(c->stop_signal) : 0;

        if (signo > 0)
                return signo;
        return container_config_is_systemd(c) ? SIGRTMIN + 3 : SIGTERM;
}

/* Where a container of its own ends and the host begins. */
int container_config_privileges(const ContainerConfig *c, char ***ret_reasons) {
        _cleanup_(strv_freep) char **l = NULL;
        uint64_t usual = capability_default_set();

        /* Both only take away or write about its own, in a user namespace */
        if (container_config_is_systemd(c) && c->user_ns != NAMESPACE_HOST)
                usual |= UINT64_C(1) << CAP_SETPCAP | UINT64_C(1) << CAP_AUDIT_WRITE;

        const struct {
                bool holds;
                const char *reason;
        } simple[] = {
                { c->privileged, "privileged" },
                { c->user_ns == NAMESPACE_HOST, "user namespace of the host" },
                { c->network_ns == NAMESPACE_HOST, "network of the host" },
                { c->pid_ns == NAMESPACE_HOST, "processes of the host" },
                { c->ipc_ns == NAMESPACE_HOST, "IPC of the host" },
                { c->uts_ns == NAMESPACE_HOST, "host name of the host" },
                { c->cgroup_namespace == NAMESPACE_HOST, "control groups of the host" },
                { c->security.seccomp_unconfined, "no seccomp filter" },
                { !!c->seccomp_profile, "seccomp profile" },
                { c->security.unmask_all || !strv_isempty(c->security.unmask), "unmasked paths" },
                { !!c->security.apparmor, "AppArmor profile" },
                { !strv_isempty(c->security.labels), "SELinux label" },
                { !container_config_no_new_privileges(c), "new privileges" },
                { (container_config_capabilities(c) & ~usual) != 0, "capabilities" },
                { c->n_device_rules > 0, "device rules" },
                { !!c->cgroup_parent, "slice" },
                { c->oom_score_adjust < 0, "OOM score" },
                { c->pids_limit <= 0, "no limit of processes" },
        };

        for (size_t i = 0; i < ELEMENTSOF(simple); i++)
                if (simple[i].holds && strv_extend(&l, simple[i].reason) < 0)
                        return -ENOMEM;

        for (size_t i = 0; i < c->n_device_specs; i++)
                if (strv_extendf(&l, "device %s", c->device_specs[i].source) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < c->n_mount_specs; i++)
                if (c->mount_specs[i].type == MOUNT_SPEC_BIND &&
                    strv_extendf(&l, "host path %s", c->mount_specs[i].source) < 0)
                        return -ENOMEM;

        if (ret_reasons)
                *ret_reasons = strv_isempty(l) ? NULL : TAKE_PTR(l);
        else if (!strv_isempty(l))
                return 1;
        return ret_reasons && *ret_reasons ? 1 : 0;
}
