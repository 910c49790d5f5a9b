/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "container-config.h"
#include "resource-properties.h"
#include "scope.h"
#include "shared/bus-names.h"
#include "shared/identifier.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"

#define SYSTEMD_SERVICE "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_SCOPE   "org.freedesktop.systemd1.Scope"

/* How long a unit of that name that is on its way out is waited for, and how often it is looked whether it
 * is gone: UnitRemoved says so, but only when the name was free for a moment. */
#define UNIT_GONE_TIMEOUT_USEC (3U * 1000U * 1000U)
#define UNIT_GONE_POLL_USEC    (20U * 1000U)

/* systemd kills what is left in the scope this long after the container's own time to stop is over. */
#define STOP_GRACE_USEC (5U * 1000U * 1000U)

struct ScopeClient {
        sd_bus *bus;
        sd_bus_slot *job_removed_slot;
        sd_bus_slot *request_stop_slot;
        sd_bus_slot *job_new_slot; /* NULL: no need */
        scope_request_stop_t request_stop;
        void *userdata;
        bool unified;
        ScopeStart *starts; /* list of those under way */
};

struct ScopeStart {
        ScopeClient *client; /* weak */
        ScopeStart *next;
        char *unit;
        char *description;
        ContainerConfig *config;
        pid_t supervisor, leader;
        sd_bus_slot *slot;
        sd_event_source *retry;
        uint64_t give_up_usec;
        char *job;                      /* path; NULL: no answer yet */
        char *early_job, *early_result; /* a job's end that came before we knew that it was ours */
        scope_started_t done;
        void *userdata;
};

char *scope_unit_name(const char *name, const char *id) {
        _cleanup_(freep) char *escaped = unit_name_escape_string(name);

        if (!escaped)
                return NULL;
        return id ? text_printf("caisson-%s-%.12s.scope", escaped, id)
                  : text_printf("caisson-%s.scope", escaped);
}

ScopeStart *scope_start_free(ScopeStart *s) {
        if (!s)
                return NULL;

        if (s->client)
                for (ScopeStart **p = &s->client->starts; *p; p = &(*p)->next)
                        if (*p == s) {
                                *p = s->next;
                                break;
                        }

        sd_bus_slot_unref(s->slot);
        sd_event_source_disable_unref(s->retry);
        container_config_unref(s->config);
        free(s->unit);
        free(s->description);
        free(s->job);
        free(s->early_job);
        free(s->early_result);
        return mfree(s);
}
DEFINE_TRIVIAL_CLEANUP_FUNC(ScopeStart *, scope_start_free)

/* The last thing that happens to s: the callback frees it. */
static void scope_start_finish(ScopeStart *s, int r, const Error *e) {
        s->done(r, s->unit, e, s->userdata);
}

static void scope_start_job_done(ScopeStart *s, const char *result) {
        _cleanup_(error_done) Error e = {};
        int r = 0;

        if (!streq(result, "done"))
                r = error_set(&e, -EIO, "systemd could not start %s: the job's result is '%s'", s->unit,
                              result);
        scope_start_finish(s, r, &e);
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        ScopeClient *c = ASSERT_PTR(userdata);
        const char *path, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
                return 0;

        for (ScopeStart *s = c->starts; s; s = s->next) {
                if (!streq(s->unit, unit))
                        continue;

                if (!s->job) {
                        /* The signal has overtaken the answer, which says whether the job was ours */
                        char *p = strdup(path), *t = strdup(result);

                        free_and_replace(s->early_job, p);
                        free_and_replace(s->early_result, t);
                } else if (streq(s->job, path))
                        scope_start_job_done(s, result);
                break;
        }

        return 0;
}

static int on_request_stop(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        ScopeClient *c = ASSERT_PTR(userdata);
        _cleanup_(freep) char *unit = NULL;

        if (sd_bus_path_decode(sd_bus_message_get_path(m), SYSTEMD_PATH "/unit", &unit) > 0)
                c->request_stop(unit, c->userdata);
        return 0;
}

typedef struct JobQuestion {
        ScopeClient *client; /* weak: it outlives the bus's slots */
        char *unit;
} JobQuestion;

static void job_question_free(void *p) {
        JobQuestion *q = p;

        free(q->unit);
        free(q);
}

static int on_job_type(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        JobQuestion *q = ASSERT_PTR(userdata);
        const char *type;

        if (!sd_bus_message_get_error(m) && sd_bus_message_read(m, "v", "s", &type) >= 0 &&
            streq(type, "stop"))
                q->client->request_stop(q->unit, q->client->userdata);
        return 0;
}

static int on_job_new(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        ScopeClient *c = ASSERT_PTR(userdata);
        const char *path, *unit;
        sd_bus_slot *slot;
        JobQuestion *q;
        uint32_t id;
        int r;

        if (sd_bus_message_read(m, "uos", &id, &path, &unit) < 0 || !startswith(unit, "caisson-") ||
            !endswith(unit, ".scope"))
                return 0;

        q = new0(JobQuestion, 1);
        if (!q)
                return 0;
        *q = (JobQuestion){.client = c, .unit = strdup(unit)};
        r = q->unit ? sd_bus_call_method_async(c->bus, &slot, SYSTEMD_SERVICE, path,
                                               "org.freedesktop.DBus.Properties", "Get", on_job_type, q,
                                               "ss", SYSTEMD_SERVICE ".Job", "JobType")
                    : -ENOMEM;
        if (r < 0) {
                job_question_free(q);
                return 0;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, job_question_free);
        (void) sd_bus_slot_set_floating(slot, true);
        sd_bus_slot_unref(slot);
        return 0;
}

void scope_watch_jobs(ScopeClient *c) {
        int r;

        if (c->job_new_slot)
                return;

        r = sd_bus_match_signal_async(c->bus, &c->job_new_slot, SYSTEMD_SERVICE, SYSTEMD_PATH,
                                      SYSTEMD_MANAGER, "JobNew", on_job_new, NULL, c);
        if (r >= 0)
                r = sd_bus_call_method_async(c->bus, NULL, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                             "Subscribe", NULL, NULL, NULL);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot listen to systemd's jobs, ignoring: %m");
}

static int append_scope_properties(sd_bus_message *m, const ScopeStart *s, bool unified) {
        uint32_t pids[] = {(uint32_t) s->supervisor, (uint32_t) s->leader};
        const char *parent = s->config->cgroup_parent;
        int r;

        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Description", "s", s->description, "Slice", "s",
                                  parent ?: "caisson.slice", "Controller", "s", BUS_NAME, "CollectMode", "s",
                                  "inactive-or-failed");
        if (r < 0)
                return r;

        /* Should we not be there when it is stopped, the supervisor passes SIGTERM on as the container's
         * stop signal */
        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)", "Delegate", "b", 1, "KillSignal", "i",
                                  (int32_t) SIGTERM, "TimeoutStopUSec", "t",
                                  s->config->stop_timeout_usec + STOP_GRACE_USEC, "After", "as", 2,
                                  "caissond.service", "dbus.service", "DefaultDependencies", "b", 1);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", "PIDs");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', "au");
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(m, 'u', pids, s->leader > 0 ? sizeof(pids) : sizeof(pids[0]));
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;

        return resource_properties_append(m, s->config, unified);
}

static int scope_start_send(ScopeStart *s);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        ScopeStart *s = ASSERT_PTR(userdata);
        int r;

        r = scope_start_send(s);
        if (r < 0) {
                _cleanup_(error_done) Error e = {};

                (void) error_errnof(&e, r, "cannot ask systemd for %s", s->unit);
                scope_start_finish(s, r, &e);
        }
        return 0;
}

static bool scope_start_retry(ScopeStart *s) {
        sd_event *event = sd_bus_get_event(s->client->bus);
        uint64_t now = 0;

        if (sd_event_now(event, CLOCK_MONOTONIC, &now) < 0)
                return false;
        if (s->give_up_usec == 0)
                s->give_up_usec = now + UNIT_GONE_TIMEOUT_USEC;
        if (now >= s->give_up_usec)
                return false;

        s->retry = sd_event_source_disable_unref(s->retry);
        return sd_event_add_time(event, &s->retry, CLOCK_MONOTONIC, now + UNIT_GONE_POLL_USEC, 1000,
                                 on_retry, s) >= 0;
}

static int on_start_answer(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        ScopeStart *s = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error e = {};
        const char *path;
        int r;

        if (sd_bus_message_is_method_error(m, SYSTEMD_SERVICE ".UnitExists") > 0 && scope_start_retry(s))
                return 0;

        if (sd_bus_message_is_method_error(m, NULL) > 0) {
                const sd_bus_error *error = sd_bus_message_get_error(m);

                r = -sd_bus_error_get_errno(error);
                (void) error_set(&e, r < 0 ? r : -EIO, "systemd refused to start %s: %s", s->unit,
                                 error->message ?: error->name);
                scope_start_finish(s, e.code, &e);
                return 0;
        }

        r = sd_bus_message_read(m, "o", &path);
        if (r >= 0) {
                s->job = strdup(path);
                if (!s->job)
                        r = -ENOMEM;
        }
        if (r < 0) {
                (void) error_errnof(&e, r, "cannot understand systemd's answer for %s", s->unit);
                scope_start_finish(s, r, &e);
                return 0;
        }

        if (s->early_job && s->early_result && streq(s->early_job, s->job))
                scope_start_job_done(s, s->early_result);
        return 0;
}

static int scope_start_send(ScopeStart *s) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(s->client->bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH,
                                           SYSTEMD_MANAGER, "StartTransientUnit");
        if (r < 0)
                return r;

        r = sd_bus_message_append(m, "ss", s->unit, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_scope_properties(m, s, s->client->unified);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r >= 0) {
                s->slot = sd_bus_slot_unref(s->slot);
                r = sd_bus_call_async(s->client->bus, &s->slot, m, on_start_answer, s, 0);
        }
        return r;
}

int scope_start(ScopeClient *c, const ScopeParameters *p, scope_started_t done, void *userdata,
                ScopeStart **ret, Error *reterr) {
        _cleanup_(scope_start_freep) ScopeStart *s = NULL;
        int r;

        s = new0(ScopeStart, 1);
        if (!s)
                return error_oom(reterr);

        *s = (ScopeStart){
                        .client = c,
                        .next = c->starts,
                        .unit = strdup(p->unit),
                        .description = strdup(p->description),
                        .config = container_config_ref((ContainerConfig *) p->config),
                        .supervisor = p->supervisor,
                        .leader = p->leader,
                        .done = done,
                        .userdata = userdata,
        };
        c->starts = s;
        if (!s->unit || !s->description)
                return error_oom(reterr);

        r = scope_start_send(s);
        if (r < 0)
                return error_errnof(reterr, r, "cannot ask systemd for %s", s->unit);

        *ret = TAKE_PTR(s);
        return 0;
}

static int on_kill_answer(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(m);

        /* It is gone already, most often */
        if (e)
                log_debug("systemd could not kill a scope, ignoring: %s", e->message ?: e->name);
        return 0;
}

void scope_kill(ScopeClient *c, const char *unit, int signo) {
        int r;

        r = sd_bus_call_method_async(c->bus, NULL, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                     "KillUnit", on_kill_answer, NULL, "ssi", unit, "all", (int32_t) signo);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot ask systemd to kill %s, ignoring: %m", unit);
}

void scope_discard(ScopeClient *c, const char *unit) {
        int r;

        scope_kill(c, unit, SIGKILL);
        r = sd_bus_call_method_async(c->bus, NULL, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                     "StopUnit", on_kill_answer, NULL, "ss", unit, "replace");
        if (r < 0)
                (void) log_warning_errno(r, "Cannot ask systemd to stop %s, ignoring: %m", unit);
}

typedef struct ScopeCall {
        scope_done_t done;
        void *userdata;
} ScopeCall;

static int on_call_answer(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        ScopeCall *call = ASSERT_PTR(userdata);
        const sd_bus_error *error = sd_bus_message_get_error(m);
        _cleanup_(error_done) Error e = {};

        if (error) {
                int code = sd_bus_error_get_errno(error);

                (void) error_set(&e, code > 0 ? -code : -EIO, "%s", error->message ?: error->name);
        }
        call->done(e.code, &e, call->userdata);
        return 0;
}

int scope_freeze(ScopeClient *c, const char *unit, bool freeze, scope_done_t done, void *userdata,
                 Error *reterr) {
        _cleanup_(freep) ScopeCall *call = NULL;
        sd_bus_slot *slot = NULL;
        int r;

        call = new0(ScopeCall, 1);
        if (!call)
                return error_oom(reterr);
        *call = (ScopeCall){.done = done, .userdata = userdata};

        r = sd_bus_call_method_async(c->bus, &slot, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                     freeze ? "FreezeUnit" : "ThawUnit", on_call_answer, call, "s", unit);
        if (r < 0)
                return error_errnof(reterr, r, "cannot ask systemd to %s %s", freeze ? "freeze" : "thaw",
                                    unit);

        /* The slot owns the call, the bus the slot */
        (void) sd_bus_slot_set_destroy_callback(slot, free);
        (void) sd_bus_slot_set_floating(slot, true);
        sd_bus_slot_unref(slot);
        TAKE_PTR(call);
        return 0;
}

int scope_new_get_all(ScopeClient *c, const char *unit, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(freep) char *path = NULL;
        int r;

        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);
        if (r >= 0)
                r = sd_bus_message_new_method_call(c->bus, &m, SYSTEMD_SERVICE, path,
                                                   "org.freedesktop.DBus.Properties", "GetAll");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", SYSTEMD_SCOPE);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int scope_new_get_processes(ScopeClient *c, const char *unit, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(c->bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "GetUnitProcesses");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", unit);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int scope_list(ScopeClient *c, char ***ret, Error *reterr) {
        _cleanup_(strv_freep) char **units = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *name;
        int r;

        r = sd_bus_call_method(c->bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "ListUnitsByPatterns",
                               &error, &reply, "asas", 0, 1, "caisson-*.scope");
        if (r < 0)
                (void) error_set(reterr, r, "cannot ask systemd for the containers' scopes: %s",
                                 error.message ?: strerror(-r));
        else
                r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");

        while (r >= 0) {
                r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, NULL, NULL, NULL, NULL, NULL,
                                        NULL, NULL, NULL);
                if (r <= 0)
                        break;
                r = strv_extend(&units, name);
        }

        sd_bus_error_free(&error);
        if (r < 0)
                return error_is_set(reterr)
                                       ? r
                                       : error_errnof(reterr, r, "cannot read systemd's list of scopes");

        *ret = TAKE_PTR(units);
        return 0;
}

ScopeClient *scope_client_free(ScopeClient *c) {
        if (!c)
                return NULL;

        for (ScopeStart *s = c->starts; s; s = s->next)
                s->client = NULL;
        sd_bus_slot_unref(c->job_removed_slot);
        sd_bus_slot_unref(c->request_stop_slot);
        sd_bus_slot_unref(c->job_new_slot);
        sd_bus_unref(c->bus);
        return mfree(c);
}

int scope_client_new(sd_bus *bus, scope_request_stop_t request_stop, void *userdata, ScopeClient **ret,
                     Error *reterr) {
        _cleanup_(scope_client_freep) ScopeClient *c = NULL;
        int r;

        c = new0(ScopeClient, 1);
        if (!c)
                return error_oom(reterr);
        *c = (ScopeClient){
                        .bus = sd_bus_ref(bus),
                        .request_stop = request_stop,
                        .userdata = userdata,
                        .unified = resource_host_is_unified(),
        };

        /* systemd tells who asked for a job of its end, also when nobody has subscribed to all there is */
        r = sd_bus_match_signal_async(bus, &c->job_removed_slot, SYSTEMD_SERVICE, SYSTEMD_PATH,
                                      SYSTEMD_MANAGER, "JobRemoved", on_job_removed, NULL, c);
        if (r >= 0)
                r = sd_bus_match_signal_async(bus, &c->request_stop_slot, SYSTEMD_SERVICE, NULL,
                                              SYSTEMD_SCOPE, "RequestStop", on_request_stop, NULL, c);
        if (r < 0)
                return error_errnof(reterr, r, "cannot listen to systemd");

        *ret = TAKE_PTR(c);
        return 0;
}
