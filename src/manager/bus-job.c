/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "bus-error.h"
#include "bus-job.h"
#include "bus-polkit.h"
#include "manager.h"
#include "shared/bus-names.h"
#include "shared/log.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"

#define STRINGS_MAX 65536U /* of a list that a worker answers with */

static char *job_path(const Job *j) {
        return text_printf(BUS_PATH_JOB "/%" PRIu32, j->id);
}

static double job_progress(const Job *j) {
        return j->total > 0 ? (double) MIN(j->current, j->total) / (double) j->total : 0.0;
}

static void emit_failed(int r) {
        if (r < 0)
                (void) log_debug_errno(r, "Cannot emit a signal, ignoring: %m");
}

/* Reading */

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Job *j = ASSERT_PTR(userdata);

        if (streq(property, "Id"))
                return sd_bus_message_append(reply, "u", j->id);
        if (streq(property, "Type"))
                return sd_bus_message_append(reply, "s", job_type_to_string(j->type));
        if (streq(property, "Subject"))
                return sd_bus_message_append(reply, "s", j->subject);
        if (streq(property, "State"))
                return sd_bus_message_append(reply, "s", job_state_to_string(j->state));
        if (streq(property, "Phase"))
                return sd_bus_message_append(reply, "s", strempty(j->phase));
        if (streq(property, "Progress"))
                return sd_bus_message_append(reply, "d", job_progress(j));
        if (streq(property, "Current"))
                return sd_bus_message_append(reply, "t", j->current);
        if (streq(property, "Total"))
                return sd_bus_message_append(reply, "t", j->total);
        if (streq(property, "Requester"))
                return sd_bus_message_append(reply, "u", (uint32_t) j->requester);
        assert(streq(property, "Started"));
        return sd_bus_message_append(reply, "t", j->started_usec);
}

/* Who asked for a job may end it; others need to be allowed to. */
static int authorize_cancel(sd_bus_message *message, const Job *j, sd_bus_error *reterr) {
        const char *details[] = {"verb", "cancel", "image", j->subject, NULL};
        uid_t uid;

        if (bus_sender_uid(message, &uid) >= 0 && uid == j->requester)
                return 1;

        return bus_authorize(message, POLKIT_ACTION_MANAGE_IMAGES, details, j->manager->polkit, reterr);
}

static int cancel(sd_bus_message *message, Job *j, sd_bus_error *reterr) {
        int r;

        r = authorize_cancel(message, j, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        job_cancel(j);
        return sd_bus_reply_method_return(message, NULL);
}

static int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return cancel(message, ASSERT_PTR(userdata), reterr);
}

static const sd_bus_vtable job_vtable[] = {
                SD_BUS_VTABLE_START(0),
                SD_BUS_METHOD("Cancel", NULL, NULL, method_cancel, SD_BUS_VTABLE_UNPRIVILEGED),

                SD_BUS_SIGNAL_WITH_ARGS("LogMessage", SD_BUS_ARGS("u", priority, "s", line), 0),
                SD_BUS_SIGNAL_WITH_ARGS("Item", SD_BUS_ARGS("s", id, "s", phase, "t", current, "t", total),
                                        0),

                SD_BUS_PROPERTY("Id", "u", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Type", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Subject", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("State", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Phase", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Progress", "d", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Current", "t", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Total", "t", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Requester", "u", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Started", "t", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_VTABLE_END,
};

static int find_job(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                    sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        const char *number = startswith(path, BUS_PATH_JOB "/");
        Job *j = NULL;
        uint32_t id;

        if (number && parse_u32(number, &id) >= 0)
                j = job_find(m, id);
        *ret_found = j && job_type_is_listed(j->type) ? j : NULL;
        return *ret_found != NULL;
}

static int enumerate_jobs(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                          sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(strv_freep) char **paths = NULL;
        Job *j;

        STRING_MAP_FOREACH(j, m->jobs)
        if (job_type_is_listed(j->type) && strv_consume(&paths, job_path(j)) < 0)
                return -ENOMEM;

        *ret_nodes = TAKE_PTR(paths);
        return 1;
}

int bus_job_export(Manager *m) {
        int r;

        r = sd_bus_add_fallback_vtable(m->bus, NULL, BUS_PATH_JOB, BUS_IFACE_JOB, job_vtable, find_job, m);
        return r < 0 ? r : sd_bus_add_node_enumerator(m->bus, NULL, BUS_PATH_JOB, enumerate_jobs, m);
}

/* io.caisson1.Manager */

static int authorize_inspect(sd_bus_message *message, Manager *m, sd_bus_error *reterr) {
        const char *details[] = {"verb", "jobs", NULL};

        return bus_authorize(message, POLKIT_ACTION_INSPECT, details, m->polkit, reterr);
}

int bus_method_list_jobs(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Manager *m = ASSERT_PTR(userdata);
        Job *j;
        int r;

        r = authorize_inspect(message, m, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(usssdo)");
        if (r < 0)
                return r;
        STRING_MAP_FOREACH(j, m->jobs) {
                _cleanup_(freep) char *path = NULL;

                if (!job_type_is_listed(j->type))
                        continue;
                path = job_path(j);
                if (!path)
                        return -ENOMEM;
                r = sd_bus_message_append(reply, "(usssdo)", j->id, job_type_to_string(j->type), j->subject,
                                          job_state_to_string(j->state), job_progress(j), path);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int read_job(sd_bus_message *message, Manager *m, Job **ret, sd_bus_error *reterr) {
        uint32_t id;
        int r;

        r = sd_bus_message_read(message, "u", &id);
        if (r < 0)
                return r;

        *ret = job_find(m, id);
        if (!*ret || !job_type_is_listed((*ret)->type))
                return sd_bus_error_setf(reterr, BUS_ERROR_NO_SUCH_JOB, "There is no job %" PRIu32, id);
        return 0;
}

int bus_method_get_job(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(freep) char *path = NULL;
        Job *j;
        int r;

        r = authorize_inspect(message, m, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = read_job(message, m, &j, reterr);
        if (r < 0)
                return r;

        path = job_path(j);
        return path ? sd_bus_reply_method_return(message, "o", path) : -ENOMEM;
}

int bus_method_cancel_job(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        Job *j;
        int r;

        r = read_job(message, m, &j, reterr);
        return r < 0 ? r : cancel(message, j, reterr);
}

/* Starting */

static int on_caller_gone(sd_bus_track *track, void *userdata) {
        job_cancel(ASSERT_PTR(userdata));
        return 0;
}

static int watch_caller(Job *j, sd_bus_message *message) {
        sd_bus_track *track;
        int r;

        r = sd_bus_track_new(j->manager->bus, &track, on_caller_gone, j);
        if (r < 0)
                return r;
        j->watch = track;

        return sd_bus_track_add_sender(track, message);
}

int bus_job_start(sd_bus_message *message, Manager *m, JobRequest *request, uint64_t flags,
                  sd_bus_error *reterr) {
        _cleanup_(error_done) Error e = {};
        _cleanup_(freep) char *path = NULL;
        Job *j;
        int r;

        r = bus_sender_uid(message, &request->requester);
        if (r < 0)
                return r;
        r = job_start(m, request, &j, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, BUS_ERROR_FAILED);

        if (flags & BUS_JOB_CANCEL_WITH_CALLER) {
                r = watch_caller(j, message);
                if (r < 0) {
                        job_cancel(j);
                        return r;
                }
        }

        path = job_path(j);
        return path ? sd_bus_reply_method_return(message, "o", path) : -ENOMEM;
}

typedef struct Waiting {
        sd_bus_message *message;
        BusJobAnswer answer;
} Waiting;

static void waiting_free(void *p) {
        Waiting *w = p;

        if (!w)
                return;
        if (w->answer.ended)
                w->answer.ended(w->answer.userdata);
        sd_bus_message_unref(w->message);
        free(w);
}

static int reply_success(Waiting *w, Job *j) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(w->message, &reply);
        if (r >= 0 && w->answer.reply)
                r = w->answer.reply(reply, j, w->answer.userdata);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void on_waiting_done(Job *j, void *userdata) {
        Waiting *w = ASSERT_PTR(userdata);
        int r;

        if (j->result == JOB_DONE)
                r = reply_success(w, j);
        else
                r = sd_bus_reply_method_errorf(w->message, strempty(j->error_name), "%s",
                                               strempty(j->error_message));
        if (r < 0)
                (void) log_debug_errno(r, "Cannot answer a caller, ignoring: %m");
}

int bus_job_start_and_wait(sd_bus_message *message, Manager *m, JobRequest *request,
                           const BusJobAnswer *answer, sd_bus_error *reterr) {
        _cleanup_(error_done) Error e = {};
        Waiting *w;
        int r;

        w = new0(Waiting, 1);
        if (!w) {
                if (answer && answer->ended)
                        answer->ended(answer->userdata);
                return -ENOMEM;
        }
        *w = (Waiting){.message = sd_bus_message_ref(message),
                       .answer = answer ? *answer : (BusJobAnswer){}};

        r = bus_sender_uid(message, &request->requester);
        if (r >= 0) {
                request->done = on_waiting_done;
                request->userdata = w;
                request->free_userdata = waiting_free;
                r = job_start(m, request, NULL, &e);
        }
        if (r < 0) {
                waiting_free(w);
                return bus_error_from(reterr, r, &e, BUS_ERROR_FAILED);
        }

        return 1;
}

int bus_job_append_strings(sd_bus_message *reply, Job *j, const char *key) {
        JsonObject *array = json_get(j->answer, key);
        size_t n = json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; r >= 0 && i < MIN(n, (size_t) STRINGS_MAX); i++) {
                JsonObject *o = json_object_array_get_idx(array, i);

                if (json_object_is_type(o, json_type_string))
                        r = sd_bus_message_append(reply, "s", json_object_get_string(o));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Telling */

static void on_added(Job *j) {
        _cleanup_(freep) char *path = job_path(j);

        if (!path)
                return;
        emit_failed(sd_bus_emit_object_added(j->manager->bus, path));
        emit_failed(sd_bus_emit_signal(j->manager->bus, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "JobNew",
                                       "uoss", j->id, path, job_type_to_string(j->type), j->subject));
}

static void on_progress(Job *j) {
        _cleanup_(freep) char *path = job_path(j);

        if (path)
                emit_failed(sd_bus_emit_properties_changed(j->manager->bus, path, BUS_IFACE_JOB, "Phase",
                                                           "Progress", "Current", "Total", NULL));
}

static void on_state(Job *j) {
        _cleanup_(freep) char *path = job_path(j);

        if (path)
                emit_failed(sd_bus_emit_properties_changed(j->manager->bus, path, BUS_IFACE_JOB, "State",
                                                           NULL));
}

static void on_item(Job *j, const char *id, const char *phase, uint64_t current, uint64_t total) {
        _cleanup_(freep) char *path = job_path(j);

        if (path)
                emit_failed(sd_bus_emit_signal(j->manager->bus, path, BUS_IFACE_JOB, "Item", "sstt", id,
                                               phase, current, total));
}

static void on_log(Job *j, int priority, const char *line) {
        _cleanup_(freep) char *path = job_path(j);

        if (path)
                emit_failed(sd_bus_emit_signal(j->manager->bus, path, BUS_IFACE_JOB, "LogMessage", "us",
                                               (uint32_t) priority, line));
}

static int append_strings_detail(sd_bus_message *signal, Job *j, const char *name, const char *key) {
        int r;

        r = sd_bus_message_open_container(signal, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(signal, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(signal, 'v', "as");
        if (r >= 0)
                r = bus_job_append_strings(signal, j, key);
        if (r >= 0)
                r = sd_bus_message_close_container(signal);
        return r < 0 ? r : sd_bus_message_close_container(signal);
}

static int append_details(sd_bus_message *signal, Job *j) {
        int r;

        r = sd_bus_message_open_container(signal, 'a', "{sv}");
        if (r >= 0 && j->result != JOB_DONE)
                r = sd_bus_message_append(signal, "{sv}{sv}", "ErrorName", "s", strempty(j->error_name),
                                          "ErrorMessage", "s", strempty(j->error_message));
        if (r >= 0 && json_get(j->answer, "images"))
                r = append_strings_detail(signal, j, "Images", "images");
        if (r >= 0 && json_get(j->answer, "names"))
                r = append_strings_detail(signal, j, "Names", "names");
        return r < 0 ? r : sd_bus_message_close_container(signal);
}

static int emit_removed(Job *j, const char *path) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
        int r;

        r = sd_bus_message_new_signal(j->manager->bus, &signal, BUS_PATH_MANAGER, BUS_IFACE_MANAGER,
                                      "JobRemoved");
        if (r >= 0)
                r = sd_bus_message_append(signal, "uosss", j->id, path, job_type_to_string(j->type),
                                          j->subject, job_result_to_string(j->result));
        if (r >= 0)
                r = append_details(signal, j);
        return r < 0 ? r : sd_bus_send(j->manager->bus, signal, NULL);
}

static void on_removed(Job *j) {
        _cleanup_(freep) char *path = job_path(j);

        if (!path)
                return;
        emit_failed(emit_removed(j, path));
        emit_failed(sd_bus_emit_object_removed(j->manager->bus, path));
}

static void on_freed(Job *j) {
        j->watch = sd_bus_track_unref(j->watch);
}

const JobObserver bus_job_observer = {
                .added = on_added,
                .progress = on_progress,
                .state = on_state,
                .item = on_item,
                .log = on_log,
                .removed = on_removed,
                .freed = on_freed,
};
