/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "fd.h"
#include "io.h"

#define COPY_CHUNK (1024U * 1024U)

static int wait_for_fd(int fd, short events) {
        struct pollfd p = { .fd = fd, .events = events };

        while (poll(&p, 1, -1) < 0)
                if (errno != EINTR)
                        return -errno;

        return 0;
}

int loop_write(int fd, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        if (errno == EAGAIN) {
                                int r = wait_for_fd(fd, POLLOUT);
                                if (r < 0)
                                        return r;
                                continue;
                        }
                        return -errno;
                }

                p += n;
                size -= n;
        }

        return 0;
}

ssize_t loop_read(int fd, void *data, size_t size) {
        size_t done = 0;

        while (done < size) {
                ssize_t n = read(fd, (char *) data + done, size - done);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        if (errno == EAGAIN) {
                                int r = wait_for_fd(fd, POLLIN);
                                if (r < 0)
                                        return r;
                                continue;
                        }
                        return -errno;
                }
                if (n == 0)
                        break;

                done += n;
        }

        return done;
}

int read_full_fd(int fd, size_t max, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *buffer = NULL;
        size_t allocated = 0, size = 0;
        struct stat st;

        /* One byte more than the file has, to see its end in the first read */
        if (fstat(fd, &st) >= 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t) st.st_size <= max)
                allocated = (size_t) st.st_size + 1;
        else
                allocated = MIN(max, (size_t) 4096) + 1;

        for (;;) {
                char *p;
                ssize_t n;

                p = realloc(buffer, allocated + 1);
                if (!p)
                        return -ENOMEM;
                buffer = p;

                n = loop_read(fd, buffer + size, allocated - size);
                if (n < 0)
                        return n;
                size += n;
                if (size > max)
                        return -EFBIG;
                if (size < allocated)
                        break;
                allocated = MIN(allocated * 2, max + 1);
        }

        buffer[size] = 0;
        if (ret_size)
                *ret_size = size;
        else if (strlen(buffer) != size)
                return -EBADMSG;

        *ret = TAKE_PTR(buffer);
        return 0;
}

int read_full_file_at(int dir_fd, const char *name, size_t max, char **ret, size_t *ret_size) {
        _cleanup_(closep) int fd = -EBADF;
        struct stat st;

        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;

        return read_full_fd(fd, max, ret, ret_size);
}

int write_file_atomic_at(int dir_fd, const char *name, const void *data, size_t size, WriteFileFlags flags) {
        mode_t mode = flags & WRITE_FILE_MODE_0644 ? 0644 : 0600;
        char temporary[NAME_MAX + 1];
        _cleanup_(closep) int fd = -EBADF;
        uint64_t salt;
        int r;

        if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
                return negative_errno();
        if ((size_t) snprintf(temporary, sizeof(temporary), ".#%s.%016llx", name, (unsigned long long) salt) >=
            sizeof(temporary))
                return -ENAMETOOLONG;

        fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;

        r = fchmod(fd, mode) < 0 ? -errno : 0; /* whatever the umask is */
        if (r >= 0)
                r = loop_write(fd, data, size);
        if (r >= 0 && (flags & WRITE_FILE_SYNC) && fsync(fd) < 0)
                r = -errno;
        if (r >= 0) {
                unsigned rename_flags = flags & WRITE_FILE_EXCLUSIVE ? RENAME_NOREPLACE : 0;

                if (renameat2(dir_fd, temporary, dir_fd, name, rename_flags) < 0)
                        r = -errno;
        }
        if (r < 0) {
                (void) unlinkat(dir_fd, temporary, 0);
                return r;
        }

        return flags & WRITE_FILE_SYNC ? fsync_directory(dir_fd) : 0;
}

int write_string_at(int dir_fd, const char *path, const char *value) {
        _cleanup_(closep) int fd = -EBADF;
        size_t size = strlen(value);
        ssize_t n;

        fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;

        n = write(fd, value, size);
        if (n < 0)
                return -errno;

        return (size_t) n == size ? 0 : -EIO;
}

/* 1: go on, 0: the end, -EOPNOTSUPP: try the next way */
static ssize_t copy_chunk(int from, int to, size_t size, unsigned *way) {
        static const int unusable[] = { EINVAL, ENOSYS, EXDEV, EOPNOTSUPP, EPERM, EBADF, ETXTBSY };
        ssize_t n;

        if (*way == 0)
                n = copy_file_range(from, NULL, to, NULL, size, 0);
        else if (*way == 1)
                n = splice(from, NULL, to, NULL, size, SPLICE_F_MORE);
        else
                n = sendfile(to, from, NULL, size);
        if (n > 0)
                return n;
        if (n == 0 && *way > 0)
                return 0;

        /* copy_file_range() says 0 for files of /proc, whose size is 0 */
        if (n == 0) {
                (*way)++;
                return -EOPNOTSUPP;
        }

        for (size_t i = 0; i < ELEMENTSOF(unusable); i++)
                if (errno == unusable[i]) {
                        (*way)++;
                        return -EOPNOTSUPP;
                }

        return -errno;
}

int copy_bytes(int from, int to, uint64_t max) {
        _cleanup_(freep) char *buffer = NULL;
        unsigned way = 0;

        for (;;) {
                size_t size = MIN((uint64_t) COPY_CHUNK, max);
                ssize_t n;

                if (size == 0) {
                        char c;

                        n = loop_read(from, &c, 1);
                        return n < 0 ? (int) n : n == 0 ? 0 : -EFBIG;
                }

                if (way <= 2) {
                        n = copy_chunk(from, to, size, &way);
                        if (n == -EOPNOTSUPP || n == -EINTR || n == -EAGAIN) {
                                if (n == -EAGAIN)
                                        way = 3;
                                continue;
                        }
                        if (n < 0)
                                return n;
                } else {
                        int r;

                        if (!buffer) {
                                buffer = malloc(COPY_CHUNK);
                                if (!buffer)
                                        return -ENOMEM;
                        }

                        n = loop_read(from, buffer, size);
                        if (n < 0)
                                return n;
                        r = loop_write(to, buffer, n);
                        if (r < 0)
                                return r;
                }

                if (n == 0)
                        return 0;
                if (max != UINT64_MAX)
                        max -= n;
        }
}

int fsync_directory(int dir_fd) {
        _cleanup_(closep) int fd = -EBADF;

        fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* dir_fd may be O_PATH or AT_FDCWD */
        if (fd < 0)
                return -errno;

        return fsync(fd) < 0 ? -errno : 0;
}
