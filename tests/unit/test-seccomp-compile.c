/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/seccomp-compile.h"
#include "shared/io.h"

/* Filters are not looked at but loaded into a process that then tries the calls. */

#define NAMES_ALLOWED_MAX 330U
#define X32_BIT           0x40000000L

static uint64_t default_capabilities(void) {
        static const char *const names[] = {
                "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE",
                "CAP_SETGID", "CAP_SETUID", "CAP_SYS_CHROOT",
        };
        uint64_t set = 0;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                set |= UINT64_C(1) << seccomp_capability_from_string(names[i]);
        return set;
}

static uint64_t with(const char *capability) {
        return default_capabilities() | UINT64_C(1) << seccomp_capability_from_string(capability);
}

static struct sock_fprog compile_text(const char *text, uint64_t capabilities) {
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        _cleanup_(error_done) Error error = {};
        void *program = NULL;
        size_t size = 0;

        if (seccomp_profile_parse("profile", text, strlen(text), &p, &error) < 0)
                fail_msg("%s", error.message);
        if (seccomp_compile(p, &(SeccompContext) { .capabilities = capabilities }, &program, &size, &error) < 0)
                fail_msg("%s", error.message);

        return (struct sock_fprog) { .len = (unsigned short) (size / sizeof(struct sock_filter)), .filter = program };
}

static struct sock_fprog compile_default(uint64_t capabilities) {
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(read_full_file_at(AT_FDCWD, DEFAULT_PROFILE, 1U << 20, &text, NULL), 0);
        return compile_text(text, capabilities);
}

typedef struct Call {
        long number;
        unsigned long args[3];
        int expected; /* errno, 0: the call went through (it may fail for other reasons), negative: signal */
} Call;

/* The result of one call under the filter, made by a process of its own. */
static int try_call(const struct sock_fprog *program, const Call *c) {
        int status;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                long r;

                if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) < 0)
                        _exit(255);
                r = syscall(c->number, c->args[0], c->args[1], c->args[2], 0, 0, 0);
                /* A clone() that was let through: the child says nothing */
                if (c->number == SYS_clone && r == 0)
                        _exit(0);
                _exit(r < 0 ? errno : 0);
        }

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void check_calls(uint64_t capabilities, const Call *calls, size_t n) {
        struct sock_fprog program = compile_default(capabilities);

        for (size_t i = 0; i < n; i++) {
                int r = try_call(&program, &calls[i]);

                if (r != calls[i].expected)
                        fail_msg("case %zu: call %li (%lx): expected %i, got %i", i, calls[i].number,
                                 calls[i].args[0], calls[i].expected, r);
        }

        free(program.filter);
}

static void the_default_refuses_what_it_should(void **state) {
        static const Call calls[] = {
                { SYS_getpid, {}, 0 },
                { SYS_openat, { (unsigned long) AT_FDCWD, (unsigned long) "/", O_RDONLY }, 0 },

                /* unknown: "not there" */
                { 1000, {}, ENOSYS },
                { 0xffff, {}, ENOSYS },
                { SYS_clone3, {}, ENOSYS },

                /* known to be bad */
                { SYS_keyctl, {}, EPERM },
                { SYS_add_key, {}, EPERM },
                { SYS_request_key, {}, EPERM },
                { SYS_io_uring_setup, {}, EPERM },
                { SYS_io_uring_enter, {}, EPERM },
                { SYS_io_uring_register, {}, EPERM },
                { SYS_userfaultfd, {}, EPERM },
                { SYS_vmsplice, {}, EPERM },
                { SYS_process_vm_readv, {}, EPERM },
                { SYS_process_vm_writev, {}, EPERM },
                { SYS_bpf, {}, EPERM },
                { SYS_perf_event_open, {}, EPERM },
                { SYS_mount, {}, EPERM },
                { SYS_umount2, {}, EPERM },
                { SYS_fsopen, {}, EPERM },
                { SYS_open_tree, {}, EPERM },
                { SYS_mount_setattr, {}, EPERM },
                { SYS_pivot_root, {}, EPERM },
                { SYS_setns, {}, EPERM },
                { SYS_kexec_load, {}, EPERM },
                { SYS_init_module, {}, EPERM },
                { SYS_finit_module, {}, EPERM },
                { SYS_open_by_handle_at, {}, EPERM },
                { SYS_reboot, {}, EPERM },
                { SYS_swapon, {}, EPERM },
                { SYS_settimeofday, {}, EPERM },
                { SYS_syslog, {}, EPERM },
                { SYS_acct, {}, EPERM },
                { SYS_move_pages, {}, EPERM },
                { SYS_pidfd_getfd, {}, EPERM },

                /* no namespaces */
                { SYS_unshare, { CLONE_NEWUSER }, EPERM },
                { SYS_unshare, { CLONE_NEWNS }, EPERM },
                { SYS_clone, { CLONE_NEWUSER | SIGCHLD }, EPERM },
                { SYS_clone, { CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD }, EPERM },
                { SYS_clone, { CLONE_NEWNS | SIGCHLD }, EPERM },
                { SYS_clone, { CLONE_NEWCGROUP | SIGCHLD }, EPERM },
                { SYS_clone, { SIGCHLD }, 0 },

                /* personality: five values */
                { SYS_personality, { 0 }, 0 },
                { SYS_personality, { 0x20008 }, 0 },
                { SYS_personality, { 0xffffffff }, 0 },
                { SYS_personality, { ADDR_NO_RANDOMIZE }, ENOSYS },
                { SYS_personality, { READ_IMPLIES_EXEC }, ENOSYS },
        };

        check_calls(default_capabilities(), calls, ELEMENTSOF(calls));
}

static void the_default_knows_the_socket_families(void **state) {
        static const Call calls[] = {
                { SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, 0 },
                { SYS_socket, { AF_INET, SOCK_STREAM, 0 }, 0 },
                { SYS_socket, { AF_INET6, SOCK_DGRAM, 0 }, 0 },
                { SYS_socket, { AF_NETLINK, SOCK_RAW, 0 }, 0 },
                { SYS_socket, { AF_NETLINK, SOCK_RAW, 15 }, 0 },
                { SYS_socket, { AF_NETLINK, SOCK_RAW, 16 }, 0 },
                { SYS_socket, { AF_NETLINK, SOCK_RAW, 9 }, EPROTONOSUPPORT },
                { SYS_socket, { AF_NETLINK, SOCK_RAW, 12 }, EPROTONOSUPPORT },
                { SYS_socket, { AF_NETLINK, SOCK_RAW, 21 }, EPROTONOSUPPORT },
                { SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, EAFNOSUPPORT },
                { SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 }, EAFNOSUPPORT },
                { SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 }, EAFNOSUPPORT },
                { SYS_socket, { AF_BLUETOOTH, SOCK_RAW, 0 }, EAFNOSUPPORT },
                { SYS_socket, { 0, SOCK_STREAM, 0 }, EAFNOSUPPORT },
                { SYS_socket, { 99, SOCK_STREAM, 0 }, EAFNOSUPPORT },
                /* the kernel looks at the lower half only */
                { SYS_socket, { 0x100000000UL | AF_ALG, SOCK_SEQPACKET, 0 }, EAFNOSUPPORT },
                { SYS_socket, { 0x100000000UL | AF_INET, SOCK_STREAM, 0 }, EAFNOSUPPORT },
        };

        check_calls(default_capabilities(), calls, ELEMENTSOF(calls));
}

static void capabilities_open_what_belongs_to_them(void **state) {
        static const Call raw[] = {
                { SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, 0 },
                { SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 }, EAFNOSUPPORT },
        };
        static const Call admin[] = {
                { SYS_unshare, { CLONE_NEWUTS }, 0 },
                { SYS_clone, { CLONE_NEWUTS | SIGCHLD }, 0 },
                { SYS_clone3, {}, EINVAL },
                { SYS_mount, {}, EFAULT },
                { SYS_keyctl, {}, EPERM },
        };

        if (geteuid() != 0)
                skip();
        check_calls(with("CAP_NET_RAW"), raw, ELEMENTSOF(raw));
        check_calls(with("CAP_SYS_ADMIN"), admin, ELEMENTSOF(admin));
}

static void other_architectures_are_killed(void **state) {
#if defined(__x86_64__)
        static const Call calls[] = {
                { X32_BIT | SYS_getpid, {}, -SIGSYS },
                { X32_BIT | 512, {}, -SIGSYS },
        };

        check_calls(default_capabilities(), calls, ELEMENTSOF(calls));

        /* Also where somebody's own profile asks for it */
        struct sock_fprog program = compile_text("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":"
                                                 "[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],\"syscalls\":[{\"names\":"
                                                 "[\"getuid\"],\"action\":\"SCMP_ACT_ERRNO\"}]}",
                                                 0);
        assert_int_equal(try_call(&program, &calls[0]), -SIGSYS);
        assert_int_equal(try_call(&program, &(Call) { SYS_getuid, {}, EPERM }), EPERM);
        assert_int_equal(try_call(&program, &(Call) { SYS_getpid, {}, 0 }), 0);
        free(program.filter);
#else
        skip();
#endif
}

static void old_profiles_with_two_comparisons_of_one_argument(void **state) {
        struct sock_fprog program = compile_text(
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"umask\",\"no_such_call\"],"
                "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":7,\"args\":["
                "{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]}]}",
                0);

        assert_int_equal(try_call(&program, &(Call) { SYS_umask, { 1 }, 0 }), 7);
        assert_int_equal(try_call(&program, &(Call) { SYS_umask, { 2 }, 0 }), 7);
        assert_int_equal(try_call(&program, &(Call) { SYS_umask, { 3 }, 0 }), 0);
        free(program.filter);
}

static void calls_newer_than_a_profile_are_not_there(void **state) {
        struct sock_fprog program = compile_text(
                "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",\"names\":"
                "[\"getpid\",\"exit_group\",\"exit\",\"rt_sigreturn\",\"openat2\","
                "\"mmap\",\"munmap\",\"madvise\",\"sigaltstack\",\"write\"]}]}", /* these for the sanitizers */
                0);

        assert_int_equal(try_call(&program, &(Call) { SYS_getpid, {}, 0 }), 0);
        assert_int_equal(try_call(&program, &(Call) { SYS_getuid, {}, 0 }), EPERM);
        assert_int_equal(try_call(&program, &(Call) { SYS_faccessat2, {}, 0 }), ENOSYS);
        assert_int_equal(try_call(&program, &(Call) { 1000, {}, 0 }), ENOSYS);
#if defined(__x86_64__)
        assert_int_equal(try_call(&program, &(Call) { X32_BIT | SYS_getpid, {}, 0 }), -SIGSYS);
#endif
        free(program.filter);
}

static void the_kernel_decides_where_a_profile_says_so(void **state) {
        static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getuid\"],"
                                   "\"action\":\"SCMP_ACT_ERRNO\",\"includes\":{\"minKernel\":\"6.2\"}}]}";
        static const struct {
                unsigned kernel[2];
                int expected;
        } cases[] = {
                { { 6, 1 }, 0 },
                { { 6, 2 }, EPERM },
                { { 7, 0 }, EPERM },
                { { 5, 9 }, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
                SeccompContext context = { .kernel = { cases[i].kernel[0], cases[i].kernel[1] } };
                _cleanup_(freep) void *program = NULL;
                struct sock_fprog f;
                size_t size;

                assert_int_equal(seccomp_profile_parse("p", text, strlen(text), &p, NULL), 0);
                assert_int_equal(seccomp_compile(p, &context, &program, &size, NULL), 0);
                f = (struct sock_fprog) { .len = (unsigned short) (size / sizeof(struct sock_filter)),
                                          .filter = program };
                if (getuid() == 0)
                        assert_int_equal(try_call(&f, &(Call) { SYS_getuid, {}, 0 }), cases[i].expected);
        }
}

static void the_default_allows_few_names(void **state) {
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        _cleanup_(freep) char *text = NULL;
        unsigned n = 0;

        assert_int_equal(read_full_file_at(AT_FDCWD, DEFAULT_PROFILE, 1U << 20, &text, NULL), 0);
        assert_int_equal(seccomp_profile_parse("p", text, strlen(text), &p, NULL), 0);

        for (size_t i = 0; i < p->n_rules; i++) {
                const SeccompRule *r = &p->rules[i];
                bool here = true;

                if (r->action != SECCOMP_ACTION_ALLOW || r->n_comparisons > 0 || r->includes.capabilities)
                        continue;
                for (char **a = r->includes.architectures; a && *a; a++)
                        here = strcmp(*a, "amd64") == 0;
                for (char **name = r->names; here && *name; name++)
                        n++;
        }

        assert_true(n > 250);
        assert_true(n <= NAMES_ALLOWED_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_default_refuses_what_it_should),
                cmocka_unit_test(the_default_knows_the_socket_families),
                cmocka_unit_test(capabilities_open_what_belongs_to_them),
                cmocka_unit_test(other_architectures_are_killed),
                cmocka_unit_test(old_profiles_with_two_comparisons_of_one_argument),
                cmocka_unit_test(calls_newer_than_a_profile_are_not_there),
                cmocka_unit_test(the_kernel_decides_where_a_profile_says_so),
                cmocka_unit_test(the_default_allows_few_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
