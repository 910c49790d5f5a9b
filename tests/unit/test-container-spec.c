/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <sys/resource.h>

#include "config-from-json.h"

#include "manager/container-spec.h"
#include "oci/runtime-spec.h"
#include "shared/strv.h"
#include "shared/text.h"

#define BASE 0x40000000U

static char *layers[] = { (char *) "/l/2", (char *) "/l/1", NULL };
static const ContainerPlace place = {
        .id = "0123", .name = "web", .unit = "caisson-web.scope", .run_dir = "/run/c", .state_dir = "/var/c",
        .layers = layers, .userns_base = BASE,
};

static OciSpec *spec_from_json(const char *text) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = config_from_json(text);
        _cleanup_(error_done) Error error = {};
        OciSpec *s;

        if (container_spec_make(c, &place, &s, &error) < 0)
                fail_msg("%s", error.message);
        return s;
}

static const OciMount *find_mount(const OciSpec *s, const char *destination) {
        for (size_t i = 0; i < s->n_mounts; i++)
                if (streq(s->mounts[i].destination, destination))
                        return s->mounts + i;
        return NULL;
}

static bool has_options(const OciMount *m, const char *options) {
        _cleanup_(strv_freep) char **l = NULL;

        if (!m)
                return false;
        assert_int_equal(strv_split(options, ",", &l), 0);
        STRV_FOREACH(o, l)
                if (!strv_contains(m->options, *o))
                        return false;
        return true;
}

static void defaults_are_strict(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = spec_from_json("{\"Entrypoint\":[\"/e\"],\"Command\":[\"c\"]}");

        assert_string_equal(s->process.args[0], "/e");
        assert_string_equal(s->process.args[1], "c");
        assert_string_equal(s->process.cwd, "/");
        assert_true(s->process.no_new_privileges);
        assert_true(s->process.oom_score_adj.set && s->process.oom_score_adj.value == 0);
        assert_int_equal(strv_length(s->process.capabilities.bounding), 9);
        assert_int_equal(strv_length(s->process.capabilities.effective), 9);
        assert_true(s->process.capabilities.set);
        assert_true(strv_isempty(s->process.capabilities.inheritable));
        assert_true(strv_isempty(s->process.capabilities.ambient));

        for (OciNamespaceType t = 0; t < OCI_NAMESPACE_TYPE_MAX; t++)
                assert_int_equal(!!oci_spec_namespace(s, t), t != OCI_NAMESPACE_TIME);
        assert_int_equal(s->linux_.n_uid_mappings, 1);
        assert_int_equal(s->linux_.uid_mappings[0].host_id, BASE);
        assert_int_equal(s->linux_.uid_mappings[0].size, 65536);
        assert_int_equal(s->linux_.gid_mappings[0].host_id, BASE);

        assert_true(strv_contains(s->linux_.masked_paths, "/proc/kcore"));
        assert_true(strv_contains(s->linux_.masked_paths, "/sys/firmware"));
        assert_true(strv_contains(s->linux_.readonly_paths, "/proc/sys"));
        assert_true(strv_contains(s->linux_.sysctl, "net.ipv4.ping_group_range=0 65535"));
        assert_int_equal(s->linux_.n_devices, 0);

        /* less where nobody may have more */
        bool nofile = false, core = false;
        for (size_t i = 0; i < s->process.n_rlimits; i++) {
                const OciRlimit *l = s->process.rlimits + i;

                nofile = nofile || (l->resource == RLIMIT_NOFILE && l->soft == 1024 && l->hard <= 524288);
                core = core || (l->resource == RLIMIT_CORE && l->soft == 0);
        }
        assert_true(nofile && core);
}

static void mounts_are_what_the_documentation_says(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = spec_from_json("{\"Command\":[\"c\"]}");
        static const struct {
                const char *destination, *type, *options;
        } expected[] = {
                { "/", "overlay", "lowerdir=/l/2,lowerdir=/l/1,upperdir=/var/c/upper,workdir=/var/c/work,idmap,nodev" },
                { "/proc", "proc", "nosuid,noexec,nodev" },
                { "/dev", "tmpfs", "nosuid,noexec,mode=755,size=4m" },
                { "/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5" },
                { "/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777,size=67108864" },
                { "/dev/mqueue", "mqueue", "nosuid,noexec,nodev" },
                { "/sys", "sysfs", "nosuid,noexec,nodev,ro" },
                { "/sys/fs/cgroup", "cgroup", "nosuid,noexec,nodev,ro" },
                { "/etc/hosts", "bind", "bind,ro,nosuid,nodev,noexec" },
                { "/etc/hostname", "bind", "bind,ro,nosuid,nodev,noexec" },
                { "/etc/resolv.conf", "bind", "bind,ro,nosuid,nodev,noexec" },
        };

        assert_int_equal(s->n_mounts, ELEMENTSOF(expected));
        assert_string_equal(s->mounts[0].destination, "/");
        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                const OciMount *m = find_mount(s, expected[i].destination);

                if (!m || !streq(m->type, expected[i].type) || !has_options(m, expected[i].options))
                        fail_msg("%s", expected[i].destination);
        }
}

static void binds_keep_their_owners(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL, *host = NULL;

        s = spec_from_json("{\"Command\":[\"c\"],\"Volumes\":[\"/srv:/data:ro\",\"/x:/y:noidmap,rslave\"]}");
        assert_true(has_options(find_mount(s, "/data"), "rbind,rprivate,rro,rnosuid,rnodev,idmap"));
        assert_string_equal(find_mount(s, "/data")->source, "/srv");
        assert_false(has_options(find_mount(s, "/y"), "idmap"));
        assert_true(has_options(find_mount(s, "/y"), "rslave"));

        host = spec_from_json("{\"Command\":[\"c\"],\"UserNS\":\"host\",\"Volumes\":[\"/srv:/data\"]}");
        assert_false(has_options(find_mount(host, "/data"), "idmap"));
        assert_false(has_options(find_mount(host, "/"), "idmap"));
        assert_null(oci_spec_namespace(host, OCI_NAMESPACE_USER));
        assert_int_equal(host->linux_.n_uid_mappings, 0);
}

static void ones_own_mounts_replace_the_usual_ones(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;

        s = spec_from_json("{\"Command\":[\"c\"],\"Volumes\":[\"/h:/etc/hosts\",\"/e:/etc\"],\"Mounts\":[\"type=tmpfs,dst=/dev/shm,tmpfs-size=1m\"]}");
        assert_string_equal(find_mount(s, "/etc/hosts")->source, "/h");
        assert_true(has_options(find_mount(s, "/dev/shm"), "size=1048576"));

        /* what is mounted over /etc must not hide what is mounted in it */
        assert_true(find_mount(s, "/etc") < find_mount(s, "/etc/hosts"));
        assert_true(find_mount(s, "/etc") < find_mount(s, "/etc/resolv.conf"));
        assert_true(find_mount(s, "/dev") < find_mount(s, "/dev/shm"));
}

static void read_only_leaves_places_to_write(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(oci_spec_freep) OciSpec *s = NULL, *without = NULL;
        _cleanup_(strv_freep) char **directories = NULL;

        s = spec_from_json("{\"Command\":[\"c\"],\"ReadOnly\":true,\"ImageVolumes\":[\"/data\"],\"Tmpfs\":[\"/tmp:size=1m\"]}");
        assert_true(s->root.readonly);
        assert_string_equal(find_mount(s, "/run")->type, "tmpfs");
        assert_string_equal(find_mount(s, "/var/tmp")->type, "tmpfs");
        assert_true(has_options(find_mount(s, "/tmp"), "size=1048576"));
        assert_string_equal(find_mount(s, "/data")->source, "/var/c/volumes/0");

        c = config_from_json("{\"Command\":[\"c\"],\"ReadOnly\":true,\"ImageVolumes\":[\"/data\"],\"Volumes\":[\"/anonymous\"]}");
        assert_int_equal(container_spec_directories(c, &directories), 0);
        assert_int_equal(strv_length(directories), 4); /* upper, volumes, volumes/0, volumes/1 */

        without = spec_from_json("{\"Command\":[\"c\"],\"ReadOnly\":true,\"ReadOnlyTmpfs\":false}");
        assert_null(find_mount(without, "/run"));
}

static void volumes_of_images_are_in_the_containers_layer(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(strv_freep) char **directories = NULL;
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;

        c = config_from_json("{\"Command\":[\"c\"],\"ImageVolumes\":[\"/data\"]}");
        assert_int_equal(container_spec_directories(c, &directories), 0);
        assert_int_equal(strv_length(directories), 1);

        s = spec_from_json("{\"Command\":[\"c\"],\"ImageVolumes\":[\"/data\"]}");
        assert_null(find_mount(s, "/data"));
}

static void host_namespaces_bring_host_mounts(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL, *both = NULL;

        s = spec_from_json("{\"Command\":[\"c\"],\"NetworkMode\":\"host\",\"IpcMode\":\"host\"}");
        assert_null(oci_spec_namespace(s, OCI_NAMESPACE_NETWORK));
        assert_string_equal(find_mount(s, "/sys")->type, "bind");
        assert_true(has_options(find_mount(s, "/sys"), "rbind,ro"));
        assert_string_equal(find_mount(s, "/dev/mqueue")->type, "bind");
        assert_string_equal(find_mount(s, "/dev/shm")->type, "bind");
        assert_true(strv_isempty(s->linux_.sysctl)); /* they would be the host's */

        both = spec_from_json("{\"Command\":[\"c\"],\"NetworkMode\":\"host\",\"UserNS\":\"host\"}");
        assert_string_equal(find_mount(both, "/sys")->type, "sysfs");
}

static void privileged_is_unmasked(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = spec_from_json("{\"Command\":[\"c\"],\"Privileged\":true}");

        assert_true(strv_isempty(s->linux_.masked_paths));
        assert_true(strv_isempty(s->linux_.readonly_paths));
        assert_int_equal(strv_length(s->process.capabilities.bounding), 41);
        assert_false(s->process.no_new_privileges);
        assert_false(has_options(find_mount(s, "/sys"), "ro"));
        assert_non_null(oci_spec_namespace(s, OCI_NAMESPACE_USER)); /* all of it, but in its own user namespace */
}

static void masks_can_be_chosen(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;

        s = spec_from_json("{\"Command\":[\"c\"],\"SecurityOpt\":[\"unmask=/proc/*\",\"mask=/sys/class:/proc/kcore\"]}");
        assert_false(strv_contains(s->linux_.masked_paths, "/proc/keys"));
        assert_false(strv_contains(s->linux_.readonly_paths, "/proc/sys"));
        assert_true(strv_contains(s->linux_.masked_paths, "/sys/firmware"));
        assert_true(strv_contains(s->linux_.masked_paths, "/sys/class"));
        assert_true(strv_contains(s->linux_.masked_paths, "/proc/kcore"));
}

static void annotations_tell_the_supervisor(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;

        s = spec_from_json("{\"Command\":[\"c\"],\"Init\":true,\"Interactive\":true,\"LogDriver\":\"json-file\","
                           "\"LogOpts\":{\"max-size\":\"1m\"},\"StopSignal\":\"SIGQUIT\",\"GroupAdd\":[\"audio\",\"5\"],"
                           "\"Annotations\":{\"a\":\"b\"},\"DetachKeys\":\"\"}");
        assert_string_equal(oci_spec_annotation(s, "io.caisson.name"), "web");
        assert_string_equal(oci_spec_annotation(s, "io.caisson.unit"), "caisson-web.scope");
        assert_string_equal(oci_spec_annotation(s, "io.caisson.log-driver"), "json-file");
        assert_string_equal(oci_spec_annotation(s, "io.caisson.log-opt.max-size"), "1m");
        assert_string_equal(oci_spec_annotation(s, "io.caisson.stop-signal"), "SIGQUIT");
        assert_string_equal(oci_spec_annotation(s, "io.caisson.group-add"), "audio,5");
        assert_string_equal(oci_spec_annotation(s, "io.caisson.detach-keys"), "");
        assert_string_equal(oci_spec_annotation(s, "a"), "b");
        assert_true(oci_spec_annotation_is_true(s, "io.caisson.init"));
        assert_true(oci_spec_annotation_is_true(s, "io.caisson.interactive"));
}

static void devices_of_the_host_are_found(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *bad = NULL;
        _cleanup_(oci_spec_freep) OciSpec *s = NULL, *none = NULL;
        _cleanup_(error_done) Error error = {};

        s = spec_from_json("{\"Command\":[\"c\"],\"Devices\":[\"/dev/null:/dev/mine:r\"]}");
        assert_int_equal(s->linux_.n_devices, 1);
        assert_string_equal(s->linux_.devices[0].path, "/dev/mine");
        assert_int_equal(s->linux_.devices[0].major, 1);
        assert_int_equal(s->linux_.devices[0].minor, 3);

        bad = config_from_json("{\"Command\":[\"c\"],\"Devices\":[\"/dev/no-such-device\"]}");
        assert_true(container_spec_make(bad, &place, &none, &error) < 0);
        assert_string_equal(error.message, "device /dev/no-such-device: No such file or directory");
}

static void auto_removed_containers_are_not_synced(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = spec_from_json("{\"Command\":[\"c\"],\"AutoRemove\":true}");

        assert_true(has_options(find_mount(s, "/"), "volatile"));
}

static void systemd_gets_what_it_needs(void **state) {
        static const struct {
                const char *json;
                bool systemd, whole;
        } cases[] = {
                { "{\"Command\":[\"/sbin/init\"]}", true, false },
                { "{\"Entrypoint\":[\"/lib/systemd/systemd\"]}", true, false },
                { "{\"Command\":[\"/sbin/init\"],\"Systemd\":\"false\"}", false, false },
                { "{\"Command\":[\"/bin/sh\"]}", false, false },
                { "{\"Command\":[\"/bin/sh\",\"/sbin/init\"]}", false, false },
                { "{\"Command\":[\"/start\"],\"Systemd\":\"always\"}", true, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_config_unrefp) ContainerConfig *c = config_from_json(cases[i].json);
                _cleanup_(oci_spec_freep) OciSpec *s = spec_from_json(cases[i].json);

                assert_int_equal(container_config_is_systemd(c), cases[i].systemd);
                assert_int_equal(container_config_stop_signal(c), cases[i].systemd ? SIGRTMIN + 3 : SIGTERM);
                assert_int_equal(!!find_mount(s, "/run/lock"), cases[i].systemd);
                assert_int_equal(has_options(find_mount(s, "/sys/fs/cgroup"), "ro"), !cases[i].systemd);
                assert_int_equal(strv_contains(s->process.capabilities.bounding, "CAP_SETPCAP"), cases[i].systemd);
                assert_int_equal(strv_contains(s->process.capabilities.bounding, "CAP_SYS_ADMIN"), cases[i].whole);
                assert_int_equal(s->process.no_new_privileges, !cases[i].whole);
                assert_int_equal(container_config_privileges(c, NULL), cases[i].whole);
        }
}

static void files_of_names(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL, *host = NULL;
        _cleanup_(freep) char *hosts = NULL, *name = NULL, *resolv = NULL, *none = NULL;

        c = config_from_json("{\"Hostname\":\"web\",\"AddHost\":[\"db;database:10.0.0.1\",\"six:[::2]\"]}");
        assert_int_equal(container_spec_make_hosts(c, "1.2.3.4 secret\n", &hosts), 0);
        assert_string_equal(hosts, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
                                   "127.0.1.1\tweb\n10.0.0.1\tdb database\n::2\tsix\n");
        assert_int_equal(container_spec_make_hostname(c, &name), 0);
        assert_string_equal(name, "web\n");
        assert_int_equal(container_spec_make_resolv_conf(c, "nameserver 1.1.1.1\n", &none), 0);
        assert_string_equal(none, ""); /* no network, no servers */

        host = config_from_json("{\"NetworkMode\":\"host\",\"Dns\":[\"9.9.9.9\"],\"DnsSearch\":[\"example.org\"]}");
        assert_int_equal(container_spec_make_resolv_conf(host, "nameserver 1.1.1.1\nsearch x\noptions edns0\n", &resolv), 0);
        assert_string_equal(resolv, "options edns0\nnameserver 9.9.9.9\nsearch example.org\n");
}

static void the_text_reads_back(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = spec_from_json("{\"Command\":[\"c\"],\"User\":\"1000:users\",\"Umask\":\"0077\",\"ReadOnly\":true}"),
                                  *again = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(oci_spec_format(s, &text), 0);
        if (oci_spec_parse("config.json", text, strlen(text), &again, &error) < 0)
                fail_msg("%s", error.message);
        assert_string_equal(again->process.user.username, "1000:users");
        assert_int_equal(again->process.user.umask.value, 0077);
        assert_int_equal(again->n_mounts, s->n_mounts);
        assert_true(again->root.readonly);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(defaults_are_strict),
                cmocka_unit_test(mounts_are_what_the_documentation_says),
                cmocka_unit_test(binds_keep_their_owners),
                cmocka_unit_test(ones_own_mounts_replace_the_usual_ones),
                cmocka_unit_test(read_only_leaves_places_to_write),
                cmocka_unit_test(volumes_of_images_are_in_the_containers_layer),
                cmocka_unit_test(host_namespaces_bring_host_mounts),
                cmocka_unit_test(privileged_is_unmasked),
                cmocka_unit_test(masks_can_be_chosen),
                cmocka_unit_test(annotations_tell_the_supervisor),
                cmocka_unit_test(devices_of_the_host_are_found),
                cmocka_unit_test(auto_removed_containers_are_not_synced),
                cmocka_unit_test(systemd_gets_what_it_needs),
                cmocka_unit_test(files_of_names),
                cmocka_unit_test(the_text_reads_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
