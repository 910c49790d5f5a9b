/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor/streams.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "shared/fd.h"

static void handle_input(Source *source, uint32_t events) {
        Streams *s = CONTAINER_OF(source, Streams, input);

        streams_flush_input(s);
        streams_update(s);
}

static void handle_log(Source *source, uint32_t events) {
        Streams *s = CONTAINER_OF(source, Streams, log_source);

        streams_push(s);
        streams_update(s);
}

/* One end is ours, the other the container's. */
static int make_pipe(int *ours, int *theirs, bool we_read) {
        int p[2], r;

        if (pipe2(p, O_CLOEXEC) < 0)
                return -errno;

        *ours = p[we_read ? 0 : 1];
        *theirs = p[we_read ? 1 : 0];

        /* Programs open /dev/stdout, often as another user than the first process's. The way there leads through the
         * /proc of a process that has it, so that the mode opens it to nobody else. */
        if (fchmod(*theirs, 0666) < 0)
                return -errno;

        r = fd_set_nonblock(*ours, true);
        return r < 0 ? r : 0;
}

int streams_open(Streams *s, const OciSpec *spec, int loop_fd, LogSink *log, bool attached, int ret[static 3],
               Error *reterr) {
        int r;

        *s = (Streams) STREAMS_INIT;
        s->loop_fd = loop_fd;
        s->log = log;
        s->terminal = spec->process.terminal;
        s->interactive = oci_spec_annotation_is_true(spec, "io.caisson.interactive");
        s->input.handle = handle_input;
        s->output[0].handle = streams_handle_stdout;
        s->output[1].handle = streams_handle_stderr;
        s->log_source.handle = handle_log;
        ret[0] = ret[1] = ret[2] = -EBADF;

        if (s->terminal)
                return 0;

        if (log->driver == LOG_DRIVER_PASSTHROUGH && !attached) {
                for (int i = 0; i < 3; i++) {
                        if (i == STDIN_FILENO && !s->interactive)
                                continue;
                        ret[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
                        if (ret[i] < 0)
                                return error_errnof(reterr, -errno, "Cannot pass descriptor %i through", i);
                }
                s->interactive = false;
                s->direct = true;
                return 0;
        }

        if (s->interactive) {
                r = make_pipe(&s->input.fd, &ret[STDIN_FILENO], /* we_read= */ false);
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot make standard input");
        }

        /* Without journald there is nothing to connect the container to: as if it had not been asked for */
        if (log->direct && !attached && log_sink_take_streams(log, ret + 1) >= 0) {
                s->direct = true;
                return 0;
        }

        for (int i = 0; i < 2; i++) {
                r = make_pipe(&s->output[i].fd, &ret[i + 1], /* we_read= */ true);
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot make standard output");
        }

        streams_update(s);
        return 0;
}

int streams_set_terminal(Streams *s, int master) {
        int r;

        s->output[0].fd = master;

        r = fd_set_nonblock(master, true);
        if (r < 0)
                return r;

        s->terminal_peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (s->terminal_peer < 0)
                return -errno;

        streams_update(s);
        return 0;
}

void streams_done(Streams *s) {
        for (size_t i = 0; i < CLIENTS_MAX; i++)
                if (s->clients[i])
                        streams_remove_client(s, s->clients[i]);

        source_close(s->loop_fd, &s->input);
        source_close(s->loop_fd, &s->output[0]);
        source_close(s->loop_fd, &s->output[1]);
        s->terminal_peer = safe_close(s->terminal_peer);
        s->replay = mfree(s->replay);
}

/* Watches for exactly what can be dealt with as things stand. */
void streams_update(Streams *s) {
        bool input_waits = streams_input_waits(s), chunk_waits = s->chunk_size > 0;
        bool log_waits = chunk_waits && s->chunk_logged < s->chunk_size;

        (void) source_watch(s->loop_fd, &s->input, input_waits ? EPOLLOUT : 0);
        (void) source_watch(s->loop_fd, &s->output[0],
                            (chunk_waits ? 0 : EPOLLIN) | (s->terminal && input_waits ? EPOLLOUT : 0));
        (void) source_watch(s->loop_fd, &s->output[1], chunk_waits ? 0 : EPOLLIN);

        if (log_waits) {
                s->log_source.fd = log_sink_fd(s->log, s->chunk_type == ATTACH_STDERR);
                (void) source_watch(s->loop_fd, &s->log_source, EPOLLOUT);
        }

        for (size_t i = 0; i < CLIENTS_MAX; i++) {
                AttachClient *c = s->clients[i];

                if (c)
                        (void) source_watch(s->loop_fd, &c->source,
                                            (input_waits ? 0 : EPOLLIN) |
                                                    (chunk_waits && !c->delivered ? EPOLLOUT : 0));
        }
}
