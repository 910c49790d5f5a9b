/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "container.h"
#include "image-cache.h"
#include "job.h"
#include "manager.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/parse.h"
#include "shared/process.h"
#include "shared/text.h"
#include "shared/worker-protocol.h"

#define RECORDS_PER_WAKEUP  16U
#define RECORDS_PER_SECOND  32U /* of items and log lines that are passed on; the rest is dropped */
#define PROGRESS_EVERY_USEC 200000U

static const char *const job_type_table[_JOB_TYPE_MAX] = {
                [JOB_LOAD] = "load",   [JOB_IMPORT] = "import", [JOB_SAVE] = "save",   [JOB_TAG] = "tag",
                [JOB_UNTAG] = "untag", [JOB_REMOVE] = "remove", [JOB_CLEAN] = "clean",
};
DEFINE_STRING_TABLE(job_type, JobType)

static const char *const job_state_table[_JOB_STATE_MAX] = {
                [JOB_WAITING] = "waiting",
                [JOB_RUNNING] = "running",
                [JOB_CANCELING] = "canceling",
};
DEFINE_STRING_TABLE(job_state, JobState)

static const char *const job_result_table[_JOB_RESULT_MAX] = {
                [JOB_DONE] = "done",
                [JOB_FAILED] = "failed",
                [JOB_CANCELED] = "canceled",
};
DEFINE_STRING_TABLE(job_result, JobResult)

static uint64_t now_usec(clockid_t clock) {
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t) t.tv_sec * 1000000U + (uint64_t) t.tv_nsec / 1000U;
}

static void job_key(uint32_t id, char ret[static 16]) {
        snprintf(ret, 16, "%" PRIu32, id);
}

Job *job_find(Manager *m, uint32_t id) {
        char key[16];

        job_key(id, key);
        return string_map_get(m->jobs, key);
}

static Job *job_free(Job *j) {
        if (!j)
                return NULL;

        if (j->pidfd >= 0)
                (void) pidfd_signal(j->pidfd, SIGKILL);
        sd_event_source_disable_unref(j->exit_source);
        sd_event_source_disable_unref(j->socket_source);
        safe_close(j->pidfd);
        safe_close(j->socket);
        safe_close(j->archive_fd);

        bus_job_observer.freed(j);
        if (j->free_userdata)
                j->free_userdata(j->userdata);
        json_putp(&j->parameters);
        json_putp(&j->answer);
        free(j->subject);
        free(j->phase);
        free(j->error_name);
        free(j->error_message);
        return mfree(j);
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Job *, job_free)

void job_free_all(Manager *m) {
        Job *j;

        if (!m->jobs)
                return;

        STRING_MAP_FOREACH(j, m->jobs) {
                char key[16];

                job_key(j->id, key);
                (void) string_map_steal(m->jobs, key);
                job_free(j);
        }
}

static void set_text(char **p, const char *text) {
        char *copy = text ? strdup(text) : NULL;

        /* Without memory the old one has to do: it is for people to look at */
        if (copy)
                free_and_replace(*p, copy);
}

static void set_failure(Job *j, const char *name, const char *message) {
        j->result = JOB_FAILED;
        set_text(&j->error_name, name);
        set_text(&j->error_message, message);
}

static size_t count_running(Manager *m, bool listed) {
        size_t n = 0;
        Job *j;

        STRING_MAP_FOREACH(j, m->jobs)
        n += j->state != JOB_WAITING && job_type_is_listed(j->type) == listed;
        return n;
}

static void start_waiting(Manager *m);

static void job_finish(Job *j) {
        Manager *m = j->manager;
        char key[16];
        bool clean;

        job_key(j->id, key);
        (void) string_map_steal(m->jobs, key);

        /* Others see the new images before they hear that they are there */
        image_cache_changed(m->images);

        if (j->result == JOB_FAILED)
                log_struct(LOG_INFO,
                           LOG_FIELDS("CAISSON_JOB", key, "CAISSON_JOB_TYPE", job_type_to_string(j->type)),
                           "Job %s (%s %s) failed: %s", key, job_type_to_string(j->type), j->subject,
                           strempty(j->error_message));

        if (job_type_is_listed(j->type))
                bus_job_observer.removed(j);
        if (j->done)
                j->done(j, j->userdata);

        clean = j->result != JOB_DONE && j->type != JOB_CLEAN;
        job_free(j);

        if (clean)
                job_clean_staging(m);
        start_waiting(m);
}

/* What workers tell is passed on at a measured pace, whatever they do. */
static bool may_tell(Job *j) {
        uint64_t second = now_usec(CLOCK_MONOTONIC) / 1000000U;

        if (second != j->told_second) {
                j->told_second = second;
                j->n_told = 0;
        }
        return ++j->n_told <= RECORDS_PER_SECOND;
}

static void read_progress(Job *j, JsonObject *o) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        const char *phase = json_get_string(o, "phase");

        if (phase && !streq_ptr(phase, j->phase))
                set_text(&j->phase, phase);
        j->current = (uint64_t) MAX(json_get_i64(o, "current"), INT64_C(0));
        j->total = (uint64_t) MAX(json_get_i64(o, "total"), INT64_C(0));

        if (now < j->told_usec + PROGRESS_EVERY_USEC)
                return;
        j->told_usec = now;
        if (job_type_is_listed(j->type))
                bus_job_observer.progress(j);
}

static void read_item(Job *j, JsonObject *o) {
        const char *id = json_get_string(o, "id"), *phase = json_get_string(o, "phase");

        if (id && phase && job_type_is_listed(j->type) && may_tell(j))
                bus_job_observer.item(j, id, phase, (uint64_t) MAX(json_get_i64(o, "current"), INT64_C(0)),
                                      (uint64_t) MAX(json_get_i64(o, "total"), INT64_C(0)));
}

static void read_log(Job *j, JsonObject *o) {
        const char *line = json_get_string(o, "line");
        int64_t priority = json_get_i64(o, "priority");

        if (line && job_type_is_listed(j->type) && may_tell(j))
                bus_job_observer.log(j, (int) CLAMP(priority, INT64_C(0), INT64_C(7)), line);
}

/* It becomes the name of an error on the bus. */
static const char *known_error_name(const char *name) {
        static const char *const names[] = {
                        BUS_ERROR_NO_SUCH_IMAGE, BUS_ERROR_AMBIGUOUS,       BUS_ERROR_NAME_TAKEN,
                        BUS_ERROR_IN_USE,        BUS_ERROR_INVALID_ARCHIVE, BUS_ERROR_INVALID_CONFIG,
                        BUS_ERROR_LIMIT,         BUS_ERROR_NOT_SUPPORTED,
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq_ptr(name, names[i]))
                        return names[i];
        return BUS_ERROR_FAILED;
}

static void read_record(Job *j, const char *text, size_t size) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(error_done) Error e = {};
        const char *type;

        if (json_parse("worker", text, size, &o, &e) < 0) {
                log_debug("A worker sent what cannot be read, ignoring: %s", error_message(&e, 0));
                return;
        }

        type = strempty(json_get_string(o, "type"));
        if (streq(type, "progress"))
                read_progress(j, o);
        else if (streq(type, "item"))
                read_item(j, o);
        else if (streq(type, "log"))
                read_log(j, o);
        else if (streq(type, "result")) {
                json_putp(&j->answer);
                j->answer = TAKE_PTR(o); /* it may say it twice */
        } else if (streq(type, "error"))
                set_failure(j, known_error_name(json_get_string(o, "name")),
                            json_get_string(o, "message") ?: "the worker failed");
}

/* 1: there may be more, 0: nothing now, or the end. */
static int read_records(Job *j, unsigned max) {
        _cleanup_(freep) char *buffer = malloc(WORKER_RECORD_MAX);

        if (!buffer)
                return -ENOMEM;

        while (max-- > 0) {
                ssize_t n = recv(j->socket, buffer, WORKER_RECORD_MAX, MSG_DONTWAIT);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0) {
                        if (n == 0) /* the worker's exit tells the rest */
                                j->socket_source = sd_event_source_disable_unref(j->socket_source);
                        return 0;
                }
                read_record(j, buffer, (size_t) n);
        }

        return 1;
}

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) read_records(ASSERT_PTR(userdata), RECORDS_PER_WAKEUP);
        return 0;
}

static int on_worker_exit(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Job *j = ASSERT_PTR(userdata);
        siginfo_t info = {};
        bool succeeded;

        /* Nobody writes any more: what is in the socket's buffer is the rest, and bounded by it */
        while (read_records(j, RECORDS_PER_WAKEUP) > 0)
                ;

        (void) waitid(P_PIDFD, (id_t) j->pidfd, &info, WEXITED | WNOHANG);
        j->pidfd = safe_close(j->pidfd);

        succeeded = info.si_code == CLD_EXITED && info.si_status == EXIT_SUCCESS && j->answer;
        if (succeeded)
                /* also if somebody wanted to cancel it a moment too late */
                j->result = JOB_DONE;
        else if (j->state == JOB_CANCELING) {
                j->result = JOB_CANCELED;
                set_text(&j->error_name, BUS_ERROR_CANCELED);
                set_text(&j->error_message, "The job was canceled");
        } else if (!j->error_message) {
                char message[96];

                if (info.si_code == CLD_EXITED)
                        snprintf(message, sizeof(message),
                                 "caisson-worker ended without a result (exit code %i)", info.si_status);
                else
                        snprintf(message, sizeof(message), "caisson-worker was killed by %s",
                                 signal_name(info.si_status) ?: "a signal");
                set_failure(j, BUS_ERROR_FAILED, message);
        }
        if (!succeeded) {
                json_putp(&j->answer);
                j->answer = NULL;
        }

        job_finish(j);
        return 0;
}

static int send_parameters(Job *j, int socket, Error *reterr) {
        const char *text = json_text(j->parameters);
        size_t size;

        if (!text)
                return error_oom(reterr);
        size = strlen(text);
        if (size > WORKER_RECORD_MAX)
                return error_set(reterr, -E2BIG, "the request is too long");

        if (send(socket, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                return error_errnof(reterr, -errno, "cannot speak to caisson-worker");
        return 0;
}

static int job_spawn(Job *j, Error *reterr) {
        char *argv[] = {(char *) "caisson-worker", (char *) job_type_to_string(j->type), NULL};
        _cleanup_(close_pairp) int pair[2] = PAIR_OF_EBADF;
        SpawnOptions options = SPAWN_OPTIONS_INIT;
        pid_t pid;
        int r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errnof(reterr, -errno, "cannot make a socket");
        r = send_parameters(j, pair[0], reterr);
        if (r < 0)
                return r;

        const int fds[] = {pair[1], j->manager->state_fd, j->archive_fd};
        options.fds = fds;
        options.n_fds = j->archive_fd >= 0 ? 3 : 2;
        options.stdio[2] = STDERR_FILENO;
        options.oom_score_adjust = 0; /* ours is that of a daemon which must not die */
        r = process_spawn(WORKER_PATH, argv, &options, &pid, &j->pidfd);
        if (r < 0)
                return error_errnof(reterr, r, "cannot run %s", WORKER_PATH);

        j->archive_fd = safe_close(j->archive_fd);
        j->socket = TAKE_FD(pair[0]);

        r = sd_event_add_io(j->manager->event, &j->socket_source, j->socket, EPOLLIN, on_socket, j);
        if (r >= 0)
                r = sd_event_add_io(j->manager->event, &j->exit_source, j->pidfd, EPOLLIN, on_worker_exit,
                                    j);
        if (r < 0)
                return error_errnof(reterr, r, "cannot watch caisson-worker");

        j->state = JOB_RUNNING;
        return 0;
}

static bool may_run_now(const Job *j) {
        return !job_type_is_listed(j->type) || count_running(j->manager, true) < JOBS_MOVING_MAX;
}

/* A job that could not be started when its turn came ends here. */
static void start_waiting(Manager *m) {
        if (m->stopping)
                return;

        for (;;) {
                _cleanup_(error_done) Error e = {};
                Job *j, *next = NULL;
                int r;

                STRING_MAP_FOREACH(j, m->jobs)
                if (j->state == JOB_WAITING && may_run_now(j)) {
                        next = j;
                        break;
                }
                if (!next)
                        return;

                r = job_spawn(next, &e);
                if (r < 0) {
                        set_failure(next, BUS_ERROR_FAILED, error_message(&e, r));
                        job_finish(next); /* which comes back here */
                        return;
                }
                bus_job_observer.state(next);
        }
}

static int check_limits(Manager *m, uid_t requester, Error *reterr) {
        size_t n = 0;
        Job *j;

        if (string_map_size(m->jobs) >= JOBS_MAX)
                return error_set(reterr, -EUSERS, "%u jobs are under way: try again later", JOBS_MAX);
        if (requester == 0)
                return 0;

        STRING_MAP_FOREACH(j, m->jobs)
        n += j->requester == requester;
        if (n >= JOBS_PER_UID_MAX)
                return error_set(reterr, -EUSERS, "%u jobs of yours are under way: try again later",
                                 JOBS_PER_UID_MAX);
        return 0;
}

static int job_new(Manager *m, const JobRequest *q, Job **ret, Error *reterr) {
        _cleanup_(job_freep) Job *j = NULL;
        char key[16];
        int r;

        j = new0(Job, 1);
        if (!j)
                return error_oom(reterr);
        *j = (Job){
                        .manager = m,
                        .type = q->type,
                        .requester = q->requester,
                        .started_usec = now_usec(CLOCK_REALTIME),
                        .archive_fd = -EBADF,
                        .pidfd = -EBADF,
                        .socket = -EBADF,
        };

        j->parameters = q->parameters ? json_object_get(q->parameters) : json_object_new_object();
        j->subject = strdup(strempty(q->subject));
        if (!j->parameters || !j->subject)
                return error_oom(reterr);

        if (q->archive_fd >= 0) {
                j->archive_fd = fcntl(q->archive_fd, F_DUPFD_CLOEXEC, 3);
                if (j->archive_fd < 0)
                        return error_errnof(reterr, -errno, "cannot keep the archive's descriptor");
        }

        do
                j->id = ++m->last_job_id;
        while (j->id == 0 || job_find(m, j->id));
        job_key(j->id, key);
        r = string_map_put(m->jobs, key, j);
        if (r < 0)
                return error_errnof(reterr, r, "cannot keep the job");

        *ret = TAKE_PTR(j);
        return 0;
}

int job_start(Manager *m, const JobRequest *request, Job **ret, Error *reterr) {
        Job *j = NULL;
        int r;

        if (m->stopping)
                return error_set(reterr, -ESHUTDOWN, "caissond is stopping");
        r = check_limits(m, request->requester, reterr);
        if (r < 0)
                return r;

        r = job_new(m, request, &j, reterr);
        if (r < 0)
                return r;

        if (may_run_now(j)) {
                r = job_spawn(j, reterr);
                if (r < 0) {
                        char key[16];

                        job_key(j->id, key);
                        (void) string_map_steal(m->jobs, key);
                        job_free(j);
                        return r;
                }
        }

        /* From here on nothing fails: what the request owns is ours */
        j->done = request->done;
        j->userdata = request->userdata;
        j->free_userdata = request->free_userdata;
        if (job_type_is_listed(j->type))
                bus_job_observer.added(j);
        if (ret)
                *ret = j;
        return 0;
}

void job_cancel(Job *j) {
        if (j->state == JOB_CANCELING)
                return;

        if (j->state == JOB_WAITING) {
                j->result = JOB_CANCELED;
                set_text(&j->error_name, BUS_ERROR_CANCELED);
                set_text(&j->error_message, "The job was canceled");
                job_finish(j);
                return;
        }

        j->state = JOB_CANCELING;
        (void) pidfd_signal(j->pidfd, SIGKILL);
        if (job_type_is_listed(j->type))
                bus_job_observer.state(j);
}

/* What no image needs is no longer needed by anybody, unless a container stands on an image that is not
 * there: then its layers may be there yet. */
static bool all_images_are_known(Manager *m) {
        Container *c;

        STRING_MAP_FOREACH(c, m->containers)
        if (!isempty(c->image_id) && !image_cache_find(m->images, c->image_id))
                return false;
        return true;
}

void job_clean_staging(Manager *m) {
        _cleanup_(json_putp) JsonObject *parameters = json_object_new_object();
        const JobRequest request = {.type = JOB_CLEAN, .archive_fd = -EBADF, .parameters = parameters};
        _cleanup_(error_done) Error e = {};
        int r;

        if (m->stopping)
                return;

        image_cache_changed(m->images);
        r = parameters ? json_add_bool(parameters, "collect", all_images_are_known(m)) : -ENOMEM;
        if (r >= 0)
                r = job_start(m, &request, NULL, &e);
        if (r < 0)
                log_warning("Cannot remove what workers have left, ignoring: %s", error_message(&e, r));
}
