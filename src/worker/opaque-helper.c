/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "confine.h"
#include "opaque-helper.h"
#include "shared/fd.h"

#define XATTR_OPAQUE "trusted.overlay.opaque"

typedef enum Request {
        REQUEST_SET = 's',
        REQUEST_GET = 'g',
} Request;

static const char *const system_calls[] = {
                "close",      "exit",    "exit_group",   "fgetxattr", "fsetxattr", "fstat",
                "newfstatat", "recvmsg", "rt_sigreturn", "sendmsg",   "sendto",    NULL,
};

static int answer(Request request, int fd) {
        struct stat st;
        char value;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return -ENOTDIR;

        switch (request) {
        case REQUEST_SET:
                return fsetxattr(fd, XATTR_OPAQUE, "y", 1, 0) < 0 ? -errno : 0;
        case REQUEST_GET:
                if (fgetxattr(fd, XATTR_OPAQUE, &value, sizeof(value)) < 0)
                        return errno == ENODATA || errno == ERANGE || errno == EOPNOTSUPP ? 0 : -errno;
                return value == 'y';
        default:
                return -EINVAL;
        }
}

static _noreturn_ void helper_run(int socket) {
        for (;;) {
                int fd = -EBADF;
                size_t n_fds = 1;
                int32_t result;
                char request;

                if (receive_with_fds(socket, &request, 1, &fd, &n_fds, 0) != 1 || n_fds != 1)
                        _exit(EXIT_SUCCESS);

                result = answer((Request) request, fd);
                safe_close(fd);
                if (send(socket, &result, sizeof(result), MSG_NOSIGNAL) < 0)
                        _exit(EXIT_SUCCESS);
        }
}

static _noreturn_ void helper_main(int socket) {
        static const cap_value_t keep[] = {CAP_SYS_ADMIN};

        if (close_all_fds_except(0, &socket, 1) < 0 || confine_capabilities(keep, ELEMENTSOF(keep)) < 0 ||
            prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || confine_system_calls(system_calls, NULL) < 0)
                _exit(EXIT_FAILURE);

        helper_run(socket);
}

int opaque_helper_start(int *ret_socket, Error *reterr) {
        _cleanup_(close_pairp) int pair[2] = PAIR_OF_EBADF;
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errnof(reterr, -errno, "make a socket");

        pid = fork();
        if (pid < 0)
                return error_errnof(reterr, -errno, "fork");
        if (pid == 0)
                helper_main(pair[1]);

        *ret_socket = TAKE_FD(pair[0]);
        return 0;
}

static int helper_call(int socket, Request request, int dir_fd) {
        char byte = (char) request;
        int32_t result;
        ssize_t n;

        n = send_with_fds(socket, &byte, 1, &dir_fd, 1, MSG_NOSIGNAL);
        if (n < 0)
                return (int) n;

        n = recv(socket, &result, sizeof(result), 0);
        if (n < 0)
                return -errno;
        return n == sizeof(result) ? result : -EPIPE;
}

int opaque_helper_set(int socket, int dir_fd) {
        return helper_call(socket, REQUEST_SET, dir_fd);
}

int opaque_helper_get(int socket, int dir_fd) {
        return helper_call(socket, REQUEST_GET, dir_fd);
}
