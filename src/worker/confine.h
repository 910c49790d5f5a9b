/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/capability.h>

#include "shared/macro.h"

/* Keeps these capabilities and no others, also not in the bounding set; sets no_new_privs. */
int confine_capabilities(const cap_value_t *keep, size_t n_keep);

/* Allows these system calls, only those, of this architecture alone; names the C library's version does not
 * know are passed over. What is refused answers EPERM, clone3 and unknown ones ENOSYS. special: rules with
 * conditions. NULL ends the list. A process under the address sanitizer stays as it is, since the sanitizer
 * needs more than we do. */
typedef struct SystemCallRule {
        const char *name;
        unsigned argument;
        uint64_t mask, value; /* allowed if (argument & mask) == value */
} SystemCallRule;
int confine_system_calls(const char *const *names, const SystemCallRule *rules);

/* Whether confine_system_calls() does anything in this build. */
bool confine_filters_system_calls(void) _const_;
