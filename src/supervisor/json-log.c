/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor/json-log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/io.h"
#include "shared/log.h"
#include "shared/text.h"

#define ENTRY_MAX (JSON_LOG_LINE_MAX * 6U + 128U) /* every byte as \u00XX */

typedef struct Line {
        size_t size;
        char text[JSON_LOG_LINE_MAX];
} Line;

struct JsonLog {
        int dir_fd;
        int fd;
        char *name;
        uint64_t size;
        uint64_t max_size;
        unsigned max_files;
        uint64_t n_lost;
        Line *lines[2]; /* what has come of the current line of either stream; made when needed */
        char entry[ENTRY_MAX];
};

static int open_file(JsonLog *l) {
        struct stat st;

        l->fd = openat(l->dir_fd, l->name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
        if (l->fd < 0)
                return -errno;
        if (fstat(l->fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;

        l->size = (uint64_t) st.st_size;
        return 0;
}

int json_log_open(const char *path, uint64_t max_size, unsigned max_files, JsonLog **ret, Error *reterr) {
        _cleanup_(json_log_freep) JsonLog *l = NULL;
        _cleanup_(freep) char *directory = NULL;
        const char *slash = strrchr(path, '/');
        int r;

        if (!slash || !slash[1])
                return error_set(reterr, -EINVAL, "'%s' is not the path of a log file", path);

        l = calloc(1, sizeof(JsonLog)); /* untouched pages of it cost nothing */
        if (!l)
                return error_oom(reterr);
        l->dir_fd = l->fd = -EBADF;
        l->max_size = max_size;
        l->max_files = MAX(max_files, 1U);

        l->name = strdup(slash + 1);
        directory = strndup(path, (size_t) (slash - path) + 1);
        if (!l->name || !directory)
                return error_oom(reterr);

        l->dir_fd = open(directory, O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        r = l->dir_fd < 0 ? -errno : open_file(l);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot open the log %s", path);

        *ret = TAKE_PTR(l);
        return 0;
}

/* Where a file cannot be moved away the log goes on in it: no line is worth less than the limit. */
static void rotate(JsonLog *l) {
        char from[NAME_MAX + 1], to[NAME_MAX + 1];

        for (unsigned i = l->max_files - 1; i >= 1; i--) {
                if (i > 1)
                        (void) snprintf(from, sizeof(from), "%s.%u", l->name, i - 1);
                else
                        (void) snprintf(from, sizeof(from), "%s", l->name);
                (void) snprintf(to, sizeof(to), "%s.%u", l->name, i);
                (void) renameat(l->dir_fd, from, l->dir_fd, to);
        }

        if (l->max_files == 1)
                (void) unlinkat(l->dir_fd, l->name, 0);

        l->fd = safe_close(l->fd);
        (void) open_file(l);
}

static size_t put_escaped(char *out, const char *text, size_t size) {
        size_t n = 0;

        for (size_t i = 0; i < size;) {
                unsigned char c = (unsigned char) text[i];
                size_t length;

                if (c == '"' || c == '\\') {
                        out[n++] = '\\';
                        out[n++] = (char) c;
                        i++;
                } else if (c == '\n' || c == '\r' || c == '\t') {
                        out[n++] = '\\';
                        out[n++] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
                        i++;
                } else if (c < 0x20 || c == 0x7f) {
                        n += (size_t) sprintf(out + n, "\\u%04x", c);
                        i++;
                } else if ((length = utf8_sequence_length(text + i, size - i)) > 0) {
                        memcpy(out + n, text + i, length);
                        n += length;
                        i += length;
                } else {
                        memcpy(out + n, "\\ufffd", 6);
                        n += 6;
                        i++;
                }
        }

        return n;
}

static void write_entry(JsonLog *l, bool is_stderr, const char *text, size_t size) {
        struct timespec ts;
        struct tm tm;
        size_t n = 0;

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        (void) gmtime_r(&ts.tv_sec, &tm);

        n += (size_t) sprintf(l->entry, "{\"log\":\"");
        n += put_escaped(l->entry + n, text, size);
        n += (size_t) sprintf(l->entry + n, "\",\"stream\":\"%s\",\"time\":\"%04i-%02i-%02iT%02i:%02i:%02i.%09liZ\"}\n",
                              is_stderr ? "stderr" : "stdout", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                              tm.tm_hour, tm.tm_min, tm.tm_sec, ts.tv_nsec);

        if (l->max_size > 0 && l->size > 0 && l->size + n > l->max_size)
                rotate(l);

        /* Half an entry would make the rest of the file unreadable: take it back */
        if (l->fd < 0 || loop_write(l->fd, l->entry, n) < 0) {
                if (l->fd >= 0)
                        (void) !ftruncate(l->fd, (off_t) l->size);
                l->n_lost++;
                return;
        }

        l->size += n;
        if (l->n_lost > 0) {
                log_warning("The log could not be written for a while: %llu lines are lost",
                            (unsigned long long) l->n_lost);
                l->n_lost = 0;
        }
}

/* The bytes that a split must leave for the next entry so as not to cut a UTF-8 sequence. */
static size_t incomplete_tail(const char *text, size_t size) {
        for (size_t back = 1; back <= 3 && back < size; back++) {
                unsigned char c = (unsigned char) text[size - back];

                if ((c & 0xc0) == 0x80)
                        continue;
                return c >= 0xc0 && utf8_sequence_length(text + size - back, back) == 0 ? back : 0;
        }

        return 0;
}

static void flush_line(JsonLog *l, bool is_stderr, bool all) {
        Line *line = l->lines[is_stderr];
        size_t keep = all ? 0 : incomplete_tail(line->text, line->size);

        write_entry(l, is_stderr, line->text, line->size - keep);
        memmove(line->text, line->text + line->size - keep, keep);
        line->size = keep;
}

void json_log_write(JsonLog *l, bool is_stderr, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                Line *line = l->lines[is_stderr];
                const char *newline = memchr(p, '\n', size);
                size_t n = newline ? (size_t) (newline - p) + 1 : size;

                /* The usual case: a whole line, and nothing of it came before */
                if (newline && n <= JSON_LOG_LINE_MAX && (!line || line->size == 0)) {
                        write_entry(l, is_stderr, p, n);
                        p += n;
                        size -= n;
                        continue;
                }

                if (!line) {
                        line = l->lines[is_stderr] = malloc(sizeof(Line));
                        if (!line) {
                                l->n_lost++;
                                return;
                        }
                        line->size = 0;
                }

                n = MIN(n, sizeof(line->text) - line->size);
                memcpy(line->text + line->size, p, n);
                line->size += n;
                p += n;
                size -= n;

                if (p[-1] == '\n')
                        flush_line(l, is_stderr, /* all= */ true);
                else if (line->size == sizeof(line->text))
                        flush_line(l, is_stderr, /* all= */ false);
        }
}

JsonLog *json_log_free(JsonLog *l) {
        if (!l)
                return NULL;

        for (int i = 0; i < 2; i++) {
                if (l->lines[i] && l->lines[i]->size > 0)
                        flush_line(l, i == 1, /* all= */ true);
                free(l->lines[i]);
        }

        safe_close(l->fd);
        safe_close(l->dir_fd);
        free(l->name);
        return mfree(l);
}
