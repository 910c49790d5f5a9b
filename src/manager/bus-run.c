/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "bus-container.h"
#include "bus-error.h"
#include "bus-polkit.h"
#include "bus-run.h"
#include "bus-wait.h"
#include "container-config.h"
#include "container-image.h"
#include "container-spec.h"
#include "container.h"
#include "image/image.h"
#include "manager.h"
#include "resource-properties.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"

/* The arguments, checked. name and image are the message's. */
typedef struct RunRequest {
        const char *name;
        const char *image;
        ContainerConfig *config;
        int attach_fd;
        uid_t uid;
        bool start;
} RunRequest;

static void run_request_done(RunRequest *q) {
        container_config_unref(q->config);
        safe_close(q->attach_fd);
}

static int read_request(sd_bus_message *message, RunRequest *q, sd_bus_error *reterr) {
        _cleanup_(error_done) Error e = {};
        uint64_t flags;
        int r;

        r = sd_bus_message_read(message, "ss", &q->name, &q->image);
        if (r < 0)
                return r;
        if (!isempty(q->name) && !object_name_is_valid(q->name))
                return sd_bus_error_setf(
                                reterr, BUS_ERROR_INVALID_CONFIG,
                                "'%.128s' is not a name: use up to %u letters, digits, '_', '.' and '-', "
                                "beginning with a letter or digit",
                                q->name, OBJECT_NAME_MAX);

        r = container_config_read_message(message, &q->config, &q->attach_fd, &e);
        if (r >= 0)
                r = resource_limits_check_host(q->config, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, BUS_ERROR_INVALID_CONFIG);

        r = sd_bus_message_read(message, "t", &flags);
        if (r < 0)
                return r;
        if (flags != 0)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown flags");
        return 0;
}

static int authorize_request(sd_bus_message *message, Manager *m, RunRequest *q, sd_bus_error *reterr) {
        _cleanup_(strv_freep) char **reasons = NULL;
        _cleanup_(freep) char *text = NULL;
        const char *action = POLKIT_ACTION_RUN_CONTAINER;
        int r;

        r = bus_sender_uid(message, &q->uid);
        if (r < 0)
                return r;

        r = container_config_privileges(q->config, &reasons);
        if (r < 0)
                return r;
        if (r > 0 || q->config->replace) { /* to replace is to remove, which may be somebody else's */
                action = POLKIT_ACTION_RUN_PRIVILEGED;
                text = reasons ? strv_join(reasons, ", ") : NULL;
        }

        const char *details[] = {"container",  q->name,        "image",
                                 q->image,     "verb",         q->start ? "run" : "create",
                                 "privileges", strempty(text), NULL};
        return bus_authorize(message, action, details, m->polkit, reterr);
}

static void log_warnings(const Container *c) {
        _cleanup_(strv_freep) char **warnings = NULL;

        if (resource_limits_warnings(c->config, resource_host_is_unified(), &warnings) < 0)
                return;
        STRV_FOREACH(w, warnings)
                log_struct(LOG_WARNING,
                           LOG_FIELDS("CAISSON_CONTAINER", c->name, "CAISSON_CONTAINER_ID", c->id),
                           "Container %s: %s", c->name, *w);
}

static int create(Manager *m, const RunRequest *q, Container **ret, sd_bus_error *reterr) {
        _cleanup_(image_unrefp) Image *image = NULL;
        _cleanup_(freep) char *image_name = NULL;
        _cleanup_(error_done) Error e = {};
        char id[CONTAINER_ID_LENGTH + 1];
        int r;

        /* A name that is taken is said before anything else is done */
        if (!isempty(q->name) && string_map_get(m->names, q->name))
                return sd_bus_error_setf(
                                reterr, BUS_ERROR_NAME_TAKEN,
                                "The name '%s' is taken: choose another, remove that container, or use "
                                "--replace",
                                q->name);

        r = container_image_resolve(m, q->image, &image_name, &image, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, BUS_ERROR_NO_SUCH_IMAGE);

        r = identifier_new(id);
        if (r < 0)
                return r;
        r = container_config_merge_image(q->config, image->config, id, &e);
        if (r >= 0)
                r = container_spec_prepare_sources(q->config, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, BUS_ERROR_INVALID_CONFIG);

        r = container_create(m,
                             &(ContainerRequest){
                                             .name = q->name,
                                             .config = q->config,
                                             .id = id,
                                             .image = image_name,
                                             .image_id = image->id,
                                             .owner_uid = q->uid,
                             },
                             ret, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, NULL);
        log_warnings(*ret);
        return 0;
}

static int create_and_start(sd_bus_message *message, Manager *m, RunRequest *q, sd_bus_error *reterr) {
        _cleanup_(freep) char *path = NULL;
        Container *c;
        int r;

        r = create(m, q, &c, reterr);
        if (r < 0)
                return r;
        bus_audit(message, c, q->start ? "run" : "create");

        if (!q->start) {
                path = bus_container_path(c);
                if (c->config->auto_remove)
                        container_save_last_state(c);
                return path ? sd_bus_reply_method_return(message, "o", path) : -ENOMEM;
        }

        r = bus_container_start(message, c, q->attach_fd, /* reply_path= */ true, reterr);
        if (r < 0 && q->config->auto_remove)
                (void) container_remove(c, /* force= */ true, NULL);
        return r;
}

/* --replace: the old one is gone now. The arguments are read once more from the message, which has not
 * changed. */
static int run_after_replace(sd_bus_message *message, Container *old, sd_bus_error *reterr) {
        _cleanup_(run_request_done) RunRequest q = {.attach_fd = -EBADF};
        int r;

        r = sd_bus_message_rewind(message, /* complete= */ true);
        if (r < 0)
                return r;
        q.start = streq(sd_bus_message_get_member(message), "RunContainer");
        r = read_request(message, &q, reterr);
        if (r >= 0)
                r = bus_sender_uid(message, &q.uid);
        if (r < 0)
                return r;
        return create_and_start(message, old->manager, &q, reterr);
}

static int create_or_run(sd_bus_message *message, Manager *m, bool start, sd_bus_error *reterr) {
        _cleanup_(run_request_done) RunRequest q = {.attach_fd = -EBADF, .start = start};
        Container *old;
        int r;

        r = read_request(message, &q, reterr);
        if (r < 0)
                return r;
        if (m->stopping)
                return sd_bus_error_set(reterr, BUS_ERROR_CANCELED, "caissond is being stopped");
        r = authorize_request(message, m, &q, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        old = q.config->replace && !isempty(q.name) ? string_map_get(m->names, q.name) : NULL;
        if (old) {
                bus_audit(message, old, "replace");
                if (container_state_is_at_rest(old->state))
                        (void) container_remove(old, /* force= */ false, NULL);
                else {
                        (void) container_remove(old, /* force= */ true, NULL);
                        return bus_wait(message, old, CONTAINER_CONDITION_REMOVED, run_after_replace,
                                        reterr);
                }
        }

        return create_and_start(message, m, &q, reterr);
}

int bus_method_create_container(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return create_or_run(message, userdata, /* start= */ false, reterr);
}

int bus_method_run_container(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return create_or_run(message, userdata, /* start= */ true, reterr);
}
