/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

#include "text.h"

char *endswith(const char *s, const char *suffix) {
        size_t n = strlen(s), k = strlen(suffix);

        return n >= k && streq(s + n - k, suffix) ? (char *) s + n - k : NULL;
}

bool streq_any(const char *s, ...) {
        const char *candidate;
        bool found = false;
        va_list ap;

        if (!s)
                return false;

        va_start(ap, s);
        while (!found && (candidate = va_arg(ap, const char *)))
                found = streq(s, candidate);
        va_end(ap);
        return found;
}

char *ascii_strlower(char *s) {
        for (char *p = s; *p; p++)
                *p = ascii_tolower(*p);
        return s;
}

size_t utf8_sequence_length(const char *s, size_t n) {
        const uint8_t *p = (const uint8_t *) s;
        uint32_t c;
        size_t k;

        if (n == 0)
                return 0;
        if (p[0] < 0x80)
                return 1;

        k = (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : (p[0] & 0xf8) == 0xf0 ? 4 : 0;
        if (k == 0 || k > n)
                return 0;

        c = p[0] & (0xff >> (k + 1));
        for (size_t i = 1; i < k; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (p[i] & 0x3f);
        }

        /* Longer than needed, surrogates, beyond Unicode */
        if (c < (k == 2 ? 0x80U : k == 3 ? 0x800U : 0x10000U) || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
                return 0;

        return k;
}

bool utf8_is_valid(const char *s) {
        size_t n = strlen(s);

        while (n > 0) {
                size_t k = utf8_sequence_length(s, n);
                if (k == 0)
                        return false;
                s += k;
                n -= k;
        }

        return true;
}

static uint32_t utf8_decode(const char *s, size_t k) {
        uint32_t c = k == 1 ? (uint8_t) s[0] : (uint8_t) s[0] & (0xff >> (k + 1));

        for (size_t i = 1; i < k; i++)
                c = c << 6 | ((uint8_t) s[i] & 0x3f);
        return c;
}

size_t text_width(const char *s) {
        size_t n = strlen(s), width = 0;

        while (n > 0) {
                size_t k = utf8_sequence_length(s, n);
                int w = k > 0 ? wcwidth((wchar_t) utf8_decode(s, k)) : 1;

                width += w < 0 ? 1 : w; /* the C locale knows no width for anything beyond ASCII */
                k = MAX(k, (size_t) 1);
                s += k;
                n -= k;
        }

        return width;
}

char *text_escape(const char *s) {
        size_t n = strlen(s);
        char *copy, *q;

        copy = q = malloc(n * 4 + 1);
        if (!copy)
                return NULL;

        while (n > 0) {
                size_t k = utf8_sequence_length(s, n);
                uint32_t c = k > 0 ? utf8_decode(s, k) : 0;
                bool control = k == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
                               (c >= 0x2066 && c <= 0x2069); /* the bidirectional overrides too */

                if (!control) {
                        memcpy(q, s, k);
                        q += k;
                } else {
                        k = MAX(k, (size_t) 1);
                        for (size_t i = 0; i < k; i++)
                                q += sprintf(q, "\\x%02x", (uint8_t) s[i]);
                }

                s += k;
                n -= k;
        }

        *q = 0;
        return copy;
}

char *text_printf(const char *format, ...) {
        char *s = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&s, format, ap) < 0)
                s = NULL;
        va_end(ap);
        return s;
}

char *text_join(const char *first, ...) {
        size_t size = strlen(first) + 1;
        const char *part;
        char *s, *q;
        va_list ap;

        va_start(ap, first);
        while ((part = va_arg(ap, const char *)))
                size += strlen(part);
        va_end(ap);

        s = malloc(size);
        if (!s)
                return NULL;

        q = stpcpy(s, first);
        va_start(ap, first);
        while ((part = va_arg(ap, const char *)))
                q = stpcpy(q, part);
        va_end(ap);
        return s;
}

int text_append(char **p, const char *format, ...) {
        _cleanup_(freep) char *tail = NULL;
        size_t n, k;
        va_list ap;
        char *s;
        int r;

        va_start(ap, format);
        r = vasprintf(&tail, format, ap);
        va_end(ap);
        if (r < 0) {
                tail = NULL;
                return -ENOMEM;
        }

        n = *p ? strlen(*p) : 0;
        k = strlen(tail);
        s = realloc(*p, n + k + 1);
        if (!s)
                return -ENOMEM;

        memcpy(s + n, tail, k + 1);
        *p = s;
        return 0;
}

char *text_strip(char *s) {
        size_t n;

        while (ascii_isspace(*s))
                s++;
        n = strlen(s);
        while (n > 0 && ascii_isspace(s[n - 1]))
                s[--n] = 0;
        return s;
}

unsigned edit_distance(const char *a, const char *b) {
        size_t n = strnlen(a, 64), m = strnlen(b, 64);
        unsigned row[65];

        for (size_t j = 0; j <= m; j++)
                row[j] = j;

        for (size_t i = 1; i <= n; i++) {
                unsigned diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= m; j++) {
                        unsigned above = row[j], replaced = diagonal + (a[i - 1] != b[j - 1]);

                        row[j] = MIN(MIN(above, row[j - 1]) + 1, replaced);
                        diagonal = above;
                }
        }

        return row[m];
}

void hex_encode(char *ret, const void *data, size_t n) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *p = data;

        for (size_t i = 0; i < n; i++) {
                *ret++ = digits[p[i] >> 4];
                *ret++ = digits[p[i] & 15];
        }
        *ret = 0;
}

bool text_is_hex(const char *s, size_t digits) {
        for (size_t i = 0; i < digits; i++)
                if (!ascii_isdigit(s[i]) && !(s[i] >= 'a' && s[i] <= 'f'))
                        return false;
        return s[digits] == 0;
}
