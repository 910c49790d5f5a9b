/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "bus-message.h"

#include "manager/container-config-table.h"
#include "oci/image-config.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct Fixture {
        sd_bus *bus;
        int pair[2];
        sd_bus_message *m;
} Fixture;

static int set_up(void **state) {
        Fixture *f = new0(Fixture, 1);

        f->bus = bus_to_nobody(f->pair);
        f->m = message_new(f->bus);
        assert_true(sd_bus_message_open_container(f->m, 'a', "{sv}") >= 0);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        sd_bus_message_unref(f->m);
        sd_bus_unref(f->bus);
        safe_close(f->pair[1]);
        free(f);
        return 0;
}

#define APPEND(f, ...) assert_true(sd_bus_message_append((f)->m, "{sv}", __VA_ARGS__) >= 0)

static int read_config(Fixture *f, ContainerConfig **ret, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;

        assert_true(sd_bus_message_close_container(f->m) >= 0);
        message_finish(f->m);
        return container_config_read_message(f->m, ret, &fd, reterr);
}

static void every_type_arrives(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(error_done) Error error = {};
        Fixture *f = *state;

        APPEND(f, "Command", "as", 2, "sleep", "infinity");
        APPEND(f, "Hostname", "s", "web");
        APPEND(f, "Labels", "a{ss}", 2, "a", "b", "c", "d=e");
        APPEND(f, "Tty", "b", 1);
        APPEND(f, "Memory", "t", UINT64_C(524288000));
        APPEND(f, "MemorySwap", "x", INT64_C(-1));
        APPEND(f, "OOMScoreAdjust", "i", 100);
        APPEND(f, "NoNewPrivileges", "b", 0);
        APPEND(f, "Entrypoint", "as", 0);
        APPEND(f, "Volumes", "as", 1, "/srv:/data/x:ro");
        APPEND(f, "Tmpfs", "as", 1, "/data");
        if (read_config(f, &c, &error) < 0)
                fail_msg("%s", error.message);

        assert_string_equal(c->command[1], "infinity");
        assert_string_equal(c->hostname, "web");
        assert_string_equal(strv_env_get(c->labels, "c"), "d=e");
        assert_true(c->tty);
        assert_int_equal(c->memory, 524288000);
        assert_int_equal(c->memory_swap, -1);
        assert_int_equal(c->oom_score_adjust, 100);
        assert_int_equal(c->no_new_privileges, 0);
        assert_non_null(c->entrypoint); /* given, and empty */
        assert_true(strv_isempty(c->entrypoint));
        assert_null(c->environment);
        assert_int_equal(c->pids_limit, 2048);
        assert_int_equal(c->shm_size, 64 << 20);
        assert_string_equal(c->log_driver, "journald");
        assert_true(c->read_only_tmpfs);
        assert_int_equal(c->n_mount_specs, 2);
        assert_string_equal(c->mount_specs[0].target, "/data"); /* outer ones first */
        assert_string_equal(c->mount_specs[1].target, "/data/x");
}

static void the_attach_socket_is_duplicated(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(closep) int fd = -EBADF;
        Fixture *f = *state;

        APPEND(f, "AttachSocket", "h", STDERR_FILENO);
        assert_true(sd_bus_message_close_container(f->m) >= 0);
        message_finish(f->m);
        assert_int_equal(container_config_read_message(f->m, &c, &fd, NULL), 0);
        assert_true(fd > 2);
}

static void unknown_keys_are_refused(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(error_done) Error error = {};
        Fixture *f = *state;

        APPEND(f, "Memroy", "t", UINT64_C(1));
        assert_int_equal(read_config(f, &c, &error), -EINVAL);
        assert_string_equal(error.message, "unknown key 'Memroy'; did you mean 'Memory'?");
        assert_null(c);
}

static void internal_keys_are_not_for_callers(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(error_done) Error error = {};
        Fixture *f = *state;

        APPEND(f, "ImageVolumes", "as", 1, "/x");
        assert_int_equal(read_config(f, &c, &error), -EINVAL);
        assert_non_null(strstr(error.message, "unknown key 'ImageVolumes'"));
}

static void wrong_types_are_refused(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(error_done) Error error = {};
        Fixture *f = *state;

        APPEND(f, "Memory", "s", "500m");
        assert_int_equal(read_config(f, &c, &error), -EINVAL);
        assert_string_equal(error.message, "Memory: expected a value of type 't', got 's'");
}

static void keys_given_twice_are_refused(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(error_done) Error error = {};
        Fixture *f = *state;

        APPEND(f, "Tty", "b", 1);
        APPEND(f, "Tty", "b", 0);
        assert_int_equal(read_config(f, &c, &error), -EINVAL);
        assert_string_equal(error.message, "Tty: given twice");
}

static void labels_given_twice_are_refused(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(error_done) Error error = {};
        Fixture *f = *state;

        APPEND(f, "Labels", "a{ss}", 2, "a", "b", "a", "c");
        assert_int_equal(read_config(f, &c, &error), -EINVAL);
        assert_string_equal(error.message, "Labels: 'a' is given twice");
}

static void lists_are_bounded(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(error_done) Error error = {};
        Fixture *f = *state;

        assert_true(sd_bus_message_open_container(f->m, 'e', "sv") >= 0);
        assert_true(sd_bus_message_append_basic(f->m, 's', "Command") >= 0);
        assert_true(sd_bus_message_open_container(f->m, 'v', "as") >= 0);
        assert_true(sd_bus_message_open_container(f->m, 'a', "s") >= 0);
        for (unsigned i = 0; i < 5000; i++)
                assert_true(sd_bus_message_append_basic(f->m, 's', "x") >= 0);
        for (unsigned i = 0; i < 3; i++)
                assert_true(sd_bus_message_close_container(f->m) >= 0);
        assert_int_equal(read_config(f, &c, &error), -EINVAL);
        assert_string_equal(error.message, "Command: more than 4096 entries or 655360 bytes");
}

/* { key, value … } of strings → the sentence it is refused with */
static void combinations_are_checked(void **state) {
        static const struct {
                const char *json;
                const char *message;
        } cases[] = {
                { "{\"Memory\":1048576}", "Minimum memory limit allowed is 6MB" },
                { "{\"MemorySwap\":104857600}", "a limit of memory and swap (--memory-swap) needs one of memory (--memory) too" },
                { "{\"Memory\":104857600,\"MemorySwap\":52428800}",
                  "the limit of memory and swap (--memory-swap) must not be below that of memory (--memory)" },
                { "{\"Memory\":104857600,\"MemoryReservation\":209715200}",
                  "the memory limit must be above the memory reservation" },
                { "{\"NanoCPUs\":1500000000,\"CPUQuota\":50000}",
                  "--cpus cannot be combined with --cpu-quota or --cpu-period: it sets both" },
                { "{\"CPUShares\":300000}", "CPUShares: 300000 is not between 0 and 262144" },
                { "{\"CPUShares\":1}", "the least of cpu shares is 2" },
                { "{\"BlkioWeight\":5}", "the weight of block I/O must be 10 to 1000" },
                { "{\"Publish\":[\"80:80\"]}", "--publish needs a network, and this version has only 'none' and 'host'; "
                                               "with --network host the ports are the host's" },
                { "{\"AutoRemove\":true,\"Restart\":\"always\"}", "--rm and --restart contradict each other" },
                { "{\"NetworkMode\":\"host\",\"Sysctls\":{\"net.ipv4.ip_forward\":\"1\"}}",
                  "sysctl 'net.ipv4.ip_forward' would be the host's with --network host" },
                { "{\"UtsMode\":\"host\",\"Hostname\":\"web\"}",
                  "--hostname cannot be combined with --uts host: it would rename the host" },
                { "{\"Volumes\":[\"/a:/b\"],\"Tmpfs\":[\"/b\"]}", "two mounts have the target '/b'" },
                { "{\"PidMode\":\"host\"}", "--pid host needs --userns host too" },
                { "{\"OOMKillDisable\":true}",
                  "--oom-kill-disable is not supported: control groups of version 2 do not have it" },
                { "{\"User\":\"-1\"}", "User: '-1' is not a user" },
                { "{\"CapAdd\":[\"FOO\"]}", "CapAdd: 'FOO' is not a capability" },
                { "{\"SecurityOpt\":[\"seccomp=unconfined\"],\"SeccompProfile\":\"{}\"}",
                  "seccomp=unconfined and a seccomp profile contradict each other" },
                { "{\"Annotations\":{\"io.caisson.init\":\"true\"}}",
                  "Annotations: 'io.caisson.init': names that begin with io.caisson. are reserved" },
                { "{\"LogDriver\":\"syslog\"}",
                  "LogDriver: 'syslog' is not supported; there are journald, json-file, passthrough and none" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
                _cleanup_(error_done) Error error = {};
                _cleanup_(json_putp) JsonObject *o = NULL;
                _cleanup_(freep) char *expected = text_join("test: ", cases[i].message, NULL);
                const JsonPath path = { .key = "test" };

                assert_int_equal(json_parse("test", cases[i].json, strlen(cases[i].json), &o, &error), 0);
                assert_true(container_config_from_json(o, &path, &c, &error) < 0);
                if (!streq(error.message, cases[i].message))
                        assert_string_equal(error.message, expected);
        }
}

static void records_keep_everything(void **state) {
        static const char text[] =
                "{\"Version\":1,\"Command\":[\"a\",\"b\"],\"Environment\":[\"A=1\"],\"Labels\":{\"x\":\"y=z\"},\"Tty\":true,"
                "\"NoNewPrivileges\":false,\"PidsLimit\":-1,\"MemorySwap\":-1,\"Memory\":104857600,\"Volumes\":[\"/a:/b\"],"
                "\"FutureKey\":{\"deep\":[1,2]},\"Nothing\":true}";
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL, *again = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL, *written = NULL;
        _cleanup_(error_done) Error error = {};
        const JsonPath path = { .key = "container.json" };

        assert_int_equal(json_parse("x", text, strlen(text), &o, NULL), 0);
        if (container_config_from_json(o, &path, &c, &error) < 0)
                fail_msg("%s", error.message);
        assert_int_equal(c->pids_limit, -1);

        assert_int_equal(container_config_to_json(c, &written, NULL), 0);
        assert_true(json_object_equal(o, written)); /* nothing lost, no default written */

        assert_int_equal(container_config_from_json(written, &path, &again, NULL), 0);
        assert_int_equal(again->memory, c->memory);
        assert_string_equal(strv_env_get(again->labels, "x"), "y=z");
}

static void damaged_records_are_told_by_path(void **state) {
        static const char text[] = "{\"Version\":1,\"Command\":[\"a\",5]}";
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(error_done) Error error = {};
        const JsonPath top = { .key = "container.json" }, path = { .parent = &top, .key = "Config" };

        assert_int_equal(json_parse("x", text, strlen(text), &o, NULL), 0);
        assert_true(container_config_from_json(o, &path, &c, &error) < 0);
        assert_string_equal(error.message, "container.json: /Config/Command/1: expected string, got integer");
}

static ContainerConfig *merged(const char *config_json, const char *image_json, Error *reterr) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(oci_image_config_freep) OciImageConfig *image = NULL;
        _cleanup_(freep) char *document = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        const JsonPath path = { .key = "config" };

        document = text_join("{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},"
                             "\"config\":", image_json, "}", NULL);
        if (json_parse("config", config_json, strlen(config_json), &o, reterr) < 0 ||
            container_config_from_json(o, &path, &c, reterr) < 0 ||
            oci_image_config_parse("image", document, strlen(document), &image, reterr) < 0 ||
            container_config_merge_image(c, image, ID, reterr) < 0)
                return NULL;
        return TAKE_PTR(c);
}

static void entrypoint_and_command_are_dockers(void **state) {
        static const struct {
                const char *config, *image, *argv;
        } cases[] = {
                { "{}", "{\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"]}", "/e c" },
                { "{\"Command\":[\"x\"]}", "{\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"]}", "/e x" },
                { "{\"Entrypoint\":[\"/o\"]}", "{\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"]}", "/o" },
                { "{\"Entrypoint\":[\"/o\"],\"Command\":[\"x\"]}", "{\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"]}", "/o x" },
                { "{\"Entrypoint\":[],\"Command\":[\"x\"]}", "{\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"]}", "x" },
                { "{\"Entrypoint\":[\"\"],\"Command\":[\"x\"]}", "{\"Entrypoint\":[\"/e\"]}", "x" },
                { "{}", "{\"Cmd\":[\"c\",\"d\"]}", "c d" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
                _cleanup_(strv_freep) char **argv = NULL;
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *text = NULL;

                c = merged(cases[i].config, cases[i].image, &error);
                if (!c)
                        fail_msg("%s", error.message);
                assert_int_equal(container_config_make_argv(c, &argv), 0);
                text = strv_join(argv, " ");
                assert_string_equal(text, cases[i].argv);
        }
}

static void nothing_to_run_is_said(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(error_done) Error error = {};

        c = merged("{\"Entrypoint\":[]}", "{\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"]}", &error);
        assert_null(c);
        assert_string_equal(error.message, "there is no command to run: the image has none, and none was given");
}

static void images_fill_gaps_and_no_more(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(error_done) Error error = {};

        c = merged("{\"Environment\":[\"B=mine\"],\"Labels\":{\"l\":\"mine\"},\"UnsetEnvironment\":[\"C\"],\"Tty\":true,"
                   "\"Tmpfs\":[\"/taken\"]}",
                   "{\"Cmd\":[\"c\"],\"Env\":[\"A=image\",\"B=image\",\"C=image\",\"PATH=/bin\",\"NOVALUE\",\"*\"],\"User\":\"www\","
                   "\"WorkingDir\":\"srv/../app\",\"StopSignal\":\"SIGQUIT\","
                   "\"Labels\":{\"l\":\"image\",\"m\":\"image\",\"io.caisson.policy\":\"evil\"},"
                   "\"Volumes\":{\"/data\":{},\"/taken\":{}},\"ExposedPorts\":{\"80/tcp\":{}}}",
                   &error);
        if (!c)
                fail_msg("%s", error.message);

        assert_string_equal(strv_env_get(c->environment, "A"), "image");
        assert_string_equal(strv_env_get(c->environment, "B"), "mine");
        assert_null(strv_env_get(c->environment, "C"));
        assert_string_equal(strv_env_get(c->environment, "PATH"), "/bin");
        assert_string_equal(strv_env_get(c->environment, "TERM"), "xterm");
        assert_string_equal(strv_env_get(c->environment, "HOSTNAME"), "0123456789ab");
        assert_false(strv_contains(c->environment, "NOVALUE"));
        assert_false(strv_contains(c->environment, "*"));
        assert_string_equal(c->user, "www");
        assert_string_equal(c->working_directory, "/app");
        assert_string_equal(c->stop_signal, "SIGQUIT");
        assert_string_equal(strv_env_get(c->labels, "l"), "mine");
        assert_string_equal(strv_env_get(c->labels, "m"), "image");
        assert_null(strv_env_get(c->labels, "io.caisson.policy"));
        assert_int_equal(strv_length(c->image_volumes), 1);
        assert_string_equal(c->image_volumes[0], "/data");
        assert_true(strv_contains(c->expose, "80/tcp"));
}

static void hostile_images_are_refused(void **state) {
        static const char *const images[] = {
                "{\"Cmd\":[\"c\"],\"User\":\"4294967296\"}",
                "{\"Cmd\":[\"c\"],\"User\":\"0:-1\"}",
                "{\"Cmd\":[\"c\"],\"Volumes\":{\"/proc\":{}}}",
                "{\"Cmd\":[\"c\"],\"Volumes\":{\"/x/../../sys/kernel\":{}}}",
                "{\"Cmd\":[\"\"]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(images); i++) {
                _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
                _cleanup_(error_done) Error error = {};

                c = merged("{}", images[i], &error);
                if (c)
                        fail_msg("%s", images[i]);
                assert_non_null(error.message);
        }
}

static void capabilities_add_up(void **state) {
        static const struct {
                const char *json;
                int n;
        } cases[] = {
                { "{}", 9 },
                { "{\"CapDrop\":[\"ALL\"]}", 0 },
                { "{\"CapDrop\":[\"all\"],\"CapAdd\":[\"CHOWN\",\"CAP_KILL\"]}", 2 },
                { "{\"CapAdd\":[\"NET_RAW\"]}", 10 },
                { "{\"CapDrop\":[\"CHOWN\"]}", 8 },
                { "{\"CapAdd\":[\"ALL\"]}", 41 },
                { "{\"CapAdd\":[\"ALL\"],\"CapDrop\":[\"MKNOD\"]}", 40 },
                { "{\"Privileged\":true}", 41 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
                _cleanup_(json_putp) JsonObject *o = NULL;

                assert_int_equal(json_parse("x", cases[i].json, strlen(cases[i].json), &o, NULL), 0);
                assert_int_equal(container_config_from_json(o, &(JsonPath) { .key = "x" }, &c, NULL), 0);
                assert_int_equal(__builtin_popcountll(container_config_capabilities(c)), cases[i].n);
        }
}

static void what_reaches_the_host_needs_privilege(void **state) {
        static const struct {
                const char *json, *reason; /* NULL: a container of its own */
        } cases[] = {
                { "{}", NULL },
                { "{\"Memory\":104857600,\"ReadOnly\":true,\"Tmpfs\":[\"/t\"],\"Volumes\":[\"/anonymous\"]}", NULL },
                { "{\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"mask=/proc/x\"]}", NULL },
                { "{\"Privileged\":true}", "privileged" },
                { "{\"Volumes\":[\"/etc:/x:ro\"]}", "host path /etc" },
                { "{\"Mounts\":[\"type=bind,src=/,dst=/h\"]}", "host path /" },
                { "{\"Devices\":[\"/dev/kvm\"]}", "device /dev/kvm" },
                { "{\"DeviceCgroupRules\":[\"c 1:1 r\"]}", "device rules" },
                { "{\"UserNS\":\"host\"}", "user namespace of the host" },
                { "{\"NetworkMode\":\"host\"}", "network of the host" },
                { "{\"IpcMode\":\"host\"}", "IPC of the host" },
                { "{\"CapAdd\":[\"SYS_ADMIN\"]}", "capabilities" },
                { "{\"SecurityOpt\":[\"seccomp=unconfined\"]}", "no seccomp filter" },
                { "{\"SecurityOpt\":[\"unmask=/proc/kcore\"]}", "unmasked paths" },
                { "{\"NoNewPrivileges\":false}", "new privileges" },
                { "{\"CgroupParent\":\"system.slice\"}", "slice" },
                { "{\"OOMScoreAdjust\":-500}", "OOM score" },
                { "{\"PidsLimit\":-1}", "no limit of processes" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
                _cleanup_(strv_freep) char **reasons = NULL;
                _cleanup_(json_putp) JsonObject *o = NULL;

                assert_int_equal(json_parse("x", cases[i].json, strlen(cases[i].json), &o, NULL), 0);
                assert_int_equal(container_config_from_json(o, &(JsonPath) { .key = "x" }, &c, NULL), 0);
                assert_int_equal(container_config_privileges(c, &reasons), !!cases[i].reason);
                assert_int_equal(container_config_privileges(c, NULL), !!cases[i].reason);
                if (cases[i].reason)
                        assert_true(strv_contains(reasons, cases[i].reason));
        }
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void) {
        const struct CMUnitTest tests[] = {
                test(every_type_arrives),
                test(the_attach_socket_is_duplicated),
                test(unknown_keys_are_refused),
                test(internal_keys_are_not_for_callers),
                test(wrong_types_are_refused),
                test(keys_given_twice_are_refused),
                test(labels_given_twice_are_refused),
                test(lists_are_bounded),
                cmocka_unit_test(combinations_are_checked),
                cmocka_unit_test(records_keep_everything),
                cmocka_unit_test(damaged_records_are_told_by_path),
                cmocka_unit_test(entrypoint_and_command_are_dockers),
                cmocka_unit_test(nothing_to_run_is_said),
                cmocka_unit_test(images_fill_gaps_and_no_more),
                cmocka_unit_test(hostile_images_are_refused),
                cmocka_unit_test(capabilities_add_up),
                cmocka_unit_test(what_reaches_the_host_needs_privilege),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
