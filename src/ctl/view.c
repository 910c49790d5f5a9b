/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <unistd.h>

#include "ctl/container-options.h"
#include "shared/format/table.h"
#include "shared/format/template.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "ctl/view.h"

const Option format_option[] = {
        { "format", 'f', OPTION_STRING, "FORMAT", "Show it by a Go template, or as json", NULL, 0, NULL },
        {},
};

const Option list_options[] = {
        { "format", 0, OPTION_STRING, "FORMAT", "Show it by a Go template ('table …' with headings), or as json (one "
          "array)", NULL, 0, NULL },
        { "noheading", 'n', OPTION_BOOL, NULL, "Leave out the headings", NULL, 0, NULL },
        { "quiet", 'q', OPTION_BOOL, NULL, "Show identifiers only", NULL, 0, NULL },
        { "no-trunc", 0, OPTION_BOOL, NULL, "Shorten nothing", NULL, 0, NULL },
        { "notruncate", 0, OPTION_BOOL, NULL, NULL, NULL, OPTION_HIDDEN, "no-trunc" },
        {},
};

const Option filter_option[] = {
        { "filter", 'f', OPTION_LIST, "NAME=VALUE", "Only what matches; several of one name: any of them", NULL, 0,
          NULL },
        {},
};

const Option filter_option_long[] = {
        { "filter", 0, OPTION_LIST, "NAME=VALUE", "Only what matches; several of one name: any of them", NULL, 0, NULL },
        {},
};

void rows_done(Rows *r) {
        for (size_t i = 0; i < r->n; i++) {
                json_object_put(r->rows[i].shown);
                json_object_put(r->rows[i].details);
        }
        free(r->rows);
        *r = (Rows) {};
}

int rows_add(Rows *r, JsonObject *shown, JsonObject *details) {
        Row *rows = reallocarray(r->rows, r->n + 1, sizeof(Row));

        if (!rows) {
                json_object_put(shown);
                json_object_put(details);
                return -ENOMEM;
        }
        r->rows = rows;
        r->rows[r->n++] = (Row) { shown, details };
        return 0;
}

int row_set(JsonObject *shown, const char *field, const char *value) {
        _cleanup_(freep) char *escaped = text_escape(strempty(value));

        return escaped ? json_add_string(shown, field, escaped) : -ENOMEM;
}

int flush_output(Error *reterr) {
        if (fflush(stdout) == EOF || ferror(stdout))
                return error_errnof(reterr, negative_errno(), "write to standard output");
        return 0;
}

static int print_json(JsonObject *o, Error *reterr) {
        const char *text = json_text_pretty(o);

        if (!text)
                return error_oom(reterr);
        puts(text);
        return flush_output(reterr);
}

static int print_json_rows(const Rows *rows, Error *reterr) {
        _cleanup_(json_putp) JsonObject *array = json_object_new_array();

        if (!array)
                return error_oom(reterr);
        for (size_t i = 0; i < rows->n; i++) {
                JsonObject *o = json_object_get(rows->rows[i].details ?: rows->rows[i].shown);

                if (json_object_array_add(array, o) < 0) {
                        json_object_put(o);
                        return error_oom(reterr);
                }
        }
        return print_json(array, reterr);
}

static int add_heading_line(const View *v, const Template *t, char ***lines, Error *reterr) {
        _cleanup_(json_putp) JsonObject *headings = json_object_new_object();
        char *line = NULL;
        int r;

        for (const Heading *h = v->headings; h->field; h++)
                if (json_add_string(headings, h->field, h->heading) < 0)
                        return error_oom(reterr);
        r = template_execute(t, headings, NULL, TEMPLATE_HEADING, &line, reterr);
        if (r < 0)
                return r;
        return strv_consume(lines, line) < 0 ? error_oom(reterr) : 0;
}

static int print_quiet(const Rows *rows, const char *field, Error *reterr) {
        for (size_t i = 0; i < rows->n; i++) {
                const char *id = strempty(json_get_string(rows->rows[i].shown, field));
                bool seen = false;

                for (size_t j = 0; j < i && !seen; j++)
                        seen = streq(id, strempty(json_get_string(rows->rows[j].shown, field)));
                if (!seen)
                        puts(id);
        }
        return flush_output(reterr);
}

int newest_first(const void *a, const void *b) {
        int64_t x = json_get_i64(*(JsonObject *const *) a, "Created"), y = json_get_i64(*(JsonObject *const *) b, "Created");

        return (x < y) - (x > y);
}

int view_print(const View *v, const Rows *rows, const Arguments *a, Error *reterr) {
        const char *format = option_string(a, "format"), *rest = NULL;
        _cleanup_(template_freep) Template *t = NULL;
        _cleanup_(strv_freep) char **lines = NULL;
        TemplateFlags flags = TEMPLATE_STRICT | (isatty(STDOUT_FILENO) > 0 ? TEMPLATE_PRINTABLE : 0);
        bool table = !format;
        int r;

        if (!format && option_on(a, "quiet"))
                return print_quiet(rows, v->quiet ?: "ID", reterr);
        if (format && STR_IN_SET(format, "json", "{{json}}"))
                return print_json_rows(rows, reterr);

        if (format && (rest = startswith(format, "table")) && (!*rest || ascii_isspace(*rest))) {
                table = true;
                while (ascii_isspace(*rest))
                        rest++;
                format = *rest ? rest : NULL;
        }
        r = template_parse(format ?: v->format, TEMPLATE_ESCAPES, &t, reterr);
        if (r < 0)
                return r;

        if (table && !option_on(a, "noheading")) {
                r = add_heading_line(v, t, &lines, reterr);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < rows->n; i++) {
                char *line = NULL;

                r = template_execute(t, rows->rows[i].shown, rows->rows[i].details, flags, &line, reterr);
                if (r < 0)
                        return r;
                if (!table) {
                        puts(line);
                        free(line);
                } else if (strv_consume(&lines, line) < 0)
                        return error_oom(reterr);
        }
        if (table) {
                setlocale(LC_CTYPE, ""); /* widths of characters; not earlier, it costs as much as reading a library */
                (void) table_print(stdout, lines);
        }
        return flush_output(reterr);
}

int view_print_objects(JsonObject *array, const char *format, Error *reterr) {
        TemplateFlags flags = TEMPLATE_STRICT | (isatty(STDOUT_FILENO) > 0 ? TEMPLATE_PRINTABLE : 0);
        _cleanup_(template_freep) Template *t = NULL;
        int r;

        if (isempty(format) || STR_IN_SET(format, "json", "{{json}}"))
                return print_json(array, reterr);

        r = template_parse(format, TEMPLATE_ESCAPES, &t, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < json_object_array_length(array); i++) {
                _cleanup_(freep) char *text = NULL;

                r = template_execute(t, json_object_array_get_idx(array, i), NULL, flags, &text, reterr);
                if (r < 0)
                        return r;
                fputs(text, stdout);
                if (!endswith(text, "\n"))
                        putchar('\n');
        }
        return flush_output(reterr);
}

static bool same_key(const char *a, const char *b) {
        size_t n = strcspn(a, "=");

        return strcspn(b, "=") == n && strncmp(a, b, n) == 0;
}

int append_filters(sd_bus_message *m, char *const *filters, Error *reterr) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return bus_message_failed(r, reterr);

        for (char *const *f = filters; f && *f; f++) {
                _cleanup_(strv_freep) char **values = NULL;
                _cleanup_(freep) char *key = NULL;
                size_t n = strcspn(*f, "=");
                bool seen = false;

                if (n == 0 || !(*f)[n] || !utf8_is_valid(*f)) {
                        _cleanup_(freep) char *shown = text_escape(*f);
                        return error_set(reterr, -EINVAL, "--filter: '%.80s' is not NAME=VALUE", strempty(shown));
                }
                for (char *const *g = filters; g < f; g++)
                        seen = seen || same_key(*g, *f);
                if (seen)
                        continue;

                key = strndup(*f, n);
                if (!key)
                        return error_oom(reterr);
                for (char *const *g = f; *g; g++)
                        if (same_key(*g, *f) && strv_extend(&values, *g + n + 1) < 0)
                                return error_oom(reterr);
                r = append_strv(m, key, values);
                if (r < 0)
                        return bus_message_failed(r, reterr);
        }

        r = sd_bus_message_close_container(m);
        return r < 0 ? bus_message_failed(r, reterr) : 0;
}
