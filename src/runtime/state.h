/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/runtime-spec.h"
#include "shared/process.h"

/* What caisson-runtime knows about a container between two of its runs: a directory ROOT/ID with state.json, the socket
 * "start" of a container that waits to be started, and a copy of config.json as it was at creation. */

typedef enum ContainerStatus {
        CONTAINER_CREATING,
        CONTAINER_CREATED,
        CONTAINER_RUNNING,
        CONTAINER_STOPPED,
        CONTAINER_STATUS_MAX,
        CONTAINER_STATUS_INVALID = -EINVAL,
} ContainerStatus;
DECLARE_STRING_TABLE(container_status, ContainerStatus);

typedef struct RuntimeState {
        char *id;
        char *bundle;
        ProcessId process;
        bool started;    /* somebody has sent the release */
        char **cgroups;  /* paths of directories that were made for it */
        char **annotations;
        int64_t created_usec; /* CLOCK_REALTIME */
        int directory_fd;
} RuntimeState;
#define RUNTIME_STATE_INIT { .directory_fd = -EBADF }

#define STATE_START_SOCKET "start"
#define STATE_CONFIG       "config.json"

void runtime_state_done(RuntimeState *s);

/* What "docker" and others take for a name: [a-zA-Z0-9_.+-]+, not "." or "..". */
bool runtime_id_is_valid(const char *id) _pure_;

/* -EEXIST if there is one of that name. */
int runtime_state_create(const char *root, const char *id, RuntimeState *ret, Error *reterr);
int runtime_state_load(const char *root, const char *id, RuntimeState *ret, Error *reterr);
int runtime_state_save(const RuntimeState *s, Error *reterr);
int runtime_state_remove(const char *root, const char *id);

/* Looks whether the process is there. */
ContainerStatus runtime_state_status(const RuntimeState *s);

/* The document that "state" prints and hooks get. */
int runtime_state_to_json(const RuntimeState *s, JsonObject **ret);

int runtime_state_list(const char *root, char ***ret, Error *reterr);
