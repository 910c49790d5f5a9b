/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "ctl/polkit-agent.h"
#include "shared/error.h"

/* The connection to caissond. Nothing is opened before the first call: --help and mistakes need no bus. Calls wait for
 * as long as it takes: a person can interrupt them. Codes of errors: -ENOENT, no such container or image; -EACCES;
 * -ECONNREFUSED, caissond cannot be reached; otherwise whatever fits. */
typedef struct Client {
        sd_bus *bus;
        PolkitAgent agent;
        int exit_code; /* what the last failure asks for (126, 127); 0: nothing particular */
} Client;
#define CLIENT_INIT { .agent = { .pidfd = -EBADF } }

void client_done(Client *c);
int client_connect(Client *c, Error *reterr);

int client_new_call(Client *c, const char *path, const char *interface, const char *member, sd_bus_message **ret,
                    Error *reterr);
int client_send(Client *c, sd_bus_message *call, sd_bus_message **ret, Error *reterr); /* ret may be NULL */

/* The two at once; arguments as of sd_bus_message_append(). */
int client_call(Client *c, const char *path, const char *interface, const char *member, sd_bus_message **ret,
                Error *reterr, const char *types, ...);
#define client_call_manager(c, member, ret, reterr, ...)                                                     \
        client_call(c, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, member, ret, reterr, __VA_ARGS__)

/* The object of that name, id or prefix; *ret is owned by the caller. */
int client_get_container(Client *c, const char *name, char **ret, Error *reterr);
int client_get_image(Client *c, const char *name, char **ret, Error *reterr);

/* The identifier in the path of a container or image; owned by the caller. */
int object_path_to_id(const char *path, char **ret);

/* The sentence for what came back over the bus, or did not. */
int client_error(Client *c, const sd_bus_error *e, int r, Error *reterr);

int bus_message_failed(int r, Error *reterr); /* building or reading a message */
