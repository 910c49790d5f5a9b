/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "human.h"
#include "shared/parse.h"
#include "shared/text.h"

#define USEC_PER_SEC 1000000U

static const char *size_with(char buffer[static HUMAN_MAX], uint64_t bytes, unsigned base, const char *const *units,
                             const char *format) {
        double v = (double) bytes;
        size_t i = 0;

        while (v >= base && units[i + 1]) {
                v /= base;
                i++;
        }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(buffer, HUMAN_MAX, format, v, units[i]);
#pragma GCC diagnostic pop
        return buffer;
}

const char *human_size(char buffer[static HUMAN_MAX], uint64_t bytes) {
        static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB", NULL };

        return size_with(buffer, bytes, 1000, units, "%.3g%s");
}

const char *human_size_binary(char buffer[static HUMAN_MAX], uint64_t bytes) {
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL };

        return size_with(buffer, bytes, 1024, units, "%.4g%s");
}

/* The steps are those of docker's go-units: people know them by sight. */
const char *human_duration(char buffer[static HUMAN_MAX], uint64_t usec) {
        uint64_t seconds = usec / USEC_PER_SEC, minutes = seconds / 60, hours = (minutes + 30) / 60;

        if (seconds < 1)
                return "Less than a second";
        if (seconds == 1)
                return "1 second";
        if (seconds < 60)
                snprintf(buffer, HUMAN_MAX, "%" PRIu64 " seconds", seconds);
        else if (minutes == 1)
                return "About a minute";
        else if (minutes < 60)
                snprintf(buffer, HUMAN_MAX, "%" PRIu64 " minutes", minutes);
        else if (hours == 1)
                return "About an hour";
        else if (hours < 48)
                snprintf(buffer, HUMAN_MAX, "%" PRIu64 " hours", hours);
        else if (hours < 24 * 7 * 2)
                snprintf(buffer, HUMAN_MAX, "%" PRIu64 " days", hours / 24);
        else if (hours < 24 * 30 * 2)
                snprintf(buffer, HUMAN_MAX, "%" PRIu64 " weeks", hours / 24 / 7);
        else if (hours < 24 * 365 * 2)
                snprintf(buffer, HUMAN_MAX, "%" PRIu64 " months", hours / 24 / 30);
        else
                snprintf(buffer, HUMAN_MAX, "%" PRIu64 " years", hours / 24 / 365);
        return buffer;
}

const char *human_ago(char buffer[static HUMAN_MAX], uint64_t then_usec, uint64_t now_usec) {
        char duration[HUMAN_MAX];

        if (then_usec == 0)
                return "N/A";
        snprintf(buffer, HUMAN_MAX, "%.40s ago", human_duration(duration, now_usec > then_usec ? now_usec - then_usec : 0));
        return buffer;
}

static bool split_time(uint64_t usec, bool local, struct tm *ret) {
        time_t t = (time_t) (usec / USEC_PER_SEC);

        return local ? !!localtime_r(&t, ret) : !!gmtime_r(&t, ret);
}

const char *human_time(char buffer[static HUMAN_MAX], uint64_t usec) {
        struct tm tm;

        if (!split_time(usec, true, &tm) || strftime(buffer, HUMAN_MAX, "%Y-%m-%d %H:%M:%S %z %Z", &tm) == 0)
                return "?";
        return buffer;
}

const char *human_time_rfc3339(char buffer[static HUMAN_MAX], uint64_t usec, bool local) {
        char zone[8] = "Z";
        struct tm tm;
        size_t n;

        if (!split_time(usec, local, &tm))
                return "?";
        n = strftime(buffer, HUMAN_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
        if (n == 0)
                return "?";
        if (local && strftime(zone, sizeof(zone), "%z", &tm) == 5 && tm.tm_gmtoff != 0) {
                memmove(zone + 4, zone + 3, 3);
                zone[3] = ':';
        } else
                strcpy(zone, "Z");
        snprintf(buffer + n, HUMAN_MAX - n, ".%06" PRIu64 "000%s", usec % USEC_PER_SEC, zone);
        return buffer;
}

/* ".5" as 500000; *s is moved behind it. */
static uint64_t read_fraction(const char **s) {
        uint64_t usec = 0, unit = USEC_PER_SEC;

        if (**s != '.')
                return 0;
        for ((*s)++; ascii_isdigit(**s); (*s)++) {
                unit /= 10;
                usec += (uint64_t) (**s - '0') * unit;
        }
        return usec;
}

/* "Z", "+02:00", "-0700": seconds east of Greenwich. 1: there is one, 0: the text ends here. */
static int read_zone(const char *s, long *ret) {
        unsigned hours, minutes;
        int n = 0;

        if (!*s)
                return 0;
        *ret = 0;
        if (streq(s, "Z") || streq(s, "z"))
                return 1;
        if ((*s != '+' && *s != '-') ||
            (sscanf(s + 1, "%2u:%2u%n", &hours, &minutes, &n) != 2 && sscanf(s + 1, "%2u%2u%n", &hours, &minutes, &n) != 2) ||
            s[1 + n] || hours > 23 || minutes > 59)
                return -EINVAL;
        *ret = (long) (hours * 3600 + minutes * 60) * (*s == '-' ? -1 : 1);
        return 1;
}

static int parse_calendar(const char *s, uint64_t *ret_usec) {
        static const char *const formats[] = {
                "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d",
        };

        for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
                struct tm tm = { .tm_isdst = -1 };
                const char *end = strptime(s, formats[i], &tm);
                uint64_t fraction;
                long zone = 0;
                time_t t;
                int r;

                if (!end)
                        continue;
                fraction = read_fraction(&end);
                r = read_zone(end, &zone);
                if (r < 0)
                        continue;
                t = r > 0 ? timegm(&tm) - zone : mktime(&tm);
                if (t < 0)
                        return -ERANGE;
                *ret_usec = (uint64_t) t * USEC_PER_SEC + fraction;
                return 0;
        }
        return -EINVAL;
}

static int parse_day(bool yesterday, uint64_t now_usec, uint64_t *ret_usec) {
        struct tm tm;
        time_t t;

        if (!split_time(now_usec, true, &tm))
                return -ERANGE;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_mday -= yesterday;
        tm.tm_isdst = -1;
        t = mktime(&tm);
        if (t < 0)
                return -ERANGE;
        *ret_usec = (uint64_t) t * USEC_PER_SEC;
        return 0;
}

int parse_time(const char *s, uint64_t now_usec, uint64_t *ret_usec) {
        const char *p = s;
        uint64_t v, seconds = 0;

        if (streq(s, "now")) {
                *ret_usec = now_usec;
                return 0;
        }
        if (STR_IN_SET(s, "today", "yesterday"))
                return parse_day(streq(s, "yesterday"), now_usec, ret_usec);

        for (; ascii_isdigit(*p) && seconds < UINT32_MAX * 16ULL; p++)
                seconds = seconds * 10 + (uint64_t) (*p - '0');
        if (p > s && (*p == 0 || *p == '.')) {
                v = seconds * USEC_PER_SEC + read_fraction(&p);
                if (*p)
                        return -EINVAL;
                *ret_usec = v;
                return 0;
        }

        if (parse_duration(*s == '-' ? s + 1 : s, &v) >= 0) {
                *ret_usec = v < now_usec ? now_usec - v : 0;
                return 0;
        }
        return parse_calendar(s, ret_usec);
}

uint64_t now_realtime_usec(void) {
        struct timespec ts;

        clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}
