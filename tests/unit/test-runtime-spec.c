/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <sys/resource.h>

#include "oci/runtime-spec.h"
#include "shared/strv.h"
#include "shared/text.h"

static const char full[] =
        "{\"ociVersion\":\"1.1.0\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":25,\"width\":80},\"user\":{"
        "\"uid\":1000,\"gid\":1000,\"umask\":18,\"username\":\"web:web\",\"additionalGids\":[5,6]},\"args\":[\"sh\",\"-c\","
        "\"\"],\"env\":[\"PATH=/bin\",\"EMPTY=\"],\"cwd\":\"/srv\",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"],"
        "\"effective\":[],\"permitted\":[\"CAP_CHOWN\"]},\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1024,\"hard\":"
        "18446744073709551615}],\"noNewPrivileges\":true,\"oomScoreAdj\":-5,\"apparmorProfile\":\"p\",\"selinuxLabel\":\"l\"},"
        "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"web\",\"domainname\":\"example.org\",\"mounts\":[{"
        "\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\"]},{\"destination\":\"/m\","
        "\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],\"gidMappings\":[{\"containerID\":0,"
        "\"hostID\":100000,\"size\":65536}]}],\"hooks\":{\"prestart\":[{\"path\":\"/bin/true\",\"args\":[\"true\"],\"env\":["
        "\"A=b\"],\"timeout\":3}],\"poststop\":[{\"path\":\"/bin/false\"}]},\"annotations\":{\"io.caisson.init\":\"true\"},"
        "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\",\"path\":\"/run/netns/x\"}],\"uidMappings\":[{"
        "\"containerID\":0,\"hostID\":100000,\"size\":65536}],\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,"
        "\"size\":65536}],\"devices\":[{\"type\":\"c\",\"path\":\"/dev/fuse\",\"major\":10,\"minor\":229,\"fileMode\":438,"
        "\"uid\":0,\"gid\":0}],\"cgroupsPath\":\"/x\",\"resources\":{\"devices\":[{\"allow\":false,\"type\":\"a\",\"access\":"
        "\"rwm\"}],\"memory\":{\"limit\":100,\"reservation\":50,\"swap\":-1,\"disableOOMKiller\":false},\"cpu\":{\"shares\":"
        "512,\"quota\":1000,\"period\":100000,\"cpus\":\"0-1\",\"mems\":\"0\"},\"pids\":{\"limit\":100},\"blockIO\":{"
        "\"weight\":500,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":100}],\"throttleReadBpsDevice\":[{\"major\":8,"
        "\"minor\":0,\"rate\":1000}]},\"unified\":{\"memory.high\":\"max\"}},\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},"
        "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"},\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":["
        "\"/proc/sys\"],\"rootfsPropagation\":\"rprivate\",\"mountLabel\":\"m\",\"personality\":{\"domain\":\"LINUX32\"}}}";

static void what_is_read_is_written_back(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(oci_spec_parse("config.json", full, strlen(full), &s, &error), 0);
        assert_int_equal(oci_spec_format(s, &text), 0);
        assert_string_equal(text, full);

        assert_int_equal(s->process.rlimits[0].resource, RLIMIT_NOFILE);
        assert_true(s->process.rlimits[0].hard == UINT64_MAX);
        assert_int_equal(s->process.user.umask.value, 022);
        assert_int_equal(s->process.oom_score_adj.value, -5);
        assert_string_equal(oci_spec_namespace(s, OCI_NAMESPACE_NETWORK)->path, "/run/netns/x");
        assert_null(oci_spec_namespace(s, OCI_NAMESPACE_USER));
        assert_true(oci_spec_annotation_is_true(s, "io.caisson.init"));
}

static void what_is_filled_is_read_back(void **state) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL, *t = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) char *text = NULL, *again = NULL;
        char *options[] = { (char *) "ro", (char *) "lowerdir=/a", NULL };

        assert_int_equal(oci_spec_new(&s), 0);
        s->process.cwd = strdup("/");
        assert_int_equal(oci_spec_add_mount(s, "/", "overlay", NULL, options), 0);
        assert_int_equal(oci_spec_add_mount(s, "/tmp", "tmpfs", "tmpfs", NULL), 0);
        assert_int_equal(oci_spec_add_mount(s, "/run", "tmpfs", "tmpfs", NULL), 0);
        assert_int_equal(oci_spec_add_namespace(s, OCI_NAMESPACE_MOUNT, NULL), 0);
        assert_int_equal(oci_spec_add_id_map(s, 0, 100000, 65536), 0);
        assert_int_equal(oci_spec_add_device(s, &(OciDevice) { .type = 'c', .path = (char *) "/dev/x", .major = 1 }), 0);
        assert_int_equal(oci_spec_add_device_rule(s, &(OciDeviceRule) { .type = 'a' }), 0);
        assert_int_equal(oci_spec_add_rlimit(s, RLIMIT_CORE, 0, 0), 0);
        assert_int_equal(oci_spec_add_rlimit(s, RLIMIT_CORE, 0, UINT64_MAX), 0);
        assert_int_equal(s->process.n_rlimits, 1);
        assert_int_equal(oci_block_limits_add(&s->linux_.resources.block_io.read_iops, 8, 0, 10), 0);
        assert_int_equal(oci_spec_set_annotation(s, "a.b", "1"), 0);
        assert_int_equal(oci_spec_set_annotation(s, "a.b", "2"), 0);

        assert_int_equal(oci_spec_format(s, &text), 0);
        assert_int_equal(oci_spec_parse("x", text, strlen(text), &t, &error), 0);
        assert_int_equal(oci_spec_format(t, &again), 0);
        assert_string_equal(text, again);
        assert_string_equal(oci_spec_annotation(t, "a.b"), "2");

        /* A parsed one can be added to as well */
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(oci_spec_add_mount(t, "/x", "tmpfs", NULL, NULL), 0);
        assert_int_equal(t->n_mounts, 8);
}

static void errors_name_the_path(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "{}", "c: /ociVersion: missing" },
                { "{\"ociVersion\":\"2.0\"}", "c: /ociVersion: '2.0' is not a version this program knows" },
                { "{\"ociVersion\":\"1.0\",\"process\":{\"cwd\":\"x\"}}", "c: /process/cwd: is not an absolute path" },
                { "{\"ociVersion\":\"1.0\",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":\"0\"}}}",
                  "c: /process/user/uid: expected integer, got string" },
                { "{\"ociVersion\":\"1.0\",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":4294967295}}}",
                  "c: /process/user/uid: is not an id" },
                { "{\"ociVersion\":\"1.0\",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":4294967296}}}",
                  "c: /process/user/uid: number out of range" },
                { "{\"ociVersion\":\"1.0\",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":-1}}}",
                  "c: /process/user/uid: is negative" },
                { "{\"ociVersion\":\"1.0\",\"process\":{\"cwd\":\"/\",\"env\":[\"A=b\",\"*\"]}}",
                  "c: /process/env/1: expected NAME=VALUE" },
                { "{\"ociVersion\":\"1.0\",\"process\":{\"cwd\":\"/\",\"rlimits\":[{\"type\":\"X\"}]}}",
                  "c: /process/rlimits/0/type: unknown limit 'X'" },
                { "{\"ociVersion\":\"1.0\",\"mounts\":[null]}", "c: /mounts/0: expected object, got null" },
                { "{\"ociVersion\":\"1.0\",\"mounts\":[{\"destination\":\"proc\"}]}",
                  "c: /mounts/0/destination: is not an absolute path" },
                { "{\"ociVersion\":\"1.0\",\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]}}",
                  "c: /linux/namespaces/1: a second namespace of type 'pid'" },
                { "{\"ociVersion\":\"1.0\",\"linux\":{\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}}}",
                  "c: /linux/resources/devices/0/access: 'rx' is not made of r, w and m" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(oci_spec_freep) OciSpec *s = NULL;
                _cleanup_(error_done) Error error = {};

                assert_true(oci_spec_parse("c", cases[i].text, strlen(cases[i].text), &s, &error) < 0);
                assert_string_equal(error.message, cases[i].message);
                assert_null(s);
        }
}

static void null_is_absent_as_go_writes_it(void **state) {
        static const char text[] =
                "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":null,\"capabilities\":null},\"mounts\":null,"
                "\"hooks\":{\"prestart\":null},\"linux\":{\"namespaces\":null,\"resources\":{\"memory\":{\"limit\":null}}}}";
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;

        assert_int_equal(oci_spec_parse("c", text, strlen(text), &s, NULL), 0);
        assert_false(s->process.capabilities.set);
        assert_false(s->linux_.resources.memory.limit.set);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_read_is_written_back),
                cmocka_unit_test(what_is_filled_is_read_back),
                cmocka_unit_test(errors_name_the_path),
                cmocka_unit_test(null_is_absent_as_go_writes_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
