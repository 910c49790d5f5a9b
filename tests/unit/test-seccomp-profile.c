/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "runtime/seccomp-profile.h"
#include "shared/strv.h"

static void what_docker_and_podman_write_is_understood(void **state) {
        static const char text[] =
                "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"defaultErrno\":\"ENOSYS\","
                "\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
                "             \"subArchitectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]},"
                "           {\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":null}],"
                "\"syscalls\":["
                " {\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":null,\"comment\":\"x\","
                "  \"includes\":{},\"excludes\":{}},"
                " {\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\","
                "  \"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}],"
                "  \"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"],\"arches\":[\"s390\",\"s390x\"]}},"
                " {\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4.8\"}},"
                " {\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38,\"errno\":\"ENOSYS\"},"
                " {\"name\":\"old\",\"action\":\"SCMP_ACT_KILL\"}]}";
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        _cleanup_(error_done) Error error = {};

        assert_int_equal(seccomp_profile_parse("p", text, strlen(text), &p, &error), 0);

        assert_int_equal(p->default_action, SECCOMP_ACTION_ERRNO);
        assert_int_equal(p->default_error_number, ENOSYS);
        assert_int_equal(p->n_arch_map, 2);
        assert_int_equal(strv_length(p->arch_map[0].sub_architectures), 2);
        assert_int_equal(p->n_rules, 5);
        assert_int_equal(p->rules[0].error_number, EPERM);
        assert_int_equal(p->rules[0].n_comparisons, 0);
        assert_int_equal(p->rules[1].comparisons[0].operator, SECCOMP_OPERATOR_MASKED_EQ);
        assert_int_equal(p->rules[1].comparisons[0].value, 0x7e020000);
        assert_true(strv_contains(p->rules[1].excludes.architectures, "s390x"));
        assert_int_equal(p->rules[2].includes.min_kernel[0], 4);
        assert_int_equal(p->rules[2].includes.min_kernel[1], 8);
        assert_int_equal(p->rules[3].error_number, ENOSYS);
        assert_string_equal(p->rules[4].names[0], "old");
        assert_int_equal(p->rules[4].action, SECCOMP_ACTION_KILL_THREAD);
}

static void errors_name_the_path(void **state) {
#define RULE(rule) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" rule "]}"
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "{}", "p: /defaultAction: missing" },
                { "[]", "p: expected object, got array" },
                { "{\"defaultAction\":1}", "p: /defaultAction: expected string, got integer" },
                { "{\"defaultAction\":\"allow\"}", "p: /defaultAction: unknown action 'allow'" },
                { "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
                  "p: /defaultAction: SCMP_ACT_NOTIFY needs a listener, which caisson does not have" },
                { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}",
                  "p: /defaultErrnoRet: is not an error number" },
                { RULE("{\"names\":[\"read\"]}"), "p: /syscalls/0/action: missing" },
                { RULE("{\"action\":\"SCMP_ACT_ERRNO\"}"), "p: /syscalls/0: names no system call" },
                { RULE("{\"names\":[],\"action\":\"SCMP_ACT_ERRNO\"}"), "p: /syscalls/0: names no system call" },
                { RULE("{\"names\":[1],\"action\":\"SCMP_ACT_ERRNO\"}"),
                  "p: /syscalls/0/names/0: expected string, got integer" },
                { RULE("{\"names\":[\"a\"],\"name\":\"a\",\"action\":\"SCMP_ACT_ERRNO\"}"),
                  "p: /syscalls/0: has both 'name' and 'names'" },
                { RULE("{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":6,\"value\":1,"
                       "\"op\":\"SCMP_CMP_EQ\"}]}"),
                  "p: /syscalls/0/args/0/index: system calls have no argument 6" },
                { RULE("{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":1,"
                       "\"op\":\"==\"}]}"),
                  "p: /syscalls/0/args/0/op: unknown operator '=='" },
                { RULE("{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ERRNO\",\"includes\":{\"minKernel\":\"4.x\"}}"),
                  "p: /syscalls/0/includes/minKernel: '4.x' is not a kernel version" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                SeccompProfile *p = NULL;
                _cleanup_(error_done) Error error = {};

                assert_int_equal(seccomp_profile_parse("p", cases[i].text, strlen(cases[i].text), &p, &error), -EINVAL);
                assert_string_equal(error.message, cases[i].message);
                assert_null(p);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_docker_and_podman_write_is_understood),
                cmocka_unit_test(errors_name_the_path),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
