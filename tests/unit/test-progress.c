/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "ctl/progress.h"
#include "shared/text.h"

static void the_line_shows_what_fits(void **state) {
        static const struct {
                uint64_t current, total;
                size_t width;
                const char *line;
        } cases[] = {
                { 0, 0, 80, "loading: unpacking" },
                { 5000000, 0, 80, "loading: unpacking 5MB" },
                { 5000000, 10000000, 60, "loading: unpacking [##############...............] 5MB/10MB" },
                { 10000000, 10000000, 44, "loading: unpacking [############] 10MB/10MB" },
                { 5000000, 10000000, 30, "loading: unpacking 5MB/10MB" },
                { 20, 10, 20, "loading: unpacking " },
                { 1, 1, 0, "" },
        };
        char line[256];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                progress_line(line, sizeof(line), "loading", "unpacking", cases[i].current, cases[i].total, cases[i].width);
                assert_string_equal(line, cases[i].line);
                assert_true(strlen(line) <= cases[i].width);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_line_shows_what_fits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
