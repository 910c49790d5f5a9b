/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/attach.h"
#include "ctl/client.h"
#include "ctl/option.h"

/* A container in the foreground: what "run", "start --attach" and "attach" have in common. */

/* From --attach, --sig-proxy, --detach-keys, as far as the verb has them, and what the container is like. */
int session_options(const Arguments *a, bool tty, bool interactive, AttachOptions *ret, Error *reterr);

/* Whether our standard input can be what the container asks for. */
int session_check_terminal(const AttachOptions *o, Error *reterr);

/* Copies streams until the container has ended or was left. Returns the exit code. */
int session_run(Client *c, const char *path, int socket, const AttachOptions *o, Error *reterr);
