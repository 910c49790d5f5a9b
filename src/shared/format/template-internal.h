/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "template.h"

/* The tree that template-parse.c makes and template-execute.c walks. Positions are offsets into the text. */

#define TEMPLATE_DEPTH_MAX     100U
#define TEMPLATE_STEPS_MAX     2000000U
#define TEMPLATE_VARIABLES_MAX 64U
#define TEMPLATE_ARGUMENTS_MAX 64U

typedef struct Pipeline Pipeline;
typedef struct Node Node;

typedef enum OperandType {
        OPERAND_DOT,
        OPERAND_LITERAL,
        OPERAND_VARIABLE,
        OPERAND_FUNCTION,
        OPERAND_PIPELINE, /* in parentheses */
} OperandType;

typedef struct Operand {
        OperandType type;
        size_t offset;
        JsonObject *literal; /* NULL: nil */
        char *name;          /* of a variable ("" is $) or function */
        Pipeline *pipeline;
        char **fields; /* ".A.B" behind it */
} Operand;

typedef struct Command {
        Operand *operands;
        size_t n_operands;
} Command;

struct Pipeline {
        size_t offset;
        char *variables[2];
        size_t n_variables;
        bool assign; /* "=" to a variable that is there, not ":=" */
        Command *commands;
        size_t n_commands;
};

typedef enum NodeType {
        NODE_TEXT,
        NODE_ACTION,
        NODE_IF,
        NODE_WITH,
        NODE_RANGE,
        NODE_BREAK,
        NODE_CONTINUE,
} NodeType;

struct Node {
        NodeType type;
        size_t offset;
        char *text;
        Pipeline *pipeline;
        Node *body;
        Node *otherwise;
        Node *next;
};

struct Template {
        char *text;
        Node *nodes;
};

/* "template: LINE:COLUMN: sentence", -EINVAL. */
int template_error(const char *text, size_t offset, Error *reterr, const char *format, ...) _printf_(4, 5);

/* Execution. */
typedef struct Output {
        char *text;
        size_t size, allocated;
} Output;

int output_add(Output *o, const char *s, size_t n); /* -EFBIG beyond TEMPLATE_OUTPUT_MAX */

typedef struct Call {
        const char *text; /* of the template, for messages */
        size_t offset;
        TemplateFlags flags;
        Error *reterr;
} Call;

/* *ret is a new reference. The arguments stay the caller's. */
typedef int (*template_function_t)(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret);

typedef struct TemplateFunction {
        const char *name;
        size_t min_args, max_args;
        template_function_t run; /* NULL: "and" and "or", which evaluate what they need only */
} TemplateFunction;

const TemplateFunction *template_function_find(const char *name);
const char *template_function_suggest(const char *name); /* or NULL */

bool template_is_true(JsonObject *o);
/* As Go prints a value with %v. */
int template_print_value(Output *out, JsonObject *o);
int template_format(const Call *call, JsonObject *const *args, size_t n_args, Output *out);
int template_index(const Call *call, JsonObject *o, JsonObject *key, JsonObject **ret);
const char *template_type_name(JsonObject *o);

/* For functions: "join needs a list, got a string", and what a function that makes text ends with (out is freed). */
int template_misfit(const Call *call, const char *function, const char *wanted, JsonObject *got);
int template_return_string(Output *out, JsonObject **ret);

/* template-text.c */
int template_function_join(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret);
int template_function_split(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret);
int template_function_upper(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret);
int template_function_lower(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret);
int template_function_title(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret);
int template_function_truncate(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret);
int template_function_pad(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret);
