/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "error.h"

#define ERROR_MESSAGE_MAX 4096U /* longer sentences are cut: parts of them come from outside */

void error_done(Error *e) {
        if (!e)
                return;

        e->message = mfree(e->message);
        e->code = 0;
}

/* The first cause is the one that counts: a second call replaces it only because a caller chose to retry. */
static void error_store(Error *reterr, int code, char *message) {
        free(reterr->message);
        reterr->code = code;
        reterr->message = message;
}

int error_setv(Error *reterr, int code, const char *format, va_list ap) {
        int saved_errno = errno;
        char *message = NULL;

        assert(code < 0);

        if (!reterr)
                return code;

        if (vasprintf(&message, format, ap) < 0)
                message = NULL;
        else if (strlen(message) > ERROR_MESSAGE_MAX)
                message[ERROR_MESSAGE_MAX] = 0;

        error_store(reterr, code, message);
        errno = saved_errno;
        return code;
}

int error_set(Error *reterr, int code, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = error_setv(reterr, code, format, ap);
        va_end(ap);
        return r;
}

/* Puts before and after around the sentence: the two functions below differ only in that. */
static int error_wrap(Error *reterr, int code, const char *head, const char *tail) {
        _cleanup_(freep) char *message = NULL;
        int saved_errno = errno;

        if (asprintf(&message, "%s: %s", head, tail) < 0)
                message = NULL;
        else if (strlen(message) > ERROR_MESSAGE_MAX)
                message[ERROR_MESSAGE_MAX] = 0;

        error_store(reterr, code, TAKE_PTR(message));
        errno = saved_errno;
        return code;
}

int error_errnof(Error *reterr, int code, const char *format, ...) {
        _cleanup_(freep) char *head = NULL;
        va_list ap;

        assert(code < 0);

        if (!reterr)
                return code;

        va_start(ap, format);
        if (vasprintf(&head, format, ap) < 0)
                head = NULL;
        va_end(ap);

        return error_wrap(reterr, code, head ?: "Failed", strerror(-code));
}

int error_at(Error *reterr, const TextPos *pos, size_t offset, int code, const char *format, ...) {
        _cleanup_(freep) char *head = NULL, *tail = NULL;
        va_list ap;

        assert(code < 0);

        if (!reterr)
                return code;

        va_start(ap, format);
        if (vasprintf(&tail, format, ap) < 0)
                tail = NULL;
        va_end(ap);

        if (asprintf(&head, "%s:%u:%zu", pos->file, pos->line, pos->column + offset) < 0)
                head = NULL;

        return error_wrap(reterr, code, head ?: pos->file, tail ?: strerror(-code));
}

int error_prefix(Error *reterr, int code, const char *format, ...) {
        _cleanup_(freep) char *head = NULL;
        _cleanup_(freep) char *tail = NULL;
        va_list ap;

        assert(code < 0);

        if (!reterr)
                return code;

        va_start(ap, format);
        if (vasprintf(&head, format, ap) < 0)
                head = NULL;
        va_end(ap);

        tail = TAKE_PTR(reterr->message);
        return error_wrap(reterr, code, head ?: "Failed", tail ?: strerror(-code));
}

const char *error_message(const Error *e, int code) {
        if (e && e->message)
                return e->message;

        return strerror(code < 0 ? -code : e && e->code < 0 ? -e->code : EIO);
}

int error_oom(Error *reterr) {
        return error_set(reterr, -ENOMEM, "Out of memory");
}

void error_move(Error *dest, Error *src) {
        if (!dest) {
                error_done(src);
                return;
        }

        error_done(dest);
        *dest = *src;
        *src = (Error) {};
}
