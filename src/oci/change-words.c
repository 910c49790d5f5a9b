/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "change.h"
#include "shared/strv.h"
#include "shared/text.h"

/* The words of an instruction: quotes, backslashes and variables as a Dockerfile has them. */

#define EXPANDED_MAX (4U * CHANGE_LENGTH_MAX)
#define NESTING_MAX  8U

typedef struct Words {
        const char *p;
        char *const *env;
        char *word; /* what is being put together; NULL: nothing yet, not even an empty word */
        size_t length, total, allocated;
        unsigned depth; /* of ${…:-${…}} */
        Error *reterr;
} Words;

static int put(Words *w, const char *s, size_t n) {
        w->total += n;
        if (w->total > EXPANDED_MAX)
                return error_set(w->reterr, -E2BIG, "more than %u bytes after variables were replaced", EXPANDED_MAX);

        if (!w->word || w->length + n + 1 > w->allocated) {
                size_t size = 2 * (w->length + n) + 32;
                char *more = realloc(w->word, size);

                if (!more)
                        return error_oom(w->reterr);
                w->word = more;
                w->allocated = size;
        }
        memcpy(w->word + w->length, s, n);
        w->length += n;
        w->word[w->length] = 0;
        return 0;
}

static size_t name_length(const char *s) {
        size_t n = 0;

        while (ascii_isalpha(s[n]) || s[n] == '_' || (n > 0 && ascii_isdigit(s[n])))
                n++;
        return n;
}

static const char *look_up(char *const *env, const char *name, size_t n) {
        STRV_FOREACH(e, env)
                if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
                        return *e + n + 1;
        return NULL;
}

/* The end of what stands in the braces, which may hold others */
static const char *closing_brace(const char *p) {
        unsigned depth = 1;

        for (; *p; p++) {
                if (*p == '\\' && p[1])
                        p++;
                else if (*p == '{' && p[-1] == '$')
                        depth++;
                else if (*p == '}' && --depth == 0)
                        return p;
        }
        return NULL;
}

static int expand_into(const char *text, char *const *env, unsigned depth, char **ret, Error *reterr);

/* "{NAME}", "{NAME:-word}", "{NAME:+word}" */
static int expand_braces(Words *w) {
        const char *name = w->p + 1, *end = closing_brace(name), *value;
        _cleanup_(freep) char *word = NULL, *expanded = NULL;
        size_t n = name_length(name);
        char op = 0;
        int r;

        if (!end || n == 0)
                return error_set(w->reterr, -EINVAL, "'$%.40s' is not a variable", w->p);

        value = look_up(w->env, name, n);
        if (name + n != end) {
                if (name[n] != ':' || !strchr("-+", name[n + 1]) || name[n + 1] == 0)
                        return error_set(w->reterr, -EINVAL, "'$%.40s' is not a variable", w->p);
                op = name[n + 1];
        }
        w->p = end + 1;

        if (op == '-' ? !isempty(value) : op == '+' ? isempty(value) : true)
                return op == '+' ? 0 : put(w, strempty(value), strlen(strempty(value)));

        if (w->depth >= NESTING_MAX)
                return error_set(w->reterr, -EINVAL, "variables are nested too deeply");
        word = strndup(name + n + 2, (size_t) (end - (name + n + 2)));
        if (!word)
                return error_oom(w->reterr);
        r = expand_into(word, w->env, w->depth + 1, &expanded, w->reterr);
        if (r < 0)
                return r;
        return put(w, expanded, strlen(expanded));
}

/* At "$" */
static int expand_variable(Words *w) {
        const char *value;
        size_t n;

        w->p++;
        if (*w->p == '{')
                return expand_braces(w);

        n = name_length(w->p);
        if (n == 0)
                return put(w, "$", 1);

        value = strempty(look_up(w->env, w->p, n));
        w->p += n;
        return put(w, value, strlen(value));
}

/* At a backslash; what it means depends on where it stands */
static int take_backslash(Words *w, bool quoted) {
        char c = w->p[1];

        if (c == 0 || (quoted && !strchr("\"\\$", c))) {
                w->p++;
                return put(w, "\\", 1);
        }
        w->p += 2;
        return put(w, &c, 1);
}

static int take_quoted(Words *w) {
        char quote = *w->p++;
        int r;

        r = put(w, "", 0);
        while (r >= 0 && *w->p != quote) {
                if (*w->p == 0)
                        return error_set(w->reterr, -EINVAL, "a %c is not closed", quote);
                if (quote == '"' && *w->p == '\\')
                        r = take_backslash(w, true);
                else if (quote == '"' && *w->p == '$' && w->env)
                        r = expand_variable(w);
                else
                        r = put(w, w->p++, 1);
        }
        if (r < 0)
                return r;

        w->p++;
        return 0;
}

static int take_one(Words *w) {
        switch (*w->p) {
        case '\'':
        case '"':
                return take_quoted(w);
        case '\\':
                return take_backslash(w, false);
        case '$':
                if (w->env)
                        return expand_variable(w);
                _fallthrough_;
        default:
                return put(w, w->p++, 1);
        }
}

static int expand_into(const char *text, char *const *env, unsigned depth, char **ret, Error *reterr) {
        Words w = { .p = text, .env = env, .depth = depth, .reterr = reterr };
        int r;

        r = put(&w, "", 0);
        while (r >= 0 && *w.p)
                r = take_one(&w);
        if (r < 0) {
                free(w.word);
                return r;
        }

        *ret = w.word;
        return 0;
}

static char *const no_env[] = { NULL };

int change_expand(const char *text, char *const *env, char **ret, Error *reterr) {
        return expand_into(text, env ?: no_env, 0, ret, reterr);
}

int change_split_words(const char *text, char *const *env, char ***ret, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        Words w = { .p = text, .env = env, .reterr = reterr };
        int r = 0;

        for (;;) {
                if (*w.p && !ascii_isspace(*w.p)) {
                        r = take_one(&w);
                        if (r < 0)
                                break;
                        continue;
                }

                if (w.word) {
                        r = strv_consume(&l, TAKE_PTR(w.word));
                        if (r < 0) {
                                error_oom(reterr);
                                break;
                        }
                        w.length = w.allocated = 0;
                }
                if (!*w.p)
                        break;
                w.p++;
        }
        free(w.word);
        if (r < 0)
                return r;

        if (!l) {
                l = new0(char *, 1);
                if (!l)
                        return error_oom(reterr);
        }
        *ret = TAKE_PTR(l);
        return 0;
}
