/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/capability.h"
#include "runtime/cgroup-hierarchy.h"
#include "runtime/executable.h"
#include "runtime/kernel-files.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

static void touch(const char *directory, const char *name, mode_t mode) {
        char path[PATH_MAX];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
        assert_true(fd >= 0);
        assert_int_equal(fchmod(fd, mode), 0);
        close(fd);
}

static void programs_are_found_as_docker_finds_them(void **state) {
        char directory[] = "/tmp/test-runtime-paths.XXXXXX", path[128], found[PATH_MAX], expected[128];
        char *env[] = { (char *) "A=b", path, NULL }, *no_path[] = { (char *) "A=b", NULL };
        char subdirectory[64];

        assert_non_null(mkdtemp(directory));
        snprintf(subdirectory, sizeof(subdirectory), "%s/sub", directory);
        assert_int_equal(mkdir(subdirectory, 0755), 0);
        touch(directory, "data", 0644);
        touch(directory, "shadowed", 0644);
        touch(subdirectory, "shadowed", 0755);
        touch(subdirectory, "program", 0755);
        snprintf(path, sizeof(path), "PATH=relative::/nonexistent:%s:%s", directory, subdirectory);

        assert_int_equal(executable_find("program", env, found), 0);
        snprintf(expected, sizeof(expected), "%s/program", subdirectory);
        assert_string_equal(found, expected);
        assert_int_equal(executable_find("shadowed", env, found), 0);
        assert_non_null(strstr(found, "/sub/"));
        assert_int_equal(executable_find("data", env, found), -ENOENT);
        assert_int_equal(executable_find("sub", env, found), -ENOENT);
        assert_int_equal(executable_find("", env, found), -ENOENT);
        assert_int_equal(executable_find("sh", no_path, found), 0);

        assert_int_equal(executable_find(expected, env, found), 0);
        assert_string_equal(found, expected);
        assert_int_equal(executable_find(directory, env, found), -EISDIR);
        snprintf(expected, sizeof(expected), "%s/data", directory);
        assert_int_equal(executable_find(expected, env, found), -EACCES);
        assert_int_equal(executable_find("/nonexistent/x", env, found), -ENOENT);

        assert_int_equal(remove_tree_at(AT_FDCWD, directory), 0);
}

static void sysctls_become_paths(void **state) {
        static const struct {
                const char *assignment, *path; /* NULL: none */
        } cases[] = {
                { "net.ipv4.ip_forward=1",             "sys/net/ipv4/ip_forward"            },
                { "net.ipv4.conf.eth0/1.forwarding=1", "sys/net/ipv4/conf/eth0.1/forwarding" },
                { "kernel.shmmax=",                    "sys/kernel/shmmax"                  },
                { "net..x=1",                          NULL                                 },
                { ".net=1",                            NULL                                 },
                { "net.=1",                            NULL                                 },
                { "net./=1",                           NULL                                 },
                { "net.//etc=1",                       NULL                                 },
                { "=1",                                NULL                                 },
                { "net",                               NULL                                 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char path[SYSCTL_PATH_MAX];

                if (cases[i].path) {
                        assert_int_equal(sysctl_path(cases[i].assignment, path), 0);
                        assert_string_equal(path, cases[i].path);
                } else
                        assert_int_equal(sysctl_path(cases[i].assignment, path), -EINVAL);
        }
}

static void only_sysctls_of_namespaces_have_a_scope(void **state) {
        static const struct {
                const char *name;
                SysctlScope scope;
        } cases[] = {
                { "net.ipv4.ip_forward", SYSCTL_NETWORK },
                { "net.",                SYSCTL_NONE    },
                { "net",                 SYSCTL_NONE    },
                { "network",             SYSCTL_NONE    },
                { "kernel.shmmax",       SYSCTL_IPC     },
                { "kernel.shmmaxx",      SYSCTL_NONE    },
                { "kernel.core_pattern", SYSCTL_NONE    },
                { "kernel.hostname",     SYSCTL_UTS     },
                { "fs.mqueue.msg_max",   SYSCTL_IPC     },
                { "vm.swappiness",       SYSCTL_NONE    },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(sysctl_scope(cases[i].name, strlen(cases[i].name)), cases[i].scope);
}

static void hierarchies_are_told_apart(void **state) {
        CgroupHierarchy *h;
        size_t n;

        assert_int_equal(cgroup_hierarchies_parse("0::/user.slice/a:b\n", &h, &n), 0);
        assert_int_equal(n, 1);
        assert_null(h[0].controllers);
        cgroup_hierarchies_free(h, n);

        assert_int_equal(cgroup_hierarchies_parse("3:cpu,cpuacct:/\n1:name=systemd:/x\n0::/\n", &h, &n), 0);
        assert_int_equal(n, 3);
        assert_string_equal(h[0].name, "cpu,cpuacct");
        assert_int_equal(strv_length(h[0].controllers), 2);
        assert_string_equal(h[1].name, "systemd");
        assert_string_equal(h[1].controllers[0], "name=systemd");
        assert_string_equal(h[2].name, "unified");
        cgroup_hierarchies_free(h, n);

        assert_int_equal(cgroup_hierarchies_parse("nonsense\n", &h, &n), -EINVAL);
        assert_int_equal(cgroup_hierarchies_parse("1:name=../../etc:/\n", &h, &n), -EINVAL);
}

static void capabilities_have_numbers(void **state) {
        char *names[] = { (char *) "CAP_CHOWN", (char *) "CAP_CHECKPOINT_RESTORE", (char *) "CAP_NONSENSE", NULL };

        assert_int_equal(capability_from_name("CAP_SYS_ADMIN"), 21);
        assert_int_equal(capability_from_name("SYS_ADMIN"), -EINVAL);
        assert_string_equal(capability_to_name(7), "CAP_SETUID");
        assert_null(capability_to_name(64));
        assert_true(capability_set_from_names(names) == ((UINT64_C(1) << 40) | 1));
        assert_true(capability_set_from_names(NULL) == 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(programs_are_found_as_docker_finds_them),
                cmocka_unit_test(sysctls_become_paths),
                cmocka_unit_test(only_sysctls_of_namespaces_have_a_scope),
                cmocka_unit_test(hierarchies_are_told_apart),
                cmocka_unit_test(capabilities_have_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
