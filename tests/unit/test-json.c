/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <stdio.h>

#include "shared/json.h"
#include "shared/strv.h"
#include "shared/text.h"

typedef struct Port {
        char *name;
        uint32_t number;
} Port;

typedef struct Thing {
        char *name;
        char **args;
        char **labels;
        bool on;
        int64_t score;
        uint32_t uid;
        struct {
                uint64_t limit;
        } inner;
        Port *ports;
        size_t n_ports;
} Thing;

static const JsonField port_fields[] = {
        { "name", json_type_string, json_read_string, offsetof(Port, name), JSON_REQUIRED },
        { "number", json_type_int, json_read_u32, offsetof(Port, number), 0 },
        {},
};
static const JsonField inner_fields[] = {
        { "limit", json_type_int, json_read_u64, 0, 0 },
        {},
};
static const JsonField thing_fields[] = {
        { "name", json_type_string, json_read_string, offsetof(Thing, name), JSON_REQUIRED },
        { "args", json_type_array, json_read_strv, offsetof(Thing, args), JSON_NULL_IS_ABSENT },
        { "labels", json_type_object, json_read_string_map, offsetof(Thing, labels), 0 },
        { "on", json_type_boolean, json_read_bool, offsetof(Thing, on), 0 },
        { "score", json_type_int, json_read_i64, offsetof(Thing, score), 0 },
        { "uid", json_type_int, json_read_u32, offsetof(Thing, uid), 0 },
        { "inner", json_type_object, json_read_struct, offsetof(Thing, inner), 0, inner_fields },
        { "ports", json_type_array, json_read_array, offsetof(Thing, ports), 0,
          &(const JsonArrayOf) { sizeof(Port), port_fields, 3 } },
        {},
};

static void thing_done(Thing *t) {
        for (size_t i = 0; i < t->n_ports; i++)
                free(t->ports[i].name);
        free(t->ports);
        free(t->name);
        strv_free(t->args);
        strv_free(t->labels);
}

static int thing_read(const char *text, Thing *ret, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        int r;

        r = json_parse("thing.json", text, strlen(text), &o, reterr);
        if (r < 0)
                return r;
        return json_read_object(o, &(JsonPath) { .key = "thing.json" }, thing_fields, ret, reterr);
}

static void all_kinds_of_members(void **state) {
        _cleanup_(thing_done) Thing t = {};
        _cleanup_(error_done) Error e = {};

        assert_int_equal(thing_read("{\"name\":\"x\",\"args\":[\"a\",\"b\"],\"labels\":{\"k\":\"v=w\"},\"on\":true,"
                                    "\"score\":-5,\"uid\":4294967295,\"inner\":{\"limit\":18446744073709551615},"
                                    "\"ports\":[{\"name\":\"http\",\"number\":80},{\"name\":\"ssh\"}],\"else\":1}",
                                    &t, &e), 0);
        assert_string_equal(t.name, "x");
        assert_string_equal(t.args[1], "b");
        assert_string_equal(t.labels[0], "k=v=w");
        assert_true(t.on);
        assert_int_equal(t.score, -5);
        assert_true(t.uid == UINT32_MAX);
        assert_true(t.inner.limit == UINT64_MAX);
        assert_int_equal(t.n_ports, 2);
        assert_int_equal(t.ports[0].number, 80);
}

static void errors_name_the_path(void **state) {
        static const struct { const char *text, *message; } cases[] = {
                { "{}", "thing.json: /name: missing" },
                { "[]", "thing.json: expected object, got array" },
                { "{\"name\":1}", "thing.json: /name: expected string, got integer" },
                { "{\"name\":\"a\",\"args\":[1]}", "thing.json: /args/0: expected string, got integer" },
                { "{\"name\":\"a\",\"uid\":4294967296}", "thing.json: /uid: number out of range" },
                { "{\"name\":\"a\",\"uid\":-1}", "thing.json: /uid: is negative" },
                { "{\"name\":\"a\\u0000b\"}", "thing.json: /name: contains a NUL byte" },
                { "{\"name\":\"a\",\"ports\":[{\"name\":\"b\"},{}]}", "thing.json: /ports/1/name: missing" },
                { "{\"name\":\"a\",\"ports\":[{},{},{},{}]}", "thing.json: /ports: has more than 3 elements" },
                { "{\"name\":\"a\",\"labels\":{\"k\":null}}", "thing.json: /labels/k: expected string, got null" },
                { "{\"name\":\"a\"", "thing.json: JSON ends too early" },
                { "{\"name\":\"a\"} x", "thing.json: something follows the JSON at byte 13" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(thing_done) Thing t = {};
                _cleanup_(error_done) Error e = {};

                assert_int_equal(thing_read(cases[i].text, &t, &e), -EINVAL);
                assert_string_equal(e.message, cases[i].message);
        }
}

static void bounds_hold(void **state) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(error_done) Error e = {};
        char deep[200];

        memset(deep, '[', sizeof(deep));
        assert_true(json_parse("x", deep, sizeof(deep), &o, &e) < 0);
        assert_string_equal(e.message, "x: JSON nested deeper than 64");
        assert_true(json_parse("x", "\"\xff\"", 3, &o, &e) < 0);
        assert_true(json_parse("x", "1\0", 2, &o, &e) < 0);
        assert_true(json_parse("x", "", 0, &o, &e) < 0);
        assert_null(o);
        assert_int_equal(json_parse("x", "17", 2, &o, &e), 0);
        assert_int_equal(json_object_get_int(o), 17);
}

static void writing(void **state) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        char *labels[] = { (char *) "a=1", (char *) "b=x=y", NULL };
        char *none[] = { NULL };

        assert_int_equal(json_add_string(o, "s", "a/b"), 0);
        assert_int_equal(json_add_string(o, "missing", NULL), 0);
        assert_int_equal(json_add_strv(o, "empty", none), 0);
        assert_int_equal(json_add_string_map(o, "m", labels), 0);
        assert_int_equal(json_add_u64(o, "u", UINT64_MAX), 0);
        assert_string_equal(json_text(o), "{\"s\":\"a/b\",\"empty\":[],\"m\":{\"a\":\"1\",\"b\":\"x=y\"},\"u\":18446744073709551615}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_kinds_of_members),
                cmocka_unit_test(errors_name_the_path),
                cmocka_unit_test(bounds_hold),
                cmocka_unit_test(writing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
