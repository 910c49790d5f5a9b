/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <syslog.h>

#include "macro.h"

/* One line per event that somebody cares about. Goes to the journal with fields where standard error is the journal or
 * the program is a service, otherwise to standard error with a prefix for the level. Libraries log at debug only. */
void log_setup(const char *identifier); /* reads $CAISSON_LOG_LEVEL, $DEBUG_INVOCATION */
void log_set_max_level(int level);
int log_get_max_level(void);

/* fields: pairs of name and value up to NULL, e.g. "CAISSON_CONTAINER", c->id, NULL; error: negative errno for %m or 0.
 * Returns error. */
int log_internal(int level, int error, const char *file, int line, const char *func, const char *const *fields,
                 const char *format, ...) _printf_(7, 8);

#define log_full_errno_fields(level, error, fields, ...)                                                     \
        ({                                                                                                   \
                int _level = (level), _error = (error);                                                      \
                _level <= log_get_max_level()                                                                \
                        ? log_internal(_level, _error, __FILE__, __LINE__, __func__, fields, __VA_ARGS__)    \
                        : _error;                                                                            \
        })
#define log_full_errno(level, error, ...) log_full_errno_fields(level, error, NULL, __VA_ARGS__)

#define log_debug(...)   ((void) log_full_errno(LOG_DEBUG, 0, __VA_ARGS__))
#define log_info(...)    ((void) log_full_errno(LOG_INFO, 0, __VA_ARGS__))
#define log_notice(...)  ((void) log_full_errno(LOG_NOTICE, 0, __VA_ARGS__))
#define log_warning(...) ((void) log_full_errno(LOG_WARNING, 0, __VA_ARGS__))
#define log_error(...)   ((void) log_full_errno(LOG_ERR, 0, __VA_ARGS__))

#define log_debug_errno(error, ...)   log_full_errno(LOG_DEBUG, error, __VA_ARGS__)
#define log_info_errno(error, ...)    log_full_errno(LOG_INFO, error, __VA_ARGS__)
#define log_warning_errno(error, ...) log_full_errno(LOG_WARNING, error, __VA_ARGS__)
#define log_error_errno(error, ...)   log_full_errno(LOG_ERR, error, __VA_ARGS__)

/* With fields: log_struct(LOG_INFO, LOG_FIELDS("CAISSON_CONTAINER", c->name), "Started container %s", c->name). */
#define LOG_FIELDS(...) ((const char *const[]) { __VA_ARGS__, NULL })
#define log_struct(level, fields, ...) ((void) log_full_errno_fields(level, 0, fields, __VA_ARGS__))
#define log_struct_errno(level, error, fields, ...) log_full_errno_fields(level, error, fields, __VA_ARGS__)
