/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/json.h"
#include "ctl/verb.h"

/* Lists for people and scripts: a table, a template for each line, or JSON. Each row is two objects: shown has docker's
 * fields, all strings, as they stand in tables; details has the typed values with podman's names, which is what
 * "--format json" prints (as one array) and where templates find what is not in shown. */

typedef struct Row {
        JsonObject *shown;
        JsonObject *details;
} Row;

typedef struct Rows {
        Row *rows;
        size_t n;
} Rows;

void rows_done(Rows *r);
/* Takes both. */
int rows_add(Rows *r, JsonObject *shown, JsonObject *details);

/* Fields and their headings, in the order of "{{json .}}"; ends with {}. */
typedef struct Heading {
        const char *field;
        const char *heading;
} Heading;

typedef struct View {
        const Heading *headings;
        const char *format; /* what is shown if nobody says otherwise: "{{.ID}}\t{{.Names}}" */
        const char *quiet;  /* the field that --quiet shows, each value once; NULL: "ID" */
} View;

extern const Option format_option[];      /* --format */
extern const Option list_options[];       /* --format, --noheading, --quiet, --no-trunc */
extern const Option filter_option[];      /* -f, --filter */
extern const Option filter_option_long[]; /* the same where -f is something else */

/* Prints to standard output by --format, --noheading and --quiet. */
int view_print(const View *v, const Rows *rows, const Arguments *a, Error *reterr);

/* One object (of inspect, info): JSON unless there is a --format. */
int view_print_objects(JsonObject *array, const char *format, Error *reterr);

/* Sorts what DescribeContainers and the like returned. */
int newest_first(const void *a, const void *b);

/* shown[field] = value without control characters. */
int row_set(JsonObject *shown, const char *field, const char *value);

/* The a{sv} of --filter KEY=VALUE: each key with the array of its values. */
int append_filters(sd_bus_message *m, char *const *filters, Error *reterr);

/* Standard output was written to the end. */
int flush_output(Error *reterr);
