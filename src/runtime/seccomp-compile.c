/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "runtime/seccomp-compile.h"

#include "shared/fd.h"
#include "shared/io.h"
#include "shared/strv.h"
#include "shared/text.h"

#define X32_CALLS 0x40000000U /* x86_64 numbers from here on are x32's; other machines have none that high */

/* The same architecture as libseccomp, as profiles and as Go name it. */
static const struct {
        uint32_t token;
        const char *scmp;
        const char *go;
} architectures[] = {
        { SCMP_ARCH_X86, "SCMP_ARCH_X86", "x86" },
        { SCMP_ARCH_X86_64, "SCMP_ARCH_X86_64", "amd64" },
        { SCMP_ARCH_X32, "SCMP_ARCH_X32", "x32" },
        { SCMP_ARCH_ARM, "SCMP_ARCH_ARM", "arm" },
        { SCMP_ARCH_AARCH64, "SCMP_ARCH_AARCH64", "arm64" },
        { SCMP_ARCH_MIPS, "SCMP_ARCH_MIPS", "mips" },
        { SCMP_ARCH_MIPS64, "SCMP_ARCH_MIPS64", "mips64" },
        { SCMP_ARCH_MIPS64N32, "SCMP_ARCH_MIPS64N32", "mips64n32" },
        { SCMP_ARCH_MIPSEL, "SCMP_ARCH_MIPSEL", "mipsel" },
        { SCMP_ARCH_MIPSEL64, "SCMP_ARCH_MIPSEL64", "mipsel64" },
        { SCMP_ARCH_MIPSEL64N32, "SCMP_ARCH_MIPSEL64N32", "mipsel64n32" },
        { SCMP_ARCH_PPC, "SCMP_ARCH_PPC", "ppc" },
        { SCMP_ARCH_PPC64, "SCMP_ARCH_PPC64", "ppc64" },
        { SCMP_ARCH_PPC64LE, "SCMP_ARCH_PPC64LE", "ppc64le" },
        { SCMP_ARCH_S390, "SCMP_ARCH_S390", "s390" },
        { SCMP_ARCH_S390X, "SCMP_ARCH_S390X", "s390x" },
        { SCMP_ARCH_PARISC, "SCMP_ARCH_PARISC", "parisc" },
        { SCMP_ARCH_PARISC64, "SCMP_ARCH_PARISC64", "parisc64" },
        { SCMP_ARCH_RISCV64, "SCMP_ARCH_RISCV64", "riscv64" },
};

static const enum scmp_compare operators[_SECCOMP_OPERATOR_MAX] = {
        [SECCOMP_OPERATOR_NE] = SCMP_CMP_NE, [SECCOMP_OPERATOR_LT] = SCMP_CMP_LT,
        [SECCOMP_OPERATOR_LE] = SCMP_CMP_LE, [SECCOMP_OPERATOR_EQ] = SCMP_CMP_EQ,
        [SECCOMP_OPERATOR_GE] = SCMP_CMP_GE, [SECCOMP_OPERATOR_GT] = SCMP_CMP_GT,
        [SECCOMP_OPERATOR_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static inline void releasep(scmp_filter_ctx *ctx) {
        if (*ctx)
                seccomp_release(*ctx);
}

static uint32_t action_to_scmp(SeccompAction action, uint32_t error_number) {
        switch (action) {
        case SECCOMP_ACTION_ALLOW:
                return SCMP_ACT_ALLOW;
        case SECCOMP_ACTION_ERRNO:
                return SCMP_ACT_ERRNO(error_number);
        case SECCOMP_ACTION_KILL_PROCESS:
                return SCMP_ACT_KILL_PROCESS;
        case SECCOMP_ACTION_KILL_THREAD:
                return SCMP_ACT_KILL_THREAD;
        case SECCOMP_ACTION_TRAP:
                return SCMP_ACT_TRAP;
        case SECCOMP_ACTION_TRACE:
                return SCMP_ACT_TRACE(error_number);
        case SECCOMP_ACTION_LOG:
                return SCMP_ACT_LOG;
        default:
                assert(false);
                return SCMP_ACT_KILL_PROCESS;
        }
}

int seccomp_capability_from_string(const char *name) {
        cap_value_t v;

        return cap_from_name(name, &v) < 0 ? -EINVAL : (int) v;
}

static bool holds_capability(const SeccompContext *context, const char *name) {
        int c = seccomp_capability_from_string(name);

        /* One that we do not know cannot have been given either */
        return c >= 0 && c < 64 && (context->capabilities & (UINT64_C(1) << c));
}

static const char *native_architecture(void) {
        uint32_t native = seccomp_arch_native();

        for (size_t i = 0; i < ELEMENTSOF(architectures); i++)
                if (architectures[i].token == native)
                        return architectures[i].go;
        return "";
}

static bool rule_applies(const SeccompRule *rule, const SeccompContext *context) {
        const SeccompCondition *in = &rule->includes, *ex = &rule->excludes;

        STRV_FOREACH(name, in->capabilities)
                if (!holds_capability(context, *name))
                        return false;
        STRV_FOREACH(name, ex->capabilities)
                if (holds_capability(context, *name))
                        return false;

        if (!strv_isempty(in->architectures) && !strv_contains(in->architectures, native_architecture()))
                return false;
        if (strv_contains(ex->architectures, native_architecture()))
                return false;

        /* No minimum is 0.0: every kernel is at least that, and none is excluded by it */
        if (context->kernel[0] < in->min_kernel[0] ||
            (context->kernel[0] == in->min_kernel[0] && context->kernel[1] < in->min_kernel[1]))
                return false;
        if ((ex->min_kernel[0] > 0 || ex->min_kernel[1] > 0) &&
            (context->kernel[0] > ex->min_kernel[0] ||
             (context->kernel[0] == ex->min_kernel[0] && context->kernel[1] >= ex->min_kernel[1])))
                return false;

        return true;
}

static int add_architecture(scmp_filter_ctx ctx, const char *name, Error *reterr) {
        for (size_t i = 0; i < ELEMENTSOF(architectures); i++)
                if (streq(name, architectures[i].scmp)) {
                        int r;

                        /* Nothing people have uses x32, but every kernel with it has a second entry to all calls */
                        if (architectures[i].token == SCMP_ARCH_X32)
                                return 0;

                        r = seccomp_arch_add(ctx, architectures[i].token);
                        if (r < 0 && r != -EEXIST)
                                return error_errnof(reterr, r, "Cannot filter system calls of %s", name);
                        return 0;
                }

        return error_set(reterr, -EINVAL, "seccomp profile: unknown architecture '%.64s'", name);
}

static int add_architectures(scmp_filter_ctx ctx, const SeccompProfile *p, Error *reterr) {
        uint32_t native = seccomp_arch_native();
        int r;

        STRV_FOREACH(name, p->architectures) {
                r = add_architecture(ctx, *name, reterr);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < p->n_arch_map; i++) {
                bool here = false;

                for (size_t k = 0; k < ELEMENTSOF(architectures); k++)
                        if (streq(architectures[k].scmp, p->arch_map[i].architecture))
                                here = architectures[k].token == native;
                if (!here)
                        continue;

                STRV_FOREACH(name, p->arch_map[i].sub_architectures) {
                        r = add_architecture(ctx, *name, reterr);
                        if (r < 0)
                                return r;
                }
        }

        return 0;
}

static int add_call(scmp_filter_ctx ctx, uint32_t action, const char *name, const struct scmp_arg_cmp *args,
                    unsigned n_args, Error *reterr) {
        int number, r;

        number = seccomp_syscall_resolve_name(name);
        if (number == __NR_SCMP_ERROR)
                return 0;

        r = seccomp_rule_add_array(ctx, action, number, n_args, args);
        /* -EDOM: the call does not exist on an architecture of the filter; -EEXIST: said twice */
        if (r < 0 && !(r == -EDOM || r == -EEXIST))
                return error_errnof(reterr, r, "seccomp profile: cannot filter '%.64s'", name);

        return 0;
}

static bool argument_compared_twice(const SeccompRule *rule) {
        unsigned seen = 0;

        for (size_t i = 0; i < rule->n_comparisons; i++) {
                if (seen & (1U << rule->comparisons[i].index))
                        return true;
                seen |= 1U << rule->comparisons[i].index;
        }

        return false;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t default_action, const SeccompRule *rule, Error *reterr) {
        uint32_t action = action_to_scmp(rule->action, rule->error_number);
        struct scmp_arg_cmp args[SECCOMP_ARGUMENTS];
        bool any_of;
        int r;

        if (action == default_action)
                return 0;

        any_of = argument_compared_twice(rule);

        STRV_FOREACH(name, rule->names) {
                unsigned n = 0;

                for (size_t i = 0; i < rule->n_comparisons; i++) {
                        const SeccompComparison *c = &rule->comparisons[i];

                        args[n++] = (struct scmp_arg_cmp) {
                                .arg = c->index,
                                .op = operators[c->operator],
                                .datum_a = c->value,
                                .datum_b = c->value_two,
                        };
                        if (!any_of)
                                continue;

                        r = add_call(ctx, action, *name, args, n, reterr);
                        if (r < 0)
                                return r;
                        n = 0;
                }

                if (any_of)
                        continue;

                r = add_call(ctx, action, *name, args, n, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* A profile that refuses what it does not name knows nothing of calls that are newer than itself, and C libraries take
 * "not permitted" for an answer where "not there" would make them use the older call. So what has a higher number than
 * all that the profile names is not there, as runc has it. The filter is put behind a few instructions that do that. */
static int add_newer_calls(const SeccompProfile *p, void **program, size_t *size, Error *reterr) {
        struct sock_filter *longer;
        int newest = -1;

        if (p->default_action != SECCOMP_ACTION_ERRNO || p->default_error_number == ENOSYS)
                return 0;

        for (size_t i = 0; i < p->n_rules; i++)
                STRV_FOREACH(name, p->rules[i].names)
                        newest = MAX(newest, seccomp_syscall_resolve_name(*name));
        if (newest < 0)
                return 0;

        const struct sock_filter head[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 4),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 2, 0),
                BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t) newest, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        };

        if (*size / sizeof(struct sock_filter) + ELEMENTSOF(head) > BPF_MAXINSNS)
                return 0; /* as it was, then */

        longer = malloc(sizeof(head) + *size);
        if (!longer)
                return error_oom(reterr);
        memcpy(longer, head, sizeof(head));
        memcpy(longer + ELEMENTSOF(head), *program, *size);

        free(*program);
        *program = longer;
        *size += sizeof(head);
        return 0;
}

static int export_program(scmp_filter_ctx ctx, void **ret, size_t *ret_size, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        _cleanup_(freep) char *program = NULL;
        size_t size;
        int r;

        fd = memfd_create("seccomp", MFD_CLOEXEC);
        if (fd < 0)
                return error_errnof(reterr, -errno, "Cannot make memory for the seccomp filter");

        r = seccomp_export_bpf(ctx, fd);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot compile the seccomp filter");
        if (lseek(fd, 0, SEEK_SET) < 0)
                return error_errnof(reterr, -errno, "Cannot read the seccomp filter");

        r = read_full_fd(fd, BPF_MAXINSNS * sizeof(struct sock_filter), &program, &size);
        if (r == -EFBIG)
                return error_set(reterr, r, "The seccomp profile makes more than %u instructions, which is the kernel's limit",
                                 BPF_MAXINSNS);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot read the seccomp filter");
        if (size == 0 || size % sizeof(struct sock_filter) != 0)
                return error_set(reterr, -EIO, "libseccomp made a filter of %zu bytes", size);

        *ret = TAKE_PTR(program);
        *ret_size = size;
        return 0;
}

int seccomp_compile(const SeccompProfile *p, const SeccompContext *context, void **ret, size_t *ret_size,
                    Error *reterr) {
        _cleanup_(releasep) scmp_filter_ctx ctx = NULL;
        _cleanup_(freep) void *program = NULL;
        size_t size = 0;
        uint32_t default_action = action_to_scmp(p->default_action, p->default_error_number);
        SeccompContext c = *context;
        int r;

        if (c.kernel[0] == 0) {
                struct utsname u;

                if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &c.kernel[0], &c.kernel[1]) != 2)
                        return error_set(reterr, -EIO, "Cannot read the kernel's version");
        }

        ctx = seccomp_init(default_action);
        if (!ctx)
                return error_set(reterr, -EINVAL, "seccomp profile: this kernel does not know its default action");

        r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        /* A binary search over the calls instead of a comparison with each */
        if (r >= 0)
                r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot set up the seccomp filter");

        r = add_architectures(ctx, p, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < p->n_rules; i++) {
                if (!rule_applies(&p->rules[i], &c))
                        continue;

                r = add_rule(ctx, default_action, &p->rules[i], reterr);
                if (r < 0)
                        return r;
        }

        r = export_program(ctx, &program, &size, reterr);
        if (r < 0)
                return r;
        r = add_newer_calls(p, &program, &size, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(program);
        *ret_size = size;
        return 0;
}
