/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container.h"

/* A start under way: c->start is set from container_start() until its callback. The supervisor's messages:
 */
/* For when caissond ends: who waits is told, and the supervisor, which is not released, gives up by itself. */
void container_start_cancel(Container *c);

void container_start_created(Container *c, pid_t leader);
void container_start_started(Container *c, uint64_t when_usec);
void container_start_failed(Container *c, int failure, int error, const char *message);
void container_start_supervisor_gone(Container *c);
bool container_start_has_failed(const Container *c) _pure_;
