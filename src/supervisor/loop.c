/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor/loop.h"

#include <time.h>

#include "shared/fd.h"

int loop_open(void) {
        int fd = epoll_create1(EPOLL_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int source_watch(int loop_fd, Source *s, uint32_t events) {
        struct epoll_event e = { .events = events, .data.ptr = s };
        int op = events == 0 ? EPOLL_CTL_DEL : s->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

        if (s->fd < 0 || events == s->events)
                return 0;

        if (epoll_ctl(loop_fd, op, s->fd, &e) < 0 && events != 0) /* who is not in there is out */
                return -errno;

        s->events = events;
        return 0;
}

void source_close(int loop_fd, Source *s) {
        (void) source_watch(loop_fd, s, 0);
        s->fd = safe_close(s->fd);
}

int loop_run_once(int loop_fd, int timeout_ms) {
        struct epoll_event e;
        int n;

        n = epoll_wait(loop_fd, &e, 1, timeout_ms);
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        if (n == 0)
                return 0;

        Source *s = e.data.ptr;
        s->handle(s, e.events);
        return 1;
}

uint64_t now_usec(int clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * 1000000U + (uint64_t) ts.tv_nsec / 1000U;
}
