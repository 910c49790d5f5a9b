/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/cgroup.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/log.h"
#include "shared/parse.h"
#include "shared/process.h"
#include "shared/text.h"
#include "supervisor/exit-status.h"

#define OOM_SCORE_ADJUST "-800"

/* caissond has no network, and most of the host's files are read-only or not there for it; PID 1's namespaces are the
 * host. */
static int enter_host_namespaces(Error *reterr) {
        _cleanup_(closep) int host = pidfd_open_pid(1);

        if (host < 0)
                return error_errnof(reterr, host, "Cannot find the host's namespaces");
        if (setns(host, CLONE_NEWNS | CLONE_NEWNET) < 0)
                return error_errnof(reterr, -errno, "Cannot enter the host's mount and network namespaces");
        if (chdir("/") < 0)
                return error_errnof(reterr, -errno, "Cannot change to the root directory");

        return 0;
}

static int read_spec(Supervisor *s, Error *reterr) {
        _cleanup_(freep) char *text = NULL;
        const char *stop_signal;
        size_t size;
        int r;

        r = read_full_file_at(s->run_dir_fd, "config.json", JSON_SIZE_MAX, &text, &size);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot read config.json");

        r = oci_spec_parse("config.json", text, size, &s->spec, reterr);
        if (r < 0)
                return r;

        stop_signal = oci_spec_annotation(s->spec, "io.caisson.stop-signal");
        r = isempty(stop_signal) ? SIGTERM : parse_signal(stop_signal);
        s->stop_signal = r > 0 ? r : SIGTERM;
        return 0;
}

static void signal_payload(void *userdata, int signo) {
        Supervisor *s = userdata;

        if (s->pidfd.fd >= 0)
                (void) pidfd_signal(s->pidfd.fd, signo);
}

/* What systemd, or somebody who means the container, sends to all processes of the scope. */
static void handle_signal(Source *source, uint32_t events _unused_) {
        Supervisor *s = CONTAINER_OF(source, Supervisor, signals);
        struct signalfd_siginfo si;

        if (read(source->fd, &si, sizeof(si)) != sizeof(si))
                return;

        switch ((int) si.ssi_signo) {
        case SIGTERM:
                if (!s->released)
                        s->cancelled = true;
                signal_payload(s, s->stop_signal);
                break;
        case SIGHUP:
        case SIGINT:
        case SIGQUIT:
        case SIGUSR1:
        case SIGUSR2:
        case SIGCONT:
                signal_payload(s, (int) si.ssi_signo);
                break;
        default:
                if ((int) si.ssi_signo >= SIGRTMIN)
                        signal_payload(s, (int) si.ssi_signo);
        }
}

/* All signals but those of our own mistakes: we never die of one, except the one that nobody survives. */
static int take_signals(Supervisor *s) {
        static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
        sigset_t mask, mine;

        (void) sigfillset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(faults); i++)
                (void) sigdelset(&mask, faults[i]);
        if (sigprocmask(SIG_SETMASK, &mask, NULL) < 0)
                return -errno;

        /* SIGPIPE and SIGCHLD stay blocked and unread */
        mine = mask;
        (void) sigdelset(&mine, SIGPIPE);
        (void) sigdelset(&mine, SIGCHLD);

        s->signals.handle = handle_signal;
        s->signals.fd = signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK);
        if (s->signals.fd < 0)
                return -errno;

        return source_watch(s->loop_fd, &s->signals, EPOLLIN);
}

static void handle_exit(Source *source, uint32_t events _unused_) {
        CONTAINER_OF(source, Supervisor, pidfd)->gone = true;
}

/* Before its release the first process only says something when it has failed. runtime_container_release() knows what. */
static void handle_status(Source *source, uint32_t events _unused_) {
        CONTAINER_OF(source, Supervisor, status)->gone = true;
}

static void answer_query(Supervisor *s, Connection *to) {
        SupervisorMessage m = {
                .type = s->released ? SUPERVISOR_STARTED : SUPERVISOR_CREATED,
                .pid = s->pid,
        };

        control_send(to, &m);
}

static void handle_message(void *userdata, Connection *from, const SupervisorMessage *m, int fd) {
        Supervisor *s = userdata;
        int r;

        switch (m->type) {
        case SUPERVISOR_RELEASE:
                s->released = true;
                break;
        case SUPERVISOR_SIGNAL:
                if (m->argument > 0 && m->argument < _NSIG)
                        signal_payload(s, m->argument);
                break;
        case SUPERVISOR_QUERY:
                answer_query(s, from);
                break;
        case SUPERVISOR_ATTACH:
                if (fd < 0)
                        break;
                r = streams_add_client(&s->streams, TAKE_FD(fd), /* starter= */ false, m->argument & ATTACH_REPLAY);
                if (r < 0)
                        log_warning_errno(r, "Cannot attach a client: %m");
                break;
        default:
                break;
        }

        safe_close(fd);
}

static int iterate(Supervisor *s) {
        int r;

        r = loop_run_once(s->loop_fd, streams_timeout_ms(&s->streams));
        if (r == 0)
                streams_check_stalled(&s->streams);
        return r < 0 ? r : 0;
}

static int create(Supervisor *s, Error *reterr) {
        RuntimeOptions options = RUNTIME_OPTIONS_INIT;
        _cleanup_(closep) int in = -EBADF, out = -EBADF, err = -EBADF;
        struct stat st;
        bool attached;
        int r;

        attached = fstat(SUPERVISOR_FD_ATTACH, &st) >= 0 && S_ISSOCK(st.st_mode);

        r = log_sink_open(&s->log, s->spec, s->id, reterr);
        if (r < 0)
                return r;

        r = streams_open(&s->streams, s->spec, s->loop_fd, &s->log, attached, options.stdio, reterr);
        in = options.stdio[0];
        out = options.stdio[1];
        err = options.stdio[2];
        if (r < 0)
                return r;
        s->streams.signal = signal_payload;
        s->streams.userdata = s;

        if (attached) {
                r = streams_add_client(&s->streams, SUPERVISOR_FD_ATTACH, /* starter= */ true, /* replay= */ false);
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot use the client's socket");
        } else
                safe_close(SUPERVISOR_FD_ATTACH);

        options.bundle_fd = s->run_dir_fd;
        options.seccomp_fd = s->seccomp_fd;

        r = runtime_container_create(s->spec, &options, &s->container, reterr);
        if (r < 0)
                return r;

        s->pid = s->log.pid = runtime_container_pid(s->container);
        s->pidfd.handle = handle_exit;
        s->pidfd.fd = fcntl(runtime_container_pidfd(s->container), F_DUPFD_CLOEXEC, 3);
        if (s->pidfd.fd < 0)
                return error_errnof(reterr, -errno, "Cannot watch the container's first process");

        return 0;
}

/* What is dear to us is not to the kernel: our own score would be inherited. */
static int set_oom_score_of_payload(Supervisor *s) {
        char path[sizeof("/proc//oom_score_adj") + 20];

        if (s->spec->process.oom_score_adj.set)
                return 0;

        (void) snprintf(path, sizeof(path), "/proc/%i/oom_score_adj", s->pid);
        return write_string_at(AT_FDCWD, path, "0");
}

static int wait_for_release(Supervisor *s, Error *reterr) {
        int r;

        s->status.handle = handle_status;
        s->status.fd = fcntl(runtime_container_status_fd(s->container), F_DUPFD_CLOEXEC, 3);
        if (s->status.fd < 0)
                return error_errnof(reterr, -errno, "Cannot watch the container's first process");
        r = source_watch(s->loop_fd, &s->status, EPOLLIN);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot watch the container's first process");

        while (!s->released && !s->gone) {
                if (s->cancelled)
                        return error_set(reterr, -EINTR, "The start was interrupted by a signal");

                /* It has the scope made; without it nobody would know of this container */
                if (!control_has_starter(&s->control))
                        return -ECANCELED;

                r = iterate(s);
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot wait");
        }

        source_close(s->loop_fd, &s->status);
        return 0;
}

static int start(Supervisor *s, Error *reterr) {
        SupervisorMessage created = { .type = SUPERVISOR_CREATED }, started = { .type = SUPERVISOR_STARTED };
        int master, r;

        r = create(s, reterr);
        if (r < 0)
                return r;

        created.pid = s->pid;
        control_send(&s->control.connections[0], &created);

        /* While systemd makes the scope */
        r = set_oom_score_of_payload(s);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot set the container's OOM score");

        r = runtime_container_setup(s->container, reterr);
        if (r < 0)
                return r;

        if (s->streams.terminal) {
                master = runtime_container_take_terminal(s->container);
                r = master < 0 ? master : streams_set_terminal(&s->streams, master);
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot use the container's terminal");
        }

        r = wait_for_release(s, reterr);
        if (r < 0)
                return r;

        s->memory_events_fd = cgroup_open_memory_events(0);
        if (s->memory_events_fd >= 0)
                (void) cgroup_read_oom_kills(s->memory_events_fd, &s->oom_kills_before);

        r = runtime_container_release(s->container, reterr);
        if (r < 0)
                return r;

        s->gone = false;
        started.pid = s->pid;
        control_send_all(&s->control, &started);
        return 0;
}

/* The start needed memory and descriptors; waiting needs next to none. */
static void settle(Supervisor *s) {
        s->container = runtime_container_free(s->container);
        s->spec = oci_spec_free(s->spec);
        s->seccomp_fd = safe_close(s->seccomp_fd);
        (void) malloc_trim(0);
}

static void say_failure(Supervisor *s, int error, const Error *why) {
        SupervisorMessage m = {
                .type = SUPERVISOR_FAILED,
                .status = SUPERVISOR_FAILURE_SETUP,
                .error = error,
        };

        if (s->container) {
                RuntimeFailure f = runtime_container_failure(s->container);

                if (f == RUNTIME_FAILURE_NOT_EXECUTABLE)
                        m.status = SUPERVISOR_FAILURE_NOT_EXECUTABLE;
                else if (f == RUNTIME_FAILURE_NOT_FOUND)
                        m.status = SUPERVISOR_FAILURE_NOT_FOUND;
        }

        (void) snprintf(m.message, sizeof(m.message), "%s", error_message(why, error));
        control_send_all(&s->control, &m);
}

static int finish(Supervisor *s, Error *reterr) {
        ExitStatus e = { .finished_usec = now_usec(CLOCK_REALTIME) };
        SupervisorMessage m = { .type = SUPERVISOR_EXITED, .pid = s->pid };
        siginfo_t si = {};
        int r;

        /* It is a zombie until the last of its lines bears its PID */
        streams_drain(&s->streams);

        if (s->memory_events_fd >= 0 && cgroup_read_oom_kills(s->memory_events_fd, &e.oom_count) >= 0)
                e.oom_count -= MIN(e.oom_count, s->oom_kills_before);

        if (waitid(P_PIDFD, (id_t) s->pidfd.fd, &si, WEXITED) < 0)
                return error_errnof(reterr, -errno, "Cannot learn how the container ended");
        if (si.si_code != CLD_EXITED)
                e.signal = si.si_status;
        e.exit_code = e.signal > 0 ? 128 + e.signal : si.si_status;

        log_sink_done(&s->log);

        r = exit_status_write(&e, s->run_dir_fd);
        if (r < 0)
                log_error_errno(r, "Cannot write the exit status: %m");

        m.status = e.exit_code;
        m.oom = (uint32_t) MIN(e.oom_count, (uint64_t) UINT32_MAX);
        control_send_all(&s->control, &m);
        streams_say_exit(&s->streams, e.exit_code);
        return r;
}

static void supervisor_done(Supervisor *s) {
        s->container = runtime_container_free(s->container);
        s->spec = oci_spec_free(s->spec);
        streams_done(&s->streams);
        log_sink_done(&s->log);
        control_done(&s->control);
        source_close(s->loop_fd, &s->status);
        source_close(s->loop_fd, &s->signals);
        source_close(s->loop_fd, &s->pidfd);
        safe_close(s->memory_events_fd);
        safe_close(s->seccomp_fd);
        safe_close(s->run_dir_fd);
        safe_close(s->loop_fd);
}

int supervisor_run(const char *id, Error *reterr) {
        _cleanup_(supervisor_done) Supervisor s = {
                .id = id,
                .control = CONTROL_INIT,
                .run_dir_fd = SUPERVISOR_FD_RUN_DIR,
                .seccomp_fd = SUPERVISOR_FD_SECCOMP,
                .loop_fd = -EBADF,
                .pidfd.fd = -EBADF,
                .signals.fd = -EBADF,
                .status.fd = -EBADF,
                .log.streams = PAIR_OF_EBADF,
                .streams = STREAMS_INIT,
                .memory_events_fd = -EBADF,
        };
        int r;

        s.loop_fd = loop_open();
        if (s.loop_fd < 0)
                return error_errnof(reterr, s.loop_fd, "Cannot make a loop");

        for (int fd = SUPERVISOR_FD_CONTROL; fd <= SUPERVISOR_FD_SECCOMP; fd++) {
                r = fd_set_cloexec(fd, true);
                if (r < 0)
                        return error_errnof(reterr, r, "Descriptor %i is missing", fd);
        }

        control_init(&s.control, s.loop_fd, SUPERVISOR_FD_CONTROL, handle_message, &s);

        r = enter_host_namespaces(reterr);
        if (r >= 0) {
                r = control_listen(&s.control, s.run_dir_fd);
                if (r < 0)
                        error_errnof(reterr, r, "Cannot make the control socket");
        }
        if (r >= 0) {
                r = take_signals(&s);
                if (r < 0)
                        error_errnof(reterr, r, "Cannot take signals");
        }
        if (r >= 0) {
                r = write_string_at(AT_FDCWD, "/proc/self/oom_score_adj", OOM_SCORE_ADJUST);
                if (r < 0) /* without CAP_SYS_RESOURCE: then it is as it was */
                        log_debug_errno(r, "Cannot lower our OOM score, ignoring: %m");
                r = read_spec(&s, reterr);
        }
        if (r >= 0)
                r = start(&s, reterr);
        if (r < 0) {
                if (r != -ECANCELED)
                        say_failure(&s, r, reterr);
                return r;
        }

        settle(&s);

        r = source_watch(s.loop_fd, &s.pidfd, EPOLLIN);
        while (r >= 0 && !s.gone)
                r = iterate(&s);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot wait for the container");

        return finish(&s, reterr);
}
