/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container-record.h"
#include "container-start.h"
#include "container.h"
#include "manager.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"

#define CGROUP_FILE_MAX (64U << 10)

static void on_exited(Container *c, const SupervisorMessage *m) {
        c->exit_known = true;
        c->exit_code = CLAMP(m->status, 0, 255);
        c->oom_killed = m->oom > 0;
        if (m->when_usec > 0)
                c->finished_usec = m->when_usec;
}

static void dispatch_message(Container *c, const SupervisorMessage *m) {
        switch (m->type) {
        case SUPERVISOR_CREATED:
                container_start_created(c, m->pid);
                break;

        case SUPERVISOR_STARTED:
                if (c->start)
                        container_start_started(c, m->when_usec);
                else if (c->started_usec == 0) /* caissond was restarted, and has asked */
                        c->started_usec = m->when_usec;
                break;

        case SUPERVISOR_FAILED:
                container_start_failed(c, m->status, m->error, m->message);
                break;

        case SUPERVISOR_EXITED:
                on_exited(c, m);
                break;

        default:
                log_debug("Container %s: unknown message %u from its supervisor, ignoring",
                          strempty(c->name), m->type);
        }
}

/* 1: there was a message; 0: none now; negative: never again. */
static int receive_message(Container *c) {
        SupervisorMessage m = {};
        size_t n_fds = 0;
        ssize_t n;

        n = receive_with_fds(c->control_fd, &m, sizeof(m), NULL, &n_fds, MSG_DONTWAIT);
        if (n == -EAGAIN || n == -EINTR)
                return 0;
        if (n <= 0)
                return n < 0 ? (int) n : -ECONNRESET;
        if ((size_t) n < sizeof(m) || m.version != SUPERVISOR_PROTOCOL_VERSION) {
                log_warning("Container %s: its supervisor speaks another protocol, ignoring",
                            strempty(c->name));
                return 1;
        }

        m.message[sizeof(m.message) - 1] = 0;
        dispatch_message(c, &m);
        return 1;
}

static int on_control(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Container *c = ASSERT_PTR(userdata);

        /* One message a turn: it may have closed the socket. The end of the stream is no news, that of the
         * process is. */
        if (receive_message(c) < 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static int on_supervisor_exit(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Container *c = ASSERT_PTR(userdata);
        siginfo_t info = {};

        while (c->control_fd >= 0 && receive_message(c) > 0)
                ;

        /* Not our child where caissond was restarted since: then there is nothing to reap */
        (void) waitid(P_PIDFD, (id_t) fd, &info, WEXITED | WNOHANG);

        if (!c->exit_known && !(c->start && container_start_has_failed(c))) {
                _cleanup_(closep) int dir_fd = container_open_run_dir(c);

                if (dir_fd >= 0)
                        (void) container_read_exit(c, dir_fd);
        }

        if (c->start)
                container_start_supervisor_gone(c);
        else
                container_ended(c);
        return 0;
}

int container_watch_supervisor(Container *c) {
        sd_event *event = c->manager->event;
        int r;

        r = sd_event_add_io(event, &c->supervisor_source, c->supervisor_pidfd, EPOLLIN, on_supervisor_exit,
                            c);
        if (r < 0)
                return r;
        if (c->control_fd < 0)
                return 0;
        return sd_event_add_io(event, &c->control_source, c->control_fd, EPOLLIN, on_control, c);
}

int container_send(Container *c, SupervisorMessageType type, int32_t argument, int fd) {
        SupervisorMessage m = {
                        .version = SUPERVISOR_PROTOCOL_VERSION,
                        .type = type,
                        .argument = argument,
        };
        ssize_t n;

        if (c->control_fd < 0)
                return -ENOTCONN;
        n = send_with_fds(c->control_fd, &m, sizeof(m), &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT | MSG_NOSIGNAL);
        return n < 0 ? (int) n : 0;
}

void container_forget_processes(Container *c) {
        c->supervisor_source = sd_event_source_disable_unref(c->supervisor_source);
        c->control_source = sd_event_source_disable_unref(c->control_source);
        c->machine_timer = sd_event_source_disable_unref(c->machine_timer);
        c->supervisor_pidfd = safe_close(c->supervisor_pidfd);
        c->leader_pidfd = safe_close(c->leader_pidfd);
        c->control_fd = safe_close(c->control_fd);
        c->supervisor = c->leader = (ProcessId){};
}

static int read_cgroup_file(pid_t pid, char **ret) {
        char path[sizeof("/proc//cgroup") + 11];
        _cleanup_(closep) int fd = -EBADF;

        snprintf(path, sizeof(path), "/proc/%i/cgroup", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        return read_full_fd(fd, CGROUP_FILE_MAX, ret, NULL);
}

int container_control_group(const Container *c, char **ret) {
        _cleanup_(strv_freep) char **lines = NULL;
        _cleanup_(freep) char *text = NULL;
        const char *group = NULL;
        int r;

        if (c->supervisor.pid <= 0)
                return -ESRCH;

        r = read_cgroup_file(c->supervisor.pid, &text);
        if (r < 0)
                return r;
        r = strv_split(text, "\n", &lines);
        if (r < 0)
                return r;

        STRV_FOREACH(l, lines) {
                const char *p = strstr(*l, ":name=systemd:");

                if (p)
                        group = p + strlen(":name=systemd:");
                else if (!group && startswith(*l, "0::"))
                        group = *l + 3;
        }
        if (!group)
                return -ENODATA;

        *ret = strdup(group);
        return *ret ? 0 : -ENOMEM;
}

int container_find_by_pid(Manager *m, pid_t pid, Container **ret) {
        _cleanup_(strv_freep) char **parts = NULL;
        _cleanup_(freep) char *text = NULL;
        Container *c;
        int r;

        r = read_cgroup_file(pid, &text);
        if (r < 0)
                return r;
        r = strv_split(text, "/\n", &parts);
        if (r < 0)
                return r;

        STRING_MAP_FOREACH(c, m->containers)
                if (c->unit && !container_state_is_at_rest(c->state) && strv_contains(parts, c->unit)) {
                        *ret = c;
                        return 0;
                }
        return -ESRCH;
}
