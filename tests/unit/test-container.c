/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "manager-for-test.h"
#include "manager/scope.h"

static void containers_go_by_name_then_id_then_prefix(void **state) {
        Manager *m = test_manager_new();
        Container *a = test_container_new(m, "aa1", "web"), *b = test_container_new(m, "ab2", "aa1"), *found;
        _cleanup_(error_done) Error e = {};

        assert_int_equal(manager_find_container(m, "web", &found, NULL), 0);
        assert_ptr_equal(found, a);
        assert_int_equal(manager_find_container(m, "aa1", &found, NULL), 0);
        assert_ptr_equal(found, b); /* its name, though the identifier of the other begins so */
        assert_int_equal(manager_find_container(m, "aa10", &found, NULL), 0);
        assert_ptr_equal(found, a);
        assert_int_equal(manager_find_container(m, a->id, &found, NULL), 0);
        assert_ptr_equal(found, a);
        assert_int_equal(manager_find_container(m, "a", &found, &e), -ENOTUNIQ);
        assert_non_null(strstr(e.message, "more than one"));

        static const char *const nobody[] = { "", "ac", "A", "we", "webb", "../aa1", "aa1 " };
        for (size_t i = 0; i < ELEMENTSOF(nobody); i++)
                assert_int_equal(manager_find_container(m, nobody[i], &found, NULL), -ENOENT);
        test_manager_free(m);
}

static void a_name_has_one_container(void **state) {
        Manager *m = test_manager_new();
        Container *a = test_container_new(m, "1", "web"), *b = test_container_new(m, "2", "db");

        assert_int_equal(container_take_name(b, "web", NULL), -EEXIST);
        assert_string_equal(b->name, "db");
        assert_int_equal(container_take_name(a, "web", NULL), 0);
        assert_int_equal(container_take_name(a, "old", NULL), 0);
        assert_int_equal(container_take_name(b, "web", NULL), 0);
        assert_null(string_map_get(m->names, "db"));
        container_free(a);
        assert_null(string_map_get(m->names, "old"));
        assert_int_equal(string_map_size(m->containers), 1);
        test_manager_free(m);
}

static void running_ones_are_counted(void **state) {
        Manager *m = test_manager_new();
        Container *c = test_container_new(m, "1", "web");
        static const struct {
                ContainerState state;
                size_t running;
        } cases[] = {
                { CONTAINER_STARTING, 0 }, { CONTAINER_RUNNING, 1 }, { CONTAINER_PAUSED, 1 }, { CONTAINER_STOPPING, 1 },
                { CONTAINER_EXITED, 0 },   { CONTAINER_RUNNING, 1 }, { CONTAINER_FAILED, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                container_set_state(c, cases[i].state);
                assert_int_equal(m->n_running, cases[i].running);
        }
        test_manager_free(m);
}

static unsigned called;

static void on_waited(Container *c, void *userdata) {
        called++;
        /* another one may go, or come, in the middle of it */
        if (userdata)
                container_waiter_free(userdata);
}

static void waiters_are_told_once(void **state) {
        Manager *m = test_manager_new();
        Container *c = test_container_new(m, "1", "web");
        ContainerWaiter *stopped, *next, *never, *now;

        called = 0;
        assert_int_equal(container_wait(c, CONTAINER_CONDITION_STOPPED, on_waited, NULL, &now), 0);
        assert_null(now);
        assert_int_equal(called, 1);

        container_set_state(c, CONTAINER_RUNNING);
        assert_int_equal(container_wait(c, CONTAINER_CONDITION_NEXT_EXIT, on_waited, NULL, &never), 0);
        assert_int_equal(container_wait(c, CONTAINER_CONDITION_STOPPED, on_waited, never, &stopped), 0);
        assert_int_equal(container_wait(c, CONTAINER_CONDITION_STOPPED, on_waited, NULL, &next), 0);
        assert_int_equal(called, 1);
        container_notify(c, CONTAINER_CONDITION_STOPPED);
        assert_int_equal(called, 3);
        container_notify(c, CONTAINER_CONDITION_NEXT_EXIT);
        assert_int_equal(called, 3);
        assert_null(c->waiters);
        test_manager_free(m);
}

static void units_are_named_after_containers(void **state) {
        _cleanup_(freep) char *plain = scope_unit_name("web-1.x", NULL);
        _cleanup_(freep) char *with_id = scope_unit_name("web", "0123456789abcdef");

        assert_string_equal(plain, "caisson-web\\x2d1.x.scope");
        assert_string_equal(with_id, "caisson-web-0123456789ab.scope");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(containers_go_by_name_then_id_then_prefix),
                cmocka_unit_test(a_name_has_one_container),
                cmocka_unit_test(running_ones_are_counted),
                cmocka_unit_test(waiters_are_told_once),
                cmocka_unit_test(units_are_named_after_containers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
