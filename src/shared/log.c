/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "parse.h"
#include "text.h"

/* The journal's native protocol (systemd's JOURNAL_NATIVE_PROTOCOL): a datagram of NAME=value lines. Written here
 * since the programs on the start path do without libsystemd. */
#define JOURNAL_SOCKET  "/run/systemd/journal/socket"
#define LOG_MESSAGE_MAX 2048
#define LOG_FIELDS_MAX  12

static const char *log_identifier = "caisson";
static int log_max_level = LOG_INFO;
static int journal_fd = -EBADF;

/* $JOURNAL_STREAM holds device and inode of the stream that systemd connected: see systemd.exec(5) */
static bool stderr_is_journal(void) {
        const char *e = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        return e && sscanf(e, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) >= 0 &&
               st.st_dev == device && st.st_ino == inode;
}

void log_setup(const char *identifier) {
        const char *e = getenv("CAISSON_LOG_LEVEL");
        static const char *const names[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };

        log_identifier = identifier;

        for (size_t i = 0; e && i < ELEMENTSOF(names); i++)
                if (streq(e, names[i]))
                        log_max_level = (int) i;
        if (parse_boolean(getenv("DEBUG_INVOCATION")) > 0)
                log_max_level = LOG_DEBUG;

        if (stderr_is_journal() && journal_fd < 0)
                journal_fd = fd_move_above_stdio(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

void log_set_max_level(int level) {
        log_max_level = level;
}

int log_get_max_level(void) {
        return log_max_level;
}

static bool send_to_journal(int level, int error, const char *file, int line, const char *func,
                            const char *const *fields, const char *message) {
        static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET };
        _cleanup_(freep) char *text = NULL;

        if (journal_fd < 0)
                return false;

        /* A value with a line break would need the binary form: nothing of ours has one, what a stranger said might */
        if (text_append(&text, "PRIORITY=%i\nSYSLOG_IDENTIFIER=%s\nCODE_FILE=%s\nCODE_LINE=%i\nCODE_FUNC=%s\n", level,
                        log_identifier, file, line, func) < 0)
                return false;
        if (error < 0 && text_append(&text, "ERRNO=%i\n", -error) < 0)
                return false;
        for (const char *const *f = fields; f && f[0] && f[1]; f += 2)
                if (!strchr(f[1], '\n') && text_append(&text, "%s=%s\n", f[0], f[1]) < 0)
                        return false;
        if (text_append(&text, "MESSAGE=%s\n", message) < 0)
                return false;

        return sendto(journal_fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *) &address,
                      sizeof(address)) >= 0;
}

int log_internal(int level, int error, const char *file, int line, const char *func, const char *const *fields,
                 const char *format, ...) {
        int saved_errno = errno;
        char message[LOG_MESSAGE_MAX];
        va_list ap;

        if (error < 0)
                errno = -error; /* for %m */

        va_start(ap, format);
        vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);

        for (char *p = message; *p; p++)
                if (*p == '\n')
                        *p = ' ';

        if (!send_to_journal(level, error, file, line, func, fields, message)) {
                const char *mark = journal_fd >= 0 ? (const char[]) { '<', (char) ('0' + level), '>', 0 } : "";

                (void) dprintf(STDERR_FILENO, "%s%s%s%s\n", mark, journal_fd >= 0 ? "" : log_identifier,
                               journal_fd >= 0 ? "" : ": ", message);
        }

        errno = saved_errno;
        return error;
}
