/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "ctl/progress.h"
#include "shared/format/human.h"
#include "shared/text.h"
#include "ctl/terminal.h"

#define REDRAW_USEC   100000U
#define BAR_WIDTH_MAX 40U
#define NOTHING_YET   "starting"

static uint64_t now_monotonic_usec(void) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

void progress_init(Progress *p, const char *what, bool quiet) {
        const char *term = getenv("TERM");

        *p = (Progress) {
                .what = what,
                .quiet = quiet,
                .terminal = isatty(STDERR_FILENO) > 0 && !streq(strempty(term), "dumb"),
        };
}

void progress_line(char *buffer, size_t size, const char *what, const char *phase, uint64_t current, uint64_t total,
                   size_t width) {
        char done[HUMAN_MAX], all[HUMAN_MAX], numbers[2 * HUMAN_MAX] = "", bar[BAR_WIDTH_MAX + 4] = "";
        const char *done_text = human_size(done, current), *all_text = human_size(all, total);
        size_t used;

        if (total > 0)
                snprintf(numbers, sizeof(numbers), " %s/%s", done_text, all_text);
        else if (current > 0)
                snprintf(numbers, sizeof(numbers), " %s", done_text);

        used = text_width(what) + text_width(phase) + strlen(numbers) + sizeof(":  []");
        if (total > 0 && width > used + 4) {
                size_t n = MIN(width - used, (size_t) BAR_WIDTH_MAX);
                size_t full = current >= total ? n : (size_t) ((double) current / (double) total * (double) n);

                bar[0] = ' ';
                bar[1] = '[';
                for (size_t i = 0; i < n; i++)
                        bar[2 + i] = i < full ? '#' : '.';
                bar[2 + n] = ']';
        }
        snprintf(buffer, MIN(size, width > 0 ? width : 1), "%s: %s%s%s", what, phase, bar, numbers);
}

void progress_update(Progress *p, const char *phase, const char *item, uint64_t current, uint64_t total) {
        uint64_t now = now_monotonic_usec();
        _cleanup_(freep) char *escaped = text_escape(isempty(phase) ? (p->phase[0] ? p->phase : NOTHING_YET) : phase);
        bool changed;

        if (p->quiet || !escaped)
                return;
        changed = !isempty(phase) && !streq(escaped, p->phase);
        if (changed)
                snprintf(p->phase, sizeof(p->phase), "%s", escaped);

        if (!p->terminal) {
                if (changed)
                        fprintf(stderr, "%s: %s\n", p->what, p->phase);
                return;
        }

        if (changed || current >= total || now - p->drawn_usec >= REDRAW_USEC) {
                AttachSize size = { .columns = 80 };
                char line[512];

                (void) terminal_size(&size);
                progress_line(line, sizeof(line), p->what, escaped, current, total, size.columns);
                fprintf(stderr, "\r%s\x1b[K", line);
                p->drawn = true;
                p->drawn_usec = now;
        }
}

void progress_done(Progress *p) {
        if (p->drawn)
                fputs("\r\x1b[K", stderr);
        p->drawn = false;
}
