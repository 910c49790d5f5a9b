/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "macro.h"

/* A process is its PID and the time it started (clock ticks since boot, field 22 of /proc/PID/stat): PIDs come again. */
typedef struct ProcessId {
        pid_t pid; /* 0: none */
        uint64_t start_time;
} ProcessId;

/* 0 and *ret, or -ESRCH. */
int process_identify(pid_t pid, ProcessId *ret);

/* A pidfd of exactly that process, or -ESRCH if it is gone or its PID is somebody else's now. */
int process_open(const ProcessId *id);

int pidfd_open_pid(pid_t pid);
int pidfd_signal(int pidfd, int signo);
bool pidfd_is_alive(int pidfd);

/* posix_spawn() as it should be: the child gets exactly the descriptors in fds, as 3, 4, … (stdio[0..2] as 0, 1, 2; -1
 * is /dev/null), an empty signal mask, default signals, and only that environment. The child is made by vfork so that
 * the caller's size does not matter. Returns 0, a pidfd in *ret_pidfd and the PID in *ret_pid; failures of the exec
 * itself are returned too. */
typedef struct SpawnOptions {
        int stdio[3];
        const int *fds;
        size_t n_fds;
        char *const *environment; /* NULL: empty */
        int oom_score_adjust;     /* INT_MIN: as it is */
        bool new_session;
} SpawnOptions;
#define SPAWN_OPTIONS_INIT                                                                                   \
        { .stdio = { -EBADF, -EBADF, -EBADF }, .oom_score_adjust = INT32_MIN }

int process_spawn(const char *path, char *const *argv, const SpawnOptions *options, pid_t *ret_pid, int *ret_pidfd);

/* The status as a shell has it: the exit code, or 128 + signal. */
int wait_status_to_exit_code(int status);
