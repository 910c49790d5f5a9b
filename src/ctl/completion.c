/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/commands.h"
#include "shared/strv.h"
#include "shared/text.h"

/* "caissonctl __complete WORD…" prints what can stand in the place of the last word, a line each: what the shells'
 * scripts ask for, so that verbs, options and names are always those of this version. "\tfiles" means: file names. */

#define FILES "\tfiles"

static int print_verb_name(const char *name, void *userdata) {
        const char *group = userdata, *space = strchr(name, ' ');

        if (group && space && startswith(name, group) && name[strlen(group)] == ' ')
                puts(space + 1);
        else if (!group && !space)
                puts(name);
        return 0;
}

static void complete_verbs(const char *group) {
        static const char *const groups[] = { "container", "image", "system" };

        VERBS_FOREACH(v)
                if (!v->hidden)
                        verb_foreach_name(v, print_verb_name, (void *) group);
        for (size_t i = 0; !group && i < ELEMENTSOF(groups); i++)
                puts(groups[i]);
}

static void complete_options(const Verb *v) {
        OPTIONS_FOREACH(o, v->options)
                if (o->name && !(o->flags & (OPTION_HIDDEN | OPTION_UNSUPPORTED)))
                        printf("--%s\n", o->name);
        puts("--help");
}

static void complete_containers(Client *c, VerbObject what) {
        _cleanup_(json_putp) JsonObject *list = NULL;

        if (describe_objects(c, "DescribeContainers", NULL, NULL, &list, NULL) < 0)
                return;
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                JsonObject *o = json_object_array_get_idx(list, i);
                const char *state = strempty(json_get_string(o, "State"));
                bool rests = STR_IN_SET(state, "created", "exited", "failed");

                if ((what == VERB_OBJECT_RUNNING && rests) || (what == VERB_OBJECT_STOPPED && !rests))
                        continue;
                if (json_get_string(o, "Name"))
                        puts(json_get_string(o, "Name"));
        }
}

static void complete_images(Client *c) {
        _cleanup_(json_putp) JsonObject *list = NULL;

        if (describe_objects(c, "DescribeImages", NULL, NULL, &list, NULL) < 0)
                return;
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                JsonObject *names = json_get(json_object_array_get_idx(list, i), "Names");

                for (size_t j = 0; json_object_is_type(names, json_type_array) && j < json_object_array_length(names);
                     j++) {
                        const char *name = strempty(json_object_get_string(json_object_array_get_idx(names, j)));

                        puts(startswith(name, "docker.io/library/") ?: startswith(name, "docker.io/") ?: name);
                }
        }
}

/* The option that wants the last word as its value, or NULL. */
static const Option *pending_option(const Verb *v, char *const *words, size_t n) {
        const char *before = n >= 2 ? words[n - 2] : NULL;

        if (!before || before[0] != '-' || strchr(before, '='))
                return NULL;
        OPTIONS_FOREACH(o, v->options) {
                if (!o->name || o->type == OPTION_BOOL || o->flags & OPTION_OPTIONAL)
                        continue;
                if (startswith(before, "--") ? streq(before + 2, o->name)
                                             : o->letter && before[strlen(before) - 1] == o->letter)
                        return o;
        }
        return NULL;
}

static size_t count_positional(const Verb *v, char *const *words, size_t n) {
        size_t k = 0;

        for (size_t i = 0; i + 1 < n; i++)
                if (words[i][0] != '-' && !pending_option(v, words, i + 1))
                        k++;
        return k;
}

static void complete_object(Client *c, const Verb *v, size_t position) {
        switch (v->object) {
        case VERB_OBJECT_CONTAINER:
        case VERB_OBJECT_RUNNING:
        case VERB_OBJECT_STOPPED:
                complete_containers(c, v->object);
                break;
        case VERB_OBJECT_IMAGE:
                if (position == 0)
                        complete_images(c);
                else
                        puts(FILES);
                break;
        case VERB_OBJECT_IMAGES:
                complete_images(c);
                break;
        case VERB_OBJECT_ANY:
                complete_containers(c, v->object);
                complete_images(c);
                break;
        case VERB_OBJECT_FILE:
                puts(FILES);
                break;
        case VERB_OBJECT_NONE:
        case VERB_OBJECT_JOB:
                break;
        }
}

static int run_complete(Client *c, const Arguments *a, Error *reterr) {
        char **words = a->positional;
        const char *last, *group;
        const Option *o;
        const Verb *v;
        size_t n, taken;

        if (strv_isempty(words)) {
                complete_verbs(NULL);
                return 0;
        }

        n = strv_length(words);
        last = words[n - 1];
        group = verb_group(words[0]);
        if (n == 1 || (n == 2 && streq(words[0], "help"))) {
                complete_verbs(NULL);
                return 0;
        }
        if (n == 2 && group) {
                complete_verbs(group);
                return 0;
        }

        v = verb_find(words, &taken);
        if (!v || n <= taken)
                return 0;
        words += taken;
        n -= taken;

        o = pending_option(v, words, n);
        if (o) {
                if (STR_IN_SET(o->argument, "FILE", "[SOURCE:]TARGET[:OPTIONS]"))
                        puts(FILES);
                else if (streq(o->argument, "CONTAINER"))
                        complete_containers(c, VERB_OBJECT_CONTAINER);
        } else if (*last == '-')
                complete_options(v);
        else
                complete_object(c, v, count_positional(v, words, n));
        return 0;
}

const Verb verb_complete = {
        .names = "__complete",
        .area = VERB_SYSTEM,
        .summary = "What may stand in the place of the last word",
        .max = ARGUMENTS_ANY,
        .options_first = true,
        .hidden = true,
        .run = run_complete,
};
