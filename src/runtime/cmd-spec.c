/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bundle.h"
#include "main.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/strv.h"

#define OPTIONS(...) ((char *const[]) { __VA_ARGS__, NULL })
#define O(s)         ((char *) (s))

/* As strict as what caissond does by default, but without what needs it: a range of user ids. */
static int fill_mounts(OciSpec *s) {
        if (oci_spec_add_mount(s, "/proc", "proc", "proc", OPTIONS(O("nosuid"), O("noexec"), O("nodev"))) < 0 ||
            oci_spec_add_mount(s, "/dev", "tmpfs", "tmpfs",
                               OPTIONS(O("nosuid"), O("noexec"), O("strictatime"), O("mode=755"), O("size=4m"))) < 0 ||
            oci_spec_add_mount(s, "/dev/pts", "devpts", "devpts",
                               OPTIONS(O("nosuid"), O("noexec"), O("newinstance"), O("ptmxmode=0666"), O("mode=0620"),
                                       O("gid=5"))) < 0 ||
            oci_spec_add_mount(s, "/dev/shm", "tmpfs", "shm",
                               OPTIONS(O("nosuid"), O("noexec"), O("nodev"), O("mode=1777"), O("size=64m"))) < 0 ||
            oci_spec_add_mount(s, "/dev/mqueue", "mqueue", "mqueue", OPTIONS(O("nosuid"), O("noexec"), O("nodev"))) < 0 ||
            oci_spec_add_mount(s, "/sys", "sysfs", "sysfs", OPTIONS(O("nosuid"), O("noexec"), O("nodev"), O("ro"))) < 0 ||
            oci_spec_add_mount(s, "/sys/fs/cgroup", "cgroup", "cgroup",
                               OPTIONS(O("nosuid"), O("noexec"), O("nodev"), O("ro"))) < 0)
                return -ENOMEM;

        return 0;
}

static int fill_linux(OciSpec *s) {
        static const OciNamespaceType namespaces[] = { OCI_NAMESPACE_PID, OCI_NAMESPACE_NETWORK, OCI_NAMESPACE_IPC,
                                                       OCI_NAMESPACE_UTS, OCI_NAMESPACE_MOUNT, OCI_NAMESPACE_CGROUP };
        static const char *const masked[] = { "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                                              "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                                              "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware" };
        static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

        for (size_t i = 0; i < ELEMENTSOF(namespaces); i++)
                if (oci_spec_add_namespace(s, namespaces[i], NULL) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(masked); i++)
                if (strv_extend(&s->linux_.masked_paths, masked[i]) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(readonly); i++)
                if (strv_extend(&s->linux_.readonly_paths, readonly[i]) < 0)
                        return -ENOMEM;

        return oci_spec_add_device_rule(s, &(OciDeviceRule) { .type = 'a', .access = O("rwm") });
}

static int fill_process(OciSpec *s) {
        static const char *const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" };
        OciProcess *p = &s->process;

        p->terminal = true;
        p->no_new_privileges = true;
        p->cwd = strdup("/");
        if (!p->cwd || strv_extend(&p->args, "sh") < 0 || strv_extend(&p->env, "TERM=xterm") < 0 ||
            strv_extend(&p->env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") < 0)
                return -ENOMEM;

        p->capabilities.set = true;
        for (size_t i = 0; i < ELEMENTSOF(capabilities); i++)
                if (strv_extend(&p->capabilities.bounding, capabilities[i]) < 0 ||
                    strv_extend(&p->capabilities.permitted, capabilities[i]) < 0 ||
                    strv_extend(&p->capabilities.effective, capabilities[i]) < 0)
                        return -ENOMEM;

        return oci_spec_add_rlimit(s, RLIMIT_NOFILE, 1024, 1024);
}

int verb_spec(const Program *p, int argc, char *argv[], Error *reterr) {
        static const struct option options[] = {
                { "bundle", required_argument, NULL, 'b' },
                {},
        };
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(freep) char *path = NULL;
        const char *bundle = ".", *text;
        int c, r;

        while ((c = getopt_long(argc, argv, "+b:", options, NULL)) >= 0) {
                if (c != 'b')
                        return error_set(reterr, -EINVAL, "Try --help");
                bundle = optarg;
        }

        if (oci_spec_new(&s) < 0)
                return error_oom(reterr);
        s->root.path = strdup("rootfs");
        s->root.readonly = true;
        s->hostname = strdup("caisson");
        if (!s->root.path || !s->hostname || fill_process(s) < 0 || fill_mounts(s) < 0 || fill_linux(s) < 0 ||
            oci_spec_to_json(s, &o) < 0)
                return error_oom(reterr);

        text = json_text_pretty(o);
        path = path_join(bundle, "config.json");
        if (!text || !path)
                return error_oom(reterr);

        r = write_file_at_path(path, text, WRITE_FILE_EXCLUSIVE | WRITE_FILE_MODE_0644);
        if (r == -EEXIST)
                return error_set(reterr, r, "File %s exists. Remove it first", path);
        return r < 0 ? error_errnof(reterr, r, "Cannot write '%s'", path) : EXIT_SUCCESS;
}

static int add_words(JsonObject *o, const char *key, const char *const *words, size_t n) {
        _cleanup_(strv_freep) char **l = NULL;

        for (size_t i = 0; i < n; i++)
                if (strv_extend(&l, words[i]) < 0)
                        return -ENOMEM;

        return json_add_strv(o, key, l);
}

int verb_features(const Program *p, int argc, char *argv[], Error *reterr) {
        static const char *const hooks[] = { "prestart", "createRuntime", "poststart", "poststop" };
        static const char *const namespaces[] = { "cgroup", "ipc", "mount", "network", "pid", "user", "uts" };
        static const char *const mount_options[] = {
                "atime", "bind", "defaults", "dev", "diratime", "exec", "idmap", "noatime", "nodev", "nodiratime", "noexec",
                "norelatime", "nostrictatime", "nosuid", "nosymfollow", "private", "ratime", "rbind", "rdev", "rdiratime",
                "relatime", "rexec", "ridmap", "rnoatime", "rnodev", "rnodiratime", "rnoexec", "rnorelatime",
                "rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw", "rshared",
                "rslave", "rstrictatime", "rsuid", "rsymfollow", "runbindable", "rw", "shared", "slave", "strictatime",
                "suid", "symfollow", "unbindable",
        };
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        JsonObject *l = json_object_new_object(), *cgroup = json_object_new_object();

        if (!o || json_add(o, "linux", l) < 0 || json_add_string(o, "ociVersionMin", "1.0.0") < 0 ||
            json_add_string(o, "ociVersionMax", OCI_VERSION) < 0 || add_words(o, "hooks", hooks, ELEMENTSOF(hooks)) < 0 ||
            add_words(o, "mountOptions", mount_options, ELEMENTSOF(mount_options)) < 0 ||
            add_words(l, "namespaces", namespaces, ELEMENTSOF(namespaces)) < 0 || json_add(l, "cgroup", cgroup) < 0 ||
            json_add_bool(cgroup, "v1", true) < 0 || json_add_bool(cgroup, "v2", true) < 0 ||
            json_add_bool(cgroup, "systemd", false) < 0)
                return error_oom(reterr);

        printf("%s\n", json_text_pretty(o));
        return EXIT_SUCCESS;
}
