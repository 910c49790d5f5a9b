/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "macro.h"

/* Writes all of it; -EAGAIN is waited for, so that a non-blocking descriptor works too. 0 on success. */
int loop_write(int fd, const void *data, size_t size);

/* Reads until size or the end; returns the number of bytes. */
ssize_t loop_read(int fd, void *data, size_t size);

/* Reads all of fd, at most max bytes (-EFBIG if there is more). *ret is owned by the caller and has a NUL after its
 * last byte, which *ret_size does not count. A text with a NUL in it is -EBADMSG unless ret_size is given. */
int read_full_fd(int fd, size_t max, char **ret, size_t *ret_size);

/* The same for a regular file: anything else at that name is -EBADF (so a fifo cannot hang us), links are not
 * followed at the last component. */
int read_full_file_at(int dir_fd, const char *name, size_t max, char **ret, size_t *ret_size);

typedef enum WriteFileFlags {
        WRITE_FILE_SYNC = 1 << 0,      /* fsync the file before and the directory after the rename */
        WRITE_FILE_MODE_0644 = 1 << 1, /* otherwise 0600 */
        WRITE_FILE_EXCLUSIVE = 1 << 2, /* -EEXIST if the name is taken */
} WriteFileFlags;

/* Replaces the file as a whole: written beside and renamed. */
int write_file_atomic_at(int dir_fd, const char *name, const void *data, size_t size, WriteFileFlags flags);

/* Writes a short value to an existing file (of /proc, /sys, cgroupfs) in one write(). */
int write_string_at(int dir_fd, const char *path, const char *value);

/* Copies from the current offsets until the end or max bytes (UINT64_MAX: no limit), by copy_file_range(), then
 * splice(), then read() and write(). Returns -EFBIG when there was more than max. */
int copy_bytes(int from, int to, uint64_t max);

/* fsync of the directory, so that names made or removed in it survive a power cut. */
int fsync_directory(int dir_fd);
