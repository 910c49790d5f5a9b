/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "setup.h"

#define CAPABILITIES_MAX 64U

static int raise_or_drop(int option, unsigned long argument, unsigned capability) {
        return option == PR_CAP_AMBIENT ? prctl(option, argument, (unsigned long) capability, 0UL, 0UL)
                                        : prctl(option, (unsigned long) capability, 0UL, 0UL, 0UL);
}

int setup_bounding(Setup *s, SetupReport *report) {
        setup_subject(report, "capabilities that may be had");
        if (s->keep_capabilities)
                return 0;

        for (unsigned c = 0; c < CAPABILITIES_MAX; c++) {
                if (s->bounding & (UINT64_C(1) << c))
                        continue;
                if (raise_or_drop(PR_CAPBSET_DROP, 0, c) < 0) {
                        if (errno == EINVAL)
                                break; /* beyond the last one of this kernel */
                        return -errno;
                }
        }

        return 0;
}

int setup_user(Setup *s, SetupReport *report) {
        const SetupIdentity *i = &s->identity;

        setup_subject(report, "the user");
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
                return -errno;

        /* The raw calls: glibc would look for threads to tell, in a copy of somebody else's memory */
        if (syscall(SYS_setgroups, (size_t) i->n_groups, i->groups) < 0)
                return -errno;
        if (syscall(SYS_setresgid, i->gid, i->gid, i->gid) < 0)
                return -errno;
        if (syscall(SYS_setresuid, i->uid, i->uid, i->uid) < 0)
                return -errno;

        return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int setup_capabilities(Setup *s, SetupReport *report) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
        uint64_t have, permitted, effective, inheritable;

        setup_subject(report, "capabilities");
        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;

        have = data[0].permitted | (uint64_t) data[1].permitted << 32;
        permitted = s->keep_capabilities ? have : s->permitted & have;
        effective = s->keep_capabilities ? data[0].effective | (uint64_t) data[1].effective << 32
                                         : s->effective & permitted;
        inheritable = s->inheritable & permitted;

        for (unsigned i = 0; i < ELEMENTSOF(data); i++)
                data[i] = (struct __user_cap_data_struct) {
                        .permitted = permitted >> (32 * i),
                        .effective = effective >> (32 * i),
                        .inheritable = inheritable >> (32 * i),
                };
        if (syscall(SYS_capset, &header, data) < 0)
                return -errno;

        if (raise_or_drop(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0) < 0)
                return -errno;
        for (unsigned c = 0; c < CAPABILITIES_MAX; c++)
                if ((s->ambient & inheritable & (UINT64_C(1) << c)) &&
                    raise_or_drop(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c) < 0)
                        return -errno;

        return 0;
}
