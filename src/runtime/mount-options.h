/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* The options of a mount as the OCI specification and mount(8) name them, sorted by the system call that takes them. */
typedef struct MountOptions {
        uint64_t attr_set; /* MOUNT_ATTR_*, for fsmount() or mount_setattr() */
        uint64_t attr_clear;
        uint64_t recursive_set; /* of these, what goes for the mounts below as well */
        uint64_t recursive_clear;
        uint64_t propagation; /* MS_PRIVATE, …; 0: private */
        bool propagation_recursive;
        bool bind;
        bool recursive; /* rbind */
        bool idmap;
        bool idmap_recursive;

        /* For the file system, as fsconfig() takes them: flags without "=", everything else "key=value" */
        char **filesystem;
} MountOptions;

void mount_options_done(MountOptions *o);

/* where is for messages: the mount's destination. A bind mount has no file system to ask, so that an unknown option is
 * an error there; otherwise the kernel decides. */
int mount_options_parse(const char *where, char *const *options, bool bind, MountOptions *ret, Error *reterr);
