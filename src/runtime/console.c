/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/process.h"

int console_send(const char *path, int terminal_fd, Error *reterr) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        static const char name[] = "/dev/ptmx";
        _cleanup_(closep) int fd = -EBADF;
        ssize_t n;

        if (strlen(path) >= sizeof(address.sun_path))
                return error_set(reterr, -ENAMETOOLONG, "The path of the console socket is too long");
        strcpy(address.sun_path, path);

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return error_errnof(reterr, -errno, "console socket '%s'", path);

        n = send_with_fds(fd, name, sizeof(name) - 1, &terminal_fd, 1, 0);
        return n < 0 ? error_errnof(reterr, (int) n, "console socket '%s'", path) : 0;
}

static int open_signals(void) {
        sigset_t signals;
        int fd;

        sigemptyset(&signals);
        for (size_t i = 0; i < 8; i++)
                sigaddset(&signals, (int[]) { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH }[i]);
        sigprocmask(SIG_BLOCK, &signals, NULL);

        fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

static void copy_size(int terminal_fd) {
        struct winsize size;

        if (terminal_fd >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) >= 0)
                (void) ioctl(terminal_fd, TIOCSWINSZ, &size);
}

static void handle_signal(int signal_fd, int pidfd, int terminal_fd) {
        struct signalfd_siginfo info;

        if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
                return;
        if (info.ssi_signo == SIGWINCH)
                copy_size(terminal_fd);
        else
                (void) pidfd_signal(pidfd, (int) info.ssi_signo);
}

/* One portion; false at the end. */
static bool copy_some(int from, int to) {
        char buffer[4096];
        ssize_t n = read(from, buffer, sizeof(buffer));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return true;

        return n > 0 && loop_write(to, buffer, n) >= 0;
}

static int proxy(int terminal_fd, int pidfd, int signal_fd) {
        struct pollfd fds[] = {
                { .fd = pidfd, .events = POLLIN },
                { .fd = signal_fd, .events = POLLIN },
                { .fd = terminal_fd, .events = POLLIN },
                { .fd = terminal_fd >= 0 ? STDIN_FILENO : -1, .events = POLLIN },
        };

        for (;;) {
                if (poll(fds, ELEMENTSOF(fds), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }

                if (fds[1].revents)
                        handle_signal(signal_fd, pidfd, terminal_fd);
                if (fds[2].revents) {
                        if (!copy_some(terminal_fd, STDOUT_FILENO))
                                fds[2].fd = -1;
                } else if (fds[0].revents)
                        return 0; /* and what it said has been copied */
                if (fds[3].revents && !copy_some(STDIN_FILENO, terminal_fd))
                        fds[3].fd = -1;
        }
}

int console_proxy(int terminal_fd, int pidfd, Error *reterr) {
        _cleanup_(closep) int signal_fd = -EBADF;
        struct termios saved, raw;
        bool restore = false;
        int r;

        signal_fd = open_signals();
        if (signal_fd < 0)
                return error_errnof(reterr, signal_fd, "Cannot wait for signals");

        if (terminal_fd >= 0 && tcgetattr(STDIN_FILENO, &saved) >= 0) {
                raw = saved;
                cfmakeraw(&raw);
                restore = tcsetattr(STDIN_FILENO, TCSANOW, &raw) >= 0;
                copy_size(terminal_fd);
        }

        r = proxy(terminal_fd, pidfd, signal_fd);
        if (restore)
                (void) tcsetattr(STDIN_FILENO, TCSANOW, &saved);

        return r < 0 ? error_errnof(reterr, r, "Cannot wait for the container") : 0;
}

int console_wait(int pidfd, Error *reterr) {
        return console_proxy(-EBADF, pidfd, reterr);
}
