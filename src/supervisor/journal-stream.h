/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/macro.h"

/* A stream to journald, as standard output of a service is one: lines of what is written become entries. unit counts
 * for journald since root connects; it is what makes lines of processes that are gone again appear under the scope.
 * identifier is the SYSLOG_IDENTIFIER=. The socket is close-on-exec and blocking. */
int journal_stream_open(const char *identifier, const char *unit, int priority);

/* Writes as the process pid (so that the entry has its _PID=, _COMM= …, which are otherwise ours), but with our user, for
 * journald keeps a file of its own per user. As send() without waiting: the number of bytes, or -EAGAIN. */
ssize_t journal_stream_write(int fd, pid_t pid, const void *data, size_t size);
