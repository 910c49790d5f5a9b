/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "shared/seccomp-cache.h"
#include "shared/text.h"

static void the_key_depends_on_profile_and_capabilities(void **state) {
        char a[SECCOMP_KEY_LENGTH + 1], b[SECCOMP_KEY_LENGTH + 1];

        assert_int_equal(seccomp_cache_key("{}", 1, a, NULL), 0);
        assert_int_equal(seccomp_cache_key("{}", 1, b, NULL), 0);
        assert_true(text_is_hex(a, SECCOMP_KEY_LENGTH));
        assert_string_equal(a, b);

        assert_int_equal(seccomp_cache_key("{}", 2, b, NULL), 0);
        assert_string_not_equal(a, b);
        assert_int_equal(seccomp_cache_key("{ }", 1, b, NULL), 0);
        assert_string_not_equal(a, b);
}

static void a_key_is_never_a_path(void **state) {
        assert_int_equal(seccomp_cache_open("../../../etc/passwd"), -EINVAL);
        assert_int_equal(seccomp_cache_open(""), -EINVAL);
        assert_int_equal(seccomp_cache_store("x/y", "", 0), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_key_depends_on_profile_and_capabilities),
                cmocka_unit_test(a_key_is_never_a_path),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
