/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/attach-protocol.h"
#include "supervisor/log-sink.h"
#include "supervisor/loop.h"

/* The container's standard streams between its processes, the clients that are attached and the log.
 *
 * Output is read in chunks. A chunk is offered to every client and to the log, and the next one is read only when all of
 * them have it: so a slow reader slows the container down, as a pipe would, and costs no memory. The client that started
 * the container is waited for without limit, one that attached later is thrown out when it has not taken anything for
 * CLIENT_STALL_USEC. Input is the same the other way around: while the container does not take what a client said, no
 * client is listened to.
 *
 * Where the log is the journal, the container's streams still are pipes and not sockets of journald: a socket cannot be
 * opened again through /dev/stdout or /proc/self/fd/1, which is how the images of nginx, httpd, php and others log; and
 * journald would file what a container's user wrote under a journal of that user's. The entries bear the PID of the
 * container's first process all the same. Who wants sockets has io.caisson.log-direct: then nothing is copied, and a
 * client that attaches later is told ATTACH_OUTPUT_ELSEWHERE and follows the journal. */

#define CLIENTS_MAX       16U
#define CLIENT_STALL_USEC 10000000U
#define REPLAY_SIZE       16384U

typedef struct Streams Streams;

typedef struct AttachClient {
        Source source;
        Streams *streams;       /* weak */
        bool starter;       /* has come with the start, not later */
        bool delivered;     /* has the current chunk */
        uint64_t stalled_usec; /* since when it does not take it */
} AttachClient;

/* The last bytes of a terminal's output. */
typedef struct Replay {
        size_t start;
        size_t size;
        uint8_t data[REPLAY_SIZE];
} Replay;

struct Streams {
        int loop_fd; /* weak */
        LogSink *log;
        bool terminal;
        bool interactive;
        bool direct;

        Source input;     /* pipe to standard input; with a terminal not used */
        Source output[2]; /* pipes from standard output and error; with a terminal [0] is its master */
        int terminal_peer; /* keeps the terminal from hanging up while nothing in the container has it open */

        AttachType chunk_type;
        size_t chunk_size; /* 0: none */
        size_t chunk_logged;
        Source log_source; /* its fd is the sink's */
        Replay *replay;

        size_t input_offset;
        size_t input_size; /* == input_offset: nothing waits */
        bool input_ended; /* and nothing more will come */

        AttachClient *clients[CLIENTS_MAX];

        void (*signal)(void *userdata, int signo); /* a client wants that sent to the first process */
        void *userdata;
};

#define STREAMS_INIT                                                                                           \
        { .input.fd = -EBADF, .output = { { .fd = -EBADF }, { .fd = -EBADF } }, .terminal_peer = -EBADF,     \
          .log_source.fd = -EBADF }

/* Makes the streams: ret are the container's ends, to be closed by the caller when it has them; -EBADF: /dev/null.
 * attached: a client is there from the start. */
int streams_open(Streams *s, const OciSpec *spec, int loop_fd, LogSink *log, bool attached, int ret[static 3],
               Error *reterr);
int streams_set_terminal(Streams *s, int master); /* takes it */
void streams_done(Streams *s);

/* Takes the socket, also on failure. */
int streams_add_client(Streams *s, int fd, bool starter, bool replay);

/* For the loop: how long it may wait, and what to do then. */
int streams_timeout_ms(const Streams *s);
void streams_check_stalled(Streams *s);

/* The first process is gone: reads what is left and hands it to everyone. */
void streams_drain(Streams *s);
/* The last a client hears. */
void streams_say_exit(Streams *s, int exit_code);

/* Between the files of this module. */
void streams_update(Streams *s);
void streams_push(Streams *s);
void streams_flush_input(Streams *s);
void streams_handle_stdout(Source *source, uint32_t events);
void streams_handle_stderr(Source *source, uint32_t events);
bool streams_read_output(Streams *s, unsigned i);
void streams_client_handle(Source *source, uint32_t events);
void streams_remove_client(Streams *s, AttachClient *c);
static inline bool streams_input_waits(const Streams *s) {
        return s->input_size > s->input_offset;
}
