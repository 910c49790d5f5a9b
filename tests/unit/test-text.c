/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "shared/identifier.h"
#include "shared/strv.h"
#include "shared/text.h"

static void what_is_printed_cannot_steer_a_terminal(void **state) {
        static const struct { const char *text, *escaped; } cases[] = {
                { "plain ünïcode",   "plain ünïcode"           },
                { "a\033[31mred",    "a\\x1b[31mred"           },
                { "bad \xff utf",    "bad \\xff utf"           },
                { "line\nbreak",     "line\\x0abreak"          },
                { "\u202eevil",      "\\xe2\\x80\\xaeevil"     },
                { "\xc2\x85next line", "\\xc2\\x85next line"     },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *escaped = text_escape(cases[i].text);
                assert_string_equal(escaped, cases[i].escaped);
        }
}

static void utf8_is_checked_to_the_letter(void **state) {
        static const char *const good[] = { "", "a", "é", "€", "😀", "\xed\x9f\xbf" };
        static const char *const bad[] = { "\x80", "\xc0\x80", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(utf8_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(utf8_is_valid(bad[i]));
}

static void distances(void **state) {
        assert_int_equal(edit_distance("kitten", "sitting"), 3);
        assert_int_equal(edit_distance("", "abc"), 3);
        assert_int_equal(edit_distance("same", "same"), 0);
}

static void joining_and_appending(void **state) {
        _cleanup_(freep) char *joined = text_join("a", "b", "cd", NULL), *grown = NULL;
        char padded[] = "  \t x y \n";

        assert_string_equal(joined, "abcd");
        assert_int_equal(text_append(&grown, "%s", "x"), 0);
        assert_int_equal(text_append(&grown, "%i", 42), 0);
        assert_string_equal(grown, "x42");
        assert_string_equal(text_strip(padded), "x y");
        assert_true(STR_IN_SET("b", "a", "b"));
        assert_false(STR_IN_SET("c", "a", "b"));
        assert_false(STR_IN_SET(NULL, "a"));
        assert_string_equal(endswith("file.tar", ".tar"), ".tar");
        assert_null(endswith("tar", ".tar"));
}

static void lists(void **state) {
        _cleanup_(strv_freep) char **l = NULL, **copy = NULL, **parts = NULL;
        _cleanup_(freep) char *joined = NULL;

        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(strv_extendf(&l, "%u", i), 0);
        assert_int_equal(strv_length(l), 100);
        assert_string_equal(l[99], "99");
        assert_null(l[100]);
        copy = strv_copy(l);
        assert_true(strv_equal(l, copy));
        strv_remove_at(copy, 0);
        assert_int_equal(strv_length(copy), 99);
        assert_string_equal(copy[0], "1");
        assert_false(strv_equal(l, copy));
        assert_true(strv_equal(NULL, NULL));

        assert_int_equal(strv_split("a,b,,c", ",", &parts), 0);
        joined = strv_join(parts, "-");
        assert_string_equal(joined, "a-b-c");
}

static void environments(void **state) {
        _cleanup_(strv_freep) char **env = NULL;

        assert_int_equal(strv_env_set(&env, "A=1"), 0);
        assert_int_equal(strv_env_set(&env, "AB=2"), 0);
        assert_int_equal(strv_env_set(&env, "A=3"), 0);
        assert_int_equal(strv_length(env), 2);
        assert_string_equal(strv_env_get(env, "A"), "3");
        assert_string_equal(strv_env_get(env, "AB"), "2");
        assert_null(strv_env_get(env, "B"));
}

static void names_of_objects(void **state) {
        static const char *const good[] = { "web", "web-1", "A.b_c", "0" };
        static const char *const bad[] = { "", "-web", ".", "a b", "a/b", "é", "a\n" };
        char long_name[OBJECT_NAME_MAX + 2], id[CONTAINER_ID_LENGTH + 1];

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(object_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(object_name_is_valid(bad[i]));

        memset(long_name, 'a', sizeof(long_name));
        long_name[OBJECT_NAME_MAX + 1] = 0;
        assert_false(object_name_is_valid(long_name));
        long_name[OBJECT_NAME_MAX] = 0;
        assert_true(object_name_is_valid(long_name));

        assert_int_equal(identifier_new(id), 0);
        assert_true(identifier_is_valid(id));
        assert_false(identifier_is_valid("abc"));

        for (unsigned i = 0; i < 100; i++) {
                _cleanup_(freep) char *name = NULL;
                assert_int_equal(random_name_new(i % 2, &name), 0);
                assert_true(object_name_is_valid(name));
        }
}

static void host_names(void **state) {
        static const char *const good[] = { "a", "web-1", "a.b.example", "1und1" };
        static const char *const bad[] = { "", "-a", "a-", "a..b", ".a", "a.", "a b", "a/b" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(hostname_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(hostname_is_valid(bad[i]));
}

static void unit_names_are_escaped_as_systemd_does(void **state) {
        static const struct { const char *name, *escaped; } cases[] = {
                { "web",   "web"          },
                { "a-b",   "a\\x2db"      },
                { ".a.b",  "\\x2ea.b"     },
                { "a/b_c", "a-b_c"        },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *escaped = unit_name_escape_string(cases[i].name);
                assert_string_equal(escaped, cases[i].escaped);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_printed_cannot_steer_a_terminal),
                cmocka_unit_test(utf8_is_checked_to_the_letter),
                cmocka_unit_test(distances),
                cmocka_unit_test(joining_and_appending),
                cmocka_unit_test(lists),
                cmocka_unit_test(environments),
                cmocka_unit_test(names_of_objects),
                cmocka_unit_test(host_names),
                cmocka_unit_test(unit_names_are_escaped_as_systemd_does),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
