/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "macro.h"

/* The little that is read of cgroups directly and not through systemd; hides whether the machine has v1, v2 or both. */

/* A descriptor of the file in which the kernel counts what happened for want of memory in the group of a process
 * (0: ourselves). It goes on working after the process is gone, and stays at that group when the process is moved.
 * -ENOENT: there is no memory controller. */
int cgroup_open_memory_events(pid_t pid);

/* Processes of the group (and those below it) that were killed for want of memory. */
int cgroup_read_oom_kills(int memory_events_fd, uint64_t *ret);
