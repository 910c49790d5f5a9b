/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor/log-sink.h"

#include <sys/socket.h>
#include <time.h>

#include "shared/fd.h"
#include "shared/log.h"
#include "shared/parse.h"
#include "shared/text.h"
#include "supervisor/journal-stream.h"
#include "supervisor/json-log.h"
#include "supervisor/loop.h"

#define STATE_DIRECTORY   "/var/lib/caisson/containers"
#define MAX_FILES_DEFAULT 2U
#define MAX_FILES_MAX     1000U
#define RETRY_USEC        1000000U
#define END_BUFFER        (32 << 20)

static const char *const log_driver_table[_LOG_DRIVER_MAX] = {
        [LOG_DRIVER_JOURNALD] = "journald",
        [LOG_DRIVER_JSON_FILE] = "json-file",
        [LOG_DRIVER_NONE] = "none",
        [LOG_DRIVER_PASSTHROUGH] = "passthrough",
};
DEFINE_STRING_TABLE(log_driver, LogDriver);

static int open_json(LogSink *l, const OciSpec *spec, const char *id, Error *reterr) {
        const char *path = oci_spec_annotation(spec, "io.caisson.log-path");
        const char *size = oci_spec_annotation(spec, "io.caisson.log-opt.max-size");
        const char *files = oci_spec_annotation(spec, "io.caisson.log-opt.max-file");
        _cleanup_(freep) char *standard = NULL;
        uint64_t max_size = LOG_MAX_SIZE_DEFAULT;
        uint32_t max_files = MAX_FILES_DEFAULT;

        if (size && parse_size(size, &max_size) < 0)
                return error_set(reterr, -EINVAL, "Log option max-size: '%s' is not a size", size);
        if (files && (parse_u32(files, &max_files) < 0 || max_files == 0 || max_files > MAX_FILES_MAX))
                return error_set(reterr, -EINVAL, "Log option max-file: '%s' is not a number from 1 to %u", files,
                                 MAX_FILES_MAX);

        if (!path) {
                standard = text_printf(STATE_DIRECTORY "/%s/%s-json.log", id, id);
                if (!standard)
                        return error_oom(reterr);
                path = standard;
        }

        return json_log_open(path, max_size, max_files, &l->json, reterr);
}

int log_sink_open(LogSink *l, const OciSpec *spec, const char *id, Error *reterr) {
        const char *driver = oci_spec_annotation(spec, "io.caisson.log-driver");
        const char *name = oci_spec_annotation(spec, "io.caisson.name");
        const char *unit = oci_spec_annotation(spec, "io.caisson.unit");

        *l = (LogSink) { .streams = PAIR_OF_EBADF, .terminal = spec->process.terminal };

        l->driver = isempty(driver) ? LOG_DRIVER_JOURNALD : log_driver_from_string(driver);
        if (l->driver < 0)
                return error_set(reterr, -EINVAL, "Unknown log driver '%s'", driver);

        if (l->driver == LOG_DRIVER_JSON_FILE)
                return open_json(l, spec, id, reterr);
        if (l->driver != LOG_DRIVER_JOURNALD)
                return 0;

        l->direct = oci_spec_annotation_is_true(spec, "io.caisson.log-direct");
        l->identifier = strdup(isempty(name) ? id : name);
        l->unit = strdup(strempty(unit));
        if (!l->identifier || !l->unit)
                return error_oom(reterr);

        return 0;
}

void log_sink_done(LogSink *l) {
        safe_close_pair(l->streams);
        l->json = json_log_free(l->json);
        l->identifier = mfree(l->identifier);
        l->unit = mfree(l->unit);
}

/* The stream, connected now if it is not; negative where journald is not there. */
static int journal_stream(LogSink *l, bool is_stderr) {
        uint64_t now;
        int fd;

        if (l->streams[is_stderr] >= 0)
                return l->streams[is_stderr];

        now = now_usec(CLOCK_MONOTONIC);
        if (now < l->retry_usec)
                return -ENOTCONN;

        fd = journal_stream_open(l->identifier, l->unit, is_stderr ? LOG_ERR : LOG_INFO);
        if (fd < 0) {
                l->retry_usec = now + RETRY_USEC;
                return log_debug_errno(fd, "Cannot connect to the journal, dropping output: %m");
        }

        l->streams[is_stderr] = fd;
        return fd;
}

static ssize_t write_journal(LogSink *l, bool is_stderr, const uint8_t *data, size_t size) {
        int fd = journal_stream(l, is_stderr);
        size_t done = 0;

        if (fd < 0)
                return (ssize_t) size;

        while (done < size) {
                const uint8_t *p = data + done;
                size_t n = size - done, skip = 0;
                ssize_t k;

                /* A terminal ends its lines with "\r\n", a log with "\n" */
                if (l->terminal) {
                        const uint8_t *cr = memmem(p, n, "\r\n", 2);

                        if (l->held_cr) {
                                l->held_cr = false;
                                if (*p != '\n')
                                        (void) journal_stream_write(fd, l->pid, "\r", 1);
                        }
                        if (cr == p) {
                                done++;
                                continue;
                        }
                        if (!cr && p[n - 1] == '\r') {
                                n--;
                                if (n == 0) {
                                        l->held_cr = true;
                                        done++;
                                        continue;
                                }
                        }
                        if (cr) {
                                n = (size_t) (cr - p);
                                skip = 1;
                        }
                }

                k = journal_stream_write(fd, l->pid, p, n);
                if (k == -EAGAIN || k == -EINTR)
                        return done > 0 ? (ssize_t) done : -EAGAIN;
                if (k < 0) {
                        l->streams[is_stderr] = safe_close(fd);
                        return (ssize_t) size;
                }

                done += (size_t) k + ((size_t) k == n ? skip : 0);
        }

        return (ssize_t) done;
}

ssize_t log_sink_write(LogSink *l, bool is_stderr, const uint8_t *data, size_t size) {
        switch (l->driver) {
        case LOG_DRIVER_JOURNALD:
                return write_journal(l, is_stderr, data, size);
        case LOG_DRIVER_JSON_FILE:
                json_log_write(l->json, is_stderr, data, size);
                break;
        default:
                break;
        }

        return (ssize_t) size;
}

int log_sink_fd(const LogSink *l, bool is_stderr) {
        return l->streams[is_stderr];
}

int log_sink_take_streams(LogSink *l, int ret[static 2]) {
        for (int i = 0; i < 2; i++) {
                int fd = journal_stream(l, i == 1);

                if (fd < 0)
                        return fd;
        }

        ret[0] = TAKE_FD(l->streams[0]);
        ret[1] = TAKE_FD(l->streams[1]);
        return 0;
}

void log_sink_expect_end(LogSink *l) {
        static const int buffer = END_BUFFER;

        for (int i = 0; i < 2; i++)
                if (l->streams[i] >= 0)
                        (void) setsockopt(l->streams[i], SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
}
