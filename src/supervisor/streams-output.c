/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "shared/fd.h"
#include "supervisor/streams.h"

#define FINISH_WAIT_USEC 5000000U
#define FINISH_BUFFER    (4 << 20)
#define UNREAD_MAX       1024U /* messages: more do not fit into a socket as it comes */
#define DRAIN_MAX        (64U << 20) /* reads of ATTACH_DATA_MAX at most, not all of them full */

/* The current chunk as it goes to the clients: its type, then the data. Not in Streams, so that pages of it that were
 * never needed are never there. */
static uint8_t chunk[1 + ATTACH_DATA_MAX];

static void replay_append(Streams *s, const uint8_t *data, size_t size) {
        Replay *r;

        if (!s->replay) {
                s->replay = calloc(1, sizeof(Replay));
                if (!s->replay)
                        return;
        }
        r = s->replay;

        if (size > REPLAY_SIZE) {
                data += size - REPLAY_SIZE;
                size = REPLAY_SIZE;
        }

        for (size_t done = 0; done < size;) {
                size_t end = (r->start + r->size) % REPLAY_SIZE;
                size_t n = MIN(size - done, REPLAY_SIZE - end);

                memcpy(r->data + end, data + done, n);
                done += n;
                r->size += n;
                if (r->size > REPLAY_SIZE) {
                        r->start = (r->start + r->size - REPLAY_SIZE) % REPLAY_SIZE;
                        r->size = REPLAY_SIZE;
                }
        }
}

static void send_to_clients(Streams *s, bool *waits) {
        for (size_t i = 0; i < CLIENTS_MAX; i++) {
                AttachClient *c = s->clients[i];

                if (!c || c->delivered)
                        continue;

                if (send(c->source.fd, chunk, 1 + s->chunk_size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
                        c->delivered = true;
                        c->stalled_usec = 0;
                } else if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
                        if (c->stalled_usec == 0)
                                c->stalled_usec = now_usec(CLOCK_MONOTONIC);
                        *waits = true;
                } else
                        streams_remove_client(s, c);
        }
}

/* Hands the current chunk to those who do not have it yet. */
void streams_push(Streams *s) {
        bool waits = false;

        if (s->chunk_size == 0)
                return;

        send_to_clients(s, &waits);

        /* The sink may close its descriptor while it writes */
        (void) source_watch(s->loop_fd, &s->log_source, 0);
        s->log_source.fd = -EBADF;

        while (s->chunk_logged < s->chunk_size) {
                ssize_t n = log_sink_write(s->log, s->chunk_type == ATTACH_STDERR, chunk + 1 + s->chunk_logged,
                                           s->chunk_size - s->chunk_logged);
                if (n == -EAGAIN) {
                        waits = true;
                        break;
                }
                s->chunk_logged += (size_t) n;
        }

        if (!waits)
                s->chunk_size = 0;
}

/* A program in the container has had its terminal hung up (vhangup(), as getty does): the next one opens it again. */
static void reopen_terminal(Streams *s) {
        int fd = ioctl(s->output[0].fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

        if (fd < 0) {
                source_close(s->loop_fd, &s->output[0]);
                return;
        }

        safe_close(s->terminal_peer);
        s->terminal_peer = fd;
}

/* Reads the next chunk and hands it out. False: there is nothing at the moment, or never again. */
bool streams_read_output(Streams *s, unsigned i) {
        ssize_t n;

        if (s->output[i].fd < 0 || s->chunk_size > 0)
                return false;

        n = read(s->output[i].fd, chunk + 1, ATTACH_DATA_MAX);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return false;
        if (n < 0 && errno == EIO && s->terminal && s->terminal_peer >= 0) {
                reopen_terminal(s);
                return false;
        }
        if (n <= 0) {
                source_close(s->loop_fd, &s->output[i]);
                return false;
        }

        s->chunk_type = i == 0 ? ATTACH_STDOUT : ATTACH_STDERR;
        s->chunk_size = (size_t) n;
        s->chunk_logged = 0;
        chunk[0] = (uint8_t) s->chunk_type;
        for (size_t k = 0; k < CLIENTS_MAX; k++)
                if (s->clients[k])
                        s->clients[k]->delivered = false;

        if (s->terminal)
                replay_append(s, chunk + 1, (size_t) n);

        streams_push(s);
        return true;
}

static void handle(Streams *s, unsigned i, uint32_t events) {
        if (events & EPOLLOUT)
                streams_flush_input(s);
        if (events & ~EPOLLOUT)
                (void) streams_read_output(s, i);
        streams_update(s);
}

void streams_handle_stdout(Source *source, uint32_t events) {
        handle(CONTAINER_OF(source, Streams, output[0]), 0, events);
}

void streams_handle_stderr(Source *source, uint32_t events) {
        handle(CONTAINER_OF(source, Streams, output[1]), 1, events);
}

int streams_timeout_ms(const Streams *s) {
        uint64_t first = UINT64_MAX, now;

        if (s->chunk_size == 0)
                return -1;

        for (size_t i = 0; i < CLIENTS_MAX; i++) {
                const AttachClient *c = s->clients[i];

                if (c && !c->starter && c->stalled_usec > 0)
                        first = MIN(first, c->stalled_usec + CLIENT_STALL_USEC);
        }
        if (first == UINT64_MAX)
                return -1;

        now = now_usec(CLOCK_MONOTONIC);
        return first <= now ? 0 : (int) ((first - now) / 1000U) + 1;
}

void streams_check_stalled(Streams *s) {
        uint64_t now;

        if (s->chunk_size == 0)
                return;

        now = now_usec(CLOCK_MONOTONIC);
        for (size_t i = 0; i < CLIENTS_MAX; i++) {
                AttachClient *c = s->clients[i];

                if (c && !c->starter && c->stalled_usec > 0 && now >= c->stalled_usec + CLIENT_STALL_USEC)
                        streams_remove_client(s, c);
        }

        streams_push(s);
        streams_update(s);
}

/* As much as can be left in pipes fits into the sockets, where it is still read when we are gone. */
static void widen_sockets(Streams *s) {
        static const int size = FINISH_BUFFER;

        for (size_t i = 0; i < CLIENTS_MAX; i++) {
                int fd = s->clients[i] ? s->clients[i]->source.fd : -EBADF;

                if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
                        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        }

        log_sink_expect_end(s->log);
}

/* Whoever does not even take that within the time is given up. */
static void push_at_end(Streams *s) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + FINISH_WAIT_USEC;

        for (;;) {
                struct pollfd fds[CLIENTS_MAX + 1];
                nfds_t n = 0;

                streams_push(s);
                if (s->chunk_size == 0)
                        return;
                if (now_usec(CLOCK_MONOTONIC) >= deadline)
                        break;

                for (size_t i = 0; i < CLIENTS_MAX; i++)
                        if (s->clients[i] && !s->clients[i]->delivered)
                                fds[n++] = (struct pollfd) { .fd = s->clients[i]->source.fd, .events = POLLOUT };
                if (s->chunk_logged < s->chunk_size)
                        fds[n++] = (struct pollfd) { .fd = log_sink_fd(s->log, s->chunk_type == ATTACH_STDERR),
                                                     .events = POLLOUT };
                (void) poll(fds, n, 100);
        }

        for (size_t i = 0; i < CLIENTS_MAX; i++)
                if (s->clients[i] && !s->clients[i]->delivered)
                        streams_remove_client(s, s->clients[i]);
        s->chunk_size = 0;
}

void streams_drain(Streams *s) {
        widen_sockets(s);
        s->terminal_peer = safe_close(s->terminal_peer);

        push_at_end(s);
        for (unsigned i = 0; i < ELEMENTSOF(s->output); i++)
                /* Processes that were not in the container's PID namespace may go on writing */
                for (size_t n = 0; n < DRAIN_MAX && streams_read_output(s, i); n += ATTACH_DATA_MAX)
                        push_at_end(s);
}

void streams_say_exit(Streams *s, int exit_code) {
        const struct _packed_ {
                uint8_t type;
                AttachExit exit;
        } last = { ATTACH_EXIT, { exit_code } };

        for (size_t i = 0; i < CLIENTS_MAX; i++) {
                AttachClient *c = s->clients[i];

                if (!c)
                        continue;

                (void) send(c->source.fd, &last, sizeof(last), MSG_DONTWAIT | MSG_NOSIGNAL);

                /* Closing with something unread is an error for the other side, which it sees before what we sent */
                for (size_t n = 0; n < UNREAD_MAX && recv(c->source.fd, chunk, 1, MSG_DONTWAIT) > 0; n++)
                        ;
                streams_remove_client(s, c);
        }
}
