/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "strv.h"
#include "text.h"

char **strv_free(char **l) {
        STRV_FOREACH(s, l)
                free(*s);
        free(l);
        return NULL;
}

size_t strv_length(char *const *l) {
        size_t n = 0;

        STRV_FOREACH(s, l)
                n++;
        return n;
}

char **strv_copy(char *const *l) {
        _cleanup_(strv_freep) char **copy = new0(char *, strv_length(l) + 1);
        size_t n = 0;

        if (!copy)
                return NULL;

        STRV_FOREACH(s, l) {
                copy[n] = strdup(*s);
                if (!copy[n++])
                        return NULL;
        }

        return TAKE_PTR(copy);
}

bool strv_equal(char *const *a, char *const *b) {
        if (strv_isempty(a) || strv_isempty(b))
                return strv_isempty(a) && strv_isempty(b);

        for (; *a && *b; a++, b++)
                if (!streq(*a, *b))
                        return false;
        return !*a && !*b;
}

bool strv_contains(char *const *l, const char *wanted) {
        STRV_FOREACH(s, l)
                if (streq(*s, wanted))
                        return true;
        return false;
}

int strv_push(char ***l, char *s) {
        size_t n = strv_length(*l), room = 4;
        char **grown;

        /* Always to the next power of two: a list made elsewhere has no more room than it needs, and for one that was
         * grown here realloc() has nothing to do until it reaches that size */
        while (room < n + 2)
                room *= 2;
        grown = reallocarray(*l, room, sizeof(char *));
        if (!grown)
                return -ENOMEM;

        *l = grown;
        (*l)[n] = s;
        (*l)[n + 1] = NULL;
        return 0;
}

int strv_consume(char ***l, char *s) {
        int r;

        if (!s)
                return -ENOMEM;

        r = strv_push(l, s);
        if (r < 0)
                free(s);
        return r;
}

int strv_extend(char ***l, const char *s) {
        return strv_consume(l, strdup(s));
}

int strv_extendf(char ***l, const char *format, ...) {
        char *s = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&s, format, ap);
        va_end(ap);
        return r < 0 ? -ENOMEM : strv_consume(l, s);
}

int strv_extend_strv(char ***l, char *const *more) {
        STRV_FOREACH(s, more) {
                int r = strv_extend(l, *s);
                if (r < 0)
                        return r;
        }

        return 0;
}

void strv_remove_at(char **l, size_t i) {
        free(l[i]);
        for (; l[i]; i++)
                l[i] = l[i + 1];
}

int strv_split(const char *s, const char *separators, char ***ret) {
        _cleanup_(strv_freep) char **l = new0(char *, 1);

        if (!l)
                return -ENOMEM;

        for (const char *p = s + strspn(s, separators); *p; p += strspn(p, separators)) {
                size_t n = strcspn(p, separators);
                int r = strv_consume(&l, strndup(p, n));
                if (r < 0)
                        return r;
                p += n;
        }

        *ret = TAKE_PTR(l);
        return 0;
}

char *strv_join(char *const *l, const char *separator) {
        size_t size = 1, k = strlen(separator);
        char *joined, *q;

        STRV_FOREACH(s, l)
                size += strlen(*s) + k;

        joined = q = malloc(size);
        if (!joined)
                return NULL;

        *q = 0;
        STRV_FOREACH(s, l) {
                if (s != l)
                        q = stpcpy(q, separator);
                q = stpcpy(q, *s);
        }

        return joined;
}

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

char **strv_sort(char **l) {
        if (!strv_isempty(l))
                qsort(l, strv_length(l), sizeof(char *), compare_strings);
        return l;
}

static size_t assignment_name_length(const char *assignment) {
        return strcspn(assignment, "=");
}

const char *strv_env_get(char *const *env, const char *name) {
        size_t n = strlen(name);

        STRV_FOREACH(s, env)
                if (assignment_name_length(*s) == n && strncmp(*s, name, n) == 0)
                        return (*s)[n] == '=' ? *s + n + 1 : "";
        return NULL;
}

int strv_env_set(char ***env, const char *assignment) {
        size_t n = assignment_name_length(assignment);

        for (char **s = *env; s && *s; s++)
                if (assignment_name_length(*s) == n && strncmp(*s, assignment, n) == 0) {
                        char *copy = strdup(assignment);
                        if (!copy)
                                return -ENOMEM;
                        free(*s);
                        *s = copy;
                        return 0;
                }

        return strv_extend(env, assignment);
}
