/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "bus-container.h"
#include "bus-image.h"
#include "bus-job.h"
#include "bus-manager.h"
#include "bus-polkit.h"
#include "bus-signals.h"
#include "container.h"
#include "image-cache.h"
#include "image/image.h"
#include "manager.h"
#include "scope.h"
#include "seccomp-pool.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/path.h"
#include "shared/text.h"
#include "trash.h"
#include "userns-pool.h"

/* "systemctl stop" of a scope, or a shutdown: the container gets its own signal and its own time. */
static void on_request_stop(const char *unit, void *userdata) {
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error e = {};
        Container *c;

        STRING_MAP_FOREACH(c, m->containers) {
                if (!c->unit || container_state_is_at_rest(c->state) || !streq(c->unit, unit))
                        continue;
                if (c->state == CONTAINER_STOPPING || c->state == CONTAINER_REMOVING)
                        return; /* our own doing, or told twice */

                log_struct(LOG_INFO, LOG_FIELDS("CAISSON_CONTAINER", c->name, "CAISSON_CONTAINER_ID", c->id),
                           "systemd stops %s: stopping container %s", unit, c->name);
                if (container_stop(c, UINT64_MAX, &e) < 0)
                        log_warning("Cannot stop container %s: %s", c->name, error_message(&e, 0));
                return;
        }
}

/* What runs goes on; what waits for an answer from us gets none. */
static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Manager *m = ASSERT_PTR(userdata);

        log_info("Stopping; %zu containers go on", m->n_running);
        m->stopping = true;
        return sd_event_exit(m->event, 0);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Manager *m = ASSERT_PTR(userdata);

        (void) sd_notify(false, "RELOADING=1");
        image_cache_changed(m->images);
        (void) sd_notify(false, "READY=1");
        log_info("Reloaded");
        return 0;
}

static int setup_signals(Manager *m) {
        static const struct {
                int signo;
                sd_event_signal_handler_t handler;
        } handlers[] = {
                        {SIGTERM, on_terminate},
                        {SIGINT,  on_terminate},
                        {SIGHUP,  on_reload   },
        };
        sigset_t mask;
        int r;

        sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(handlers); i++)
                sigaddset(&mask, handlers[i].signo);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        signal(SIGPIPE, SIG_IGN);

        for (size_t i = 0; i < ELEMENTSOF(handlers); i++) {
                r = sd_event_add_signal(m->event, NULL, handlers[i].signo, handlers[i].handler, m);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int open_directory(const char *path, int *ret, Error *reterr) {
        int r;

        r = mkdir_parents(path, 0700);
        if (r < 0)
                return error_errnof(reterr, r, "cannot make %s", path);
        *ret = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        if (*ret < 0)
                return error_errnof(reterr, negative_errno(), "cannot open %s", path);

        /* Layers hold set-user-id programs with holes that are long mended elsewhere: nobody but root gets
         * at them */
        if (fchmod(*ret, 0700) < 0)
                return error_errnof(reterr, negative_errno(), "cannot set the mode of %s", path);
        return 0;
}

static int open_directories(Manager *m, Error *reterr) {
        int r;

        r = open_directory(STATE_DIRECTORY, &m->state_fd, reterr);
        if (r >= 0)
                r = open_directory(STATE_DIRECTORY "/containers", &m->containers_fd, reterr);
        if (r >= 0)
                r = open_directory(RUN_DIRECTORY, &m->run_fd, reterr);
        if (r >= 0)
                r = open_directory(RUN_DIRECTORY "/containers", &m->run_containers_fd, reterr);
        return r;
}

static int connect_bus(Manager *m, Error *reterr) {
        int r;

        r = sd_bus_open_system_with_description(&m->bus, "system");
        if (r < 0)
                return error_errnof(reterr, r, "cannot connect to the system bus");

        /* A bus that goes away is replaced by another one: we start again then, which is made to be harmless
         */
        r = sd_bus_set_exit_on_disconnect(m->bus, true);
        if (r >= 0)
                r = sd_bus_attach_event(m->bus, m->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return error_errnof(reterr, r, "cannot use the system bus");
        return 0;
}

Manager *manager_free(Manager *m) {
        Container *c;

        if (!m)
                return NULL;

        if (m->observer)
                bus_signals_flush(m);
        m->observer = NULL;
        if (m->containers)
                STRING_MAP_FOREACH(c, m->containers)
                        container_free(c);

        job_free_all(m);
        image_cache_free(m->images);
        image_store_free(m->store);
        seccomp_pool_free(m->seccomp);
        scope_client_free(m->scopes);
        polkit_registry_free(m->polkit);
        userns_pool_free(m->userns);
        trash_free(m->trash);
        string_map_free(m->names);
        string_map_free(m->containers);
        string_map_free(m->jobs);

        sd_bus_flush_close_unref(m->bus);
        sd_event_unref(m->event);
        safe_close(m->state_fd);
        safe_close(m->containers_fd);
        safe_close(m->run_fd);
        safe_close(m->run_containers_fd);
        return mfree(m);
}

int manager_new(Manager **ret, Error *reterr) {
        _cleanup_(manager_freep) Manager *m = NULL;
        int r;

        m = new0(Manager, 1);
        if (!m)
                return error_oom(reterr);
        *m = (Manager){.state_fd = -EBADF,
                       .containers_fd = -EBADF,
                       .run_fd = -EBADF,
                       .run_containers_fd = -EBADF};

        m->containers = string_map_new(NULL);
        m->names = string_map_new(NULL);
        m->jobs = string_map_new(NULL);
        m->polkit = polkit_registry_new();
        m->userns = userns_pool_new();
        if (!m->containers || !m->names || !m->jobs || !m->polkit || !m->userns)
                return error_oom(reterr);

        r = open_directories(m, reterr);
        if (r < 0)
                return r;

        r = sd_event_default(&m->event);
        if (r >= 0)
                r = setup_signals(m);
        if (r >= 0)
                r = sd_event_set_watchdog(m->event, true);
        if (r >= 0)
                r = trash_new(m->event, m->state_fd, &m->trash);
        if (r >= 0)
                r = seccomp_pool_new(m->event, &m->seccomp);
        if (r < 0)
                return error_errnof(reterr, r, "cannot set up the event loop");

        r = image_store_open(m->state_fd, IMAGE_STORE_READ_ONLY, &m->store, reterr);
        if (r >= 0)
                r = image_cache_new(m, &m->images, reterr);
        if (r < 0)
                return r;
        image_cache_changed(m->images); /* before there is a bus: these are not new */

        r = connect_bus(m, reterr);
        if (r >= 0)
                r = scope_client_new(m->bus, on_request_stop, m, &m->scopes, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

int manager_publish(Manager *m, Error *reterr) {
        int r;

        r = sd_bus_add_object_manager(m->bus, NULL, BUS_PATH_MANAGER);
        if (r >= 0)
                r = bus_manager_export(m);
        if (r >= 0)
                r = bus_container_export(m);
        if (r >= 0)
                r = bus_image_export(m);
        if (r >= 0)
                r = bus_job_export(m);
        if (r < 0)
                return error_errnof(reterr, r, "cannot put the objects on the bus");

        r = sd_bus_request_name(m->bus, BUS_NAME, 0);
        if (r < 0)
                return error_errnof(reterr, r, "cannot own the name " BUS_NAME " on the bus");

        m->observer = &bus_signals_observer;
        seccomp_pool_prepare(m->seccomp);
        job_clean_staging(m);
        return 0;
}
