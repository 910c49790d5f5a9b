/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "container-config.h"
#include "container-record.h"
#include "container-rundir.h"
#include "container.h"
#include "manager.h"
#include "scope.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/log.h"
#include "shared/text.h"
#include "trash.h"

/* After SIGKILL to the first process everything should be over. If not, systemd kills the whole scope. */
#define LAST_RESORT_USEC          (5U * 1000U * 1000U)
#define DAMAGED_STOP_TIMEOUT_USEC (10U * 1000U * 1000U)

static int arm_stop_timer(Container *c, uint64_t usec);

static void kill_leader(Container *c, int signo) {
        int r;

        r = c->leader_pidfd >= 0 ? pidfd_signal(c->leader_pidfd, signo) : -ESRCH;
        if (r < 0 && r != -ESRCH)
                (void) log_warning_errno(r, "Cannot send signal %i to container %s, ignoring: %m", signo,
                                         strempty(c->name));
}

static void kill_hard(Container *c) {
        kill_leader(c, SIGKILL);
        (void) arm_stop_timer(c, LAST_RESORT_USEC);
}

static int on_stop_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Container *c = ASSERT_PTR(userdata);

        if (!c->kill_requested) {
                c->kill_requested = true;
                kill_hard(c);
                return 0;
        }

        log_warning("Container %s does not end after SIGKILL, having its whole scope killed",
                    strempty(c->name));
        if (c->unit)
                scope_kill(c->manager->scopes, c->unit, SIGKILL);
        if (c->supervisor_pidfd >= 0)
                (void) pidfd_signal(c->supervisor_pidfd, SIGKILL);
        return 0;
}

static int arm_stop_timer(Container *c, uint64_t usec) {
        int r;

        if (!c->stop_timer)
                return sd_event_add_time_relative(c->manager->event, &c->stop_timer, CLOCK_MONOTONIC, usec,
                                                  0, on_stop_timer, c);

        r = sd_event_source_set_time_relative(c->stop_timer, usec);
        return r < 0 ? r : sd_event_source_set_enabled(c->stop_timer, SD_EVENT_ONESHOT);
}

/* Whether the timer would go off later than that. */
static bool stop_timer_is_later(const Container *c, uint64_t usec) {
        uint64_t now, at;

        return !c->stop_timer || sd_event_now(c->manager->event, CLOCK_MONOTONIC, &now) < 0 ||
               sd_event_source_get_time(c->stop_timer, &at) < 0 || at > now + usec;
}

static void on_thawed(int r, const Error *e, void *userdata) {
        if (r < 0)
                log_warning("Cannot thaw a container, ignoring: %s", error_message(e, r));
}

int container_stop(Container *c, uint64_t timeout_usec, Error *reterr) {
        int r, signo = c->config ? container_config_stop_signal(c->config) : SIGTERM;

        if (timeout_usec == UINT64_MAX)
                timeout_usec = c->config ? c->config->stop_timeout_usec : DAMAGED_STOP_TIMEOUT_USEC;

        switch (c->state) {
        case CONTAINER_CREATED:
        case CONTAINER_EXITED:
        case CONTAINER_FAILED:
        case CONTAINER_REMOVING:
                return 0;

        case CONTAINER_STARTING:
                container_start_abort(c, -ECANCELED, "container %s was stopped while it was being started",
                                      strempty(c->name));
                return 0;

        case CONTAINER_STOPPING:
                if (!c->kill_requested && stop_timer_is_later(c, timeout_usec) &&
                    arm_stop_timer(c, timeout_usec) < 0)
                        return error_oom(reterr);
                return 0;

        case CONTAINER_PAUSED:
                (void) scope_freeze(c->manager->scopes, c->unit, /* freeze= */ false, on_thawed, NULL, NULL);
                _fallthrough_;
        case CONTAINER_RUNNING:
        default:
                break;
        }

        r = arm_stop_timer(c, timeout_usec);
        if (r < 0)
                return error_errnof(reterr, r, "cannot stop container %s", strempty(c->name));
        if (timeout_usec == 0) {
                c->kill_requested = true;
                kill_hard(c);
        } else
                kill_leader(c, signo);
        container_set_state(c, CONTAINER_STOPPING);
        return 0;
}

int container_kill(Container *c, int signo, bool all, Error *reterr) {
        if (!c->unit || c->leader_pidfd < 0 || container_state_is_at_rest(c->state) ||
            c->state == CONTAINER_STARTING)
                return error_set(reterr, -ESRCH, "container %s does not run, it is %s", strempty(c->name),
                                 container_state_to_string(c->state));

        if (signo == SIGKILL) {
                c->kill_requested = true;
                kill_hard(c);
        }
        if (all)
                scope_kill(c->manager->scopes, c->unit, signo);
        else if (signo != SIGKILL)
                kill_leader(c, signo);
        return 0;
}

int container_remove(Container *c, bool force, Error *reterr) {
        _cleanup_(closep) int dir_fd = -EBADF;

        if (container_state_is_at_rest(c->state)) {
                container_give_up(c);
                container_settle(c);
                return 0;
        }

        if (c->state == CONTAINER_REMOVING)
                return 0;
        if (!force)
                return error_set(reterr, -EBUSY, "container %s is %s: stop it first, or force its removal",
                                 strempty(c->name), container_state_to_string(c->state));

        c->remove_wanted = true;
        if (c->state == CONTAINER_STARTING) {
                container_start_abort(c, -ECANCELED, "container %s was removed while it was being started",
                                      strempty(c->name));
                return 0;
        }

        if (c->state == CONTAINER_PAUSED)
                (void) scope_freeze(c->manager->scopes, c->unit, /* freeze= */ false, on_thawed, NULL, NULL);
        container_set_state(c, CONTAINER_REMOVING);
        dir_fd = container_open_run_dir(c);
        if (dir_fd >= 0)
                (void) container_save_state(c, dir_fd, NULL);
        c->kill_requested = true;
        kill_hard(c);
        return 0;
}

void container_give_up(Container *c) {
        Manager *m = c->manager;
        int r;

        r = trash_put(m->trash, m->containers_fd, c->id);
        if (r < 0 && r != -ENOENT)
                (void) log_error_errno(r, "Cannot remove the files of container %s, ignoring: %m",
                                       strempty(c->name));
        else if (!c->config || !c->config->auto_remove)
                (void) fsync_directory(m->containers_fd);

        if (m->observer && !c->given_up)
                m->observer->removed(c);
        c->given_up = true;
        (void) container_take_name(c, NULL, NULL);

        /* The end of its client's stream tells that the name is free again */
        c->attach_fd = safe_close(c->attach_fd);
}

void container_settle(Container *c) {
        if (c->given_up) {
                container_notify(c, CONTAINER_CONDITION_STOPPED);
                container_notify(c, CONTAINER_CONDITION_NEXT_EXIT);
                container_notify(c, CONTAINER_CONDITION_REMOVED);
                container_free(c);
                return;
        }

        container_notify(c, CONTAINER_CONDITION_NEXT_EXIT);
        container_notify(c, CONTAINER_CONDITION_STOPPED);
}

void container_save_last_state(Container *c) {
        _cleanup_(error_done) Error e = {};
        _cleanup_(closep) int dir_fd = -EBADF;
        int r;

        if (!c->config || c->given_up)
                return;

        /* One with --rm has such a file only until it is started: without, it goes when nothing runs */
        if (c->config->auto_remove && c->state != CONTAINER_CREATED) {
                dir_fd = container_open_state_dir(c);
                if (dir_fd >= 0)
                        (void) unlinkat(dir_fd, CONTAINER_STATE_NAME, 0);
                return;
        }

        r = dir_fd = container_open_state_dir(c);
        if (r >= 0)
                r = container_save_state(c, dir_fd, &e);
        if (r < 0)
                log_warning("Cannot keep the state of container %s, ignoring: %s", strempty(c->name),
                            error_message(&e, r));
}

static void note_lost_supervisor(Container *c) {
        if (c->unit)
                scope_kill(c->manager->scopes, c->unit, SIGKILL);
        kill_leader(c, SIGKILL);

        c->exit_code = 128 + SIGKILL;
        if (!c->kill_requested)
                (void) container_set_error(c, "its supervisor was killed, and with it the container");
}

/* caissond was killed before it released the container, whose supervisor then gave up: it has not run. */
static void never_began(Container *c) {
        log_info("Container %s was being started when caissond ended, and was not", strempty(c->name));
        if (c->unit)
                scope_kill(c->manager->scopes, c->unit, SIGKILL);
        container_forget_processes(c);
        container_remove_run_dir(c);
        container_set_state(c, CONTAINER_CREATED);
        container_notify(c, CONTAINER_CONDITION_STOPPED);
        container_recover_last_state(c);
}

void container_ended(Container *c) {
        struct timespec now;

        if (!c->exit_known && c->started_usec == 0 && !c->remove_wanted) {
                never_began(c);
                return;
        }

        if (!c->exit_known)
                note_lost_supervisor(c);
        else if (c->oom_killed && c->exit_code == 128 + SIGKILL)
                (void) container_set_error(c, "it was killed because it reached its memory limit");
        if (c->finished_usec == 0) {
                clock_gettime(CLOCK_REALTIME, &now);
                c->finished_usec = (uint64_t) now.tv_sec * 1000000U + (uint64_t) now.tv_nsec / 1000U;
        }

        c->stop_timer = sd_event_source_disable_unref(c->stop_timer);
        container_forget_processes(c);
        container_set_state(c, CONTAINER_EXITED);
        if (c->manager->observer)
                c->manager->observer->ended(c);

        if (c->remove_wanted || (c->config && c->config->auto_remove))
                container_give_up(c);
        else
                container_save_last_state(c);
        container_remove_run_dir(c);
        container_settle(c);
}

typedef struct FreezeCall {
        Manager *manager; /* weak */
        char id[CONTAINER_ID_LENGTH + 1];
        bool freeze;
        container_frozen_t done;
        void *userdata;
} FreezeCall;

static void on_frozen(int r, const Error *e, void *userdata) {
        _cleanup_(freep) FreezeCall *call = userdata;
        Container *c = string_map_get(call->manager->containers, call->id);

        if (c && r >= 0 && c->state == (call->freeze ? CONTAINER_RUNNING : CONTAINER_PAUSED)) {
                _cleanup_(closep) int dir_fd = container_open_run_dir(c);

                container_set_state(c, call->freeze ? CONTAINER_PAUSED : CONTAINER_RUNNING);
                if (dir_fd >= 0)
                        (void) container_save_state(c, dir_fd, NULL);
        }
        call->done(r, e, call->userdata);
}

int container_freeze(Container *c, bool freeze, container_frozen_t done, void *userdata, Error *reterr) {
        _cleanup_(freep) FreezeCall *call = new0(FreezeCall, 1);
        int r;

        if (!call)
                return error_oom(reterr);
        *call = (FreezeCall){.manager = c->manager, .freeze = freeze, .done = done, .userdata = userdata};
        memcpy(call->id, c->id, sizeof(call->id));

        r = scope_freeze(c->manager->scopes, c->unit, freeze, on_frozen, call, reterr);
        if (r < 0)
                return r;
        TAKE_PTR(call);
        return 0;
}

int container_rename(Container *c, const char *name, Error *reterr) {
        _cleanup_(closep) int dir_fd = -EBADF;
        _cleanup_(freep) char *old = NULL;
        int r;

        if (!c->config || c->given_up)
                return error_set(reterr, -EUCLEAN, "the record of container %s is damaged",
                                 strempty(c->name));
        old = strdup(c->name);
        if (!old)
                return error_oom(reterr);

        r = container_take_name(c, name, reterr);
        if (r < 0)
                return r;

        r = dir_fd = container_open_state_dir(c);
        if (r < 0)
                (void) error_errnof(reterr, r, "cannot open the directory of container %s", old);
        else
                r = container_save_record(c, dir_fd, reterr);
        if (r < 0) {
                (void) container_take_name(c, old, NULL);
                return r;
        }

        if (c->manager->observer)
                c->manager->observer->renamed(c);
        return 0;
}

int container_attach(Container *c, int socket, bool replay, Error *reterr) {
        int r;

        if (container_state_is_at_rest(c->state) || c->state == CONTAINER_STARTING)
                return error_set(reterr, -ESRCH, "container %s does not run, it is %s", strempty(c->name),
                                 container_state_to_string(c->state));

        r = container_send(c, SUPERVISOR_ATTACH, replay ? 1 : 0, socket);
        if (r < 0)
                return error_errnof(reterr, r, "cannot reach the supervisor of container %s",
                                    strempty(c->name));
        return 0;
}
