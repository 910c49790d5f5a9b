/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* docker's log files: a line of JSON per line of output,
 *   {"log":"text\n","stream":"stdout","time":"2006-01-02T15:04:05.999999999Z"}
 * and the text of a line that is longer than JSON_LOG_LINE_MAX in several without "\n" but in the last. When the file
 * would grow above max_size it becomes NAME.1, NAME.1 becomes NAME.2, and so on up to max_files in all. */

#define JSON_LOG_LINE_MAX 16384U

typedef struct JsonLog JsonLog;

int json_log_open(const char *path, uint64_t max_size, unsigned max_files, JsonLog **ret, Error *reterr);
JsonLog *json_log_free(JsonLog *l); /* writes lines that have no end */
DEFINE_TRIVIAL_CLEANUP_FUNC(JsonLog *, json_log_free)

/* Takes all of it; what the disk does not take is lost, and said so once it takes something again. */
void json_log_write(JsonLog *l, bool is_stderr, const void *data, size_t size);
