/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <signal.h>

#include "shared/parse.h"

static void sizes_as_docker_reads_them(void **state) {
        static const struct { const char *text; uint64_t bytes; } good[] = {
                { "0", 0 },           { "500m", 500 << 20 }, { "1.5g", 3ULL << 29 }, { "64MiB", 64 << 20 },
                { "32kb", 32 << 10 }, { "7b", 7 },           { "2 GB", 2ULL << 30 },
        };
        static const char *const bad[] = { "", "m", "-1", "1x", "1mx", "1..2", ".", "99999999999p", "1 m b", " 1", "0x10" };
        uint64_t v = 77;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                assert_int_equal(parse_size(good[i].text, &v), 0);
                assert_int_equal(v, good[i].bytes);
        }
        v = 77;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_true(parse_size(bad[i], &v) < 0);
        assert_true(parse_size(NULL, &v) < 0);
        assert_int_equal(v, 77);
}

static void durations_as_go_writes_them(void **state) {
        static const struct { const char *text; uint64_t usec; } good[] = {
                { "10", 10000000 }, { "1h30m", 5400000000 }, { "250ms", 250000 }, { "1.5s", 1500000 }, { "0s", 0 },
                { "1m1ms", 60001000 },
        };
        static const char *const bad[] = { "", "s", "1 s", "-1s", "10x", "1h-", "99999999999999999999" };
        uint64_t v;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                assert_int_equal(parse_duration(good[i].text, &v), 0);
                assert_int_equal(v, good[i].usec);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_true(parse_duration(bad[i], &v) < 0);
}

static void signals_by_name_and_number(void **state) {
        static const struct { const char *text; int signo; } good[] = {
                { "KILL", SIGKILL }, { "sigterm", SIGTERM }, { "9", SIGKILL }, { "SIGUSR1", SIGUSR1 }, { "iot", SIGABRT },
        };
        static const char *const bad[] = { "", "SIG", "KILLX", "0", "65", "-9", "RTMIN+99", "RTMIN-1" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_int_equal(parse_signal(good[i].text), good[i].signo);
        assert_int_equal(parse_signal("RTMIN+3"), SIGRTMIN + 3);
        assert_int_equal(parse_signal("SIGRTMAX-1"), SIGRTMAX - 1);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_true(parse_signal(bad[i]) < 0);

        assert_string_equal(signal_name(SIGTERM), "SIGTERM");
        assert_string_equal(signal_name(SIGRTMIN + 3), "SIGRTMIN+3");
        assert_null(signal_name(0));
        assert_null(signal_name(1000));
}

static void numbers_are_whole_or_refused(void **state) {
        uint16_t u16 = 1;
        uint32_t u32 = 1;
        int64_t i64;
        mode_t mode;
        uid_t uid = 1;

        assert_int_equal(parse_u16("65535", &u16), 0);
        assert_int_equal(parse_u16("65536", &u16), -ERANGE);
        assert_int_equal(u16, 65535);
        assert_int_equal(parse_u32("1 ", &u32), -EINVAL);
        assert_int_equal(parse_u32("+1", &u32), -EINVAL);
        assert_int_equal(parse_i64("-9223372036854775808", &i64), 0);
        assert_true(i64 == INT64_MIN);
        assert_int_equal(parse_i64("9223372036854775808", &i64), -ERANGE);
        assert_int_equal(parse_mode("0755", &mode), 0);
        assert_int_equal(mode, 0755);
        assert_int_equal(parse_mode("8", &mode), -EINVAL);
        assert_int_equal(parse_mode("10000", &mode), -ERANGE);

        /* The two that mean "no user" to chown(2), and what wraps to root elsewhere */
        assert_int_equal(parse_uid("4294967295", &uid), -ENXIO);
        assert_int_equal(parse_uid("65535", &uid), -ENXIO);
        assert_int_equal(parse_uid("4294967296", &uid), -ERANGE);
        assert_int_equal(uid, 1);
}

static void booleans(void **state) {
        assert_int_equal(parse_boolean("Yes"), 1);
        assert_int_equal(parse_boolean("off"), 0);
        assert_true(parse_boolean("maybe") < 0);
        assert_true(parse_boolean(NULL) < 0);
}

static void fractions_of_processors(void **state) {
        uint64_t v;

        assert_int_equal(parse_nano("1.5", &v), 0);
        assert_int_equal(v, 1500000000);
        assert_int_equal(parse_nano(".25", &v), 0);
        assert_int_equal(v, 250000000);
        assert_true(parse_nano("1,5", &v) < 0);
        assert_true(parse_nano("", &v) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sizes_as_docker_reads_them),
                cmocka_unit_test(durations_as_go_writes_them),
                cmocka_unit_test(signals_by_name_and_number),
                cmocka_unit_test(numbers_are_whole_or_refused),
                cmocka_unit_test(booleans),
                cmocka_unit_test(fractions_of_processors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
