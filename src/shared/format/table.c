/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/strv.h"
#include "shared/text.h"
#include "table.h"

#define COLUMNS_MAX 64U

static size_t cell_width(const char *cell, size_t n) {
        _cleanup_(freep) char *copy = strndup(cell, n);

        return copy ? text_width(copy) : n;
}

int table_print(FILE *f, char *const *lines) {
        size_t widths[COLUMNS_MAX] = {};

        STRV_FOREACH(line, lines) {
                const char *cell = *line;

                for (size_t i = 0; i < COLUMNS_MAX; i++) {
                        size_t n = strcspn(cell, "\t");

                        if (!cell[n])
                                break; /* the last one needs no width */
                        widths[i] = MAX(MAX(widths[i], cell_width(cell, n) + TABLE_PADDING), TABLE_WIDTH_MIN);
                        cell += n + 1;
                }
        }

        STRV_FOREACH(line, lines) {
                const char *cell = *line;

                for (size_t i = 0;; i++) {
                        size_t n = strcspn(cell, "\t");

                        if (fwrite(cell, 1, n, f) != n)
                                return negative_errno();
                        if (!cell[n])
                                break;
                        if (i < COLUMNS_MAX)
                                fprintf(f, "%*s", (int) (widths[i] - cell_width(cell, n)), "");
                        cell += n + 1;
                }
                if (putc('\n', f) == EOF)
                        return negative_errno();
        }
        return 0;
}
