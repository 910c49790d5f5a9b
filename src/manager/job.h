/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "shared/json.h"

typedef struct Manager Manager;
typedef struct Job Job;

/* What takes long or writes to the image store: a caisson-worker, started by exec, watched by its pidfd,
 * telling of itself over a socket. A job belongs to the daemon, not to the client that asked for it. Knows
 * nothing of D-Bus. */

#define WORKER_PATH CAISSON_LIBEXECDIR "/caisson-worker"

#define JOBS_MOVING_MAX 4U /* archives at a time; who comes later waits */

typedef enum JobType {
        /* These move archives and are seen on the bus */
        JOB_LOAD,
        JOB_IMPORT,
        JOB_SAVE,
        /* These are quick and answer the call that asked for them */
        JOB_TAG,
        JOB_UNTAG,
        JOB_REMOVE,
        JOB_CLEAN,
        _JOB_TYPE_MAX,
        _JOB_TYPE_INVALID = -EINVAL,
} JobType;
DECLARE_STRING_TABLE(job_type, JobType);

static inline bool job_type_is_listed(JobType t) {
        return t <= JOB_SAVE;
}

typedef enum JobState {
        JOB_WAITING,
        JOB_RUNNING,
        JOB_CANCELING,
        _JOB_STATE_MAX,
        _JOB_STATE_INVALID = -EINVAL,
} JobState;
DECLARE_STRING_TABLE(job_state, JobState);

typedef enum JobResult {
        JOB_DONE,
        JOB_FAILED,
        JOB_CANCELED,
        _JOB_RESULT_MAX,
        _JOB_RESULT_INVALID = -EINVAL,
} JobResult;
DECLARE_STRING_TABLE(job_result, JobResult);

/* Called once, when the job has ended and before it is freed. */
typedef void (*job_done_t)(Job *j, void *userdata);

/* Who wants to know of every job, for the bus. Not called for jobs that are not listed. */
typedef struct JobObserver {
        void (*added)(Job *j);
        void (*progress)(Job *j); /* a few times a second */
        void (*state)(Job *j);
        void (*item)(Job *j, const char *id, const char *phase, uint64_t current, uint64_t total);
        void (*log)(Job *j, int priority, const char *line);
        void (*removed)(Job *j);
        void (*freed)(Job *j); /* for every job: what it has kept in watch */
} JobObserver;
extern const JobObserver bus_job_observer; /* bus-job.c */

struct Job {
        Manager *manager; /* weak */
        uint32_t id;
        JobType type;
        JobState state;
        char *subject; /* what it is about, for people; "" for none */
        uid_t requester;
        uint64_t started_usec; /* CLOCK_REALTIME; when it was asked for */

        char *phase; /* NULL: nothing told yet */
        uint64_t current, total;

        /* for the end */
        JobResult result;
        char *error_name, *error_message; /* unless it is done */
        JsonObject *answer;               /* the worker's result record; NULL unless it is done */

        JsonObject *parameters;
        int archive_fd;

        int pidfd, socket;
        sd_event_source *exit_source, *socket_source;
        uint64_t told_usec; /* when the observer last heard of progress */
        unsigned n_told;    /* records passed on in the second that began at told_second */
        uint64_t told_second;

        job_done_t done;
        void *userdata;
        void (*free_userdata)(void *userdata);
        void *watch; /* of bus-job.c: whether the caller is still there */
};

typedef struct JobRequest {
        JobType type;
        const char *subject;
        uid_t requester;
        JsonObject *parameters; /* a new reference is taken */
        int archive_fd;         /* duplicated; -EBADF: none */
        job_done_t done;        /* NULL: nobody waits */
        void *userdata;         /* ours on success: given to free_userdata() in the end */
        void (*free_userdata)(void *userdata);
} JobRequest;

/* Starts it, or has it wait for its turn. -EUSERS: too many are under way. ret may be NULL. done is never
 * called before this has returned. */
int job_start(Manager *m, const JobRequest *request, Job **ret, Error *reterr);

Job *job_find(Manager *m, uint32_t id);

/* Kills its worker; it ends as canceled. */
void job_cancel(Job *j);

/* Removes what workers that died have left. */
void job_clean_staging(Manager *m);

/* Kills all workers, without telling anybody. */
void job_free_all(Manager *m);
