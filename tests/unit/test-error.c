/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "shared/error.h"

static void the_sentence_grows_at_the_front(void **state) {
        _cleanup_(error_done) Error e = {};

        assert_int_equal(error_errnof(&e, -EACCES, "mount %s", "/proc"), -EACCES);
        assert_int_equal(error_prefix(&e, -EACCES, "container %s", "web"), -EACCES);
        assert_string_equal(e.message, "container web: mount /proc: Permission denied");
}

static void positions_count_the_offset(void **state) {
        _cleanup_(error_done) Error e = {};

        error_at(&e, &(TextPos) { "web.container", 7, 13 }, 3, -EINVAL, "'%s' is not a port number", "x");
        assert_string_equal(e.message, "web.container:7:16: 'x' is not a port number");
}

static void nobody_listens(void **state) {
        assert_int_equal(error_set(NULL, -ENOENT, "no"), -ENOENT);
        assert_string_equal(error_message(NULL, -ENOENT), "No such file or directory");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_sentence_grows_at_the_front),
                cmocka_unit_test(positions_count_the_offset),
                cmocka_unit_test(nobody_listens),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
