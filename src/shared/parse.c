/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>
#include <strings.h>

#include "parse.h"
#include "text.h"

static int parse_digits(const char *s, unsigned base, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        if (isempty(s))
                return -EINVAL;

        for (; *s; s++) {
                unsigned digit = ascii_isdigit(*s) ? (unsigned) (*s - '0') : 99;

                if (digit >= base)
                        return -EINVAL;
                if (value > (max - digit) / base)
                        return -ERANGE;
                value = value * base + digit;
        }

        *ret = value;
        return 0;
}

int parse_u16(const char *s, uint16_t *ret) {
        uint64_t v;
        int r = parse_digits(s, 10, UINT16_MAX, &v);

        if (r >= 0)
                *ret = (uint16_t) v;
        return r;
}

int parse_u32(const char *s, uint32_t *ret) {
        uint64_t v;
        int r = parse_digits(s, 10, UINT32_MAX, &v);

        if (r >= 0)
                *ret = (uint32_t) v;
        return r;
}

int parse_u64(const char *s, uint64_t *ret) {
        return parse_digits(s, 10, UINT64_MAX, ret);
}

int parse_i64(const char *s, int64_t *ret) {
        bool negative;
        uint64_t v;
        int r;

        if (!s)
                return -EINVAL;

        negative = s[0] == '-';
        r = parse_digits(s + negative, 10, (uint64_t) INT64_MAX + negative, &v);
        if (r >= 0)
                *ret = negative ? (int64_t) (0 - v) : (int64_t) v;
        return r;
}

int parse_mode(const char *s, mode_t *ret) {
        uint64_t v;
        int r = parse_digits(s, 8, 07777, &v);

        if (r >= 0)
                *ret = (mode_t) v;
        return r;
}

int parse_uid(const char *s, uid_t *ret) {
        uint32_t v;
        int r = parse_u32(s, &v);

        if (r < 0)
                return r;
        if (v == UINT32_MAX || v == UINT16_MAX)
                return -ENXIO;

        *ret = v;
        return 0;
}

int parse_boolean(const char *s) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off" };

        for (size_t i = 0; s && i < ELEMENTSOF(yes); i++) {
                if (strcasecmp(s, yes[i]) == 0)
                        return 1;
                if (strcasecmp(s, no[i]) == 0)
                        return 0;
        }

        return -EINVAL;
}

/* Reads "123.45" as 123 and 45/100; *s ends behind it. */
static int parse_decimal(const char **s, uint64_t *ret_whole, uint64_t *ret_fraction, uint64_t *ret_scale) {
        uint64_t whole = 0, fraction = 0, scale = 1;
        const char *p = *s;
        bool digits = false;

        for (; ascii_isdigit(*p); p++) {
                if (whole > (UINT64_MAX - 9) / 10)
                        return -ERANGE;
                whole = whole * 10 + (uint64_t) (*p - '0');
                digits = true;
        }
        if (*p == '.')
                for (p++; ascii_isdigit(*p); p++) {
                        if (scale < 1000000000) { /* further digits change nothing we could show */
                                fraction = fraction * 10 + (uint64_t) (*p - '0');
                                scale *= 10;
                        }
                        digits = true;
                }
        if (!digits)
                return -EINVAL;

        *s = p;
        *ret_whole = whole;
        *ret_fraction = fraction;
        *ret_scale = scale;
        return 0;
}

static int multiply_decimal(uint64_t whole, uint64_t fraction, uint64_t scale, uint64_t unit, uint64_t *ret) {
        unsigned __int128 v = (unsigned __int128) whole * unit + (unsigned __int128) fraction * unit / scale;

        if (v > UINT64_MAX)
                return -ERANGE;
        *ret = (uint64_t) v;
        return 0;
}

int parse_size(const char *s, uint64_t *ret) {
        static const char units[] = "bkmgtp";
        uint64_t whole, fraction, scale, unit = 1, v;
        int r;

        if (!s)
                return -EINVAL;
        r = parse_decimal(&s, &whole, &fraction, &scale);
        if (r < 0)
                return r;

        if (*s == ' ')
                s++;
        if (*s) {
                const char *u = strchr(units, ascii_tolower(*s));
                if (!u)
                        return -EINVAL;
                unit = (uint64_t) 1 << (10 * (u - units));
                s++;
                if (unit > 1 && ascii_tolower(*s) == 'i')
                        s++;
                if (unit > 1 && ascii_tolower(*s) == 'b')
                        s++;
                if (*s)
                        return -EINVAL;
        }

        r = multiply_decimal(whole, fraction, scale, unit, &v);
        if (r >= 0)
                *ret = v;
        return r;
}

int parse_duration(const char *s, uint64_t *ret_usec) {
        static const struct {
                const char *name;
                uint64_t nsec;
        } units[] = {
                { "ns", 1 },          { "us", 1000 },         { "µs", 1000 },           { "ms", 1000000 },
                { "s", 1000000000 },  { "m", 60000000000 },   { "h", 3600000000000 },
        };
        uint64_t total = 0, seconds;
        int r;

        if (isempty(s))
                return -EINVAL;

        if (parse_u64(s, &seconds) >= 0) {
                if (seconds > UINT64_MAX / 1000000)
                        return -ERANGE;
                *ret_usec = seconds * 1000000;
                return 0;
        }

        while (*s) {
                uint64_t whole, fraction, scale, part;
                bool found = false;

                r = parse_decimal(&s, &whole, &fraction, &scale);
                if (r < 0)
                        return r;

                for (size_t i = 0; !found && i < ELEMENTSOF(units); i++) {
                        const char *rest = startswith(s, units[i].name);

                        if (!rest || (*rest && !ascii_isdigit(*rest) && *rest != '.'))
                                continue;
                        r = multiply_decimal(whole, fraction, scale, units[i].nsec, &part);
                        if (r < 0)
                                return r;
                        if (total > UINT64_MAX - part)
                                return -ERANGE;
                        total += part;
                        s = rest;
                        found = true;
                }
                if (!found)
                        return -EINVAL;
        }

        *ret_usec = total / 1000;
        return 0;
}

int parse_signal(const char *s) {
        uint64_t number;
        const char *name, *rest;

        if (isempty(s))
                return -EINVAL;

        if (parse_u64(s, &number) >= 0)
                return number >= 1 && number <= (uint64_t) SIGRTMAX ? (int) number : -ERANGE;

        name = strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
        if (strncasecmp(name, "RTMIN", 5) == 0 || strncasecmp(name, "RTMAX", 5) == 0) {
                bool from_min = ascii_tolower(name[4]) == 'n';
                int signo = from_min ? SIGRTMIN : SIGRTMAX;

                rest = name + 5;
                if (*rest == 0)
                        return signo;
                if (*rest != (from_min ? '+' : '-') || parse_u64(rest + 1, &number) < 0)
                        return -EINVAL;
                if (number > (uint64_t) (SIGRTMAX - SIGRTMIN))
                        return -ERANGE;
                return from_min ? signo + (int) number : signo - (int) number;
        }

        for (int i = 1; i < SIGRTMIN; i++) {
                const char *abbreviation = sigabbrev_np(i);
                if (abbreviation && strcasecmp(abbreviation, name) == 0)
                        return i;
        }
        if (strcasecmp(name, "CLD") == 0)
                return SIGCHLD;
        if (strcasecmp(name, "IOT") == 0)
                return SIGABRT;

        return -EINVAL;
}

const char *signal_name(int signo) {
        static char names[_NSIG][24];
        const char *abbreviation;

        if (signo < 1 || signo >= _NSIG)
                return NULL;

        if (!names[signo][0]) {
                abbreviation = sigabbrev_np(signo);
                if (abbreviation)
                        snprintf(names[signo], sizeof(names[signo]), "SIG%s", abbreviation);
                else if (signo >= SIGRTMIN && signo <= SIGRTMAX)
                        snprintf(names[signo], sizeof(names[signo]), "SIGRTMIN+%i", signo - SIGRTMIN);
                else
                        return NULL;
        }

        return names[signo];
}

int parse_nano(const char *s, uint64_t *ret) {
        uint64_t whole, fraction, scale, v;
        int r;

        if (!s)
                return -EINVAL;
        r = parse_decimal(&s, &whole, &fraction, &scale);
        if (r < 0)
                return r;
        if (*s)
                return -EINVAL;

        r = multiply_decimal(whole, fraction, scale, 1000000000, &v);
        if (r >= 0)
                *ret = v;
        return r;
}
