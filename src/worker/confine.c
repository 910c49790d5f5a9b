/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/securebits.h>
#include <seccomp.h>
#include <sys/prctl.h>

#include "confine.h"

#ifdef WITH_ADDRESS_SANITIZER
/* It looks for leaks in a process of its own and in /proc, neither of which is there when the sandbox is closed. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void) {
        return 1;
}
#endif

static void cap_freep(cap_t *c) {
        if (*c)
                (void) cap_free(*c);
}

#ifndef WITH_ADDRESS_SANITIZER
static void seccomp_releasep(scmp_filter_ctx *c) {
        if (*c)
                seccomp_release(*c);
}
#endif

static bool is_kept(const cap_value_t *keep, size_t n_keep, cap_value_t c) {
        for (size_t i = 0; i < n_keep; i++)
                if (keep[i] == c)
                        return true;
        return false;
}

int confine_capabilities(const cap_value_t *keep, size_t n_keep) {
        _cleanup_(cap_freep) cap_t caps = NULL;

        /* Dropping from the bounding set and setting the bits takes CAP_SETPCAP, which goes below */
        for (cap_value_t c = 0; c < cap_max_bits(); c++)
                if (!is_kept(keep, n_keep, c) && cap_drop_bound(c) < 0)
                        return -errno;
        if (prctl(PR_SET_SECUREBITS,
                  SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                  SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
                  0, 0, 0) < 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;

        caps = cap_init();
        if (!caps)
                return -ENOMEM;
        if (n_keep > 0 && (cap_set_flag(caps, CAP_PERMITTED, (int) n_keep, keep, CAP_SET) < 0 ||
                           cap_set_flag(caps, CAP_EFFECTIVE, (int) n_keep, keep, CAP_SET) < 0))
                return -errno;

        return cap_set_proc(caps) < 0 ? -errno : 0;
}

int confine_system_calls(const char *const *names, const SystemCallRule *rules) {
#ifdef WITH_ADDRESS_SANITIZER
        return 0;
#else
        _cleanup_(seccomp_releasep) scmp_filter_ctx filter = NULL;
        int r;

        filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (!filter)
                return -ENOMEM;

        r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r < 0)
                return r;
        (void) seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree instead of a chain */

        /* The C library falls back to clone(), whose flags can be looked at */
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        if (r < 0)
                return r;

        for (; *names; names++) {
                int nr = seccomp_syscall_resolve_name(*names);

                if (nr == __NR_SCMP_ERROR)
                        continue;
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, nr, 0);
                if (r < 0)
                        return r;
        }

        for (; rules && rules->name; rules++) {
                int nr = seccomp_syscall_resolve_name(rules->name);

                if (nr == __NR_SCMP_ERROR)
                        continue;
                r = seccomp_rule_add(
                                filter, SCMP_ACT_ALLOW, nr, 1,
                                SCMP_CMP64(rules->argument, SCMP_CMP_MASKED_EQ, rules->mask, rules->value));
                if (r < 0)
                        return r;
        }

        return seccomp_load(filter);
#endif
}

bool confine_filters_system_calls(void) {
#ifdef WITH_ADDRESS_SANITIZER
        return false;
#else
        return true;
#endif
}
