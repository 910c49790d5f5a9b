/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor/control.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "shared/fd.h"

static void handle_message(Source *source, uint32_t events _unused_) {
        Connection *from = CONTAINER_OF(source, Connection, source);
        Control *c = from->control;
        SupervisorMessage m;
        int fd = -EBADF;
        size_t n_fds = 1;
        ssize_t n;

        n = receive_with_fds(source->fd, &m, sizeof(m), &fd, &n_fds, MSG_DONTWAIT);
        if (n == -EAGAIN)
                return;
        if (n <= 0) {
                source_close(c->loop_fd, source);
                return;
        }

        /* Fields are only ever appended, and we read none that a message without them lacks */
        if ((size_t) n < offsetof(SupervisorMessage, message) || m.version != SUPERVISOR_PROTOCOL_VERSION) {
                if (n_fds > 0)
                        safe_close(fd);
                return;
        }

        c->handler(c->userdata, from, &m, n_fds > 0 ? fd : -EBADF);
}

static void handle_connection(Source *source, uint32_t events _unused_) {
        Control *c = CONTAINER_OF(source, Control, listener);
        _cleanup_(closep) int fd = -EBADF;
        struct ucred peer;

        fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
                return;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &(socklen_t) { sizeof(peer) }) < 0 || peer.uid != 0)
                return;

        for (size_t i = 1; i < ELEMENTSOF(c->connections); i++) {
                Connection *n = &c->connections[i];

                if (n->source.fd < 0) {
                        n->source.fd = TAKE_FD(fd);
                        if (source_watch(c->loop_fd, &n->source, EPOLLIN) < 0)
                                source_close(c->loop_fd, &n->source);
                        return;
                }
        }
}

static int open_listener(int run_dir_fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int fd = -EBADF;
        mode_t mask;
        int r;

        /* The path of the run directory may be too long for an address; a descriptor's never is */
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%i/" SUPERVISOR_SOCKET_NAME,
                        run_dir_fd);

        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;

        if (unlinkat(run_dir_fd, SUPERVISOR_SOCKET_NAME, 0) < 0 && errno != ENOENT)
                return -errno;

        mask = umask(0177);
        r = bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
        (void) umask(mask);
        if (r < 0)
                return r;

        if (listen(fd, CONNECTIONS_MAX) < 0)
                return -errno;

        return TAKE_FD(fd);
}

void control_init(Control *c, int loop_fd, int socket_fd, control_handler_t handler, void *userdata) {
        *c = (Control) CONTROL_INIT;
        c->loop_fd = loop_fd;
        c->listener.handle = handle_connection;
        c->handler = handler;
        c->userdata = userdata;

        for (size_t i = 0; i < ELEMENTSOF(c->connections); i++) {
                c->connections[i].source.handle = handle_message;
                c->connections[i].control = c;
        }
        c->connections[0].source.fd = socket_fd;
}

int control_listen(Control *c, int run_dir_fd) {
        int r;

        r = source_watch(c->loop_fd, &c->connections[0].source, EPOLLIN);
        if (r < 0)
                return r;

        c->listener.fd = open_listener(run_dir_fd);
        if (c->listener.fd < 0)
                return c->listener.fd;

        return source_watch(c->loop_fd, &c->listener, EPOLLIN);
}

void control_done(Control *c) {
        for (size_t i = 0; i < ELEMENTSOF(c->connections); i++)
                source_close(c->loop_fd, &c->connections[i].source);
        source_close(c->loop_fd, &c->listener);
}

void control_send(Connection *to, SupervisorMessage *m) {
        m->version = SUPERVISOR_PROTOCOL_VERSION;
        m->when_usec = now_usec(CLOCK_REALTIME);

        if (to->source.fd >= 0)
                (void) send(to->source.fd, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void control_send_all(Control *c, SupervisorMessage *m) {
        for (size_t i = 0; i < ELEMENTSOF(c->connections); i++)
                control_send(&c->connections[i], m);
}

bool control_has_starter(const Control *c) {
        return c->connections[0].source.fd >= 0;
}
