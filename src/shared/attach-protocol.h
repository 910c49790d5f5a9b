/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* What a client that is attached to a container and the container's supervisor say to each other: one record per
 * message of a SOCK_SEQPACKET socket, a type in the first byte and at most ATTACH_DATA_MAX bytes behind it. The client
 * makes the socket pair and hands one end to caissond; the end of the stream means that nothing more will come and,
 * for "run --rm", that the container is gone. Either side may vanish at any time: a supervisor goes on without its
 * client. Unknown types are ignored. */
#define ATTACH_DATA_MAX 32768U

typedef enum AttachType {
        /* client to supervisor */
        ATTACH_STDIN = 's',     /* bytes for standard input (or the terminal) */
        ATTACH_STDIN_END = 'e', /* no more of them */
        ATTACH_RESIZE = 'w',    /* AttachSize */
        ATTACH_SIGNAL = 'k',    /* one byte: the signal to send to the container's first process */
        ATTACH_DETACH = 'd',    /* I leave; the supervisor answers ATTACH_DETACHED and closes */

        /* supervisor to client */
        ATTACH_STDOUT = 'o',
        ATTACH_STDERR = 'E',
        ATTACH_EXIT = 'x',     /* AttachExit; sent after the last output */
        ATTACH_DETACHED = 'D',
        ATTACH_OUTPUT_ELSEWHERE = 'j', /* first of all: the container writes to the journal itself, follow that */
} AttachType;

typedef struct _packed_ AttachSize {
        uint16_t rows;
        uint16_t columns;
} AttachSize;

typedef struct _packed_ AttachExit {
        int32_t exit_code; /* 0 to 255: 128 + n for signal n */
} AttachExit;
