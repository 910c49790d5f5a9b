/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor/journal-stream.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/io.h"
#include "shared/text.h"

#define SEND_BUFFER (8 << 20) /* as systemd's services have: a burst does not wait for journald */

int journal_stream_open(const char *identifier, const char *unit, int priority) {
        static const struct sockaddr_un address = {
                .sun_family = AF_UNIX,
                .sun_path = "/run/systemd/journal/stdout",
        };
        static const int send_buffer = SEND_BUFFER;
        _cleanup_(closep) int fd = -EBADF;
        char header[512];
        int n, r;

        /* A line break would be the next field of the header */
        if (strchr(identifier, '\n') || strchr(unit, '\n'))
                return -EINVAL;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        if (shutdown(fd, SHUT_RD) < 0)
                return -errno;
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_buffer, sizeof(send_buffer));

        /* no "<3>" prefixes: what was written is what is logged; not to syslog, kmsg and console besides */
        n = snprintf(header, sizeof(header), "%s\n%s\n%i\n0\n0\n0\n0\n", identifier, unit, priority);
        if (n < 0 || (size_t) n >= sizeof(header))
                return -ENAMETOOLONG;

        r = loop_write(fd, header, (size_t) n);
        if (r < 0)
                return r;

        return TAKE_FD(fd);
}

ssize_t journal_stream_write(int fd, pid_t pid, const void *data, size_t size) {
        union {
                struct cmsghdr header;
                uint8_t space[CMSG_SPACE(sizeof(struct ucred))];
        } control = {
                .header = {
                        .cmsg_level = SOL_SOCKET,
                        .cmsg_type = SCM_CREDENTIALS,
                        .cmsg_len = CMSG_LEN(sizeof(struct ucred)),
                },
        };
        struct ucred credentials = { .pid = pid, .uid = getuid(), .gid = getgid() };
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t n;

        memcpy(CMSG_DATA(&control.header), &credentials, sizeof(credentials));

        n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == ESRCH || errno == EPERM || errno == EINVAL)) { /* it has been reaped, or we may not */
                message.msg_control = NULL;
                message.msg_controllen = 0;
                n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        }

        return n < 0 ? -errno : n;
}
