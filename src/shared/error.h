/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdarg.h>

#include "macro.h"

/* What went wrong, for a person: a code and one sentence. Filled once, where the cause is known; callers only put
 * before it what they were doing. All functions return the (negative) code so that "return error_set(…)" reads well,
 * accept reterr == NULL and keep errno. */
typedef struct Error {
        int code;      /* negative errno */
        char *message; /* owned; one sentence without a full stop; NULL while nothing went wrong */
} Error;

/* Position in a text file, counted from 1. */
typedef struct TextPos {
        const char *file; /* weak */
        unsigned line;
        unsigned column;
} TextPos;

void error_done(Error *e);
static inline bool error_is_set(const Error *e) {
        return e && e->message;
}

int error_set(Error *reterr, int code, const char *format, ...) _printf_(3, 4);
int error_setv(Error *reterr, int code, const char *format, va_list ap) _printf_(3, 0);

/* As error_set(), followed by ": " and the text of the errno. */
int error_errnof(Error *reterr, int code, const char *format, ...) _printf_(3, 4);

/* "file:line:column: sentence"; offset is added to the column. */
int error_at(Error *reterr, const TextPos *pos, size_t offset, int code, const char *format, ...) _printf_(5, 6);

/* Puts "what: " before the sentence that is there; if there is none, makes one from the code. Returns code. */
int error_prefix(Error *reterr, int code, const char *format, ...) _printf_(3, 4);

/* The sentence, or the text of the code where nobody wrote one. Never NULL. */
const char *error_message(const Error *e, int code);

/* "Cannot allocate memory", for every failed malloc(). */
int error_oom(Error *reterr);

void error_move(Error *dest, Error *src);
