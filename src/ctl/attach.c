/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/attach.h"
#include "shared/fd.h"

#define INTERRUPTS_MAX 3U
#define SIGNALS_MAX    32U

/* One side never waits for the other: what cannot be written yet is kept, and nothing more is read for that direction.
 * Writing to our own standard streams must not block either, but they are often shared with other processes, so
 * O_NONBLOCK is not for us; after POLLOUT a pipe takes PIPE_BUF bytes. */
typedef struct Attach {
        const AttachOptions *options;
        int socket;
        int signal_fd;

        bool input_open;
        bool input_terminal;
        DetachKeys detach_keys;
        struct { /* on its way to the container */
                uint8_t data[1 + ATTACH_DATA_MAX];
                size_t size; /* 0: nothing */
        } in;

        struct { /* on its way to standard output or error */
                uint8_t data[1 + ATTACH_DATA_MAX];
                size_t size, done;
                int fd;
        } out;
        bool regular[STDERR_FILENO + 1]; /* a file: any amount can be written at once */
        bool lost[STDERR_FILENO + 1];    /* nobody reads it any more */

        bool resize_wanted;
        uint8_t signals[SIGNALS_MAX]; /* to pass on */
        size_t n_signals;
        unsigned interrupts;

        bool detaching;
        bool ended; /* of the stream */
        bool exited;
        int exit_code;
        AttachResult result;
} Attach;

int attach_make_sockets(int *ret_ours, int *ret_theirs, Error *reterr) {
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errnof(reterr, negative_errno(), "make a socket pair");
        r = fd_set_nonblock(pair[0], true);
        if (r < 0) {
                safe_close_pair(pair);
                return error_errnof(reterr, r, "make a socket pair");
        }
        *ret_ours = pair[0];
        *ret_theirs = pair[1];
        return 0;
}

static void signals_of_interest(const AttachOptions *o, sigset_t *set) {
        static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGPWR, SIGIO };

        sigemptyset(set);
        if (o->tty) {
                sigaddset(set, SIGWINCH);
                sigaddset(set, SIGTSTP);
                sigaddset(set, SIGCONT);
        }
        if (o->proxy_signals) {
                for (size_t i = 0; i < ELEMENTSOF(passed_on); i++)
                        sigaddset(set, passed_on[i]);
                for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
                        sigaddset(set, i);
        }
}

/* The last signal that came while the container was not there yet. */
static volatile sig_atomic_t early_signal;

static void on_early_signal(int signo) {
        if (early_signal)
                _exit(128 + signo); /* somebody means it */
        early_signal = signo;
}

int attach_prepare(const AttachOptions *o, Error *reterr) {
        static const int early[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
        const struct sigaction action = { .sa_handler = on_early_signal };
        struct sigaction old;

        for (size_t i = 0; o->proxy_signals && i < ELEMENTSOF(early); i++)
                if (sigaction(early[i], NULL, &old) < 0 ||
                    (old.sa_handler != SIG_IGN && sigaction(early[i], &action, NULL) < 0))
                        return error_errnof(reterr, negative_errno(), "catch signals");
        return 0;
}

/* From now on they come by the descriptor, the early one too. */
static int open_signals(const AttachOptions *o) {
        sigset_t set;
        int fd;

        signals_of_interest(o, &set);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return negative_errno();
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return negative_errno();
        if (early_signal)
                (void) raise(early_signal);
        return fd;
}

static int broken(Attach *a, int r) {
        if (r == -EPIPE || r == -ECONNRESET || r == -ENOTCONN) {
                a->input_open = false; /* the answer, if there is one, is read before the end */
                a->in.size = 0;
                a->n_signals = 0;
                a->resize_wanted = false;
                return 0;
        }
        return r;
}

/* 1: sent, 0: it would block, or the other side is gone. */
static int send_record(Attach *a, const void *data, size_t size) {
        if (send(a->socket, data, size, MSG_NOSIGNAL) >= 0)
                return 1;
        if (errno == EAGAIN || errno == EINTR)
                return 0;
        return broken(a, negative_errno());
}

static int flush_to_container(Attach *a) {
        int r = 1;

        while (r > 0 && a->n_signals > 0) {
                const uint8_t record[] = { ATTACH_SIGNAL, a->signals[0] };

                r = send_record(a, record, sizeof(record));
                if (r > 0)
                        memmove(a->signals, a->signals + 1, --a->n_signals);
        }
        if (r > 0 && a->resize_wanted) {
                struct _packed_ {
                        uint8_t type;
                        AttachSize size;
                } record = { .type = ATTACH_RESIZE };

                r = terminal_size(&record.size) ? send_record(a, &record, sizeof(record)) : 1;
                a->resize_wanted = r <= 0;
        }
        if (r > 0 && a->in.size > 0) {
                r = send_record(a, a->in.data, a->in.size);
                if (r > 0)
                        a->in.size = 0;
        }
        if (r > 0 && a->detaching) {
                const uint8_t record = ATTACH_DETACH;

                r = send_record(a, &record, 1);
                if (r > 0) {
                        a->result = ATTACH_RESULT_DETACHED;
                        a->ended = true;
                }
        }
        return MIN(r, 0);
}

static void queue_input(Attach *a, uint8_t type, size_t n) {
        a->in.data[0] = type;
        a->in.size = 1 + n;
}

static int read_input(Attach *a) {
        uint8_t typed[ATTACH_DATA_MAX - DETACH_KEYS_MAX];
        ssize_t n;
        size_t m;

        n = read(STDIN_FILENO, typed, sizeof(typed));
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) { /* a terminal that has hung up is an end too */
                a->input_open = false;
                queue_input(a, ATTACH_STDIN_END, 0);
                return 0;
        }

        a->detaching = detach_keys_filter(&a->detach_keys, typed, (size_t) n, a->in.data + 1, &m);
        if (m > 0)
                queue_input(a, ATTACH_STDIN, m);
        if (a->detaching)
                a->input_open = false;
        return 0;
}

static int read_socket(Attach *a) {
        AttachExit status;
        ssize_t n;

        /* The supervisor may have left with something of ours unread: the kernel says so first, once, and then gives us
         * what is there for us. */
        do
                n = recv(a->socket, a->out.data, sizeof(a->out.data), 0);
        while (n < 0 && (errno == EINTR || errno == ECONNRESET));
        if (n < 0 && errno == EAGAIN)
                return 0;
        if (n < 0)
                return negative_errno();
        if (n == 0) {
                a->ended = true;
                return 0;
        }

        switch (a->out.data[0]) {
        case ATTACH_STDOUT:
        case ATTACH_STDERR: {
                bool errors = a->out.data[0] == ATTACH_STDERR;

                if (errors ? !a->options->errors : !a->options->output)
                        break;
                a->out.fd = errors ? STDERR_FILENO : STDOUT_FILENO;
                if (a->lost[a->out.fd])
                        break;
                a->out.size = (size_t) n;
                a->out.done = 1;
                break;
        }
        case ATTACH_EXIT:
                if ((size_t) n < 1 + sizeof(status))
                        break;
                memcpy(&status, a->out.data + 1, sizeof(status));
                a->exited = true;
                a->exit_code = status.exit_code & 0xff;
                a->result = ATTACH_RESULT_ENDED;
                break;
        case ATTACH_DETACHED:
                a->result = ATTACH_RESULT_DETACHED;
                a->ended = true;
                break;
        default:
                break; /* from a newer supervisor */
        }
        return 0;
}

static int write_output(Attach *a) {
        size_t left = a->out.size - a->out.done;
        ssize_t n;

        n = write(a->out.fd, a->out.data + a->out.done, a->regular[a->out.fd] ? left : MIN(left, (size_t) PIPE_BUF));
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n < 0 && (errno == EBADF || errno == EPIPE || errno == EIO)) { /* closed: drop it, as a shell's ">&-" does */
                a->lost[a->out.fd] = true;
                n = (ssize_t) left;
        }
        if (n < 0)
                return negative_errno();
        a->out.done += (size_t) n;
        if (a->out.done >= a->out.size)
                a->out.size = a->out.done = 0;
        return 0;
}

static void stop_ourselves(Attach *a) {
        terminal_restore();
        raise(SIGSTOP);
        /* and here we go on */
        if (a->input_terminal)
                (void) terminal_make_raw(STDIN_FILENO, NULL);
        a->resize_wanted = true;
}

static int read_signal(Attach *a) {
        struct signalfd_siginfo info;
        ssize_t n;

        n = read(a->signal_fd, &info, sizeof(info));
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n != sizeof(info))
                return n < 0 ? negative_errno() : -EIO;

        switch (info.ssi_signo) {
        case SIGWINCH:
                a->resize_wanted = true;
                return 0;
        case SIGTSTP:
                stop_ourselves(a);
                return 0;
        case SIGCONT: /* we were stopped by SIGSTOP, and the shell has set up the terminal for itself meanwhile */
                if (a->input_terminal)
                        (void) terminal_make_raw(STDIN_FILENO, NULL);
                a->resize_wanted = true;
                return 0;
        default:
                break;
        }

        if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP) {
                if (a->exited) { /* all that is left is to wait for its removal */
                        a->ended = true;
                        return 0;
                }
                if (++a->interrupts >= INTERRUPTS_MAX) {
                        a->result = ATTACH_RESULT_GAVE_UP;
                        a->exit_code = 128 + (int) info.ssi_signo;
                        a->ended = true;
                }
        }
        if (a->n_signals < SIGNALS_MAX)
                a->signals[a->n_signals++] = (uint8_t) info.ssi_signo;
        return 0;
}

static int attach_turn(Attach *a) {
        enum { SOCKET, SIGNALS, INPUT, OUTPUT, _POLL_MAX };
        struct pollfd fds[_POLL_MAX] = {
                [SOCKET] = { .fd = a->socket },
                [SIGNALS] = { .fd = a->signal_fd, .events = POLLIN },
                [INPUT] = { .fd = -1, .events = POLLIN },
                [OUTPUT] = { .fd = -1, .events = POLLOUT },
        };
        int r = 0;

        if (a->out.size > 0)
                fds[OUTPUT].fd = a->out.fd;
        else
                fds[SOCKET].events |= POLLIN;
        if (a->in.size > 0 || a->n_signals > 0 || a->resize_wanted || a->detaching)
                fds[SOCKET].events |= POLLOUT;
        else if (a->input_open)
                fds[INPUT].fd = STDIN_FILENO;
        if (fds[SOCKET].events == 0)
                fds[SOCKET].fd = -1; /* else a hangup would wake us up again and again */

        if (poll(fds, _POLL_MAX, -1) < 0)
                return errno == EINTR ? 0 : negative_errno();

        if (fds[SIGNALS].revents)
                r = read_signal(a);
        if (r >= 0 && fds[OUTPUT].revents)
                r = write_output(a);
        if (r >= 0 && fds[INPUT].revents)
                r = read_input(a);
        if (r >= 0)
                r = flush_to_container(a);
        if (r >= 0 && a->out.size == 0 && !a->ended && fds[SOCKET].revents & (POLLIN | POLLHUP | POLLERR))
                r = read_socket(a);
        return r;
}

static int attach_loop(Attach *a) {
        int r = 0;

        while (r >= 0 && (!a->ended || a->out.size > 0) && a->result != ATTACH_RESULT_GAVE_UP)
                if (a->ended) { /* only the rest of the output is left */
                        struct pollfd fd = { .fd = a->out.fd, .events = POLLOUT };

                        if (poll(&fd, 1, -1) < 0 && errno != EINTR)
                                return negative_errno();
                        r = write_output(a);
                } else
                        r = attach_turn(a);
        return r;
}

int attach_run(int socket, const AttachOptions *o, AttachResult *ret, int *ret_exit_code, Error *reterr) {
        _cleanup_(freep) Attach *a = NULL;
        _cleanup_(closep) int signal_fd = -EBADF;
        int r;

        a = malloc(sizeof(Attach));
        if (!a)
                return error_oom(reterr);
        *a = (Attach) {
                .options = o,
                .socket = socket,
                .input_open = o->input,
                .input_terminal = o->input && o->tty && isatty(STDIN_FILENO) > 0,
                .resize_wanted = o->tty,
                .result = ATTACH_RESULT_LOST,
        };

        for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
                struct stat st;

                if (fstat(fd, &st) < 0)
                        a->lost[fd] = true;
                else
                        a->regular[fd] = S_ISREG(st.st_mode);
        }

        a->signal_fd = signal_fd = open_signals(o);
        if (signal_fd < 0)
                return error_errnof(reterr, signal_fd, "wait for signals");

        if (a->input_terminal) {
                a->detach_keys = o->detach_keys;
                r = terminal_make_raw(STDIN_FILENO, reterr);
                if (r < 0)
                        return r;
        }

        r = attach_loop(a);
        terminal_restore();
        if (r < 0)
                return error_errnof(reterr, r, "copy the container's streams");

        *ret = a->result;
        *ret_exit_code = a->exit_code;
        return 0;
}
