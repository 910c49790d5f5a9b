/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container-config.h"
#include "container-image.h"
#include "container-record.h"
#include "container-rundir.h"
#include "container-start.h"
#include "machine.h"
#include "manager.h"
#include "resource-delegation.h"
#include "resource-properties.h"
#include "scope.h"
#include "seccomp-pool.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"

#define SUPERVISOR_PATH      CAISSON_LIBEXECDIR "/caisson-supervisor"
#define SUPERVISOR_OOM_SCORE (-800)
#define START_TIMEOUT_USEC   (90U * 1000U * 1000U)
#define SUPERVISOR_FAREWELL_USEC                                                                            \
        (5U * 1000U * 1000U) /* to end by itself when it has said that it failed                            \
                              */

/* The way: filter → supervisor → its CREATED → the scope → RELEASE → its STARTED. Whatever goes wrong is
 * kept as the error, the supervisor is made to end, and only when it has is the failure reported: then
 * nothing is left. */
struct ContainerStart {
        Container *container; /* weak */
        SeccompRequest *seccomp;
        ScopeStart *scope;
        bool in_scope;
        int seccomp_fd;
        int attach_fd;
        sd_event_source *timer;
        sd_event_source *finish_source;
        container_started_t done;
        void *userdata;
        Error error;
        SupervisorFailure failure;
};

static ContainerStart *container_start_free(ContainerStart *s) {
        if (!s)
                return NULL;

        seccomp_request_free(s->seccomp);
        scope_start_free(s->scope);
        safe_close(s->seccomp_fd);
        safe_close(s->attach_fd);
        sd_event_source_disable_unref(s->timer);
        sd_event_source_disable_unref(s->finish_source);
        error_done(&s->error);
        return mfree(s);
}
DEFINE_TRIVIAL_CLEANUP_FUNC(ContainerStart *, container_start_free)

void container_start_cancel(Container *c) {
        _cleanup_(container_start_freep) ContainerStart *s = TAKE_PTR(c->start);
        _cleanup_(error_done) Error e = {};

        if (!s)
                return;
        (void) error_set(&e, -ECANCELED, "container %s is not started: caissond is being stopped", c->name);
        s->done(c, -ECANCELED, 0, &e, s->userdata);
}

static int exit_code_of_failure(SupervisorFailure f) {
        switch (f) {
        case SUPERVISOR_FAILURE_NOT_FOUND:
                return 127;
        case SUPERVISOR_FAILURE_NOT_EXECUTABLE:
                return 126;
        case SUPERVISOR_FAILURE_SETUP:
        default:
                return 125;
        }
}

/* For a caissond that is started after us. */
static int save_processes(Container *c, Error *reterr) {
        _cleanup_(closep) int dir_fd = container_open_run_dir(c);

        if (dir_fd < 0)
                return error_errnof(reterr, dir_fd, "cannot open the run directory");
        return container_save_state(c, dir_fd, reterr);
}

static void finish(ContainerStart *start) {
        _cleanup_(container_start_freep) ContainerStart *s = start;
        Container *c = s->container;
        int r = s->error.code;

        assert(c->start == s);
        c->start = NULL;
        s->scope = scope_start_free(s->scope);

        if (r >= 0) {
                c->attach_fd = c->config->auto_remove ? TAKE_FD(s->attach_fd) : -EBADF;
                s->attach_fd = safe_close(s->attach_fd);
                container_set_state(c, CONTAINER_RUNNING);
                s->done(c, 0, 0, NULL, s->userdata);
                (void) save_processes(c, NULL);
                container_save_last_state(c);
                machine_register_soon(c);
                return;
        }

        if (s->in_scope)
                scope_kill(c->manager->scopes, c->unit, SIGKILL);
        container_forget_processes(c);
        container_remove_run_dir(c);
        c->exit_code = exit_code_of_failure(s->failure);
        (void) container_set_error(c, s->error.message);
        container_set_state(c, CONTAINER_FAILED);
        container_save_last_state(c);

        if (c->config->auto_remove || c->remove_wanted)
                container_give_up(c);
        s->done(c, r, s->failure, &s->error, s->userdata);
        container_settle(c);
}

static int on_finish(sd_event_source *source, void *userdata) {
        finish(userdata);
        return 0;
}

/* Keeps the first error. Ends the supervisor; where there is none, the failure is reported from the event
 * loop, since nobody expects the callback of container_start() before it has returned. */
static void fail(ContainerStart *s, SupervisorFailure failure, Error *e) {
        Container *c = s->container;

        if (s->error.code < 0) {
                error_done(e);
                return;
        }

        error_move(&s->error, e);
        if (s->error.code >= 0)
                s->error.code = -EIO;
        s->failure = failure;
        s->seccomp = seccomp_request_free(s->seccomp);

        if (c->supervisor_pidfd < 0) {
                if (sd_event_add_defer(c->manager->event, &s->finish_source, on_finish, s) < 0)
                        finish(s);
                return;
        }

        (void) pidfd_signal(c->supervisor_pidfd, SIGKILL);
        if (c->leader_pidfd >= 0)
                (void) pidfd_signal(c->leader_pidfd, SIGKILL);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        ContainerStart *s = ASSERT_PTR(userdata);
        Error e = {};

        if (s->error.code < 0) {
                /* It has said that it failed, and hangs */
                (void) pidfd_signal(s->container->supervisor_pidfd, SIGKILL);
                return 0;
        }

        (void) error_set(&e, -ETIMEDOUT, "container %s did not start within %u seconds", s->container->name,
                         START_TIMEOUT_USEC / 1000000U);
        fail(s, SUPERVISOR_FAILURE_SETUP, &e);
        return 0;
}

void container_start_abort(Container *c, int error, const char *format, ...) {
        Error e = {};
        va_list ap;

        if (!c->start)
                return;

        va_start(ap, format);
        (void) error_setv(&e, error, format, ap);
        va_end(ap);
        fail(c->start, SUPERVISOR_FAILURE_SETUP, &e);
}

bool container_start_has_failed(const Container *c) {
        return c->start && c->start->error.code < 0;
}

static void on_scope_started(int r, const char *unit, const Error *why, void *userdata) {
        ContainerStart *s = ASSERT_PTR(userdata);
        Container *c = s->container;
        Error e = {};

        s->scope = scope_start_free(s->scope);
        if (r < 0) {
                (void) error_set(&e, r, "container %s: %s", c->name, error_message(why, r));
                fail(s, SUPERVISOR_FAILURE_SETUP, &e);
                return;
        }

        s->in_scope = true;
        r = resource_apply_affinity(c->config, resource_host_is_unified(), c->leader.pid);
        if (r < 0)
                (void) log_warning_errno(r, "Container %s: cannot bind it to its processors, ignoring: %m",
                                         c->name);

        r = resource_delegate(c->config, c->leader.pid, c->userns_base, &e);
        if (r < 0)
                log_warning("Container %s: %s, ignoring", c->name, error_message(&e, r));
        error_done(&e);

        r = container_send(c, SUPERVISOR_RELEASE, 0, -EBADF);
        if (r < 0 && s->error.code >= 0)
                log_debug_errno(r, "Container %s: cannot tell its supervisor to go on: %m", c->name);
}

void container_start_created(Container *c, pid_t leader) {
        _cleanup_(freep) char *description = NULL;
        ContainerStart *s = c->start;
        Error e = {};
        int r;

        if (!s || s->error.code < 0 || s->scope || s->in_scope)
                return;

        r = process_identify(leader, &c->leader);
        if (r >= 0)
                r = c->leader_pidfd = pidfd_open_pid(leader);
        if (r < 0)
                (void) error_set(&e, r, "container %s ended while it was being started", c->name);
        if (r >= 0) {
                description = text_printf("Container %s (%s)", c->name, c->image);
                if (!description)
                        r = error_oom(&e);
        }
        if (r >= 0)
                r = scope_start(c->manager->scopes,
                                &(ScopeParameters){
                                                .unit = c->unit,
                                                .description = description,
                                                .config = c->config,
                                                .supervisor = c->supervisor.pid,
                                                .leader = leader,
                                },
                                on_scope_started, s, &s->scope, &e);
        /* systemd has the request; this happens while it works. It must be done before anything runs in the
         * scope. */
        if (r >= 0)
                r = save_processes(c, &e);
        if (r < 0) {
                (void) error_prefix(&e, r, "container %s", c->name);
                fail(s, SUPERVISOR_FAILURE_SETUP, &e);
        }
}

void container_start_started(Container *c, uint64_t when_usec) {
        if (!c->start || c->start->error.code < 0)
                return;

        c->started_usec = when_usec;
        finish(c->start);
}

void container_start_failed(Container *c, int failure, int error, const char *message) {
        ContainerStart *s = c->start;

        if (!s || s->error.code < 0)
                return;

        (void) error_set(&s->error, error < 0 ? error : -EIO, "container %s: %s", c->name,
                         isempty(message) ? "its supervisor could not start it" : message);
        if (s->error.code >= 0)
                s->error.code = -EIO;
        s->failure = failure >= SUPERVISOR_FAILURE_SETUP && failure <= SUPERVISOR_FAILURE_NOT_FOUND
                                     ? (SupervisorFailure) failure
                                     : SUPERVISOR_FAILURE_SETUP;
        (void) sd_event_source_set_time_relative(s->timer, SUPERVISOR_FAREWELL_USEC);
}

void container_start_supervisor_gone(Container *c) {
        ContainerStart *s = ASSERT_PTR(c->start);

        if (s->error.code >= 0)
                (void) error_set(&s->error, -EIO,
                                 "container %s: its supervisor ended before the command was started",
                                 c->name);
        finish(s);
}

static int spawn_supervisor(ContainerStart *s, Error *reterr) {
        Container *c = s->container;
        char *argv[] = {(char *) "caisson-supervisor", c->id, NULL};
        _cleanup_(close_pairp) int pair[2] = PAIR_OF_EBADF;
        _cleanup_(closep) int run_dir_fd = -EBADF;
        SpawnOptions options = SPAWN_OPTIONS_INIT;
        pid_t pid;
        int r;

        run_dir_fd = container_open_run_dir(c);
        if (run_dir_fd < 0)
                return error_errnof(reterr, run_dir_fd, "cannot open the run directory of container %s",
                                    c->name);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errnof(reterr, negative_errno(), "cannot make a socket for container %s",
                                    c->name);

        const int fds[] = {pair[1], run_dir_fd, s->attach_fd, s->seccomp_fd};
        options.fds = fds;
        options.n_fds = ELEMENTSOF(fds);
        options.stdio[2] = STDERR_FILENO;
        options.oom_score_adjust = SUPERVISOR_OOM_SCORE;
        options.new_session = true;

        r = process_spawn(SUPERVISOR_PATH, argv, &options, &pid, &c->supervisor_pidfd);
        if (r < 0)
                return error_errnof(reterr, r, "cannot run %s", SUPERVISOR_PATH);
        c->control_fd = TAKE_FD(pair[0]);

        r = process_identify(pid, &c->supervisor);
        if (r >= 0)
                r = container_watch_supervisor(c);
        if (r < 0)
                return error_errnof(reterr, r, "cannot watch the supervisor of container %s", c->name);
        return 0;
}

static void on_seccomp(int r, int fd, const Error *why, void *userdata) {
        ContainerStart *s = ASSERT_PTR(userdata);
        Error e = {};

        s->seccomp = seccomp_request_free(s->seccomp);
        if (r < 0)
                (void) error_set(&e, r, "container %s: %s", s->container->name, error_message(why, r));
        else {
                s->seccomp_fd = fd;
                r = spawn_supervisor(s, &e);
        }
        if (r < 0)
                fail(s, SUPERVISOR_FAILURE_SETUP, &e);
}

/* A container that was renamed keeps its unit while it runs: whoever has its name now takes another unit's.
 */
static bool unit_is_in_use(Manager *m, const char *unit) {
        Container *c;

        STRING_MAP_FOREACH(c, m->containers)
                if (c->unit && !container_state_is_at_rest(c->state) && streq(c->unit, unit))
                        return true;
        return false;
}

static int choose_unit(Container *c, Error *reterr) {
        _cleanup_(freep) char *unit = NULL;

        unit = scope_unit_name(c->name, NULL);
        if (unit && unit_is_in_use(c->manager, unit)) {
                free(unit);
                unit = scope_unit_name(c->name, c->id);
        }
        if (!unit)
                return error_oom(reterr);
        return free_and_replace(c->unit, unit);
}

static int start_prepare(Container *c, Error *reterr) {
        _cleanup_(strv_freep) char **layers = NULL;
        int r, fd;

        r = choose_unit(c, reterr);
        if (r < 0)
                return r;
        r = container_image_layers(c->manager, c->image_id, &layers, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "container %s", c->name);
        fd = container_make_run_dir(c, layers, reterr);
        if (fd < 0)
                return error_prefix(reterr, fd, "container %s", c->name);
        safe_close(fd);
        return 0;
}

int container_start(Container *c, int attach_fd, container_started_t done, void *userdata, Error *reterr) {
        _cleanup_(container_start_freep) ContainerStart *s = NULL;
        int r;

        if (!c->config)
                return error_set(reterr, -EUCLEAN, "the record of container %s is damaged: %s",
                                 strempty(c->name), strempty(c->error));
        if (!container_state_is_at_rest(c->state))
                return error_set(reterr, -EALREADY, "container %s is %s", strempty(c->name),
                                 container_state_to_string(c->state));
        if (c->manager->stopping)
                return error_set(reterr, -ESHUTDOWN, "caissond is being stopped");

        s = new0(ContainerStart, 1);
        if (!s)
                return error_oom(reterr);
        *s = (ContainerStart){
                        .container = c,
                        .seccomp_fd = -EBADF,
                        .attach_fd = -EBADF,
                        .done = done,
                        .userdata = userdata,
        };
        if (attach_fd >= 0) {
                s->attach_fd = fcntl(attach_fd, F_DUPFD_CLOEXEC, 3);
                if (s->attach_fd < 0)
                        return error_errnof(reterr, negative_errno(), "cannot keep the client's socket");
        }

        r = start_prepare(c, reterr);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(c->manager->event, &s->timer, CLOCK_MONOTONIC, START_TIMEOUT_USEC, 0,
                                       on_timeout, s);
        if (r >= 0)
                r = seccomp_pool_request(c->manager->seccomp, c->config, on_seccomp, s, &s->seccomp,
                                         &s->seccomp_fd, reterr);
        if (r > 0)
                r = spawn_supervisor(s, reterr);
        if (r < 0) {
                if (c->supervisor_pidfd >= 0) {
                        (void) pidfd_signal(c->supervisor_pidfd, SIGKILL);
                        (void) waitid(P_PIDFD, (id_t) c->supervisor_pidfd, &(siginfo_t){}, WEXITED);
                }
                container_forget_processes(c);
                container_remove_run_dir(c);
                return error_is_set(reterr) ? r
                                            : error_errnof(reterr, r, "cannot start container %s", c->name);
        }

        c->start = TAKE_PTR(s);
        c->exit_known = c->oom_killed = c->kill_requested = false;
        c->exit_code = 0;
        c->started_usec = c->finished_usec = 0;
        (void) container_set_error(c, NULL);
        container_set_state(c, CONTAINER_STARTING);
        return 0;
}
