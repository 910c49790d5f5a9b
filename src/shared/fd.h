/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <sys/types.h>

#include "macro.h"

/* Closes fd if it is one, keeps errno, returns -EBADF: "fd = safe_close(fd)". */
int safe_close(int fd);

static inline void closep(int *fd) {
        safe_close(*fd);
}

static inline void safe_close_pair(int pair[static 2]) {
        pair[0] = safe_close(pair[0]);
        pair[1] = safe_close(pair[1]);
}

static inline void close_pairp(int (*pair)[2]) {
        safe_close_pair(*pair);
}

static inline void fclosep(FILE **f) {
        if (*f)
                fclose(*f);
}

static inline void closedirp(DIR **d) {
        if (*d)
                closedir(*d);
}

#define PAIR_OF_EBADF { -EBADF, -EBADF }

int fd_set_nonblock(int fd, bool on);
int fd_set_cloexec(int fd, bool on);

/* A duplicate with a number above 2, O_CLOEXEC. The original is closed. */
int fd_move_above_stdio(int fd);

/* A path that refers to fd: "/proc/self/fd/N", for system calls that take no descriptor. */
#define FD_PATH_MAX (sizeof("/proc/self/fd/") + 10)
const char *fd_path(char buffer[static FD_PATH_MAX], int fd);

/* Closes everything from first on but the n descriptors in keep, which must be sorted ascending. */
int close_all_fds_except(int first, const int *keep, size_t n);

/* Opens /dev/null for the descriptors 0 to 2 that are closed. */
int fill_stdio_holes(void);

/* A sealed memfd of that content at offset 0, read-only for whoever gets it. */
int memfd_from_bytes(const char *name, const void *data, size_t size);

/* Sends or receives a message and up to FDS_MAX descriptors over a UNIX socket. Received descriptors are
 * O_CLOEXEC; more of them than asked for are closed and -EBADMSG is returned. n_fds: in, capacity; out, count.
 * Returns the number of bytes, 0 at the end of the stream. */
#define FDS_MAX 16U
ssize_t send_with_fds(int socket, const void *data, size_t size, const int *fds, size_t n_fds, int flags);
ssize_t receive_with_fds(int socket, void *data, size_t size, int *fds, size_t *n_fds, int flags);
