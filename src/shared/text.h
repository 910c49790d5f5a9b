/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "macro.h"

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}
static inline bool streq_ptr(const char *a, const char *b) {
        return a && b ? streq(a, b) : a == b;
}
static inline bool isempty(const char *s) {
        return !s || !*s;
}
static inline const char *strempty(const char *s) {
        return s ?: "";
}
static inline const char *empty_to_null(const char *s) {
        return isempty(s) ? NULL : s;
}
static inline const char *yes_no(bool b) {
        return b ? "yes" : "no";
}

/* The rest of s behind prefix, or NULL. */
static inline char *startswith(const char *s, const char *prefix) {
        size_t n = strlen(prefix);
        return strncmp(s, prefix, n) == 0 ? (char *) s + n : NULL;
}
/* The suffix within s, or NULL. */
char *endswith(const char *s, const char *suffix) _pure_;

bool streq_any(const char *s, ...) _sentinel_;
#define STR_IN_SET(s, ...) streq_any(s, __VA_ARGS__, NULL)

static inline bool ascii_isdigit(char c) {
        return c >= '0' && c <= '9';
}
static inline bool ascii_isalpha(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool ascii_isalnum(char c) {
        return ascii_isdigit(c) || ascii_isalpha(c);
}
static inline bool ascii_islower(char c) {
        return c >= 'a' && c <= 'z';
}
static inline bool ascii_isspace(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline char ascii_tolower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}
char *ascii_strlower(char *s);

/* Length of the valid UTF-8 sequence at s (at most n bytes), or 0. */
size_t utf8_sequence_length(const char *s, size_t n) _pure_;
bool utf8_is_valid(const char *s) _pure_;

/* Columns on a terminal, invalid bytes counted as one. */
size_t text_width(const char *s) _pure_;

/* A copy safe to print on a terminal: control characters and invalid UTF-8 as \xNN, nothing else changed. */
char *text_escape(const char *s);

/* asprintf() that returns the string or NULL. */
char *text_printf(const char *format, ...) _printf_(1, 2);

/* Concatenates its arguments up to NULL. */
char *text_join(const char *first, ...) _sentinel_;

/* *p = printf appended to *p (which may be NULL); -ENOMEM leaves *p as it was. */
int text_append(char **p, const char *format, ...) _printf_(2, 3);

/* In place, at both ends. */
char *text_strip(char *s);

/* Number of edits between two words, for "did you mean"; at most 64 characters are looked at. */
unsigned edit_distance(const char *a, const char *b) _pure_;

/* SIZE hexadecimal digits of n bytes, NUL-terminated. */
void hex_encode(char *ret, const void *data, size_t n);
bool text_is_hex(const char *s, size_t digits) _pure_; /* exactly so many lower-case digits and no more */
