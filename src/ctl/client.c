/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "ctl/client.h"
#include "shared/bus-names.h"
#include "shared/text.h"

void client_done(Client *c) {
        polkit_agent_close(&c->agent);
        c->bus = sd_bus_flush_close_unref(c->bus);
}

int client_connect(Client *c, Error *reterr) {
        int r;

        if (c->bus)
                return 0;

        r = sd_bus_open_system(&c->bus);
        if (r < 0) {
                c->bus = NULL;
                return error_set(reterr, -ECONNREFUSED, "cannot connect to the system bus: %s; is dbus running?",
                                 error_message(NULL, r));
        }

        c->agent = polkit_agent_open();
        (void) sd_bus_set_allow_interactive_authorization(c->bus, isatty(STDIN_FILENO) > 0);
        (void) sd_bus_set_method_call_timeout(c->bus, UINT64_MAX);
        return 0;
}

int bus_message_failed(int r, Error *reterr) {
        if (r == -ENOMEM)
                return error_oom(reterr);
        return error_set(reterr, r, "caissond and caissonctl do not understand each other (%s); are both of version %s?",
                         error_message(NULL, r), CAISSON_VERSION);
}

static const struct {
        const char *name;
        int code;
        int exit_code;
} bus_errors[] = {
        { BUS_ERROR_NO_SUCH_CONTAINER, -ENOENT, 0 },
        { BUS_ERROR_NO_SUCH_IMAGE, -ENOENT, 0 },
        { BUS_ERROR_NO_SUCH_JOB, -ENOENT, 0 },
        { BUS_ERROR_NAME_TAKEN, -EEXIST, 0 },
        { BUS_ERROR_IN_USE, -EBUSY, 0 },
        { BUS_ERROR_WRONG_STATE, -ESTALE, 0 },
        { BUS_ERROR_NOT_SUPPORTED, -EOPNOTSUPP, 0 },
        { BUS_ERROR_CANCELED, -ECANCELED, 0 },
        { BUS_ERROR_COMMAND_NOT_FOUND, -EIO, 127 },
        { BUS_ERROR_COMMAND_NOT_RUNNABLE, -EIO, 126 },
        { SD_BUS_ERROR_UNKNOWN_OBJECT, -ENOENT, 0 }, /* it was there a moment ago */
};

int client_error(Client *c, const sd_bus_error *e, int r, Error *reterr) {
        c->exit_code = 0;

        if (!e || !e->name)
                return error_set(reterr, r < 0 ? r : -EIO, "the connection to caissond broke: %s",
                                 error_message(NULL, r < 0 ? r : -EIO));

        for (size_t i = 0; i < ELEMENTSOF(bus_errors); i++)
                if (streq(e->name, bus_errors[i].name)) {
                        c->exit_code = bus_errors[i].exit_code;
                        return error_set(reterr, bus_errors[i].code, "%s", isempty(e->message) ? e->name : e->message);
                }

        if (STR_IN_SET(e->name, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return error_set(reterr, -ECONNREFUSED, "caisson is not installed on this system bus: "
                                 "nobody answers for " BUS_NAME);
        if (startswith(e->name, "org.freedesktop.DBus.Error.Spawn.") || startswith(e->name, "org.freedesktop.systemd1.") ||
            streq(e->name, SD_BUS_ERROR_TIMEOUT))
                return error_set(reterr, -ECONNREFUSED, "caissond could not be started: %s; "
                                 "see 'systemctl status caissond'", strempty(e->message));
        if (STR_IN_SET(e->name, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_DISCONNECTED))
                return error_set(reterr, -ECONNRESET, "caissond stopped before it could answer; "
                                 "see 'journalctl -u caissond'");
        if (STR_IN_SET(e->name, SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                       SD_BUS_ERROR_AUTH_FAILED))
                return error_set(reterr, -EACCES, "%s%s", isempty(e->message) ? "access denied" : e->message,
                                 geteuid() == 0 ? "" : "; run this as root or ask for the right in polkit");
        if (STR_IN_SET(e->name, SD_BUS_ERROR_UNKNOWN_METHOD, SD_BUS_ERROR_UNKNOWN_INTERFACE))
                return error_set(reterr, -EOPNOTSUPP, "the running caissond cannot do this: %s", strempty(e->message));

        return error_set(reterr, sd_bus_error_get_errno(e) > 0 ? -sd_bus_error_get_errno(e) : -EIO, "%s",
                         isempty(e->message) ? e->name : e->message);
}

int client_new_call(Client *c, const char *path, const char *interface, const char *member, sd_bus_message **ret,
                    Error *reterr) {
        int r;

        r = client_connect(c, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(c->bus, ret, BUS_NAME, path, interface, member);
        return r < 0 ? bus_message_failed(r, reterr) : 0;
}

int client_send(Client *c, sd_bus_message *call, sd_bus_message **ret, Error *reterr) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call(c->bus, call, UINT64_MAX, &e, ret);
        return r < 0 ? client_error(c, &e, r, reterr) : 0;
}

int client_call(Client *c, const char *path, const char *interface, const char *member, sd_bus_message **ret,
                Error *reterr, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        va_list ap;
        int r;

        r = client_new_call(c, path, interface, member, &call, reterr);
        if (r < 0)
                return r;

        va_start(ap, types);
        r = types ? sd_bus_message_appendv(call, types, ap) : 0;
        va_end(ap);
        if (r < 0)
                return bus_message_failed(r, reterr);

        return client_send(c, call, ret, reterr);
}

static int get_object(Client *c, const char *member, const char *name, char **ret, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;
        int r;

        if (!utf8_is_valid(name))
                return error_set(reterr, -ENOENT, "the name is not UTF-8");
        r = client_call_manager(c, member, &reply, reterr, "s", name);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return bus_message_failed(r, reterr);

        *ret = strdup(path);
        return *ret ? 0 : error_oom(reterr);
}

int client_get_container(Client *c, const char *name, char **ret, Error *reterr) {
        return get_object(c, "GetContainer", name, ret, reterr);
}

int client_get_image(Client *c, const char *name, char **ret, Error *reterr) {
        return get_object(c, "GetImage", name, ret, reterr);
}

int object_path_to_id(const char *path, char **ret) {
        static const char *const prefixes[] = { BUS_PATH_CONTAINER, BUS_PATH_IMAGE, BUS_PATH_JOB };

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                int r = sd_bus_path_decode(path, prefixes[i], ret);

                if (r != 0)
                        return r < 0 ? r : 0;
        }
        return -EINVAL;
}
