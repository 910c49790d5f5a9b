/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/layer-unpack.h"

/* What the worker takes away from itself before it looks at anything a stranger wrote. */
typedef enum SandboxKind {
        /* For what parses and computes only: no network, no capabilities, no new privileges. */
        SANDBOX_PURE,

        /* For the image store: besides, the root directory is the state directory and shows nothing but
         * images/ and layers/; of the capabilities only those to make files as an archive says; a list of
         * system calls that has nothing but what it takes to read and write files. */
        SANDBOX_STORE,
} SandboxKind;

/* From then on we die with our parent. state_fd: the state directory, for SANDBOX_STORE; closed.
 * *ret_root_fd: the new root, which is the same directory. */
int sandbox_close(SandboxKind kind, int state_fd, int *ret_root_fd, Error *reterr);

/* How the store's sandbox has directories marked opaque, which takes CAP_SYS_ADMIN: a child process that
 * kept it, can do nothing else and goes when we do. Valid after sandbox_close(SANDBOX_STORE). */
const LayerOpaqueOps *sandbox_opaque_ops(void);
