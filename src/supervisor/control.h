/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/supervisor-protocol.h"
#include "supervisor/loop.h"

/* What caissond says to us and hears from us: over the socket it gave us at the start, and over connections to the socket
 * in the run directory that a caissond makes which was started after us. */

#define CONNECTIONS_MAX 4U

typedef struct Control Control;

typedef struct Connection {
        Source source;
        Control *control; /* weak */
} Connection;

/* fd: a descriptor that came along, or -EBADF; the handler takes it. */
typedef void (*control_handler_t)(void *userdata, Connection *from, const SupervisorMessage *m, int fd);

struct Control {
        int loop_fd; /* weak */
        Source listener;
        Connection connections[1 + CONNECTIONS_MAX]; /* the first one is that of the start */
        control_handler_t handler;
        void *userdata;
};

#define CONTROL_INIT                                                                                         \
        { .listener.fd = -EBADF, .connections = { [0 ... CONNECTIONS_MAX] = { .source.fd = -EBADF } } }

void control_init(Control *c, int loop_fd, int socket_fd, control_handler_t handler, void *userdata); /* takes socket_fd */
/* Makes the socket in the run directory. */
int control_listen(Control *c, int run_dir_fd);
void control_done(Control *c);

/* version and time are filled in. Who does not read fast enough does not get it: what matters is in files, too. */
void control_send(Connection *to, SupervisorMessage *m);
void control_send_all(Control *c, SupervisorMessage *m);

/* Whether the caissond that started us is still there. */
bool control_has_starter(const Control *c) _pure_;
