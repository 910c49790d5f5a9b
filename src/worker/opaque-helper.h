/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* trusted.overlay.opaque can only be read and written with CAP_SYS_ADMIN, and whoever has that could leave
 * any sandbox. So the process that parses archives has it not: it passes the directory's descriptor to this
 * small process, which keeps the capability, has no other, and whose system calls suffice for nothing but
 * this attribute. */

/* Forks it; to be called before capabilities are dropped and the seccomp filter is loaded. *ret_socket is
 * the way to it and its end is the helper's. */
int opaque_helper_start(int *ret_socket, Error *reterr);

int opaque_helper_set(int socket, int dir_fd); /* 0 */
int opaque_helper_get(int socket, int dir_fd); /* 1, 0 */
