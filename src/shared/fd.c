/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fd.h"
#include "io.h"

int safe_close(int fd) {
        if (fd >= 0) {
                int saved_errno = errno;
                (void) close(fd);
                errno = saved_errno;
        }

        return -EBADF;
}

int fd_set_nonblock(int fd, bool on) {
        int flags = fcntl(fd, F_GETFL, 0);

        if (flags < 0)
                return -errno;
        if (!!(flags & O_NONBLOCK) == on)
                return 0;

        SET_FLAG(flags, O_NONBLOCK, on);
        return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

int fd_set_cloexec(int fd, bool on) {
        return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

int fd_move_above_stdio(int fd) {
        int copy;

        if (fd < 0 || fd > 2)
                return fd;

        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
                return fd; /* better a low descriptor than none */

        safe_close(fd);
        return copy;
}

const char *fd_path(char buffer[static FD_PATH_MAX], int fd) {
        assert(fd >= 0);

        snprintf(buffer, FD_PATH_MAX, "/proc/self/fd/%i", fd);
        return buffer;
}

int close_all_fds_except(int first, const int *keep, size_t n) {
        unsigned from = first;

        for (size_t i = 0; i < n; i++) {
                if (keep[i] < 0 || (unsigned) keep[i] < from)
                        continue;
                if ((unsigned) keep[i] > from && close_range(from, keep[i] - 1, 0) < 0)
                        return -errno;
                from = keep[i] + 1;
        }

        return close_range(from, ~0U, 0) < 0 ? -errno : 0;
}

int fill_stdio_holes(void) {
        for (;;) {
                int fd = open("/dev/null", O_RDWR);
                if (fd < 0)
                        return -errno;
                if (fd > 2) {
                        safe_close(fd);
                        return 0;
                }
        }
}

int memfd_from_bytes(const char *name, const void *data, size_t size) {
        _cleanup_(closep) int fd = -EBADF;
        int r;

        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -errno;

        r = loop_write(fd, data, size);
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return -errno;

        return TAKE_FD(fd);
}

ssize_t send_with_fds(int socket, const void *data, size_t size, const int *fds, size_t n_fds, int flags) {
        union {
                struct cmsghdr header;
                char buffer[CMSG_SPACE(sizeof(int) * FDS_MAX)];
        } control = {};
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t n;

        assert(n_fds <= FDS_MAX);

        if (n_fds > 0) {
                struct cmsghdr *c;

                message.msg_control = &control;
                message.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
                c = CMSG_FIRSTHDR(&message);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
                memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
        }

        do
                n = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);

        return n < 0 ? -errno : n;
}

ssize_t receive_with_fds(int socket, void *data, size_t size, int *fds, size_t *n_fds, int flags) {
        union {
                struct cmsghdr header;
                char buffer[CMSG_SPACE(sizeof(int) * FDS_MAX)];
        } control = {};
        struct iovec iov = { .iov_base = data, .iov_len = size };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        size_t capacity = n_fds ? *n_fds : 0, count = 0;
        bool too_many = false;
        ssize_t n;

        do
                n = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
                size_t k;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;

                k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < k; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (count < capacity)
                                fds[count++] = fd;
                        else {
                                safe_close(fd);
                                too_many = true;
                        }
                }
        }

        if (too_many || (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
                for (size_t i = 0; i < count; i++)
                        fds[i] = safe_close(fds[i]);
                return -EBADMSG;
        }

        if (n_fds)
                *n_fds = count;
        return n;
}
