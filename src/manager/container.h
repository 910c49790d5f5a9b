/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "shared/error.h"
#include "shared/identifier.h"
#include "shared/macro.h"
#include "shared/process.h"
#include "shared/supervisor-protocol.h"

typedef struct ContainerConfig ContainerConfig; /* container-config.h */
typedef struct Manager Manager;

/* A container as caissond knows it, and the machine of its states. Knows nothing of D-Bus: who waits for
 * something leaves a callback. Every change of state goes through container_set_state(). */

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

typedef struct ContainerStart ContainerStart; /* a start under way, container-start.c */
typedef struct ContainerWaiter ContainerWaiter;

typedef struct Container {
        Manager *manager; /* weak */

        /* container.json */
        char id[CONTAINER_ID_LENGTH + 1];
        char *name;              /* NULL: it has given its name back, being removed */
        char *image;             /* as it was asked for, in full: docker.io/library/nginx:latest */
        char *image_id;          /* sha256:… of the image's config */
        ContainerConfig *config; /* NULL: the record is damaged */
        uint64_t created_usec;   /* all times: CLOCK_REALTIME */
        uid_t owner_uid;         /* who asked for it */
        uid_t userns_base;       /* first of its range of user ids; 0: no user namespace of its own */

        /* state.json */
        ContainerState state;
        uint64_t started_usec;  /* 0: never */
        uint64_t finished_usec; /* 0: never */
        int exit_code;
        bool oom_killed;
        uint32_t restart_count;
        char *error; /* why it failed, or how it was killed; NULL: nothing to say */
        char *unit;  /* its scope while it runs; keeps its name when the container is renamed */
        ProcessId supervisor;
        ProcessId leader; /* the first process */

        /* while it runs */
        int supervisor_pidfd;
        int leader_pidfd;
        int control_fd; /* to the supervisor */
        int attach_fd;  /* our copy of the starting client's socket; its end tells that --rm is done */
        sd_event_source *supervisor_source;
        sd_event_source *control_source;
        sd_event_source *stop_timer;
        sd_event_source *machine_timer; /* see machine.h */
        ContainerStart *start;
        bool exit_known;     /* the supervisor has told how it ended */
        bool kill_requested; /* somebody wants all of it dead, the supervisor with it */
        bool remove_wanted;  /* when it has ended */
        bool given_up;       /* nothing of it is left but this struct */

        ContainerWaiter *waiters;
} Container;

/* Who wants to know of every change. */
typedef struct ContainerObserver {
        void (*added)(Container *c);
        void (*changed)(Container *c, ContainerState old);
        void (*ended)(Container *c);
        void (*renamed)(Container *c);
        void (*removed)(Container *c);
} ContainerObserver;

/* One known by its identifier, in the manager's index, with nothing else filled in. */
int container_new(Manager *m, const char *id, Container **ret);
Container *container_free(Container *c);

/* Takes a name, gives back the one it had. -EEXIST: another has it. NULL: none. */
int container_take_name(Container *c, const char *name, Error *reterr);

void container_set_state(Container *c, ContainerState state);
int container_set_error(Container *c, const char *error); /* a copy; NULL: none */

/* Exit code for the world: that of the run, or 128 + n for signal n. */
static inline int container_exit_signal(const Container *c) {
        return c->exit_code > 128 && c->exit_code <= 128 + 64 ? c->exit_code - 128 : 0;
}

/* What a caller wants. */
typedef struct ContainerRequest {
        const char *name;        /* NULL or "": one is made up */
        ContainerConfig *config; /* merged with the image; referenced */
        const char *id;
        const char *image, *image_id;
        uid_t owner_uid;
} ContainerRequest;

/* Writes the record and makes the directories; what fails leaves nothing. container-create.c */
int container_create(Manager *m, const ContainerRequest *request, Container **ret, Error *reterr);

/* r < 0: e says why, failure (if not 0) what kind of failure it was. Called exactly once, never before
 * container_start() has returned, unless that fails. */
typedef void (*container_started_t)(Container *c, int r, SupervisorFailure failure, const Error *e,
                                    void *userdata);
int container_start(Container *c, int attach_fd, container_started_t done, void *userdata, Error *reterr);

/* Ends a start that is under way: the supervisor is killed, done is called with this error. */
void container_start_abort(Container *c, int error, const char *format, ...) _printf_(3, 4);

/* Begins to stop it; who wants to know the end waits. USEC_INFINITY: its own time. Stopping twice takes the
 * shorter time. Not running is 0. */
int container_stop(Container *c, uint64_t timeout_usec, Error *reterr);
int container_kill(Container *c, int signo, bool all, Error *reterr);

/* Removes it, killing it first if force is set: then it is gone when the waiters are told. */
int container_remove(Container *c, bool force, Error *reterr);

int container_rename(Container *c, const char *name, Error *reterr);

/* A client's end of an attach socket, which stays the caller's. */
int container_attach(Container *c, int socket, bool replay, Error *reterr);

/* Calls back once when the condition holds, possibly before it returns (then *ret is NULL); c may be about
 * to vanish then. container_waiter_free() cancels. */
typedef void (*container_waited_t)(Container *c, void *userdata);
int container_wait(Container *c, ContainerCondition condition, container_waited_t done, void *userdata,
                   ContainerWaiter **ret);
ContainerWaiter *container_waiter_free(ContainerWaiter *w);
void container_notify(Container *c, ContainerCondition condition);

/* Freezes or thaws all its processes; the callback is called once, later. */
typedef void (*container_frozen_t)(int r, const Error *e, void *userdata);
int container_freeze(Container *c, bool freeze, container_frozen_t done, void *userdata, Error *reterr);

/* The path of its control group, of systemd's hierarchy or of the only one; -ESRCH: does not run. */
int container_control_group(const Container *c, char **ret);

/* The one in whose scope the process is, or -ESRCH. */
int container_find_by_pid(Manager *m, pid_t pid, Container **ret);

/* container-supervisor.c: the channel to the supervisor. */
int container_watch_supervisor(Container *c); /* pidfd and control socket, which are there */
int container_send(Container *c, SupervisorMessageType type, int32_t argument, int fd);
void container_forget_processes(Container *c);

/* The supervisor is gone, and with it the container. May free it. */
void container_ended(Container *c);

/* What a removal is made of: first its name is free and its files are gone, … */
void container_give_up(Container *c);
/* … then, as after every end, the waiters are told; one that was given up is freed. */
void container_settle(Container *c);

/* Makes its state that of its last run, or created. One with --rm that has been started is removed, and
 * freed. */
void container_recover_last_state(Container *c);

/* How it ended, or that it runs, for after a reboot. What fails is logged. */
void container_save_last_state(Container *c);
