/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "shared/fd.h"
#include "supervisor/streams.h"

/* The message that is being dealt with: its type, then the data. */
static uint8_t message[1 + ATTACH_DATA_MAX];

static void close_input(Streams *s) {
        struct termios t;

        s->input_offset = s->input_size = 0;
        s->input_ended = false;

        if (!s->terminal) {
                source_close(s->loop_fd, &s->input);
                return;
        }

        /* What a person would type */
        if (tcgetattr(s->output[0].fd, &t) >= 0 && (t.c_lflag & ICANON))
                (void) !write(s->output[0].fd, &t.c_cc[VEOF], 1);
}

void streams_flush_input(Streams *s) {
        Source *to = s->terminal ? &s->output[0] : &s->input;

        while (streams_input_waits(s)) {
                ssize_t n = -1;

                if (to->fd >= 0)
                        n = write(to->fd, message + 1 + s->input_offset, s->input_size - s->input_offset);
                else
                        errno = EPIPE;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n < 0) { /* nobody will ever read it */
                        s->input_offset = s->input_size = 0;
                        if (!s->terminal)
                                source_close(s->loop_fd, to);
                        break;
                }
                s->input_offset += (size_t) n;
        }

        if (s->input_ended)
                close_input(s);
}

static void resize(Streams *s, const uint8_t *data, size_t size) {
        AttachSize a;

        if (!s->terminal || s->output[0].fd < 0 || size < sizeof(a))
                return;

        memcpy(&a, data, sizeof(a));
        (void) ioctl(s->output[0].fd, TIOCSWINSZ,
                     &(struct winsize) { .ws_row = a.rows, .ws_col = a.columns });
}

static void dispatch(Streams *s, AttachClient *c, size_t size) {
        static const uint8_t detached = ATTACH_DETACHED;

        switch (message[0]) {
        case ATTACH_STDIN:
                if (!s->interactive)
                        break;
                s->input_offset = 0;
                s->input_size = size;
                streams_flush_input(s);
                break;
        case ATTACH_STDIN_END:
                if (s->interactive)
                        close_input(s);
                break;
        case ATTACH_RESIZE:
                resize(s, message + 1, size);
                break;
        case ATTACH_SIGNAL:
                if (size >= 1 && message[1] > 0 && message[1] < _NSIG)
                        s->signal(s->userdata, message[1]);
                break;
        case ATTACH_DETACH:
                (void) send(c->source.fd, &detached, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
                streams_remove_client(s, c);
                break;
        default:
                break;
        }
}

void streams_client_handle(Source *source, uint32_t events) {
        AttachClient *c = CONTAINER_OF(source, AttachClient, source);
        Streams *s = c->streams;

        if (events & ~EPOLLOUT) {
                ssize_t n = streams_input_waits(s) ? -1 : recv(source->fd, message, sizeof(message),
                                                             MSG_DONTWAIT | MSG_TRUNC);

                if (streams_input_waits(s)) {
                        /* A hang-up while nobody is listened to: it shows again when somebody is */
                        if (!(events & EPOLLOUT))
                                (void) source_watch(s->loop_fd, source, 0);
                } else if (n > 0 && (size_t) n <= sizeof(message))
                        dispatch(s, c, (size_t) n - 1);
                else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
                        streams_remove_client(s, c);
        }

        streams_push(s);
        streams_update(s);
}

static int replay(const Streams *s, int fd) {
        const Replay *r = s->replay;
        size_t first;

        if (!r || r->size == 0)
                return 0;

        first = MIN(r->size, REPLAY_SIZE - r->start);
        for (int i = 0; i < 2; i++) {
                struct iovec iov[] = {
                        { .iov_base = (uint8_t[]) { ATTACH_STDOUT }, .iov_len = 1 },
                        { .iov_base = (void *) (i == 0 ? r->data + r->start : r->data),
                          .iov_len = i == 0 ? first : r->size - first },
                };
                struct msghdr m = { .msg_iov = iov, .msg_iovlen = ELEMENTSOF(iov) };

                if (iov[1].iov_len > 0 && sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                        return -errno;
        }

        return 0;
}

int streams_add_client(Streams *s, int fd, bool starter, bool want_replay) {
        _cleanup_(closep) int socket_fd = fd;
        static const uint8_t elsewhere = ATTACH_OUTPUT_ELSEWHERE;
        AttachClient *c;
        size_t i;
        int type, r;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t) { sizeof(type) }) < 0)
                return -errno;
        if (type != SOCK_SEQPACKET)
                return -EPROTOTYPE;

        for (i = 0; i < CLIENTS_MAX; i++)
                if (!s->clients[i])
                        break;
        if (i == CLIENTS_MAX)
                return -EUSERS;

        if (want_replay) {
                r = replay(s, fd);
                if (r < 0)
                        return r;
        }
        if (s->direct && send(fd, &elsewhere, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                return -errno;

        c = malloc(sizeof(AttachClient));
        if (!c)
                return -ENOMEM;
        *c = (AttachClient) {
                .source = { .fd = TAKE_FD(socket_fd), .handle = streams_client_handle },
                .streams = s,
                .starter = starter,
                .delivered = true, /* the chunk that others wait for is older than it, or part of the replay */
        };

        s->clients[i] = c;
        streams_update(s);
        return 0;
}

void streams_remove_client(Streams *s, AttachClient *c) {
        for (size_t i = 0; i < CLIENTS_MAX; i++)
                if (s->clients[i] == c)
                        s->clients[i] = NULL;

        source_close(s->loop_fd, &c->source);
        free(c);
}
