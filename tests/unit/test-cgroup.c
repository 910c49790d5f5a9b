/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <unistd.h>

#include "shared/cgroup.h"
#include "shared/fd.h"
#include "shared/io.h"

static int file_of(const char *text) {
        return memfd_from_bytes("events", text, strlen(text));
}

static void both_versions_count_kills(void **state) {
        static const struct {
                const char *text;
                int result;
                uint64_t kills;
        } cases[] = {
                { "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", 0, 3 },
                { "low 0\nhigh 1\nmax 7\noom 2\noom_kill 2\noom_group_kill 0\n", 0, 2 },
                { "oom_kill 18446744073709551615", 0, UINT64_MAX },
                { "oom_kill_disable 0\n", -ENODATA, 0 },
                { "", -ENODATA, 0 },
                { "oom_kill x\n", -EINVAL, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(closep) int fd = file_of(cases[i].text);
                uint64_t kills = 0;

                assert_true(fd >= 0);
                assert_int_equal(cgroup_read_oom_kills(fd, &kills), cases[i].result);
                assert_int_equal(kills, cases[i].kills);
                assert_int_equal(cgroup_read_oom_kills(fd, &kills), cases[i].result); /* from the start again */
        }
}

static void our_own_group_is_found_or_there_is_none(void **state) {
        _cleanup_(closep) int fd = cgroup_open_memory_events(0);
        uint64_t kills;

        if (fd >= 0)
                assert_int_equal(cgroup_read_oom_kills(fd, &kills), 0);
        else
                assert_true(fd == -ENOENT || fd == -EACCES);
        assert_true(cgroup_open_memory_events(0x3fffffff) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(both_versions_count_kills),
                cmocka_unit_test(our_own_group_is_found_or_there_is_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
