/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "manager/userns-pool.h"

static void nothing_is_handed_out_twice(void **state) {
        _cleanup_(userns_pool_freep) UsernsPool *p = userns_pool_new();
        uid_t last = 0, base;

        for (unsigned i = 0; i < 12288; i++) {
                assert_int_equal(userns_pool_allocate(p, USERNS_SLOT_SIZE, &base, NULL), 0);
                assert_true(base >= USERNS_POOL_FIRST && base <= USERNS_POOL_LAST && base % USERNS_SLOT_SIZE == 0);
                assert_true(base > last);
                last = base;
        }
        assert_int_equal(last, USERNS_POOL_LAST);

        _cleanup_(error_done) Error error = {};
        assert_int_equal(userns_pool_allocate(p, 1, &base, &error), -ENOSPC);
        assert_non_null(error.message);

        userns_pool_release(p, USERNS_POOL_FIRST + 5 * USERNS_SLOT_SIZE, USERNS_SLOT_SIZE);
        assert_int_equal(userns_pool_allocate(p, 1, &base, NULL), 0);
        assert_int_equal(base, USERNS_POOL_FIRST + 5 * USERNS_SLOT_SIZE);
}

static void large_ranges_take_several_slots(void **state) {
        _cleanup_(userns_pool_freep) UsernsPool *p = userns_pool_new();
        uid_t a, b;

        assert_int_equal(userns_pool_allocate(p, 3 * USERNS_SLOT_SIZE - 1, &a, NULL), 0);
        assert_int_equal(userns_pool_used(p), 3);
        assert_int_equal(userns_pool_allocate(p, 1, &b, NULL), 0);
        assert_int_equal(b, a + 3 * USERNS_SLOT_SIZE);
        assert_true(userns_pool_allocate(p, USERNS_SIZE_MAX + 1, &b, NULL) < 0);
        assert_true(userns_pool_allocate(p, 0, &b, NULL) < 0);

        userns_pool_release(p, a, 3 * USERNS_SLOT_SIZE - 1);
        assert_int_equal(userns_pool_used(p), 1);
        userns_pool_release(p, a, 3 * USERNS_SLOT_SIZE - 1); /* once more does no harm */
        assert_int_equal(userns_pool_used(p), 1);
}

static void records_reserve_what_they_had(void **state) {
        _cleanup_(userns_pool_freep) UsernsPool *p = userns_pool_new();
        uid_t base;

        assert_int_equal(userns_pool_reserve(p, USERNS_POOL_FIRST, USERNS_SLOT_SIZE, NULL), 0);
        assert_int_equal(userns_pool_reserve(p, USERNS_POOL_FIRST, USERNS_SLOT_SIZE, NULL), -EEXIST);
        assert_int_equal(userns_pool_reserve(p, 0, USERNS_SLOT_SIZE, NULL), -EINVAL);
        assert_int_equal(userns_pool_reserve(p, USERNS_POOL_FIRST + 1, USERNS_SLOT_SIZE, NULL), -EINVAL);
        assert_int_equal(userns_pool_reserve(p, USERNS_POOL_LAST, 2 * USERNS_SLOT_SIZE, NULL), -EINVAL);
        assert_int_equal(userns_pool_reserve(p, UINT32_MAX, UINT32_MAX, NULL), -EINVAL);
        assert_int_equal(userns_pool_allocate(p, 1, &base, NULL), 0);
        assert_true(base != USERNS_POOL_FIRST);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_handed_out_twice),
                cmocka_unit_test(large_ranges_take_several_slots),
                cmocka_unit_test(records_reserve_what_they_had),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
