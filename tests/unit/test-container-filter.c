/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "manager-for-test.h"
#include "manager/container-filter.h"
#include "shared/strv.h"

static void values_match_as_docker_has_them(void **state) {
        static const struct {
                const char *key, *value;
                bool matches;
        } cases[] = {
                { "id", "aa1", true },
                { "id", "a1", false },
                { "name", "we", true },
                { "name", "^we", true },
                { "name", "^/web$", true },
                { "name", "b$", true },
                { "name", "^e", false },
                { "name", "^web$", true },
                { "name", "^we$", false },
                { "name", "we$", false },
                { "name", "", true },
                { "name", "^", true },
                { "name", "$", true },
                { "label", "tier", true },
                { "label", "tie", false },
                { "label", "tier=front", true },
                { "label", "tier=fron", false },
                { "label", "tier=", false },
                { "status", "exited", true },
                { "status", "running", false },
                { "status", "dead", false },
                { "ancestor", "nginx", true },
                { "ancestor", "nginx:latest", true },
                { "ancestor", "docker.io/library/nginx:latest", true },
                { "ancestor", "ngin", false },
                { "ancestor", "nginx:1", false },
                { "ancestor", "12345", true },
                { "ancestor", "2345", false },
                { "exited", "5", true },
                { "exited", "0", false },
        };
        Manager *m = test_manager_new();
        Container *c = test_container_new(m, "aa1", "web");

        assert_int_equal(strv_extend(&c->config->labels, "tier=front"), 0);
        c->exit_code = 5;
        container_set_state(c, CONTAINER_EXITED);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_filter_done) ContainerFilter f = {};

                assert_int_equal(container_filter_add(&f, m, cases[i].key, cases[i].value, NULL), 0);
                if (container_filter_matches(&f, c) != cases[i].matches)
                        fail_msg("%s=%s", cases[i].key, cases[i].value);
        }
        test_manager_free(m);
}

static void bad_filters_are_explained(void **state) {
        static const struct {
                const char *key, *value;
                int error;
        } cases[] = {
                { "nonsense", "x", -EINVAL }, { "status", "x", -EINVAL }, { "exited", "x", -EINVAL },
                { "exited", "70000", -EINVAL }, { "before", "x", -ENOENT }, { "since", "x", -ENOENT },
        };
        Manager *m = test_manager_new();

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_filter_done) ContainerFilter f = {};
                _cleanup_(error_done) Error e = {};

                assert_int_equal(container_filter_add(&f, m, cases[i].key, cases[i].value, &e), cases[i].error);
                assert_non_null(e.message);
        }
        test_manager_free(m);
}

static void keys_add_up_and_values_are_alternatives(void **state) {
        Manager *m = test_manager_new();
        Container *a = test_container_new(m, "a", "a"), *b = test_container_new(m, "b", "b");
        _cleanup_(container_filter_done) ContainerFilter f = {};

        a->created_usec = 1;
        b->created_usec = 2;
        assert_int_equal(strv_extend(&a->config->labels, "x=1"), 0);
        assert_int_equal(strv_extend(&b->config->labels, "x=1"), 0);
        assert_int_equal(strv_extend(&b->config->labels, "y=1"), 0);
        assert_int_equal(container_filter_add(&f, m, "name", "a", NULL), 0);
        assert_int_equal(container_filter_add(&f, m, "name", "b", NULL), 0);
        assert_true(container_filter_matches(&f, a) && container_filter_matches(&f, b));
        assert_int_equal(container_filter_add(&f, m, "label", "x", NULL), 0);
        assert_true(container_filter_matches(&f, a) && container_filter_matches(&f, b));
        assert_int_equal(container_filter_add(&f, m, "label", "y", NULL), 0);
        assert_true(!container_filter_matches(&f, a) && container_filter_matches(&f, b));
        assert_int_equal(container_filter_add(&f, m, "before", "b", NULL), 0);
        assert_false(container_filter_matches(&f, b));
        test_manager_free(m);
}

static void a_damaged_container_has_no_labels(void **state) {
        Manager *m = test_manager_new();
        Container *c = test_container_new(m, "a", "a");
        _cleanup_(container_filter_done) ContainerFilter f = {};

        c->config = container_config_unref(c->config);
        assert_int_equal(container_filter_add(&f, m, "label", "x", NULL), 0);
        assert_false(container_filter_matches(&f, c));
        test_manager_free(m);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_match_as_docker_has_them),
                cmocka_unit_test(bad_filters_are_explained),
                cmocka_unit_test(keys_add_up_and_values_are_alternatives),
                cmocka_unit_test(a_damaged_container_has_no_labels),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
