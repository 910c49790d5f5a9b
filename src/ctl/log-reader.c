/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "ctl/log-reader.h"
#include "shared/fd.h"
#include "shared/format/human.h"
#include "shared/parse.h"
#include "shared/text.h"
#include "ctl/terminal.h"

#define SYNC_TIMEOUT_MSEC 2000
#define THRESHOLD         (1U << 20) /* bytes of a field: journald breaks longer lines anyway */

struct LogReader {
        const LogOptions *options; /* weak */
        sd_journal *journal;
        bool found_any;
        bool line_open[2]; /* the last entry on standard output or error had no line end */
};

void log_source_done(LogSource *s) {
        free(s->name);
        free(s->unit);
        *s = (LogSource) {};
}

LogReader *log_reader_free(LogReader *r) {
        if (!r)
                return NULL;

        sd_journal_close(r->journal);
        return mfree(r);
}

void log_sync(void) {
        static const char request[] = "{\"method\":\"io.systemd.Journal.Synchronize\"}"; /* and its NUL: varlink */
        static const struct sockaddr_un address = {
                .sun_family = AF_UNIX,
                .sun_path = "/run/systemd/journal/io.systemd.journal",
        };
        _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            send(fd, request, sizeof(request), MSG_NOSIGNAL) < 0)
                return;
        (void) poll(&p, 1, SYNC_TIMEOUT_MSEC);
}

static int add_match(sd_journal *j, const char *field, const char *value) {
        _cleanup_(freep) char *match = text_join(field, "=", value, NULL);

        return match ? sd_journal_add_match(j, match, 0) : -ENOMEM;
}

static int seek(LogReader *r) {
        const LogOptions *o = r->options;
        uint64_t since = o->since_usec, oldest = UINT64_MAX;
        int k;

        for (size_t i = 0; i < o->n_sources; i++)
                oldest = MIN(oldest, o->sources[i].created_usec);
        since = MAX(since, oldest == UINT64_MAX ? 0 : oldest);

        if (o->tail == UINT64_MAX)
                return sd_journal_seek_realtime_usec(r->journal, since);

        /* back from the end (or --until), stopping at what is too old */
        k = o->until_usec == UINT64_MAX ? sd_journal_seek_tail(r->journal)
                                        : sd_journal_seek_realtime_usec(r->journal, o->until_usec + 1);
        for (uint64_t i = 0; k >= 0 && i <= o->tail; i++) { /* one further back: sd_journal_next() comes first */
                uint64_t when;

                k = sd_journal_previous(r->journal);
                if (k == 0)
                        return sd_journal_seek_realtime_usec(r->journal, since);
                if (k > 0 && sd_journal_get_realtime_usec(r->journal, &when) >= 0 && when < since)
                        break;
        }
        return MIN(k, 0);
}

int log_reader_new(const LogOptions *o, LogReader **ret, Error *reterr) {
        _cleanup_(log_reader_freep) LogReader *r = new0(LogReader, 1);
        int k;

        if (!r)
                return error_oom(reterr);
        r->options = o;

        k = sd_journal_open(&r->journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (k < 0) {
                r->journal = NULL;
                return error_errnof(reterr, k, "open the journal");
        }
        (void) sd_journal_set_data_threshold(r->journal, THRESHOLD);
        (void) sd_journal_get_fd(r->journal); /* from now on nothing is missed */

        for (size_t i = 0; k >= 0 && i < o->n_sources; i++) {
                if (i > 0)
                        k = sd_journal_add_disjunction(r->journal);
                if (k >= 0)
                        k = add_match(r->journal, "_TRANSPORT", "stdout"); /* not what systemd says about the unit */
                if (k >= 0)
                        k = add_match(r->journal, "_SYSTEMD_UNIT", o->sources[i].unit);
        }
        if (k >= 0)
                k = seek(r);
        if (k < 0)
                return error_errnof(reterr, k, "read the journal");

        *ret = TAKE_PTR(r);
        return 0;
}

/* The value of a field of the current entry, within the journal's memory; NULL if it has none. */
static const char *get_field(sd_journal *j, const char *field, size_t *ret_size) {
        size_t skip = strlen(field) + 1, n;
        const void *data;

        if (sd_journal_get_data(j, field, &data, &n) < 0 || n < skip)
                return NULL;
        *ret_size = n - skip;
        return (const char *) data + skip;
}

static bool field_is(sd_journal *j, const char *field, const char *value) {
        size_t n;
        const char *s = get_field(j, field, &n);

        return s && n == strlen(value) && memcmp(s, value, n) == 0;
}

static const LogSource *find_source(LogReader *r, uint64_t when) {
        const LogOptions *o = r->options;

        for (size_t i = 0; i < o->n_sources; i++)
                if (field_is(r->journal, "_SYSTEMD_UNIT", o->sources[i].unit))
                        return when >= o->sources[i].created_usec ? &o->sources[i] : NULL;
        return NULL;
}

static void print_entry(LogReader *r, const LogSource *s, uint64_t when) {
        bool errors = field_is(r->journal, "PRIORITY", STRINGIFY(LOG_ERR));
        FILE *f = errors ? stderr : stdout;
        size_t n = 0, k;
        const char *text, *break_reason;
        char buffer[HUMAN_MAX];
        bool open = false;

        if (!r->line_open[errors]) {
                if (r->options->names)
                        fprintf(f, "%s%s%s ", strempty(s->color), s->name, s->color ? COLOR_NORMAL : "");
                if (r->options->timestamps)
                        fprintf(f, "%s ", human_time_rfc3339(buffer, when, false));
                if (r->options->details) {
                        size_t m;
                        const char *pid = get_field(r->journal, "_PID", &m);

                        if (pid)
                                fprintf(f, "pid=%.*s ", (int) m, pid);
                }
        }

        text = get_field(r->journal, "MESSAGE", &n);
        if (text)
                fwrite(text, 1, n, f);

        /* journald breaks a line that is too long, that another process goes on with, or that ends with the stream */
        break_reason = get_field(r->journal, "_LINE_BREAK", &k);
        if (break_reason)
                open = (k == 8 && memcmp(break_reason, "line-max", k) == 0) ||
                       (k == 10 && memcmp(break_reason, "pid-change", k) == 0) ||
                       (k == 3 && memcmp(break_reason, "eof", k) == 0);
        if (!open)
                putc('\n', f);
        r->line_open[errors] = open && !(k == 3);
        if (errors)
                fflush(f);
}

int log_reader_print(LogReader *r, Error *reterr) {
        const LogOptions *o = r->options;
        int k;

        while ((k = sd_journal_next(r->journal)) > 0) {
                const LogSource *s;
                uint64_t when;

                if (sd_journal_get_realtime_usec(r->journal, &when) < 0)
                        continue;
                if (when > o->until_usec)
                        return 1;
                s = find_source(r, when);
                if (!s || when < o->since_usec)
                        continue;
                print_entry(r, s, when);
                r->found_any = true;
        }
        if (k < 0)
                return error_errnof(reterr, k, "read the journal");
        if (fflush(stdout) == EOF)
                return error_errnof(reterr, negative_errno(), "write to standard output");
        return 0;
}

bool log_reader_found_any(const LogReader *r) {
        return r->found_any;
}

int log_reader_fd(LogReader *r) {
        return sd_journal_get_fd(r->journal);
}

int log_reader_woken(LogReader *r) {
        return sd_journal_process(r->journal);
}
