/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "manager-for-test.h"
#include "manager/container-record.h"
#include "shared/io.h"
#include "shared/strv.h"

static void what_is_written_is_read_back(void **state) {
        Manager *m = test_manager_new();
        Container *c = test_container_new(m, "aa", "web");
        char id[CONTAINER_ID_LENGTH + 1];
        _cleanup_(error_done) Error e = {};

        memcpy(id, c->id, sizeof(id));
        c->created_usec = 1234;
        c->owner_uid = 1000;
        c->userns_base = USERNS_POOL_FIRST;
        assert_int_equal(strv_extend(&c->config->labels, "a=b"), 0);
        assert_int_equal(container_save_record(c, m->state_fd, &e), 0);

        container_set_state(c, CONTAINER_EXITED);
        c->started_usec = 5;
        c->finished_usec = 6;
        c->exit_code = 137;
        c->oom_killed = true;
        c->supervisor = (ProcessId) { 77, UINT64_C(1) << 40 };
        c->leader = (ProcessId) { 78, 9 };
        c->unit = strdup("caisson-web.scope");
        assert_int_equal(container_set_error(c, "it was \"killed\""), 0);
        assert_int_equal(container_save_state(c, m->state_fd, &e), 0);
        c->userns_base = 0;
        container_free(c);

        assert_int_equal(container_new(m, id, &c), 0);
        assert_int_equal(container_load_record(c, m->state_fd, &e), 0);
        assert_int_equal(container_load_state(c, m->state_fd, &e), 0);
        assert_string_equal(c->name, "web");
        assert_ptr_equal(string_map_get(m->names, "web"), c);
        assert_string_equal(c->image, "docker.io/library/nginx:latest");
        assert_int_equal(c->created_usec, 1234);
        assert_int_equal(c->owner_uid, 1000);
        assert_int_equal(c->userns_base, USERNS_POOL_FIRST);
        assert_true(strv_contains(c->config->labels, "a=b"));
        assert_int_equal(c->state, CONTAINER_EXITED);
        assert_int_equal(c->exit_code, 137);
        assert_int_equal(container_exit_signal(c), 9);
        assert_true(c->oom_killed);
        assert_int_equal(c->supervisor.pid, 77);
        assert_true(c->supervisor.start_time == UINT64_C(1) << 40);
        assert_int_equal(c->leader.pid, 78);
        assert_string_equal(c->unit, "caisson-web.scope");
        assert_string_equal(c->error, "it was \"killed\"");
        c->supervisor = c->leader = (ProcessId) {};
        c->userns_base = 0;
        test_manager_free(m);
}

static void a_damaged_file_is_an_error_with_a_sentence(void **state) {
        static const char *const texts[] = {
                "", "{", "[]", "{}", "null", "{\"Version\":99}", "{\"Version\":1,\"Id\":7}",
                "{\"Version\":1,\"Id\":\"x\",\"Name\":\"x\",\"Image\":\"x\",\"ImageID\":\"x\",\"Config\":{}}",
                "{\"Version\":1,\"Id\":"
                "\"aa00000000000000000000000000000000000000000000000000000000000000\",\"Name\":\"../x\",\"Image\":\"x\","
                "\"ImageID\":\"x\",\"Config\":{}}",
                "{\"Version\":1,\"Id\":"
                "\"aa00000000000000000000000000000000000000000000000000000000000000\",\"Name\":\"x\",\"Image\":\"x\","
                "\"ImageID\":\"x\"}",
                "{\"Version\":1,\"State\":\"sleeping\"}", "{\"Version\":1,\"State\":\"running\",\"Leader\":{\"Pid\":-1}}",
        };
        Manager *m = test_manager_new();

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                Container *c = test_container_new(m, "aa", "web");
                _cleanup_(error_done) Error record = {}, last = {};

                assert_int_equal(write_file_atomic_at(m->state_fd, "container.json", texts[i], strlen(texts[i]), 0), 0);
                assert_int_equal(write_file_atomic_at(m->state_fd, "state.json", texts[i], strlen(texts[i]), 0), 0);
                assert_true(container_load_record(c, m->state_fd, &record) < 0);
                assert_non_null(record.message);
                assert_true(container_load_state(c, m->state_fd, &last) < 0);
                assert_non_null(last.message);
                assert_int_equal(c->state, CONTAINER_CREATED);
                container_free(c);
        }
        test_manager_free(m);
}

static void the_exit_file_is_believed(void **state) {
        static const struct {
                const char *text;
                int result, code;
        } cases[] = {
                { "{\"version\":1,\"exitCode\":42,\"oomKilled\":true,\"finishedUSec\":7}", 1, 42 },
                { "{\"version\":1,\"exitCode\":7000}", 1, 255 },
                { "{\"version\":1,\"exitCode\":\"0\"}", -EINVAL, 0 },
                { "{\"version\":1}", -EINVAL, 0 },
                { "", -EINVAL, 0 },
        };
        Manager *m = test_manager_new();

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Container *c = test_container_new(m, "aa", "web");

                assert_int_equal(write_file_atomic_at(m->state_fd, "exit", cases[i].text, strlen(cases[i].text), 0), 0);
                assert_int_equal(container_read_exit(c, m->state_fd), cases[i].result);
                assert_int_equal(c->exit_code, cases[i].code);
                assert_int_equal(c->exit_known, cases[i].result > 0);
                container_free(c);
        }
        assert_int_equal(container_read_exit(test_container_new(m, "bb", "b"), m->run_fd), 0); /* none is no error */
        test_manager_free(m);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_written_is_read_back),
                cmocka_unit_test(a_damaged_file_is_an_error_with_a_sentence),
                cmocka_unit_test(the_exit_file_is_believed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
