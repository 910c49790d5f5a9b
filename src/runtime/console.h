/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* Sends a terminal's master to whoever listens at path, as --console-socket promises. */
int console_send(const char *path, int terminal_fd, Error *reterr);

/* Between our own terminal, which is raw meanwhile, and the container's until that one hangs up. Signals that are for the
 * container go to it. Returns when the process is gone. */
int console_proxy(int terminal_fd, int pidfd, Error *reterr);

/* Waits for the process without a terminal, passing on signals. */
int console_wait(int pidfd, Error *reterr);
