/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* What the --security-opt of a container add up to. */
typedef struct SecurityOptions {
        bool seccomp_unconfined;
        int no_new_privileges; /* -1: not said */
        char **mask;           /* paths to hide, besides the usual ones */
        char **unmask;         /* paths or patterns to leave alone */
        bool unmask_all;
        char *apparmor;        /* a profile's name, or "unconfined"; NULL: not said */
        char **labels;         /* SELinux: "disable", "type:…", "level:…", … */
} SecurityOptions;

void security_options_done(SecurityOptions *o);
/* Adds one option to *o; on failure *o is as it was. */
int security_options_add(SecurityOptions *o, const char *text, Error *reterr);
