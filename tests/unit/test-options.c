/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "manager/capability-set.h"
#include "manager/config-value.h"
#include "manager/cpu-list.h"
#include "manager/device-spec.h"
#include "manager/namespace-mode.h"
#include "manager/restart-policy.h"
#include "manager/security-options.h"
#include "manager/sysctl-policy.h"
#include "manager/ulimit.h"
#include "shared/strv.h"
#include "shared/text.h"

static void devices(void **state) {
        static const struct {
                const char *text, *source, *target;
                DeviceAccess access;
                const char *message;
        } cases[] = {
                { "/dev/fuse", "/dev/fuse", "/dev/fuse", DEVICE_ALL },
                { "/dev/fuse:r", "/dev/fuse", "/dev/fuse", DEVICE_READ },
                { "/dev/sda:/dev/xvda", "/dev/sda", "/dev/xvda", DEVICE_ALL },
                { "/dev/sda:/dev/xvda:rw", "/dev/sda", "/dev/xvda", DEVICE_READ | DEVICE_WRITE },
                { "/dev/fuse:x", .message = "device '/dev/fuse:x': 'x' is not a set of the letters r, w and m" },
                { "/dev/fuse:rr", .message = "device '/dev/fuse:rr': 'rr' is not a set of the letters r, w and m" },
                { "/etc/passwd", .message = "device '/etc/passwd': '/etc/passwd' is not in /dev" },
                { "/dev/../etc", .message = "device '/dev/../etc': '/etc' is not in /dev" },
                { "/dev/a:/dev/b:r:w", .message = "device '/dev/a:/dev/b:r:w': expected /dev/NAME[:/dev/NAME][:rwm]" },
                { "/dev/a::r", .message = "device '/dev/a::r': expected /dev/NAME[:/dev/NAME][:rwm]" },
                { "", .message = "device '': expected /dev/NAME[:/dev/NAME][:rwm]" },
                { "vendor.com/gpu=all", .message = "device 'vendor.com/gpu=all': CDI devices are not supported yet" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(device_spec_done) DeviceSpec d = {};
                _cleanup_(error_done) Error error = {};
                int r = device_spec_parse(cases[i].text, &d, &error);

                if (cases[i].message) {
                        assert_true(r < 0);
                        assert_string_equal(error.message, cases[i].message);
                        continue;
                }
                assert_int_equal(r, 0);
                assert_string_equal(d.source, cases[i].source);
                assert_string_equal(d.target, cases[i].target);
                assert_int_equal(d.access, cases[i].access);
        }
}

static void device_rules(void **state) {
        static const char *const bad[] = { "", "c", "c 1 r", "x 1:2 r", "c *:3 r", "c 1:2 x", "a 1:2 r", "c 1:2 r w" };
        DeviceRule rule;

        assert_int_equal(device_rule_parse("c 10:229 rwm", &rule, NULL), 0);
        assert_int_equal(rule.type, 'c');
        assert_int_equal(rule.major, 10);
        assert_int_equal(rule.minor, 229);
        assert_int_equal(device_rule_parse("b 8:* r", &rule, NULL), 0);
        assert_int_equal(rule.minor, -1);
        assert_int_equal(device_rule_parse("a *:* rwm", &rule, NULL), 0);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_done) Error error = {};

                assert_int_equal(device_rule_parse(bad[i], &rule, &error), -EINVAL);
                assert_non_null(error.message);
        }
}

static void device_limits(void **state) {
        _cleanup_(device_limit_done) DeviceLimit d = {};
        _cleanup_(error_done) Error error = {};

        assert_int_equal(device_limit_parse_bytes("/dev/sda:1mb", &d, NULL), 0);
        assert_string_equal(d.path, "/dev/sda");
        assert_int_equal(d.value, 1 << 20);

        assert_true(device_limit_parse_bytes("/dev/sda", &d, NULL) < 0);
        assert_true(device_limit_parse_bytes("/dev/sda:0", &d, NULL) < 0);
        assert_true(device_limit_parse_bytes("/etc/x:1m", &d, NULL) < 0);
        assert_true(device_limit_parse_operations("/dev/sda:1k", &d, NULL) < 0);
        assert_true(device_limit_parse_weight("/dev/sda:5000", &d, &error) < 0);
        assert_string_equal(error.message, "limit '/dev/sda:5000': the weight must be 10 to 1000");
}

static void ulimits(void **state) {
        static const struct {
                const char *text, *message;
                uint64_t soft, hard;
        } cases[] = {
                { "nofile=1024:2048", NULL, 1024, 2048 },
                { "core=0", NULL, 0, 0 },
                { "memlock=-1:-1", NULL, ULIMIT_UNLIMITED, ULIMIT_UNLIMITED },
                { "stack=5:unlimited", NULL, 5, ULIMIT_UNLIMITED },
                { "nofile", "ulimit 'nofile': expected NAME=SOFT[:HARD]" },
                { "files=1", "ulimit 'files=1': there is no limit 'files'" },
                { "nofile=9:3", "ulimit 'nofile=9:3': the soft limit is above the hard limit" },
                { "nofile=-2", "ulimit 'nofile=-2': '-2' is not a number, nor -1 for no limit" },
                { "nofile=1:2:3", "ulimit 'nofile=1:2:3': '2:3' is not a number, nor -1 for no limit" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                Ulimit u = {};
                int r = ulimit_parse(cases[i].text, &u, &error);

                if (cases[i].message) {
                        assert_true(r < 0);
                        assert_string_equal(error.message, cases[i].message);
                        continue;
                }
                assert_int_equal(r, 0);
                assert_true(u.soft == cases[i].soft && u.hard == cases[i].hard);
        }
}

static void capabilities(void **state) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_(error_done) Error error = {};
        uint64_t set = 0;

        assert_int_equal(capability_set_add(&set, "net_admin", NULL), 0);
        assert_int_equal(capability_set_add(&set, "CAP_SYS_ADMIN", NULL), 0);
        assert_int_equal(capability_set_add(&set, "Cap_Chown", NULL), 0);
        assert_int_equal(capability_set_names(set, &names), 0);
        assert_int_equal(strv_length(names), 3);
        assert_string_equal(names[0], "CAP_CHOWN");

        assert_int_equal(capability_set_add(&set, "all", NULL), 0);
        assert_true(set == CAPABILITY_ALL);
        assert_int_equal(capability_set_add(&set, "NET_ADMN", &error), -EINVAL);
        assert_string_equal(error.message, "'NET_ADMN' is not a capability; did you mean NET_ADMIN?");
}

static void the_default_capabilities_are_nine(void **state) {
        assert_int_equal(__builtin_popcountll(capability_default_set()), 9);
}

static void sysctls_are_the_containers_own(void **state) {
        static const struct {
                const char *text;
                bool good;
        } cases[] = {
                { "net.ipv4.ip_forward=1", true },
                { "net.ipv4.conf.eth0.rp_filter=2", true },
                { "kernel.shm_rmid_forced=1", true },
                { "kernel.sem=250 32000 32 128", true },
                { "fs.mqueue.msg_max=20", true },
                { "kernel.core_pattern=|/bin/sh", false },
                { "kernel.shm_rmid_forced=1+kernel.core_pattern=|/x", false },
                { "kernel.shm_rmid_forced=1\nkernel.core_pattern=x", false },
                { "vm.swappiness=1", false },
                { "net/../kernel/core_pattern=1", false },
                { "net..x=1", false },
                { "net.ipv4.ip_forward", false },
                { "net.ipv4.ip_forward=", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                int r = sysctl_check(cases[i].text, true, true, true, &error);

                assert_int_equal(r >= 0, cases[i].good);
                assert_int_equal(!!error.message, !cases[i].good);
        }

        assert_true(sysctl_check("net.ipv4.ip_forward=1", true, false, true, NULL) < 0);
        assert_true(sysctl_check("kernel.shmmax=1", false, true, true, NULL) < 0);
}

static void security_options(void **state) {
        _cleanup_(security_options_done) SecurityOptions o = { .no_new_privileges = -1 };
        _cleanup_(error_done) Error error = {};

        assert_int_equal(security_options_add(&o, "seccomp=unconfined", NULL), 0);
        assert_true(o.seccomp_unconfined);
        assert_int_equal(security_options_add(&o, "no-new-privileges", NULL), 0);
        assert_int_equal(o.no_new_privileges, 1);
        assert_int_equal(security_options_add(&o, "no-new-privileges=false", NULL), 0);
        assert_int_equal(o.no_new_privileges, 0);
        assert_int_equal(security_options_add(&o, "no-new-privileges:true", NULL), 0);
        assert_int_equal(o.no_new_privileges, 1);
        assert_int_equal(security_options_add(&o, "mask=/proc/foo:/sys/bar", NULL), 0);
        assert_int_equal(strv_length(o.mask), 2);
        assert_int_equal(security_options_add(&o, "unmask=ALL", NULL), 0);
        assert_true(o.unmask_all);
        assert_int_equal(security_options_add(&o, "unmask=/proc/*", NULL), 0);
        assert_int_equal(security_options_add(&o, "label=disable", NULL), 0);
        assert_int_equal(security_options_add(&o, "apparmor=unconfined", NULL), 0);

        assert_int_equal(security_options_add(&o, "secomp=unconfined", &error), -EINVAL);
        assert_non_null(error.message);
        assert_true(security_options_add(&o, "mask=../x", NULL) < 0);
        assert_true(security_options_add(&o, "seccomp=/etc/profile.json", NULL) < 0);
        assert_true(security_options_add(&o, "seccomp", NULL) < 0);
        assert_true(security_options_add(&o, "label=foo", NULL) < 0);
}

static void restart_policies(void **state) {
        _cleanup_(error_done) Error error = {};
        RestartPolicy p;

        assert_int_equal(restart_policy_parse("", &p, NULL), 0);
        assert_int_equal(p.mode, RESTART_NO);
        assert_int_equal(restart_policy_parse("on-failure:5", &p, NULL), 0);
        assert_int_equal(p.mode, RESTART_ON_FAILURE);
        assert_int_equal(p.max_retries, 5);
        assert_int_equal(restart_policy_parse("unless-stopped", &p, NULL), 0);
        assert_true(restart_policy_parse("always:3", &p, NULL) < 0);
        assert_true(restart_policy_parse("on-failure:-1", &p, NULL) < 0);
        assert_true(restart_policy_parse("often", &p, &error) < 0);
        assert_string_equal(error.message, "restart policy 'often': expected no, always, unless-stopped or on-failure[:N]");
}

static void namespace_modes(void **state) {
        _cleanup_(error_done) Error error = {}, other = {};
        NamespaceMode mode;
        uint32_t size;

        assert_int_equal(network_mode_parse("none", &mode, NULL), 0);
        assert_int_equal(network_mode_parse("bridge", &mode, &error), -EOPNOTSUPP);
        assert_string_equal(error.message, "network 'bridge': this version has only the networks 'none' and 'host'");
        assert_int_equal(pid_mode_parse("container:web", &mode, &other), -EOPNOTSUPP);
        assert_string_equal(other.message, "--pid container:web: this version cannot join other namespaces; "
                                           "there are 'private' and 'host'");
        assert_int_equal(ipc_mode_parse("shareable", &mode, NULL), 0);
        assert_int_equal(mode, NAMESPACE_SHAREABLE);
        assert_int_equal(uts_mode_parse("foo", &mode, NULL), -EINVAL);

        assert_int_equal(user_mode_parse("", &mode, &size, NULL), 0);
        assert_int_equal(size, 65536);
        assert_int_equal(user_mode_parse("auto:size=131072", &mode, &size, NULL), 0);
        assert_int_equal(size, 131072);
        assert_int_equal(user_mode_parse("host", &mode, &size, NULL), 0);
        assert_int_equal(size, 0);
        assert_true(user_mode_parse("auto:size=5", &mode, &size, NULL) < 0);
        assert_true(user_mode_parse("auto:size=99999999", &mode, &size, NULL) < 0);
        assert_true(user_mode_parse("keep-id", &mode, &size, NULL) < 0);
}

static void user_strings_are_read_whole(void **state) {
        static const struct {
                const char *text;
                bool good;
        } cases[] = {
                { "0", true },           { "1000:1000", true },  { "nginx", true },       { "www-data:adm", true },
                { "1abc", true },        { "0:nginx", true },    { "4294967294", true },  { "4294967295", false },
                { "4294967296", false }, { "-1", false },        { "+1", false },         { "", false },
                { "1:", false },         { ":1", false },        { "a b", false },        { "a:b:c", false },
                { "65535", false },      { "a/b", false },       { "99999999999999999999", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if ((check_user(cases[i].text, NULL) >= 0) != cases[i].good)
                        fail_msg("%s", cases[i].text);
}

static void cpu_lists(void **state) {
        static const char *const bad[] = { "", ",", "a", "3-1", "1024", "0-", "-1", "0--2", "0 1" };
        _cleanup_(freep) char *text = NULL;
        CpuList list;

        assert_int_equal(cpu_list_parse("5,0-2,9", &list, NULL), 0);
        assert_int_equal(list.n_bytes, 2);
        assert_int_equal(list.bits[0], 0x27);
        assert_int_equal(cpu_list_format(list.bits, list.n_bytes, &text), 0);
        assert_string_equal(text, "0-2,5,9");

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (cpu_list_parse(bad[i], &list, NULL) >= 0)
                        fail_msg("%s", bad[i]);
}

static void single_values(void **state) {
        static const struct {
                int (*check)(const char *value, Error *reterr);
                const char *text;
                bool good;
        } cases[] = {
                { check_environment, "A=b", true },          { check_environment, "A", false },
                { check_environment, "=b", false },          { check_environment, "*", false },
                { check_umask, "0022", true },               { check_umask, "1777", false },
                { check_detach_keys, "ctrl-p,ctrl-q", true }, { check_detach_keys, "", true },
                { check_detach_keys, "a,ctrl-@", true },     { check_detach_keys, "ctrl-", false },
                { check_signal, "SIGKILL", true },           { check_signal, "FOO", false },
                { check_timezone, "Europe/Paris", true },    { check_timezone, "../etc/shadow", false },
                { check_timezone, "/etc/shadow", false },    { check_timezone, "local", true },
                { check_label, "a=b", true },                { check_label, "io.caisson.name=x", false },
                { check_label, "=b", false },                { check_slice, "tenant.slice", true },
                { check_slice, "a-b.slice", true },          { check_slice, "../x.slice", false },
                { check_slice, "x.service", false },         { check_slice, ".slice", false },
                { check_host_entry, "db:10.0.0.1", true },   { check_host_entry, "db:[::1]", true },
                { check_host_entry, "a;b:::1", true },       { check_host_entry, "db:x", false },
                { check_host_entry, "db", false },           { check_host_entry, "a b:1.2.3.4", false },
                { check_port, "80", true },                  { check_port, "80-90/udp", true },
                { check_port, "90-80", false },              { check_port, "0", false },
                { check_port, "80/icmp", false },            { check_dns_server, "1.1.1.1", true },
                { check_dns_server, "::1", true },           { check_dns_server, "one", false },
                { check_dns_word, "ndots:5", true },         { check_dns_word, "a\nb", false },
                { check_log_driver, "journald", true },      { check_log_driver, "syslog", false },
                { check_platform, "linux/amd64", true },     { check_platform, "windows/amd64", false },
                { check_pull, "missing", true },             { check_pull, "always", false },
                { check_hostname, "web-1", true },           { check_hostname, "a b", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};

                if ((cases[i].check(cases[i].text, &error) >= 0) != cases[i].good)
                        fail_msg("case %zu: %s", i, cases[i].text);
                assert_int_equal(!!error.message, !cases[i].good);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(devices),
                cmocka_unit_test(device_rules),
                cmocka_unit_test(device_limits),
                cmocka_unit_test(ulimits),
                cmocka_unit_test(capabilities),
                cmocka_unit_test(the_default_capabilities_are_nine),
                cmocka_unit_test(sysctls_are_the_containers_own),
                cmocka_unit_test(security_options),
                cmocka_unit_test(restart_policies),
                cmocka_unit_test(namespace_modes),
                cmocka_unit_test(user_strings_are_read_whole),
                cmocka_unit_test(cpu_lists),
                cmocka_unit_test(single_values),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
