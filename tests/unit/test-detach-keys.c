/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "ctl/terminal.h"

/* Feeds the pieces between '|' one after the other. */
static bool feed(DetachKeys *k, const char *pieces, char *ret) {
        bool detached = false;
        size_t m = 0;

        while (*pieces && !detached) {
                size_t n = strcspn(pieces, "|"), written;

                detached = detach_keys_filter(k, (const uint8_t *) pieces, n, (uint8_t *) ret + m, &written);
                m += written;
                pieces += n + (pieces[n] == '|');
        }
        ret[m] = 0;
        return detached;
}

static void keys_are_found_also_in_pieces(void **state) {
        static const struct {
                const char *keys, *typed, *passed;
                bool detached;
        } cases[] = {
                { "ctrl-p,ctrl-q", "hello", "hello", false },
                { "ctrl-p,ctrl-q", "ab\x10\x11""cd", "ab", true },
                { "ctrl-p,ctrl-q", "ab\x10|\x11", "ab", true },
                { "ctrl-p,ctrl-q", "\x10x", "\x10x", false },
                { "ctrl-p,ctrl-q", "\x10|x", "\x10x", false },
                { "ctrl-p,ctrl-q", "\x10\x10\x11", "\x10", true },
                { "ctrl-p,ctrl-q", "\x11\x10", "\x11", false },
                { "a,b,c", "ab|c", "", true },
                { "a,b,c", "abd", "abd", false },
                { "q", "xq", "x", true },
                { "ctrl-],ctrl-@", "\x1d", "", false },
                { "", "\x10\x11", "\x10\x11", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                DetachKeys k;
                char passed[64];

                assert_int_equal(detach_keys_parse(cases[i].keys, &k, NULL), 0);
                assert_int_equal(feed(&k, cases[i].typed, passed), cases[i].detached);
                assert_string_equal(passed, cases[i].passed);
        }
}

static void what_is_no_key_is_said(void **state) {
        static const char *const wrong[] = { "ctrl-", "ctrl-pq", "shift-a", "ctrl-1", "aa", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" };

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                _cleanup_(error_done) Error error = {};
                DetachKeys k = { .n = 7 };

                assert_true(detach_keys_parse(wrong[i], &k, &error) < 0);
                assert_non_null(error.message);
                assert_int_equal(k.n, 7);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys_are_found_also_in_pieces),
                cmocka_unit_test(what_is_no_key_is_said),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
