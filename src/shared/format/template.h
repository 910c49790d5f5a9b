/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/json.h"

/* A subset of Go's text/template over JSON, for --format: fields, variables, pipelines, if, range, with and the
 * functions that docker and podman offer. A template is what a person (or a script) wrote, the data comes from images
 * and containers: parsing is bounded in size and depth, execution in steps and output. Messages name the place:
 * "template: 1:14: function "foo" is not known". */
typedef struct Template Template;

#define TEMPLATE_SIZE_MAX   (64U << 10)
#define TEMPLATE_OUTPUT_MAX (16U << 20)

typedef enum TemplateFlags {
        TEMPLATE_ESCAPES = 1 << 0, /* parse: \t and \n in the text between actions are a tab and a line feed */

        /* execute */
        TEMPLATE_STRICT = 1 << 1,  /* a field the data itself (not something nested in it) lacks is an error */
        TEMPLATE_HEADING = 1 << 2, /* data holds headings: what changes values leaves them alone, "Label" names itself */
        TEMPLATE_PRINTABLE = 1 << 3, /* control characters in values become \xNN, except line feeds and tabs */
} TemplateFlags;

int template_parse(const char *text, TemplateFlags flags, Template **ret, Error *reterr);
Template *template_free(Template *t);
DEFINE_TRIVIAL_CLEANUP_FUNC(Template *, template_free)

/* Fields of data that are not in it are looked up in more (which may be NULL): data is what "json ." shows. */
int template_execute(const Template *t, JsonObject *data, JsonObject *more, TemplateFlags flags, char **ret,
                     Error *reterr);
