/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* caissond and caisson-supervisor: fixed-size records over SOCK_SEQPACKET, on a socket pair made at the start and, for a
 * caissond that was restarted, on connections to the socket "control" in the container's run directory. The protocol's
 * two ends come from one build except while an upgrade is going on: the version is checked, fields are only appended. */
#define SUPERVISOR_PROTOCOL_VERSION 1U
#define SUPERVISOR_MESSAGE_MAX      512U
#define SUPERVISOR_SOCKET_NAME      "control"
#define SUPERVISOR_EXIT_FILE        "exit"

typedef enum SupervisorMessageType {
        /* supervisor to caissond */
        SUPERVISOR_CREATED = 1, /* pid: the container's first process, its namespaces made, not yet in its scope */
        SUPERVISOR_STARTED,     /* pid: it has called execve() */
        SUPERVISOR_FAILED,      /* error, message: the container could not be started; the supervisor exits */
        SUPERVISOR_EXITED,      /* status (as wait), oom: also in the exit file, written before this is sent */

        /* caissond to supervisor */
        SUPERVISOR_RELEASE = 100, /* both processes are in the scope: enter the cgroup namespace and go on */
        SUPERVISOR_ATTACH,        /* with one descriptor: a client's end of an attach socket; argument: ATTACH_REPLAY */
        SUPERVISOR_SIGNAL,        /* argument: signal for the first process */
        SUPERVISOR_QUERY,         /* answered with STARTED or EXITED as it is now */
} SupervisorMessageType;

/* Argument of SUPERVISOR_ATTACH. */
typedef enum SupervisorAttachFlags {
        ATTACH_REPLAY = 1 << 0, /* the last screenful of the terminal comes first */
} SupervisorAttachFlags;

/* Why a start failed, which decides the exit code and the error's name on the bus. */
typedef enum SupervisorFailure {
        SUPERVISOR_FAILURE_SETUP = 1,      /* 125 */
        SUPERVISOR_FAILURE_NOT_EXECUTABLE, /* 126 */
        SUPERVISOR_FAILURE_NOT_FOUND,      /* 127 */
} SupervisorFailure;

typedef struct SupervisorMessage {
        uint32_t version;
        uint32_t type;
        int32_t pid;
        int32_t status;   /* EXITED: exit code (128 + n for signal n); FAILED: SupervisorFailure */
        int32_t error;    /* FAILED: negative errno */
        int32_t argument;
        uint32_t oom;     /* EXITED: processes killed for want of memory */
        uint32_t reserved;
        uint64_t when_usec; /* CLOCK_REALTIME */
        char message[SUPERVISOR_MESSAGE_MAX]; /* FAILED: one sentence, NUL-terminated */
} SupervisorMessage;
