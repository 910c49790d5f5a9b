/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/terminal.h"

/* Our end of a container's standard streams, over a SOCK_SEQPACKET socket (shared/attach-protocol.h). */

typedef struct AttachOptions {
        bool input, output, errors; /* which of our streams take part */
        bool tty;                   /* the container has a terminal: one stream, sizes matter */
        bool proxy_signals;
        DetachKeys detach_keys;
} AttachOptions;

typedef enum AttachResult {
        ATTACH_RESULT_ENDED,    /* the container has ended: *ret_exit_code */
        ATTACH_RESULT_DETACHED, /* the keys were typed */
        ATTACH_RESULT_LOST,     /* the stream ended without an exit code */
        ATTACH_RESULT_GAVE_UP,  /* a third interrupt: *ret_exit_code */
} AttachResult;

/* A socket pair: ours does not block. */
int attach_make_sockets(int *ret_ours, int *ret_theirs, Error *reterr);

/* Before the container starts: a signal that comes from here on is passed on when it has started. A second one ends us,
 * since starting may take long. */
int attach_prepare(const AttachOptions *o, Error *reterr);

/* Copies until it is over. The terminal is as it was afterwards. */
int attach_run(int socket, const AttachOptions *o, AttachResult *ret, int *ret_exit_code, Error *reterr);
