/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/runtime-spec.h"

/* Where the output of a container goes that no client reads. Options are the container's annotations
 *   io.caisson.log-driver          journald (default), json-file, none, passthrough
 *   io.caisson.log-direct          "true", journald only: the container's streams are sockets of journald themselves,
 *                                  see streams.h
 *   io.caisson.log-path            json-file: the file; default the container's ID-json.log in its state directory
 *   io.caisson.log-opt.max-size    json-file: "10m"; default LOG_MAX_SIZE_DEFAULT, 0: no limit
 *   io.caisson.log-opt.max-file    json-file: number of files, the current one included; default 2
 */

#define LOG_MAX_SIZE_DEFAULT (16U << 20)

typedef enum LogDriver {
        LOG_DRIVER_JOURNALD,
        LOG_DRIVER_JSON_FILE,
        LOG_DRIVER_NONE,
        LOG_DRIVER_PASSTHROUGH,
        _LOG_DRIVER_MAX,
        _LOG_DRIVER_INVALID = -EINVAL,
} LogDriver;
DECLARE_STRING_TABLE(log_driver, LogDriver);

typedef struct JsonLog JsonLog;

typedef struct LogSink {
        LogDriver driver;
        bool terminal;
        bool direct;
        bool held_cr;      /* a "\r" at the end of what came, of which nobody knows yet whether a "\n" follows */
        pid_t pid;         /* who is said to have written it */
        int streams[2];    /* journald: standard output, standard error; opened when something is to be written */
        uint64_t retry_usec; /* journald is not there: not asked again before that */
        char *identifier;
        char *unit;
        JsonLog *json;
} LogSink;

int log_sink_open(LogSink *l, const OciSpec *spec, const char *id, Error *reterr);
void log_sink_done(LogSink *l);

/* Takes up to size bytes and returns how many; -EAGAIN: wait until log_sink_fd() can be written. Never fails otherwise:
 * what cannot be logged is dropped, for a container is worth more than its log. */
ssize_t log_sink_write(LogSink *l, bool is_stderr, const uint8_t *data, size_t size);
int log_sink_fd(const LogSink *l, bool is_stderr) _pure_;

/* With io.caisson.log-direct: both streams, for the container itself; the caller's from now on. */
int log_sink_take_streams(LogSink *l, int ret[static 2]);

/* No writer is left who could wait: as much as may still come fits into the socket. */
void log_sink_expect_end(LogSink *l);
