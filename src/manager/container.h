/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "shared/error.h"
#include "shared/identifier.h"
#include "shared/macro.h"
#include "shared/process.h"

typedef struct ContainerConfig ContainerConfig; /* container-config.h */
typedef struct Manager Manager;

/* A container as caissond knows it, and the machine of its states. Knows nothing of D-Bus: who waits for something
 * leaves a callback. Every change of state goes through container_set_state(). */

typedef enum ContainerState {
        CONTAINER_CREATED,
        CONTAINER_STARTING,
        CONTAINER_RUNNING,
        CONTAINER_PAUSED,
        CONTAINER_STOPPING,
        CONTAINER_EXITED,
        CONTAINER_FAILED, /* could not be started, or its record cannot be read: see error */
        CONTAINER_REMOVING,
        _CONTAINER_STATE_MAX,
        _CONTAINER_STATE_INVALID = -EINVAL,
} ContainerState;
DECLARE_STRING_TABLE(container_state, ContainerState);

/* No process of the container is alive. */
static inline bool container_state_is_at_rest(ContainerState s) {
        return s == CONTAINER_CREATED || s == CONTAINER_EXITED || s == CONTAINER_FAILED;
}

typedef enum ContainerCondition {
        CONTAINER_CONDITION_STOPPED,   /* not running: true at once if it is not */
        CONTAINER_CONDITION_NEXT_EXIT, /* the next end of a run */
        CONTAINER_CONDITION_REMOVED,
        _CONTAINER_CONDITION_MAX,
        _CONTAINER_CONDITION_INVALID = -EINVAL,
} ContainerCondition;
DECLARE_STRING_TABLE(container_condition, ContainerCondition);

typedef struct ContainerStart ContainerStart; /* container-start.c: a start under way */
typedef struct ContainerWaiter ContainerWaiter;

typedef struct Container {
        Manager *manager; /* weak */

        /* container.json */
        char id[CONTAINER_ID_LENGTH + 1];
        char *name;
        char *image;             /* as it was asked for, in full: docker.io/library/nginx:latest */
        char *image_id;          /* sha256:… of the image's config */
        ContainerConfig *config; /* NULL: the record is damaged */
        uint64_t created_usec;   /* all times: CLOCK_REALTIME */
        uid_t owner_uid;         /* who asked for it */

        /* state.json */
        ContainerState state;
        uint64_t started_usec;  /* 0: never */
        uint64_t finished_usec; /* 0: never */
        int exit_code;
        bool oom_killed;
        char *error;  /* why it failed, or how it was killed; NULL: nothing to say */
        char *unit;   /* its scope while it runs; keeps its name when the container is renamed */
        uint32_t uid_shift; /* first of its 65536 user ids; 0: no user namespace */
        ProcessId supervisor;
        ProcessId leader; /* the first process */

        /* while it runs */
        int supervisor_pidfd;
        int control_fd; /* to the supervisor */
        int attach_fd;  /* our copy of the starting client's socket; its end tells that --rm is done */
        sd_event_source *supervisor_source;
        sd_event_source *control_source;
        sd_event_source *stop_timer;
        ContainerStart *start;
        bool remove_wanted;   /* when it has ended */
        bool restart_wanted;  /* when it has ended */

        ContainerWaiter *waiters;
} Container;
