/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/macro.h"

/* Sizes and times as docker and podman show them. Buffers make it clear that nothing here allocates or fails. */

#define HUMAN_MAX 64U

/* "7.05MB": three digits, powers of 1000, as image and container sizes are shown. */
const char *human_size(char buffer[static HUMAN_MAX], uint64_t bytes);
/* "512MiB": powers of 1024, as memory limits are shown. */
const char *human_size_binary(char buffer[static HUMAN_MAX], uint64_t bytes);

/* "About an hour", "3 days". */
const char *human_duration(char buffer[static HUMAN_MAX], uint64_t usec);
/* The same and " ago"; "N/A" for a time that is not set (0). */
const char *human_ago(char buffer[static HUMAN_MAX], uint64_t then_usec, uint64_t now_usec);

/* "2024-05-06 07:08:09 +0200 CEST", local time, as Go's Time.String() without the fraction. */
const char *human_time(char buffer[static HUMAN_MAX], uint64_t usec);
/* "2024-05-06T07:08:09.123456000Z"; with local: the local time and "+02:00". */
const char *human_time_rfc3339(char buffer[static HUMAN_MAX], uint64_t usec, bool local);

/* Microseconds since the epoch from "2024-05-06T07:08:09.5Z", "2024-05-06 07:08:09" and shorter, seconds since the
 * epoch ("1714979289.5"), "now", "today", "yesterday", or a duration ("90m": so long before now). */
int parse_time(const char *s, uint64_t now_usec, uint64_t *ret_usec);

uint64_t now_realtime_usec(void);
