/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "ctl/client.h"
#include "ctl/option.h"

/* A verb of the command line. */

#define OPTION_TABLES_MAX 6U
#define ARGUMENTS_ANY     UINT32_MAX

typedef enum VerbArea {
        VERB_CONTAINER,
        VERB_IMAGE,
        VERB_SYSTEM,
        _VERB_AREA_MAX,
} VerbArea;

/* What its arguments are, for completion. */
typedef enum VerbObject {
        VERB_OBJECT_NONE,
        VERB_OBJECT_CONTAINER,
        VERB_OBJECT_RUNNING,
        VERB_OBJECT_STOPPED,
        VERB_OBJECT_IMAGE, /* the first argument; files after it */
        VERB_OBJECT_IMAGES,
        VERB_OBJECT_ANY,
        VERB_OBJECT_FILE,
        VERB_OBJECT_JOB,
} VerbObject;

/* The exit code, or negative errno with a sentence. */
typedef int (*verb_run_t)(Client *client, const Arguments *a, Error *reterr);

struct Verb {
        const char *names; /* "ps|container ls|container list": the first is the one that help shows */
        VerbArea area;
        const char *arguments; /* "[OPTIONS] CONTAINER [CONTAINER…]" without the first */
        const char *summary;
        const char *description; /* more; NULL: none */
        uint32_t min, max;       /* positional arguments */
        bool options_first;      /* what follows the first positional argument is no option of ours */
        bool hidden;
        int failure;             /* exit code of a failure; 0: 1 */
        VerbObject object;
        const Option *options[OPTION_TABLES_MAX];
        verb_run_t run;
        int variant; /* for run functions that serve several verbs */
};

extern const Verb *const verbs[]; /* ends with NULL; verb-table.c */

#define VERBS_FOREACH(v) for (const Verb *const *_verb = verbs, *v; (v = *_verb); _verb++)

/* The verb at the beginning of argv ("ps", "container", "ls") and how many words it took; NULL: there is none. */
const Verb *verb_find(char *const *argv, size_t *ret_words);

/* "container ps" for "container", "pss"; NULL: nothing is like it. The string is the verb's or the group's name. */
const char *verb_suggest(const char *group, const char *word);

/* The group's name ("container", "image", "system"), or NULL. */
const char *verb_group(const char *word);

/* Calls f for each of the verb's names until it is not 0. */
int verb_foreach_name(const Verb *v, int (*f)(const char *name, void *userdata), void *userdata);
/* Copies the first name. */
const char *verb_name(const Verb *v);

/* help.c */
void help_verb(const Verb *v, FILE *f);
void help_group(const char *group, FILE *f);
void help_all(FILE *f);
