/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <time.h>

#include "cmocka-all.h"

#include "shared/format/human.h"

#define SEC 1000000ULL

static void sizes_have_three_digits(void **state) {
        static const struct {
                uint64_t bytes;
                const char *decimal, *binary;
        } cases[] = {
                { 0, "0B", "0B" },
                { 999, "999B", "999B" },
                { 1000, "1kB", "1000B" },
                { 7049856, "7.05MB", "6.723MiB" },
                { 512ULL << 20, "537MB", "512MiB" },
                { 123456789012, "123GB", "115GiB" },
                { UINT64_MAX, "18.4EB", "16EiB" },
        };
        char buffer[HUMAN_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_string_equal(human_size(buffer, cases[i].bytes), cases[i].decimal);
                assert_string_equal(human_size_binary(buffer, cases[i].bytes), cases[i].binary);
        }
}

static void durations_step_as_dockers_do(void **state) {
        static const struct {
                uint64_t seconds;
                const char *text;
        } cases[] = {
                { 0, "Less than a second" }, { 1, "1 second" },          { 45, "45 seconds" },
                { 60, "About a minute" },    { 120, "2 minutes" },       { 59 * 60, "59 minutes" },
                { 3600, "About an hour" },   { 5 * 3600, "5 hours" },    { 47 * 3600, "47 hours" },
                { 72 * 3600, "3 days" },     { 20 * 86400, "2 weeks" },  { 90 * 86400, "3 months" },
                { 800 * 86400, "2 years" },
        };
        char buffer[HUMAN_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_string_equal(human_duration(buffer, cases[i].seconds * SEC), cases[i].text);

        assert_string_equal(human_ago(buffer, 100 * SEC, 103 * SEC), "3 seconds ago");
        assert_string_equal(human_ago(buffer, 200 * SEC, 103 * SEC), "Less than a second ago");
        assert_string_equal(human_ago(buffer, 0, 103 * SEC), "N/A");
}

static void times_are_read_and_written(void **state) {
        static const struct {
                const char *text;
                uint64_t usec;
        } cases[] = {
                { "2024-05-06T07:08:09Z", 1714979289 * SEC },
                { "2024-05-06T07:08:09.25Z", 1714979289 * SEC + 250000 },
                { "2024-05-06T07:08:09.123456789Z", 1714979289 * SEC + 123456 },
                { "2024-05-06T09:08:09+02:00", 1714979289 * SEC },
                { "2024-05-06 07:08:09", 1714979289 * SEC },
                { "2024-05-06T07:08", 1714979280 * SEC },
                { "2024-05-06", 1714953600 * SEC },
                { "1714979289", 1714979289 * SEC },
                { "1714979289.5", 1714979289 * SEC + 500000 },
                { "now", 2000000000 * SEC },
                { "10m", (2000000000 - 600) * SEC },
                { "1h30m", (2000000000 - 5400) * SEC },
                { "today", 1999987200 * SEC },
                { "yesterday", (1999987200 - 86400) * SEC },
        };
        static const char *const wrong[] = { "", "tomorrow", "2024-13-01", "2024-05-06T07:08:09X", "12x", "10m5", "1.2.3",
                                             "2024-05-06T07:08:09+99:00" };
        char buffer[HUMAN_MAX];
        uint64_t usec = 7;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(parse_time(cases[i].text, 2000000000 * SEC, &usec), 0);
                assert_int_equal(usec, cases[i].usec);
        }

        usec = 7;
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                assert_true(parse_time(wrong[i], 2000000000 * SEC, &usec) < 0);
                assert_int_equal(usec, 7);
        }

        assert_string_equal(human_time(buffer, 1714979289 * SEC), "2024-05-06 07:08:09 +0000 UTC");
        assert_string_equal(human_time_rfc3339(buffer, 1714979289 * SEC + 250000, false),
                            "2024-05-06T07:08:09.250000000Z");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sizes_have_three_digits),
                cmocka_unit_test(durations_step_as_dockers_do),
                cmocka_unit_test(times_are_read_and_written),
        };

        setenv("TZ", "UTC", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
