/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "macro.h"

/* Each accepts the whole string or nothing (-EINVAL, -ERANGE) and leaves *ret alone on failure. No white space,
 * no sign unless the type has one, decimal unless said otherwise. */
int parse_u16(const char *s, uint16_t *ret);
int parse_u32(const char *s, uint32_t *ret);
int parse_u64(const char *s, uint64_t *ret);
int parse_i64(const char *s, int64_t *ret);
int parse_mode(const char *s, mode_t *ret); /* octal, up to 07777 */
int parse_uid(const char *s, uid_t *ret);   /* -1 and 65535 (the 16-bit -1) are -ENXIO */
int parse_boolean(const char *s);           /* 1, 0, or -EINVAL; 1/yes/y/true/t/on as in sd-bus tools, any case */

/* docker's sizes: a number with an optional fraction, and b, k, m, g, t, p (either case), with an optional "b" or "ib"
 * behind; powers of 1024. Bytes. */
int parse_size(const char *s, uint64_t *ret);

/* "1h30m", "250ms", "10s" (Go's time.ParseDuration), or a bare number of seconds. Microseconds. */
int parse_duration(const char *s, uint64_t *ret_usec);

/* "9", "KILL", "SIGKILL", "RTMIN+3", any case. */
int parse_signal(const char *s);
/* "SIGKILL"; the string is static, or NULL for a number without a name. */
const char *signal_name(int signo);

/* "1.5" as 1500000000: a decimal fraction in billionths. */
int parse_nano(const char *s, uint64_t *ret);
