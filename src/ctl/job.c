/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "ctl/job.h"
#include "ctl/message-json.h"
#include "ctl/progress.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/text.h"

typedef struct JobWait {
        char *path; /* owned; NULL: not known yet, and nothing has been processed yet */
        Progress progress;
        bool ended;
        bool daemon_gone;
        char *result;
        JsonObject *details;
} JobWait;

static void job_wait_done(JobWait *w) {
        free(w->path);
        free(w->result);
        json_object_put(w->details);
        progress_done(&w->progress);
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        JobWait *w = userdata;
        const char *path, *type, *subject, *result;
        uint32_t id;

        if (sd_bus_message_read(m, "uosss", &id, &path, &type, &subject, &result) < 0 || !streq_ptr(path, w->path) ||
            w->ended)
                return 0;
        w->ended = true;
        w->result = strdup(result);
        (void) message_read_json(m, &w->details);
        return 0;
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        JobWait *w = userdata;
        const char *name, *old, *new;

        if (sd_bus_message_read(m, "sss", &name, &old, &new) >= 0 && !isempty(old))
                w->daemon_gone = true;
        return 0;
}

static int on_item(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        JobWait *w = userdata;
        const char *id, *phase;
        uint64_t current, total;

        if (streq_ptr(sd_bus_message_get_path(m), w->path) &&
            sd_bus_message_read(m, "sstt", &id, &phase, &current, &total) >= 0)
                progress_update(&w->progress, phase, id, current, total);
        return 0;
}

static int on_properties(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        JobWait *w = userdata;
        _cleanup_(json_putp) JsonObject *o = NULL;
        const char *interface;

        if (!streq_ptr(sd_bus_message_get_path(m), w->path) || sd_bus_message_read(m, "s", &interface) < 0 ||
            !streq(interface, BUS_IFACE_JOB) || message_read_json(m, &o) < 0)
                return 0;
        progress_update(&w->progress, json_get_string(o, "Phase"), NULL, (uint64_t) json_get_i64(o, "Current"),
                        (uint64_t) json_get_i64(o, "Total"));
        return 0;
}

static int subscribe(Client *c, JobWait *w) {
        int r;

        r = sd_bus_match_signal(c->bus, NULL, BUS_NAME, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "JobRemoved", on_removed, w);
        if (r >= 0)
                r = sd_bus_match_signal(c->bus, NULL, BUS_NAME, NULL, BUS_IFACE_JOB, "Item", on_item, w);
        if (r >= 0)
                r = sd_bus_add_match(c->bus, NULL,
                                     "type='signal',sender='" BUS_NAME "',path_namespace='" BUS_PATH_JOB "',"
                                     "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'",
                                     on_properties, w);
        if (r >= 0)
                r = sd_bus_add_match(c->bus, NULL,
                                     "type='signal',sender='org.freedesktop.DBus',"
                                     "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" BUS_NAME "'",
                                     on_owner_changed, w);
        return r;
}

/* One turn: what has come, then sleep. */
static int turn(Client *c, JobWait *w, int signal_fd, bool *canceled) {
        struct pollfd fds[2] = { { .fd = sd_bus_get_fd(c->bus) }, { .fd = signal_fd, .events = POLLIN } };
        struct signalfd_siginfo info;
        uint64_t until;
        int r, timeout = -1;

        r = sd_bus_process(c->bus, NULL);
        if (r != 0)
                return MIN(r, 0);

        fds[0].events = (short) sd_bus_get_events(c->bus);
        if (sd_bus_get_timeout(c->bus, &until) >= 0 && until != UINT64_MAX)
                timeout = 1000;
        if (poll(fds, ELEMENTSOF(fds), timeout) < 0)
                return errno == EINTR ? 0 : negative_errno();

        if (fds[1].revents && read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
                if (*canceled) /* once is enough for the daemon; twice means that we shall go */
                        return -EINTR;
                *canceled = true;
                r = sd_bus_call_method_async(c->bus, NULL, BUS_NAME, w->path, BUS_IFACE_JOB, "Cancel", NULL, NULL, NULL);
                return MIN(r, 0);
        }
        return 0;
}

/* What the job says in the end. */
static int evaluate(Client *c, JobWait *w, const char *what, Error *reterr) {
        const char *name = json_get_string(w->details, "ErrorName"), *text = json_get_string(w->details, "ErrorMessage");
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;

        if (streq_ptr(w->result, "done"))
                return 0;
        if (streq_ptr(w->result, "canceled") || streq_ptr(name, BUS_ERROR_CANCELED)) {
                c->exit_code = 130;
                return error_set(reterr, -ECANCELED, "%s was canceled", what);
        }
        if (isempty(text))
                return error_set(reterr, -EIO, "%s: %s", what, strempty(w->result));
        (void) sd_bus_error_set(&e, isempty(name) ? BUS_ERROR_FAILED : name, text);
        return client_error(c, &e, -EIO, reterr);
}

int job_run(Client *c, sd_bus_message *call, const char *what, bool quiet, JsonObject **ret_details, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(job_wait_done) JobWait w = {};
        _cleanup_(closep) int signal_fd = -EBADF;
        bool canceled = false;
        const char *path;
        sigset_t set;
        int r;

        progress_init(&w.progress, what, quiet);
        r = subscribe(c, &w);
        if (r < 0)
                return client_error(c, NULL, r, reterr);
        r = client_send(c, call, &reply, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return bus_message_failed(r, reterr);
        w.path = strdup(path);
        if (!w.path)
                return error_oom(reterr);

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signal_fd < 0)
                return error_errnof(reterr, negative_errno(), "wait for signals");

        while (!w.ended) {
                r = turn(c, &w, signal_fd, &canceled);
                if (r == -EINTR) {
                        c->exit_code = 130;
                        return error_set(reterr, r, "interrupted; the job has been asked to end");
                }
                if (r < 0)
                        return client_error(c, NULL, r, reterr);
                if (w.daemon_gone && !w.ended)
                        return error_set(reterr, -ECONNRESET,
                                         "caissond stopped before %s was done; see 'journalctl -u caissond'", what);
        }
        progress_done(&w.progress);

        r = evaluate(c, &w, what, reterr);
        if (r >= 0)
                *ret_details = TAKE_PTR(w.details);
        return r;
}
