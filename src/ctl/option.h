/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* Options as docker and podman read them, from tables: one line is parser, help text, completion, manual and, for what
 * becomes part of a container's configuration, its key and type on the bus. */

typedef enum OptionType {
        OPTION_BOOL,         /* b; --x, --x=true, --x=false */
        OPTION_STRING,       /* s; the last one counts */
        OPTION_LIST,         /* as; may come several times */
        OPTION_MAP,          /* a{ss}; NAME=VALUE, may come several times */
        OPTION_BYTES,        /* t; "500m" */
        OPTION_BYTES_SIGNED, /* x; the same or -1 */
        OPTION_NANO,         /* t; "1.5" in billionths */
        OPTION_UNSIGNED,     /* t */
        OPTION_SIGNED,       /* x */
        OPTION_INT32,        /* i */
        OPTION_DURATION,     /* t; "1m30s" or seconds, in µs; -1: UINT64_MAX */
} OptionType;

typedef enum OptionFlags {
        OPTION_HIDDEN = 1 << 0,      /* in no help text: another spelling, or without effect */
        OPTION_UNSUPPORTED = 1 << 1, /* known, but this version cannot do it (hidden as well) */
        OPTION_DEFAULT_TRUE = 1 << 2,
        OPTION_OPTIONAL = 1 << 3,    /* --x alone means help's default: the value behind "|" in argument */
} OptionFlags;

typedef struct Option {
        const char *name; /* NULL with help: a heading */
        char letter;      /* 0: none */
        OptionType type;
        const char *argument; /* what the value is called; NULL for flags */
        const char *help;
        const char *key; /* in a container's configuration; NULL: not part of it */
        OptionFlags flags;
        const char *stands_for; /* the name of the option of which this is another spelling */
} Option;

#define OPTION_HEADING(text) { .help = text }

typedef struct OptionValue {
        const Option *option; /* weak */
        bool given;
        bool on;
        uint64_t number;
        int64_t integer;
        char **list; /* string: one element */
} OptionValue;

typedef struct Verb Verb;

/* What somebody typed, after the verb. */
typedef struct Arguments {
        const Verb *verb; /* weak */
        OptionValue *values;
        size_t n_values;
        char **positional;
        bool help; /* --help was among them */
} Arguments;

void arguments_done(Arguments *a);

/* tables: a NULL-terminated list of tables, each ended by {}. options_first: everything from the first positional
 * argument on is positional. */
int arguments_parse(const Option *const *tables, bool options_first, char *const *argv, Arguments *ret, Error *reterr);

/* The option must be in one of the tables. */
OptionValue *option_value(const Arguments *a, const char *name);
bool option_given(const Arguments *a, const char *name);
bool option_on(const Arguments *a, const char *name);
const char *option_string(const Arguments *a, const char *name); /* NULL: not given */
char **option_list(const Arguments *a, const char *name);        /* NULL: not given */
uint64_t option_number(const Arguments *a, const char *name, uint64_t otherwise);
bool option_exists(const Arguments *a, const char *name);

/* Which of the tables' options is meant; NULL: none. */
const Option *option_find(const Option *const *tables, const char *name);

#define OPTIONS_FOREACH(o, tables)                                                                           \
        for (const Option *const *_table = (tables); *_table; _table++)                                      \
                for (const Option *o = *_table; o->name || o->help; o++)
