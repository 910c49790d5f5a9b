/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka-all.h"

#include "ctl/container-options.h"
#include "ctl/message-json.h"
#include "ctl/verb-table.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/strv.h"

/* A bus that nobody answers on: good enough to make messages. */
typedef struct Fixture {
        sd_bus *bus;
        int peer;
        char directory[32];
} Fixture;

static int setup(void **state) {
        static Fixture f;
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        f.peer = pair[1];
        assert_true(sd_bus_new(&f.bus) >= 0);
        assert_true(sd_bus_set_fd(f.bus, pair[0], pair[0]) >= 0);
        assert_true(sd_bus_start(f.bus) >= 0);
        strcpy(f.directory, "/tmp/caissonctl-XXXXXX");
        assert_non_null(mkdtemp(f.directory));
        assert_int_equal(chdir(f.directory), 0);
        *state = &f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        sd_bus_close_unref(f->bus);
        safe_close(f->peer);
        (void) unlink("env");
        (void) unlink("labels");
        (void) unlink("profile");
        (void) !chdir("/");
        (void) rmdir(f->directory);
        return 0;
}

/* The a{sv} as compact JSON, or NULL with the error. */
static char *build(Fixture *f, char *const *argv, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(arguments_done) Arguments a = {};
        _cleanup_(json_putp) JsonObject *o = NULL;

        if (arguments_parse(verb_run.options, true, argv, &a, reterr) < 0)
                return NULL;
        assert_true(sd_bus_message_new_method_call(f->bus, &m, BUS_NAME, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "X") >= 0);
        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        if (container_options_append(&a, a.positional + 1, m, reterr) < 0)
                return NULL;
        assert_true(sd_bus_message_close_container(m) >= 0);
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        assert_int_equal(message_read_json(m, &o), 0);
        return strdup(json_text(o));
}

static void options_become_keys(void **state) {
        static const struct {
                const char *argv[12];
                const char *json;
        } cases[] = {
                { { "i" }, "{}" },
                { { "i", "sh", "-c", "x" }, "{\"Command\":[\"sh\",\"-c\",\"x\"]}" },
                { { "-it", "--rm", "i" }, "{\"Tty\":true,\"Interactive\":true,\"AutoRemove\":true}" },
                { { "--read-only-tmpfs=false", "i" }, "{\"ReadOnlyTmpfs\":false}" },
                { { "-m", "512m", "--memory-swap", "-1", "--cpus", ".5", "--pids-limit", "100", "-c", "512", "i" },
                  "{\"Memory\":536870912,\"MemorySwap\":-1,\"CPUShares\":512,\"NanoCPUs\":500000000,\"PidsLimit\":100}" },
                { { "--stop-timeout", "3", "--oom-score-adj", "-5", "--shm-size=1g", "i" },
                  "{\"StopTimeoutUSec\":3000000,\"ShmSize\":1073741824,\"OOMScoreAdjust\":-5}" },
                { { "-l", "a=1", "-l", "a=2", "-l", "b", "i" }, "{\"Labels\":{\"a\":\"2\",\"b\":\"\"}}" },
                { { "--sysctl", "net.x=1", "i" }, "{\"Sysctls\":{\"net.x\":\"1\"}}" },
                { { "--entrypoint", "", "i" }, "{\"Entrypoint\":[]}" },
                { { "--entrypoint", "/bin/sh", "i" }, "{\"Entrypoint\":[\"/bin/sh\"]}" },
                { { "--entrypoint", "[\"a\",\"b c\"]", "i" }, "{\"Entrypoint\":[\"a\",\"b c\"]}" },
                { { "--entrypoint", "[odd", "i" }, "{\"Entrypoint\":[\"[odd\"]}" },
                { { "-v", "/a:/b:ro", "-v", "name:/c", "-v", "/d", "i" },
                  "{\"Volumes\":[\"/a:/b:ro\",\"name:/c\",\"/d\"]}" },
                { { "-e", "A=b", "-e", "CAISSON_TEST_SET", "-e", "CAISSON_TEST_UNSET", "i" },
                  "{\"Environment\":[\"A=b\",\"CAISSON_TEST_SET=from here\"]}" },
                { { "--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined", "i" },
                  "{\"SecurityOpt\":[\"no-new-privileges\",\"seccomp=unconfined\"]}" },
                { { "--cap-drop=ALL", "--cap-add", "CHOWN", "i" }, "{\"CapAdd\":[\"CHOWN\"],\"CapDrop\":[\"ALL\"]}" },
                { { "--net", "host", "-p", "80:80", "-P", "i" },
                  "{\"NetworkMode\":\"host\",\"Publish\":[\"80:80\"],\"PublishAll\":true}" },
                { { "--tz", "local", "--name", "x", "-d", "--cidfile", "f", "-q", "i" }, "{\"Timezone\":\"local\"}" },
        };

        setenv("CAISSON_TEST_SET", "from here", 1);
        unsetenv("CAISSON_TEST_UNSET");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *json = build(*state, (char *const *) cases[i].argv, &error);

                if (!json)
                        fail_msg("case %zu: %s", i, error.message);
                assert_string_equal(json, cases[i].json);
        }
}

static void relative_paths_are_seen_from_here(void **state) {
        Fixture *f = *state;
        char *const argv[] = { (char *) "-v", (char *) "./data/../x:/x", (char *) "-v", (char *) ".:/here", (char *) "--mount",
                               (char *) "type=bind,src=./m,target=/m", (char *) "-v", (char *) ".hidden:/h", (char *) "i", NULL };
        _cleanup_(freep) char *json = build(f, argv, NULL), *expected = NULL;

        assert_true(asprintf(&expected, "{\"Volumes\":[\"%s/x:/x\",\"%s:/here\",\".hidden:/h\"],\"Mounts\":[\"type=bind,"
                                        "source=%s/m,target=/m\"]}", f->directory, f->directory, f->directory) > 0);
        assert_string_equal(json, expected);
}

static void write_file(const char *name, const char *text) {
        assert_int_equal(write_file_atomic_at(AT_FDCWD, name, text, strlen(text), 0), 0);
}

static void files_are_read_here(void **state) {
        char *const argv[] = { (char *) "--env-file", (char *) "env", (char *) "-e", (char *) "Z=1", (char *) "--label-file",
                               (char *) "labels", (char *) "-l", (char *) "a=over", (char *) "--security-opt",
                               (char *) "seccomp=profile", (char *) "i", NULL };
        _cleanup_(freep) char *json = NULL;

        write_file("env", "# comment\n\nA=b c\r\n  B=\nCAISSON_TEST_SET\nCAISSON_TEST_UNSET\nQ=\"quoted\"\n");
        write_file("labels", "a=1\nb\n");
        write_file("profile", "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
        setenv("CAISSON_TEST_SET", "from here", 1);
        json = build(*state, argv, NULL);
        assert_string_equal(json, "{\"Environment\":[\"A=b c\",\"B=\",\"CAISSON_TEST_SET=from here\",\"Q=\\\"quoted\\\"\","
                                  "\"Z=1\"],\"Labels\":{\"a\":\"over\",\"b\":\"\"},\"SeccompProfile\":"
                                  "\"{\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\"}\"}");
}

static void mistakes_are_said(void **state) {
        static const struct {
                const char *argv[4];
                const char *message;
        } cases[] = {
                { { "--env-file", "missing", "i" }, "open 'missing': No such file or directory" },
                { { "--env-file", "env", "i" }, "env:2:2: a name has no blanks" },
                { { "-e", "=x", "i" }, "--env: '=x' has no name" },
                { { "-e", "A=\xff", "i" }, "the environment's 'A=\\xff' is not UTF-8, which is all that D-Bus can carry" },
                { { "i", "\xff" }, "argument '\\xff' is not UTF-8, which is all that D-Bus can carry" },
                { { "--security-opt", "seccomp=missing", "i" },
                  "seccomp profile: open 'missing': No such file or directory" },
        };

        write_file("env", "A=b\nB C=d\n");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};

                assert_null(build(*state, (char *const *) cases[i].argv, &error));
                assert_string_equal(error.message, cases[i].message);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_become_keys),
                cmocka_unit_test(relative_paths_are_seen_from_here),
                cmocka_unit_test(files_are_read_here),
                cmocka_unit_test(mistakes_are_said),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
