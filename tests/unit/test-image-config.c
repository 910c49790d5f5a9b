/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "oci/image-config.h"
#include "shared/strv.h"
#include "shared/text.h"

#define ID1 "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ID2 "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ROOTFS(ids) "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":" ids "}"

static const char full[] =
        "{\"architecture\":\"amd64\",\"zfuture\":[1,2.5,null],\"config\":{\"User\":\"fred\",\"ExposedPorts\":{\"80/tcp\":{}},"
        "\"Env\":[\"PATH=/bin\",\"A=\"],\"Entrypoint\":[\"/a\"],\"Cmd\":[\"b\",\"c\"],\"Volumes\":{\"/data\":{}},"
        "\"WorkingDir\":\"/srv\",\"Labels\":{\"a\":\"b=c\"},\"StopSignal\":\"SIGQUIT\",\"StopTimeout\":5,\"OnBuild\":[\"RUN x\"],"
        "\"Shell\":[\"/bin/bash\",\"-c\"],\"ArgsEscaped\":true,\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],"
        "\"Interval\":5000000000,\"Retries\":3},\"Image\":\"sha256:zz\"},\"created\":\"2024-05-01T12:00:00Z\","
        "\"history\":[{\"created\":\"2024-05-01T12:00:00Z\",\"created_by\":\"ADD x\"},{\"created_by\":\"CMD\",\"empty_layer\":true}],"
        "\"os\":\"linux\"," ROOTFS("[\"" ID1 "\"]") "}";

static int parse(const char *text, OciImageConfig **ret, Error *reterr) {
        return oci_image_config_parse("c", text, strlen(text), ret, reterr);
}

static void everything_is_read(void **state) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL;
        _cleanup_(error_done) Error error = {};

        if (parse(full, &c, &error) < 0)
                fail_msg("%s", error.message);
        assert_string_equal(c->platform.architecture, "amd64");
        assert_string_equal(c->user, "fred");
        assert_string_equal(c->exposed_ports[0], "80/tcp");
        assert_string_equal(strv_env_get(c->env, "PATH"), "/bin");
        assert_string_equal(c->entrypoint[0], "/a");
        assert_int_equal(strv_length(c->cmd), 2);
        assert_string_equal(c->volumes[0], "/data");
        assert_string_equal(c->working_dir, "/srv");
        assert_string_equal(strv_env_get(c->labels, "a"), "b=c");
        assert_string_equal(c->stop_signal, "SIGQUIT");
        assert_int_equal(c->stop_timeout, 5);
        assert_true(c->args_escaped);
        assert_string_equal(c->on_build[0], "RUN x");
        assert_int_equal(strv_length(c->shell), 2);
        assert_int_equal(c->healthcheck->interval, 5000000000);
        assert_int_equal(c->healthcheck->retries, 3);
        assert_string_equal(c->diff_ids[0], ID1);
        assert_int_equal(c->n_history, 2);
        assert_true(c->history[1].empty_layer);
}

static void what_is_not_changed_is_written_back_as_it_was(void **state) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL;
        _cleanup_(freep) char *text = NULL, *changed = NULL;

        assert_int_equal(parse(full, &c, NULL), 0);
        assert_int_equal(oci_image_config_format(c, &text), 0);
        assert_string_equal(text, full);

        c->user = mfree(c->user);
        c->labels = strv_free(c->labels);
        assert_int_equal(oci_image_config_format(c, &changed), 0);
        assert_null(strstr(changed, "\"User\""));
        assert_null(strstr(changed, "\"Labels\""));
        assert_non_null(strstr(changed, "\"zfuture\":[1,2.5,null]"));
        assert_non_null(strstr(changed, "\"Image\":\"sha256:zz\""));
}

static void null_is_nothing(void **state) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL;
        _cleanup_(error_done) Error error = {};

        if (parse("{\"config\":null,\"history\":null,\"created\":null,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}", &c,
                  &error) < 0)
                fail_msg("%s", error.message);
        assert_null(c->env);
        assert_int_equal(strv_length(c->diff_ids), 0);
}

static void an_empty_list_is_not_nothing(void **state) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL;

        assert_int_equal(parse("{\"config\":{\"Entrypoint\":[],\"Cmd\":null}," ROOTFS("[]") "}", &c, NULL), 0);
        assert_non_null(c->entrypoint);
        assert_null(c->cmd);
}

static void environment_without_a_value_is_dropped(void **state) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL;

        assert_int_equal(parse("{\"config\":{\"Env\":[\"SECRET\",\"A=1\",\"*\",\"=x\",\"\",\"B=\"]}," ROOTFS("[]") "}", &c, NULL), 0);
        assert_int_equal(strv_length(c->env), 2);
        assert_string_equal(c->env[0], "A=1");
        assert_string_equal(c->env[1], "B=");
}

static void relative_volumes_are_dropped(void **state) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL;

        assert_int_equal(parse("{\"config\":{\"Volumes\":{\"x\":{},\"/y\":null,\"\":{}}}," ROOTFS("[]") "}", &c, NULL), 0);
        assert_int_equal(strv_length(c->volumes), 1);
        assert_string_equal(c->volumes[0], "/y");
}

static void bad_configurations_are_refused(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "{}", "c: /rootfs: missing" },
                { "null", "c: expected object, got null" },
                { "{\"rootfs\":[]}", "c: /rootfs: expected object, got array" },
                { "{\"rootfs\":{\"type\":\"base\"}}", "c: /rootfs/type: only 'layers' is supported" },
                { "{" ROOTFS("[7]") "}", "c: /rootfs/diff_ids/0: expected string, got integer" },
                { "{" ROOTFS("[\"../x\"]") "}",
                  "c: /rootfs/diff_ids/0: not a digest: expected sha256: and 64 hexadecimal digits" },
                { "{\"config\":{\"Cmd\":\"x\"}," ROOTFS("[]") "}", "c: /config/Cmd: expected array, got string" },
                { "{\"config\":{\"Cmd\":[null]}," ROOTFS("[]") "}", "c: /config/Cmd/0: expected string, got null" },
                { "{\"config\":{\"User\":\"a\\u0000b\"}," ROOTFS("[]") "}", "c: /config/User: contains a NUL byte" },
                { "{\"config\":{\"Healthcheck\":{\"Interval\":-1}}," ROOTFS("[]") "}",
                  "c: /config/Healthcheck/Interval: is negative" },
                { "{\"history\":[{}]," ROOTFS("[]") "}", "c: /history: speaks of 1 layers, but there are 0" },
                { "{\"history\":[1]," ROOTFS("[]") "}", "c: /history/0: expected object, got integer" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL;
                _cleanup_(error_done) Error error = {};

                assert_true(parse(cases[i].text, &c, &error) < 0);
                assert_string_equal(error.message, cases[i].message);
        }
}

static void a_new_one_is_written_in_order(void **state) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = oci_image_config_new();
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(platform_parse("linux/amd64", &c->platform, NULL), 0);
        assert_int_equal(strv_extend(&c->diff_ids, ID1), 0);
        assert_int_equal(oci_image_config_add_history(c, "2024-05-01T12:00:00Z", NULL, NULL, "Imported", false), 0);
        assert_int_equal(oci_image_config_format(c, &text), 0);
        assert_string_equal(text, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{}," ROOTFS("[\"" ID1 "\"]")
                                  ",\"history\":[{\"created\":\"2024-05-01T12:00:00Z\",\"comment\":\"Imported\"}]}");
}

static void chains(void **state) {
        _cleanup_(strv_freep) char **chain = NULL, **none = NULL;
        char *const ids[] = { (char *) ID1, (char *) ID2, NULL };

        assert_int_equal(oci_chain_ids(ids, &chain), 0);
        assert_int_equal(strv_length(chain), 2);
        assert_string_equal(chain[0], ID1);
        assert_string_equal(chain[1], "sha256:a893da35bd22286079f2f3931516d3423eb9b4945f2379e0f8a501ec3d665dd6");
        assert_int_equal(oci_chain_ids(NULL, &none), 0);
        assert_int_equal(strv_length(none), 0);
}

static void times(void **state) {
        static const struct {
                const char *text;
                uint64_t usec;
        } cases[] = {
                { "2024-05-01T12:00:00Z", 1714564800000000 },
                { "2024-05-01T12:00:00.5Z", 1714564800500000 },
                { "2024-05-01T12:00:00.123456789Z", 1714564800123456 },
                { "2024-05-01T14:00:00+02:00", 1714564800000000 },
                { "1970-01-01T00:00:00Z", 0 },
                { "0001-01-01T00:00:00Z", 0 },
                { "2024-05-01", 0 },
                { "2024-05-01T12:00:00", 0 },
                { "", 0 },
        };
        _cleanup_(freep) char *a = oci_time_format(1714564800000000), *b = oci_time_format(1714564800000001);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(oci_time_parse(cases[i].text), cases[i].usec);
        assert_int_equal(oci_time_parse(NULL), 0);
        assert_string_equal(a, "2024-05-01T12:00:00Z");
        assert_string_equal(b, "2024-05-01T12:00:00.000001Z");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(everything_is_read),
                cmocka_unit_test(what_is_not_changed_is_written_back_as_it_was),
                cmocka_unit_test(null_is_nothing),
                cmocka_unit_test(an_empty_list_is_not_nothing),
                cmocka_unit_test(environment_without_a_value_is_dropped),
                cmocka_unit_test(relative_volumes_are_dropped),
                cmocka_unit_test(bad_configurations_are_refused),
                cmocka_unit_test(a_new_one_is_written_in_order),
                cmocka_unit_test(chains),
                cmocka_unit_test(times),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
