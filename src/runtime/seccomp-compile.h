/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runtime/seccomp-profile.h"

/* What a profile's conditions are evaluated against. */
typedef struct SeccompContext {
        uint64_t capabilities; /* the container's bounding set, a bit per capability */
        unsigned kernel[2];    /* major and minor version; 0.0: of the running one */
} SeccompContext;

/* Makes the profile into a classic BPF program: *ret is an array of struct sock_filter, *ret_size bytes long. Calls of
 * other architectures than the machine's and those the profile adds kill the process, and so do x32's in any case. Names
 * that libseccomp does not know are left out, so that the default action is what meets them. */
int seccomp_compile(const SeccompProfile *p, const SeccompContext *context, void **ret, size_t *ret_size,
                    Error *reterr);

/* Bit of a capability ("CAP_SYS_ADMIN"), or -EINVAL. */
int seccomp_capability_from_string(const char *name);
