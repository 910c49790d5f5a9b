/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/text.h"
#include "ctl/verb.h"

static const char *const groups[] = { "container", "image", "system" };

const char *verb_group(const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (streq(word, groups[i]))
                        return groups[i];
        return NULL;
}

int verb_foreach_name(const Verb *v, int (*f)(const char *name, void *userdata), void *userdata) {
        _cleanup_(freep) char *names = strdup(v->names);
        char *p = names, *name;

        while ((name = strsep(&p, "|"))) {
                int r = f(name, userdata);
                if (r != 0)
                        return r;
        }
        return 0;
}

const char *verb_name(const Verb *v) {
        static char name[64];
        size_t n = strcspn(v->names, "|");

        memcpy(name, v->names, MIN(n, sizeof(name) - 1));
        name[MIN(n, sizeof(name) - 1)] = 0;
        return name;
}

/* Whether "ps|container ls" has that name, without copying: this is on the way of every start. */
static bool has_name(const char *names, const char *name, size_t length) {
        for (const char *p = names; *p;) {
                size_t n = strcspn(p, "|");

                if (n == length && strncmp(p, name, n) == 0)
                        return true;
                p += n + (p[n] == '|');
        }
        return false;
}

const Verb *verb_find(char *const *argv, size_t *ret_words) {
        char both[96];
        int n = 0;

        if (!argv[0])
                return NULL;
        if (argv[1] && verb_group(argv[0])) {
                n = snprintf(both, sizeof(both), "%s %s", argv[0], argv[1]);
                if ((size_t) n >= sizeof(both))
                        n = 0;
        }

        VERBS_FOREACH(v) {
                if (n > 0 && has_name(v->names, both, (size_t) n)) {
                        *ret_words = 2;
                        return v;
                }
                if (has_name(v->names, argv[0], strlen(argv[0]))) {
                        *ret_words = 1;
                        return v;
                }
        }
        return NULL;
}

typedef struct Suggestion {
        const char *group, *word;
        char best[64];
        unsigned least;
} Suggestion;

static int consider(const char *name, void *userdata) {
        Suggestion *s = userdata;
        const char *space = strchr(name, ' '), *last = space ? space + 1 : name;
        unsigned d;

        if (s->group ? !(space && (size_t) (space - name) == strlen(s->group) && startswith(name, s->group)) : !!space)
                return 0;
        d = edit_distance(last, s->word);
        if (d < s->least && 2 * d <= strlen(s->word) + 1) {
                s->least = d;
                strncpy(s->best, name, sizeof(s->best) - 1);
        }
        return 0;
}

const char *verb_suggest(const char *group, const char *word) {
        static Suggestion s;

        s = (Suggestion) { .group = group, .word = word, .least = 3 };
        VERBS_FOREACH(v)
                if (!v->hidden)
                        verb_foreach_name(v, consider, &s);
        for (size_t i = 0; !group && i < ELEMENTSOF(groups); i++)
                consider(groups[i], &s);
        return s.best[0] ? s.best : NULL;
}
