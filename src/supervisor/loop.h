/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/epoll.h>

#include "shared/macro.h"

/* The smallest event loop that does: one event at a time, so that a handler may destroy any source, and interest that
 * is taken back leaves the epoll set, so that a hang-up nobody wants to hear of yet costs nothing. */

typedef struct Source Source;

struct Source {
        int fd;                                          /* owned */
        uint32_t events;                                 /* what is watched for; 0: not in the set */
        void (*handle)(Source *s, uint32_t events);
};

int loop_open(void);

/* events == 0: does not want to hear from it for now. */
int source_watch(int loop_fd, Source *s, uint32_t events);

/* Forgets and closes. */
void source_close(int loop_fd, Source *s);

/* Waits for one event and handles it. timeout_ms: -1 is forever. Returns 1, or 0 after the time. */
int loop_run_once(int loop_fd, int timeout_ms);

uint64_t now_usec(int clock);
