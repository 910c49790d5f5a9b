/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>
#include <time.h>

#include "link.h"
#include "shared/bus-names.h"
#include "shared/text.h"

#define TELL_EVERY_USEC 250000U
#define SENTENCE_MAX    4096U

void worker_link_done(WorkerLink *l) {
        free(l->phase);
        free(l->item.id);
        free(l->item.phase);
}

static uint64_t now_usec(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000U + (uint64_t) t.tv_nsec / 1000U;
}

int worker_link_receive(WorkerLink *l, JsonObject **ret, Error *reterr) {
        _cleanup_(freep) char *buffer = malloc(WORKER_RECORD_MAX);
        ssize_t n;

        if (!buffer)
                return error_oom(reterr);

        do
                n = recv(l->fd, buffer, WORKER_RECORD_MAX, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return error_errnof(reterr, -errno, "receive the parameters");
        if (n == 0)
                return error_set(reterr, -EPIPE, "nobody sent parameters");

        return json_parse("parameters", buffer, (size_t) n, ret, reterr);
}

static int send_record(WorkerLink *l, JsonObject *o) {
        const char *text = json_text(o);
        size_t size;
        ssize_t n;

        if (!text)
                return -ENOMEM;
        size = strlen(text);
        if (size > WORKER_RECORD_MAX)
                return -EMSGSIZE;

        do
                n = send(l->fd, text, size, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == ECONNRESET ? -EPIPE : -errno;

        return 0;
}

static int send_numbers(WorkerLink *l, const char *type, const char *id, const char *phase, uint64_t current,
                        uint64_t total) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;

        r = json_add_string(o, "type", type);
        if (r >= 0)
                r = json_add_string(o, "id", id);
        if (r >= 0)
                r = json_add_string(o, "phase", phase);
        if (r >= 0)
                r = json_add_u64(o, "current", current);
        if (r >= 0)
                r = json_add_u64(o, "total", total);
        if (r < 0)
                return r;

        return send_record(l, o);
}

static int replace_text(char **p, const char *s) {
        char *copy = strdup(s);

        if (!copy)
                return -ENOMEM;

        free(*p);
        *p = copy;
        return 0;
}

int worker_link_progress(WorkerLink *l, const char *phase, uint64_t current, uint64_t total) {
        uint64_t now = now_usec();
        bool news = !streq_ptr(l->phase, phase) || (total > 0 && current == total);
        int r;

        if (!news && now < l->progress_usec + TELL_EVERY_USEC)
                return 0;

        if (!streq_ptr(l->phase, phase)) {
                r = replace_text(&l->phase, phase);
                if (r < 0)
                        return r;
        }
        l->progress_usec = now;
        return send_numbers(l, "progress", NULL, phase, current, total);
}

int worker_link_item(WorkerLink *l, const char *id, const char *phase, uint64_t current, uint64_t total) {
        uint64_t now = now_usec();
        bool same = streq_ptr(l->item.id, id) && streq_ptr(l->item.phase, phase);
        int r;

        if (same && now < l->item.usec + TELL_EVERY_USEC)
                return 0;

        if (!same) {
                r = replace_text(&l->item.id, id);
                if (r >= 0)
                        r = replace_text(&l->item.phase, phase);
                if (r < 0)
                        return r;
        }
        l->item.usec = now;
        return send_numbers(l, "item", id, phase, current, total);
}

void worker_link_set_error_name(WorkerLink *l, const char *name) {
        l->error_name = name;
}

int worker_link_result(WorkerLink *l, JsonObject *result) {
        _cleanup_(json_putp) JsonObject *o = result ?: json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;

        r = json_add_string(o, "type", "result");
        return r < 0 ? r : send_record(l, o);
}

static const char *error_name(int code) {
        switch (code) {
        case -ENOENT:
                return BUS_ERROR_NO_SUCH_IMAGE;
        case -ENOTUNIQ:
                return BUS_ERROR_AMBIGUOUS;
        case -EBUSY:
                return BUS_ERROR_IN_USE;
        case -EBADMSG:
                return BUS_ERROR_INVALID_ARCHIVE;
        case -EINVAL:
                return BUS_ERROR_INVALID_CONFIG;
        case -EOPNOTSUPP:
                return BUS_ERROR_NOT_SUPPORTED;
        default:
                return BUS_ERROR_FAILED;
        }
}

int worker_link_error(WorkerLink *l, int code, const Error *e) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        _cleanup_(freep) char *sentence = NULL;
        int r;

        /* What it quotes may come from an archive: it has to be text, and of a length that one reads */
        sentence = text_escape(error_message(e, code));
        if (!o || !sentence)
                return -ENOMEM;
        if (strlen(sentence) > SENTENCE_MAX)
                strcpy(sentence + SENTENCE_MAX - 3, "…"); /* three bytes */

        r = json_add_string(o, "type", "error");
        if (r >= 0)
                r = json_add_string(o, "name", l->error_name ?: error_name(code));
        if (r >= 0)
                r = json_add_string(o, "message", sentence);
        return r < 0 ? r : send_record(l, o);
}
