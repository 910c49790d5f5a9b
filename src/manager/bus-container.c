/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "bus-container-property.h"
#include "bus-container.h"
#include "bus-error.h"
#include "bus-polkit.h"
#include "bus-wait.h"
#include "container-config.h"
#include "manager.h"
#include "scope.h"
#include "shared/bus-names.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"

#define STOP_TIMEOUT_MAX_USEC (24ULL * 3600U * 1000U * 1000U)

typedef enum RemoveFlags {
        REMOVE_FORCE = 1 << 0,
        REMOVE_VOLUMES = 1 << 1,
        _REMOVE_FLAGS_ALL = REMOVE_FORCE | REMOVE_VOLUMES,
} RemoveFlags;

char *bus_container_path(const Container *c) {
        return text_join(BUS_PATH_CONTAINER "/", c->id, NULL);
}

int bus_find_container(Manager *m, const char *name, Container **ret, sd_bus_error *reterr) {
        _cleanup_(error_done) Error e = {};
        int r;

        r = manager_find_container(m, name, ret, &e);
        return r < 0 ? bus_error_from(reterr, r, &e, BUS_ERROR_NO_SUCH_CONTAINER) : 0;
}

int bus_container_authorize(sd_bus_message *message, const char *action, const Container *c,
                            const char *verb, sd_bus_error *reterr) {
        char owner[sizeof("4294967295")];
        const char *details[] = {"container", c->name, "container-id", c->id, "image", c->image,
                                 "owner",     owner,   "verb",         verb,  NULL};

        snprintf(owner, sizeof(owner), "%u", c->owner_uid);
        return bus_authorize(message, action, details, c->manager->polkit, reterr);
}

void bus_audit(sd_bus_message *message, const Container *c, const char *verb) {
        char uid_text[16] = "", pid_text[16] = "";
        uid_t uid;
        pid_t pid;

        if (bus_sender(message, &uid, &pid) >= 0) {
                snprintf(uid_text, sizeof(uid_text), "%u", uid);
                snprintf(pid_text, sizeof(pid_text), "%i", pid);
        }

        log_struct(LOG_INFO,
                   LOG_FIELDS("MESSAGE_ID", "b0a3ac2a3a6f4a7bb7e2a5a4c2b6d1f7", "CAISSON_CONTAINER", c->name,
                              "CAISSON_CONTAINER_ID", c->id, "CAISSON_ACTION", verb, "CAISSON_UID", uid_text,
                              "CAISSON_PID", pid_text),
                   "Container %s: %s asked for by uid %s, pid %s", c->name, verb, uid_text, pid_text);
}

typedef struct StartCall {
        sd_bus_message *message;
        bool reply_path;
} StartCall;

static void on_started(Container *c, int r, SupervisorFailure failure, const Error *e, void *userdata) {
        _cleanup_(freep) StartCall *call = userdata;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = call->message;
        _cleanup_(freep) char *path = NULL;
        const char *name = NULL;

        if (r < 0) {
                if (failure == SUPERVISOR_FAILURE_NOT_FOUND)
                        name = BUS_ERROR_COMMAND_NOT_FOUND;
                else if (failure == SUPERVISOR_FAILURE_NOT_EXECUTABLE)
                        name = BUS_ERROR_COMMAND_NOT_RUNNABLE;
                else if (failure == SUPERVISOR_FAILURE_SETUP && r != -ECANCELED)
                        name = BUS_ERROR_FAILED;
                bus_reply_error(message, r, e, name);
                log_struct(LOG_NOTICE,
                           LOG_FIELDS("CAISSON_CONTAINER", c->name, "CAISSON_CONTAINER_ID", c->id), "%s",
                           error_message(e, r));
                return;
        }

        if (call->reply_path) {
                path = bus_container_path(c);
                r = path ? sd_bus_reply_method_return(message, "o", path) : -ENOMEM;
        } else
                r = sd_bus_reply_method_return(message, NULL);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot answer a caller, ignoring: %m");
}

int bus_container_start(sd_bus_message *message, Container *c, int attach_fd, bool reply_path,
                        sd_bus_error *reterr) {
        _cleanup_(freep) StartCall *call = new0(StartCall, 1);
        _cleanup_(error_done) Error e = {};
        int r;

        if (!call)
                return -ENOMEM;
        *call = (StartCall){.message = message, .reply_path = reply_path};

        r = container_start(c, attach_fd, on_started, call, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, NULL);

        sd_bus_message_ref(message);
        TAKE_PTR(call);
        return 1;
}

static int read_start_options(sd_bus_message *message, int *ret_attach_fd, sd_bus_error *reterr) {
        const char *key;
        int r;

        *ret_attach_fd = -EBADF;
        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = sd_bus_message_read(message, "s", &key);
                if (r >= 0 && streq(key, "AttachSocket"))
                        r = sd_bus_message_read(message, "v", "h", ret_attach_fd);
                else if (r >= 0 && streq(key, "Attach"))
                        r = sd_bus_message_skip(message,
                                                "v"); /* the supervisor sends what the container has */
                else if (r >= 0)
                        return sd_bus_error_setf(reterr, BUS_ERROR_INVALID_CONFIG, "Unknown option '%s'",
                                                 key);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(message);
}

static int check_flags(uint64_t flags, uint64_t known, sd_bus_error *reterr) {
        if (flags & ~known)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown flags 0x%llx",
                                         (unsigned long long) (flags & ~known));
        return 0;
}

static int method_start(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Container *c = ASSERT_PTR(userdata);
        int r, attach_fd;
        uint64_t flags;

        r = read_start_options(message, &attach_fd, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(message, "t", &flags);
        if (r < 0)
                return r;
        r = check_flags(flags, 0, reterr);
        if (r < 0)
                return r;

        r = bus_container_authorize(message, POLKIT_ACTION_MANAGE_CONTAINERS, c, "start", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        bus_audit(message, c, "start");
        /* As with docker, starting what runs is no mistake */
        if (attach_fd < 0 && (c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED))
                return sd_bus_reply_method_return(message, NULL);
        return bus_container_start(message, c, attach_fd, /* reply_path= */ false, reterr);
}

static int read_timeout(sd_bus_message *message, uint64_t *ret, sd_bus_error *reterr) {
        uint64_t timeout_usec, flags;
        int r;

        r = sd_bus_message_read(message, "tt", &timeout_usec, &flags);
        if (r < 0)
                return r;
        if (timeout_usec != UINT64_MAX && timeout_usec > STOP_TIMEOUT_MAX_USEC)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "The timeout is longer than a day");
        *ret = timeout_usec;
        return check_flags(flags, 0, reterr);
}

static int method_stop(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Container *c = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error e = {};
        uint64_t timeout_usec;
        int r;

        r = read_timeout(message, &timeout_usec, reterr);
        if (r < 0)
                return r;
        r = bus_container_authorize(message, POLKIT_ACTION_MANAGE_CONTAINERS, c, "stop", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        bus_audit(message, c, "stop");
        r = container_stop(c, timeout_usec, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, NULL);
        return bus_wait(message, c, CONTAINER_CONDITION_STOPPED, bus_wait_reply_empty, reterr);
}

static int start_again(sd_bus_message *message, Container *c, sd_bus_error *reterr) {
        if (c->given_up)
                return sd_bus_error_setf(reterr, BUS_ERROR_NO_SUCH_CONTAINER,
                                         "The container has been removed, as its --rm says");
        return bus_container_start(message, c, -EBADF, /* reply_path= */ false, reterr);
}

static int method_restart(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Container *c = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error e = {};
        uint64_t timeout_usec;
        int r;

        r = read_timeout(message, &timeout_usec, reterr);
        if (r < 0)
                return r;
        r = bus_container_authorize(message, POLKIT_ACTION_MANAGE_CONTAINERS, c, "restart", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        bus_audit(message, c, "restart");
        r = container_stop(c, timeout_usec, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, NULL);
        return bus_wait(message, c, CONTAINER_CONDITION_STOPPED, start_again, reterr);
}

static int method_kill(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Container *c = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error e = {};
        const char *whom;
        int32_t signo;
        int r;

        r = sd_bus_message_read(message, "si", &whom, &signo);
        if (r < 0)
                return r;
        if (!STR_IN_SET(whom, "", "leader", "all"))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "'%s' is neither 'leader' nor 'all'", whom);
        if (signo <= 0 || signo > SIGRTMAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "%i is not a signal", signo);

        r = bus_container_authorize(message, POLKIT_ACTION_MANAGE_CONTAINERS, c, "kill", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        bus_audit(message, c, "kill");
        r = container_kill(c, signo, streq(whom, "all"), &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, NULL);
        return sd_bus_reply_method_return(message, NULL);
}

static void on_frozen(int r, const Error *e, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = userdata;

        if (r < 0)
                bus_reply_error(message, -EOPNOTSUPP, e, NULL);
        else
                (void) sd_bus_reply_method_return(message, NULL);
}

static int pause_or_unpause(sd_bus_message *message, Container *c, bool freeze, sd_bus_error *reterr) {
        _cleanup_(error_done) Error e = {};
        int r;

        r = bus_container_authorize(message, POLKIT_ACTION_MANAGE_CONTAINERS, c,
                                    freeze ? "pause" : "unpause", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        if (c->state != (freeze ? CONTAINER_RUNNING : CONTAINER_PAUSED))
                return sd_bus_error_setf(reterr, BUS_ERROR_WRONG_STATE, "container %s is %s", c->name,
                                         container_state_to_string(c->state));

        bus_audit(message, c, freeze ? "pause" : "unpause");
        r = container_freeze(c, freeze, on_frozen, message, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, NULL);
        sd_bus_message_ref(message);
        return 1;
}

static int method_pause(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return pause_or_unpause(message, userdata, /* freeze= */ true, reterr);
}

static int method_unpause(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return pause_or_unpause(message, userdata, /* freeze= */ false, reterr);
}

static int method_rename(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Container *c = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error e = {};
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r < 0)
                return r;
        if (!object_name_is_valid(name))
                return sd_bus_error_setf(
                                reterr, BUS_ERROR_INVALID_CONFIG,
                                "'%.128s' is not a name: use up to %u letters, digits, '_', '.' and '-', "
                                "beginning with a letter or digit",
                                name, OBJECT_NAME_MAX);

        r = bus_container_authorize(message, POLKIT_ACTION_MANAGE_CONTAINERS, c, "rename", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        bus_audit(message, c, "rename");
        r = container_rename(c, name, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, NULL);
        return sd_bus_reply_method_return(message, NULL);
}

static int method_remove(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Container *c = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error e = {};
        uint64_t flags;
        int r;

        r = sd_bus_message_read(message, "t", &flags);
        if (r < 0)
                return r;
        r = check_flags(flags, _REMOVE_FLAGS_ALL, reterr);
        if (r < 0)
                return r;
        r = bus_container_authorize(message, POLKIT_ACTION_MANAGE_CONTAINERS, c, "remove", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        bus_audit(message, c, "remove");
        if (container_state_is_at_rest(c->state)) {
                r = container_remove(c, /* force= */ false, &e);
                return r < 0 ? bus_error_from(reterr, r, &e, NULL)
                             : sd_bus_reply_method_return(message, NULL);
        }
        r = container_remove(c, flags & REMOVE_FORCE, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, NULL);
        return bus_wait(message, c, CONTAINER_CONDITION_REMOVED, bus_wait_reply_empty, reterr);
}

static int method_attach(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Container *c = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error e = {};
        uint64_t flags;
        int r, fd;

        r = sd_bus_message_read(message, "ht", &fd, &flags);
        if (r < 0)
                return r;
        r = check_flags(flags, 1, reterr);
        if (r < 0)
                return r;
        r = bus_container_authorize(message, POLKIT_ACTION_EXEC, c, "attach", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        bus_audit(message, c, "attach");
        r = container_attach(c, fd, flags & 1, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, NULL);
        return sd_bus_reply_method_return(message, NULL);
}

static int reply_exit_code(sd_bus_message *message, Container *c, sd_bus_error *reterr) {
        return sd_bus_reply_method_return(message, "i", (int32_t) c->exit_code);
}

static int method_wait(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Container *c = ASSERT_PTR(userdata);
        ContainerCondition condition;
        const char *word;
        int r;

        r = sd_bus_message_read(message, "s", &word);
        if (r < 0)
                return r;
        condition = isempty(word) || streq(word, "stopped") ? CONTAINER_CONDITION_STOPPED
                                                            : container_condition_from_string(word);
        if (condition < 0)
                return sd_bus_error_setf(
                                reterr, SD_BUS_ERROR_INVALID_ARGS,
                                "'%s' is not a condition: expected not-running, next-exit or removed", word);

        r = bus_container_authorize(message, POLKIT_ACTION_INSPECT, c, "wait", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        return bus_wait(message, c, condition, reply_exit_code, reterr);
}

static const sd_bus_vtable container_vtable[] = {
                SD_BUS_VTABLE_START(0),
                SD_BUS_METHOD_WITH_ARGS("Start", SD_BUS_ARGS("a{sv}", options, "t", flags), SD_BUS_NO_RESULT,
                                        method_start, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_ARGS("t", timeout_usec, "t", flags), SD_BUS_NO_RESULT,
                                        method_stop, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Restart", SD_BUS_ARGS("t", timeout_usec, "t", flags),
                                        SD_BUS_NO_RESULT, method_restart, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("s", whom, "i", signal), SD_BUS_NO_RESULT,
                                        method_kill, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD("Pause", NULL, NULL, method_pause, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD("Unpause", NULL, NULL, method_unpause, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Rename", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, method_rename,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_ARGS("t", flags), SD_BUS_NO_RESULT, method_remove,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Attach", SD_BUS_ARGS("h", socket, "t", flags), SD_BUS_NO_RESULT,
                                        method_attach, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Wait", SD_BUS_ARGS("s", condition), SD_BUS_RESULT("i", exit_code),
                                        method_wait, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("Inspect", SD_BUS_ARGS("s", format_version),
                                        SD_BUS_RESULT("s", json), bus_container_method_inspect,
                                        SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_METHOD_WITH_ARGS("ListProcesses", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(uuus)", processes),
                                        bus_container_method_list_processes, SD_BUS_VTABLE_UNPRIVILEGED),

                SD_BUS_SIGNAL_WITH_ARGS("StateChanged", SD_BUS_ARGS("s", old, "s", new), 0),
                SD_BUS_SIGNAL_WITH_ARGS("Exited", SD_BUS_ARGS("i", code, "i", signal, "b", oom), 0),

                SD_BUS_PROPERTY("Id", "s", bus_container_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Name", "s", bus_container_get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Image", "o", bus_container_get_image, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("ImageReference", "s", bus_container_get_text, 0,
                                SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("ImageID", "s", bus_container_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("State", "s", bus_container_get_text, 0,
                                SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("ExitCode", "i", bus_container_get_number, 0,
                                SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("ExitSignal", "i", bus_container_get_number, 0,
                                SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("OOMKilled", "b", bus_container_get_bool, 0,
                                SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Error", "s", bus_container_get_text, 0,
                                SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Leader", "u", bus_container_get_number, 0,
                                SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Unit", "s", bus_container_get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("ControlGroup", "s", bus_container_get_control_group, 0, 0),
                SD_BUS_PROPERTY("OwnerUID", "u", bus_container_get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Created", "t", bus_container_get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Started", "t", bus_container_get_number, 0,
                                SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("Finished", "t", bus_container_get_number, 0,
                                SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("RestartCount", "u", bus_container_get_number, 0,
                                SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
                SD_BUS_PROPERTY("RestartPolicy", "s", bus_container_get_text, 0,
                                SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Labels", "a{ss}", bus_container_get_map, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Annotations", "a{ss}", bus_container_get_map, 0,
                                SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Command", "as", bus_container_get_list, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Environment", "as", bus_container_get_list, 0,
                                SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("UIDShift", "u", bus_container_get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_PROPERTY("Tty", "b", bus_container_get_bool, 0, SD_BUS_VTABLE_PROPERTY_CONST),
                SD_BUS_VTABLE_END,
};

static int find_container(sd_bus *bus, const char *path, const char *interface, void *userdata,
                          void **ret_found, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        const char *id = startswith(path, BUS_PATH_CONTAINER "/");

        *ret_found = id ? string_map_get(m->containers, id) : NULL;
        return *ret_found != NULL;
}

static int enumerate_containers(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                                sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(strv_freep) char **paths = NULL;
        Container *c;
        int r;

        STRING_MAP_FOREACH(c, m->containers) {
                r = strv_consume(&paths, bus_container_path(c));
                if (r < 0)
                        return r;
        }
        *ret_nodes = TAKE_PTR(paths);
        return 1;
}

int bus_container_export(Manager *m) {
        int r;

        r = sd_bus_add_fallback_vtable(m->bus, NULL, BUS_PATH_CONTAINER, BUS_IFACE_CONTAINER,
                                       container_vtable, find_container, m);
        if (r >= 0)
                r = sd_bus_add_node_enumerator(m->bus, NULL, BUS_PATH_CONTAINER, enumerate_containers, m);
        return r;
}
