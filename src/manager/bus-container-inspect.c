/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "bus-container-property.h"
#include "bus-container.h"
#include "bus-error.h"
#include "bus-polkit.h"
#include "container-image.h"
#include "container-inspect.h"
#include "manager.h"
#include "scope.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"

/* What a method of a container has systemd answer before it can answer itself. The container may be gone by
 * then, so it is named, not held. */
typedef struct InspectCall {
        Manager *manager; /* weak: it outlives the bus */
        sd_bus_message *message;
        char id[CONTAINER_ID_LENGTH + 1];
        bool secrets;
} InspectCall;

static void inspect_call_free(void *p) {
        InspectCall *call = p;

        sd_bus_message_unref(call->message);
        free(call);
}

static int reply_inspect(sd_bus_message *message, const Container *c, const ResourceLimits *live,
                         bool secrets) {
        _cleanup_(freep) char *run_dir = NULL, *state_dir = NULL, *control_group = NULL;
        _cleanup_(strv_freep) char **layers = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        const char *text;
        int r;

        (void) container_image_layers(c->manager, c->image_id, &layers, NULL);
        (void) container_control_group(c, &control_group);
        run_dir = text_join(RUN_DIRECTORY "/containers/", c->id, NULL);
        state_dir = text_join(STATE_DIRECTORY "/containers/", c->id, NULL);
        if (!run_dir || !state_dir)
                return -ENOMEM;

        r = container_inspect(c->config,
                              &(ContainerFacts){
                                              .id = c->id,
                                              .name = c->name,
                                              .image_id = c->image_id,
                                              .image_name = c->image,
                                              .state = container_state_to_string(c->state),
                                              .error = c->error,
                                              .unit = c->unit,
                                              .control_group = control_group,
                                              .run_dir = run_dir,
                                              .state_dir = state_dir,
                                              .layers = layers,
                                              .pid = c->leader.pid,
                                              .exit_code = c->exit_code,
                                              .oom_killed = c->oom_killed,
                                              .restart_count = c->restart_count,
                                              .created_usec = c->created_usec,
                                              .started_usec = c->started_usec,
                                              .finished_usec = c->finished_usec,
                                              .userns_base = c->userns_base,
                              },
                              live, secrets, &o);
        if (r < 0)
                return r;
        text = json_text(o);
        if (!text)
                return -ENOMEM;
        return sd_bus_reply_method_return(message, "s", text);
}

static int on_limits(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        _cleanup_(resource_limits_done) ResourceLimits limits = RESOURCE_LIMITS_INIT;
        InspectCall *call = ASSERT_PTR(userdata);
        Container *c = string_map_get(call->manager->containers, call->id);
        bool live;
        int r;

        if (!c)
                return sd_bus_reply_method_errorf(call->message, BUS_ERROR_NO_SUCH_CONTAINER,
                                                  "Container %.12s has been removed", call->id);

        live = !sd_bus_message_get_error(reply) && resource_limits_read(reply, &limits) >= 0;
        r = reply_inspect(call->message, c, live ? &limits : NULL, call->secrets);
        if (r < 0)
                r = sd_bus_reply_method_errno(call->message, r, NULL);
        return r;
}

static int call_systemd(sd_bus_message *message, const Container *c, bool secrets, sd_bus_message *m,
                        sd_bus_message_handler_t handler) {
        InspectCall *call;
        sd_bus_slot *slot;
        int r;

        call = new0(InspectCall, 1);
        if (!call)
                return -ENOMEM;
        *call = (InspectCall){
                        .manager = c->manager, .message = sd_bus_message_ref(message), .secrets = secrets};
        memcpy(call->id, c->id, sizeof(call->id));

        r = sd_bus_call_async(c->manager->bus, &slot, m, handler, call, 0);
        if (r < 0) {
                inspect_call_free(call);
                return r;
        }

        /* The bus owns the slot, the slot the call */
        (void) sd_bus_slot_set_destroy_callback(slot, inspect_call_free);
        (void) sd_bus_slot_set_floating(slot, true);
        sd_bus_slot_unref(slot);
        return 1;
}

int bus_container_method_inspect(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Container *c = ASSERT_PTR(userdata);
        const char *version;
        bool secrets;
        uid_t uid;
        int r;

        r = sd_bus_message_read(message, "s", &version);
        if (r < 0)
                return r;
        if (!STR_IN_SET(version, "", "docker"))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "Unknown format '%s', expected 'docker'", version);

        r = bus_container_authorize(message, POLKIT_ACTION_INSPECT, c, "inspect", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = bus_sender_uid(message, &uid);
        if (r < 0)
                return r;
        if (!c->config)
                return sd_bus_error_setf(reterr, BUS_ERROR_FAILED,
                                         "The record of container %s is damaged: %s", c->name,
                                         strempty(c->error));

        secrets = uid == 0 || uid == c->owner_uid;
        if (container_state_is_at_rest(c->state) || !c->unit)
                return reply_inspect(message, c, NULL, secrets);

        r = scope_new_get_all(c->manager->scopes, c->unit, &m);
        if (r < 0)
                return r;
        return call_systemd(message, c, secrets, m, on_limits);
}

static int append_process(sd_bus_message *answer, uint32_t pid, const char *command) {
        char path[sizeof("/proc//stat") + 10], buffer[512];
        _cleanup_(closep) int fd = -EBADF;
        unsigned parent = 0;
        struct stat st;
        const char *p;
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/%u/stat", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return 0; /* it has ended meanwhile */
        n = loop_read(fd, buffer, sizeof(buffer) - 1);
        if (n < 0)
                return 0;
        buffer[n] = 0;
        p = strrchr(buffer, ')');
        if (!p || sscanf(p + 1, " %*c %u", &parent) != 1)
                return 0;

        return sd_bus_message_append(answer, "(uuus)", pid, parent, (uint32_t) st.st_uid, command);
}

static int on_processes(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        InspectCall *call = ASSERT_PTR(userdata);
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        Container *c = string_map_get(call->manager->containers, call->id);
        const char *command;
        uint32_t pid;
        int r;

        if (error || !c)
                return sd_bus_reply_method_errorf(call->message, BUS_ERROR_WRONG_STATE,
                                                  "Container %.12s does not run", call->id);

        r = sd_bus_message_new_method_return(call->message, &answer);
        if (r >= 0)
                r = sd_bus_message_open_container(answer, 'a', "(uuus)");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(sus)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(sus)", NULL, &pid, &command)) > 0)
                if ((pid_t) pid != c->supervisor.pid)
                        r = append_process(answer, pid, command);
        if (r >= 0)
                r = sd_bus_message_close_container(answer);
        if (r >= 0)
                r = sd_bus_send(NULL, answer, NULL);
        return r < 0 ? sd_bus_reply_method_errno(call->message, r, NULL) : r;
}

int bus_container_method_list_processes(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Container *c = ASSERT_PTR(userdata);
        int r;

        /* Arguments may hold secrets */
        r = bus_container_authorize(message, POLKIT_ACTION_INSPECT_SECRETS, c, "top", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        if (container_state_is_at_rest(c->state) || c->state == CONTAINER_STARTING || !c->unit)
                return sd_bus_error_setf(reterr, BUS_ERROR_WRONG_STATE,
                                         "container %s does not run, it is %s", c->name,
                                         container_state_to_string(c->state));

        r = scope_new_get_processes(c->manager->scopes, c->unit, &m);
        if (r < 0)
                return r;
        return call_systemd(message, c, /* secrets= */ true, m, on_processes);
}
