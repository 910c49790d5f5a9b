/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <unistd.h>

#include "bus-message.h"
#include "config-from-json.h"

#include "manager/resource-properties.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

static void shares_become_weights(void **state) {
        static const struct {
                uint64_t shares, weight;
        } cases[] = {
                { 2, 1 }, { 512, 59 }, { 1024, 100 }, { 262144, 10000 }, { 1, 1 }, { 500000, 10000 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)

                        assert_int_equal(cpu_shares_to_weight(cases[i].shares), cases[i].weight);

        for (uint64_t s = 3, last = 1; s < 262144; s = s * 5 / 4 + 1) {
                assert_true(cpu_shares_to_weight(s) >= last);
                last = cpu_shares_to_weight(s);
        }
}

/* "Name=value" of each property: numbers, and the pairs of DeviceAllow= and of limits of block I/O */
static char **properties_of(const char *json, bool unified) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = config_from_json(json);
        sd_bus_message *m;
        char **l = NULL;
        sd_bus *bus;
        int pair[2];

        bus = bus_to_nobody(pair);
        m = message_new(bus);
        assert_true(sd_bus_message_open_container(m, 'a', "(sv)") >= 0);
        assert_true(resource_properties_append(m, c, unified) >= 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        message_finish(m);

        assert_true(sd_bus_message_enter_container(m, 'a', "(sv)") > 0);
        while (sd_bus_message_enter_container(m, 'r', "sv") > 0) {
                const char *name, *type, *s, *t;
                const uint8_t *bytes;
                uint64_t number;
                size_t n;
                int b;

                assert_true(sd_bus_message_read(m, "s", &name) > 0);
                assert_true(sd_bus_message_peek_type(m, NULL, &type) > 0);
                assert_true(sd_bus_message_enter_container(m, 'v', type) > 0);

                if (streq(type, "t")) {
                        assert_true(sd_bus_message_read(m, "t", &number) > 0);
                        assert_int_equal(strv_extendf(&l, "%s=%" PRIu64, name, number), 0);
                } else if (streq(type, "b")) {
                        assert_true(sd_bus_message_read(m, "b", &b) > 0);
                        assert_int_equal(strv_extendf(&l, "%s=%s", name, yes_no(b)), 0);
                } else if (streq(type, "s")) {
                        assert_true(sd_bus_message_read(m, "s", &s) > 0);
                        assert_int_equal(strv_extendf(&l, "%s=%s", name, s), 0);
                } else if (streq(type, "ay")) {
                        assert_true(sd_bus_message_read_array(m, 'y', (const void **) &bytes, &n) > 0);
                        assert_int_equal(strv_extendf(&l, "%s=%zu:%u", name, n, bytes[0]), 0);
                } else if (streq(type, "a(ss)")) {
                        assert_true(sd_bus_message_enter_container(m, 'a', "(ss)") > 0);
                        while (sd_bus_message_read(m, "(ss)", &s, &t) > 0)
                                assert_int_equal(strv_extendf(&l, "%s=%s %s", name, s, t), 0);
                        assert_true(sd_bus_message_exit_container(m) >= 0);
                } else if (streq(type, "a(st)")) {
                        assert_true(sd_bus_message_enter_container(m, 'a', "(st)") > 0);
                        while (sd_bus_message_read(m, "(st)", &s, &number) > 0)
                                assert_int_equal(strv_extendf(&l, "%s=%s %" PRIu64, name, s, number), 0);
                        assert_true(sd_bus_message_exit_container(m) >= 0);
                } else
                        fail_msg("%s has type %s", name, type);

                assert_true(sd_bus_message_exit_container(m) >= 0);
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }

        sd_bus_message_unref(m);
        sd_bus_unref(bus);
        safe_close(pair[1]);
        return l;
}

static void limits_become_properties(void **state) {
        static const struct {
                const char *json;
                bool unified;
                const char *property; /* with "!" before it: must not be there */
        } cases[] = {
                { "{}", true, "TasksMax=2048" },
                { "{}", true, "MemoryAccounting=yes" },
                { "{}", true, "DevicePolicy=strict" },
                { "{}", true, "DeviceAllow=/dev/char/1:3 rwm" },
                { "{}", true, "DeviceAllow=char-pts rw" },
                { "{\"PidsLimit\":100}", true, "TasksMax=100" },
                { "{\"PidsLimit\":-1}", true, "TasksMax=18446744073709551615" },
                { "{\"PidsLimit\":0}", true, "TasksMax=18446744073709551615" },
                { "{\"Memory\":524288000}", true, "MemoryMax=524288000" },
                { "{\"Memory\":524288000}", true, "MemorySwapMax=524288000" },
                { "{\"Memory\":524288000,\"MemorySwap\":524288000}", true, "MemorySwapMax=0" },
                { "{\"Memory\":524288000,\"MemorySwap\":734003200}", true, "MemorySwapMax=209715200" },
                { "{\"Memory\":524288000,\"MemorySwap\":-1}", true, "!MemorySwapMax" },
                { "{\"MemoryReservation\":104857600}", true, "MemoryLow=104857600" },
                { "{\"CPUShares\":512}", true, "CPUWeight=59" },
                { "{\"CPUShares\":512}", true, "!CPUShares" },
                { "{\"CPUShares\":512}", false, "CPUShares=512" },
                { "{\"CPUShares\":512}", false, "!CPUWeight" },
                { "{\"NanoCPUs\":1500000000}", true, "CPUQuotaPerSecUSec=1500000" },
                { "{\"CPUQuota\":50000}", true, "CPUQuotaPerSecUSec=500000" },
                { "{\"CPUQuota\":50000,\"CPUPeriod\":200000}", true, "CPUQuotaPerSecUSec=250000" },
                { "{\"CPUQuota\":50000,\"CPUPeriod\":200000}", true, "CPUQuotaPeriodUSec=200000" },
                { "{\"CPUQuota\":-1}", true, "!CPUQuotaPerSecUSec" },
                { "{\"CpusetCpus\":\"0-2,5\"}", true, "AllowedCPUs=1:39" },
                { "{\"CpusetMems\":\"0\"}", true, "AllowedMemoryNodes=1:1" },
                { "{\"BlkioWeight\":500}", true, "IOWeight=4950" },
                { "{\"BlkioWeight\":500}", false, "BlockIOWeight=500" },
                { "{\"DeviceReadBps\":[\"/dev/sda:1mb\"]}", true, "IOReadBandwidthMax=/dev/sda 1048576" },
                { "{\"DeviceWriteBps\":[\"/dev/sda:1mb\"]}", false, "BlockIOWriteBandwidth=/dev/sda 1048576" },
                { "{\"DeviceReadIOps\":[\"/dev/sda:100\"]}", true, "IOReadIOPSMax=/dev/sda 100" },
                { "{\"DeviceCgroupRules\":[\"c 10:229 rw\"]}", true, "DeviceAllow=/dev/char/10:229 rw" },
                { "{\"DeviceCgroupRules\":[\"c *:* m\"]}", true, "DeviceAllow=char-* m" },
                { "{\"DeviceCgroupRules\":[\"c 10:* r\"]}", true, "DeviceAllow=char-misc r" },
                { "{\"Devices\":[\"/dev/zero:/dev/z:r\"]}", true, "DeviceAllow=/dev/char/1:5 r" },
                { "{\"Privileged\":true}", true, "DevicePolicy=auto" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(strv_freep) char **l = properties_of(cases[i].json, cases[i].unified);
                const char *absent = startswith(cases[i].property, "!");

                if (absent ? !!strv_env_get(l, absent) : !strv_contains(l, cases[i].property))
                        fail_msg("%s: %s", cases[i].json, cases[i].property);
        }
}

static void what_v1_cannot_do_is_said(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = config_from_json("{\"CpusetCpus\":\"0\"}"), *none = config_from_json("{}");
        _cleanup_(strv_freep) char **v1 = NULL, **v2 = NULL, **no = NULL;

        assert_int_equal(resource_limits_warnings(c, false, &v1), 0);
        assert_int_equal(strv_length(v1), 1);
        assert_int_equal(resource_limits_warnings(c, true, &v2), 0);
        assert_null(v2);
        assert_int_equal(resource_limits_warnings(none, false, &no), 0);
        assert_null(no);
}

static void more_processors_than_there_are(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = config_from_json("{\"NanoCPUs\":8000000000000}");
        _cleanup_(error_done) Error error = {};

        assert_int_equal(resource_limits_check_host(c, &error), -EINVAL);
        assert_non_null(strstr(error.message, "--cpus can be 0.01 to "));
}

static void processors_that_are_not_there(void **state) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = config_from_json("{\"CpusetCpus\":\"1023\"}"),
                                           *good = config_from_json("{\"CpusetCpus\":\"0\"}");
        _cleanup_(error_done) Error error = {};

        assert_int_equal(resource_limits_check_host(good, NULL), 0);
        if (access("/sys/devices/system/cpu/online", R_OK) < 0)
                skip();
        assert_int_equal(resource_limits_check_host(c, &error), -EINVAL);
        assert_non_null(strstr(error.message, "processors are not available: requested 1023, available "));
}

static void systemds_answer_is_read(void **state) {
        _cleanup_(resource_limits_done) ResourceLimits l = RESOURCE_LIMITS_INIT;
        const uint8_t cpus[] = { 0x27, 0x02 };
        sd_bus_message *m;
        sd_bus *bus;
        int pair[2];

        bus = bus_to_nobody(pair);
        m = message_new(bus);
        assert_true(sd_bus_message_append(m, "a{sv}", 4, "MemoryMax", "t", UINT64_C(5), "Slice", "s", "x.slice",
                                          "TasksMax", "t", UINT64_C(100), "DeviceAllow", "a(ss)", 1, "a", "b") >= 0);
        message_finish(m);
        assert_int_equal(resource_limits_read(m, &l), 0);
        assert_int_equal(l.memory_max, 5);
        assert_int_equal(l.tasks_max, 100);
        assert_true(l.cpu_weight == UINT64_MAX);
        sd_bus_message_unref(m);

        m = message_new(bus);
        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        assert_true(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        assert_true(sd_bus_message_append(m, "s", "AllowedCPUs") >= 0);
        assert_true(sd_bus_message_open_container(m, 'v', "ay") >= 0);
        assert_true(sd_bus_message_append_array(m, 'y', cpus, sizeof(cpus)) >= 0);
        for (int i = 0; i < 3; i++)
                assert_true(sd_bus_message_close_container(m) >= 0);
        message_finish(m);
        assert_int_equal(resource_limits_read(m, &l), 0);
        assert_string_equal(l.allowed_cpus, "0-2,5,9");
        sd_bus_message_unref(m);

        sd_bus_unref(bus);
        safe_close(pair[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(shares_become_weights),
                cmocka_unit_test(limits_become_properties),
                cmocka_unit_test(what_v1_cannot_do_is_said),
                cmocka_unit_test(more_processors_than_there_are),
                cmocka_unit_test(processors_that_are_not_there),
                cmocka_unit_test(systemds_answer_is_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
