/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* NULL-terminated arrays of owned strings. NULL is an empty one. */
char **strv_free(char **l);
DEFINE_TRIVIAL_CLEANUP_FUNC(char **, strv_free)

size_t strv_length(char *const *l) _pure_;
static inline bool strv_isempty(char *const *l) {
        return !l || !l[0];
}
char **strv_copy(char *const *l);
bool strv_equal(char *const *a, char *const *b) _pure_;
bool strv_contains(char *const *l, const char *s) _pure_;

int strv_push(char ***l, char *s);             /* takes ownership on success only */
int strv_consume(char ***l, char *s);          /* takes ownership always; s == NULL is -ENOMEM */
int strv_extend(char ***l, const char *s);     /* copies */
int strv_extendf(char ***l, const char *format, ...) __attribute__((__format__(printf, 2, 3)));
int strv_extend_strv(char ***l, char *const *more);
void strv_remove_at(char **l, size_t i);
int strv_split(const char *s, const char *separators, char ***ret); /* no empty parts */
char *strv_join(char *const *l, const char *separator);
char **strv_sort(char **l); /* by byte value */

/* "NAME=VALUE" lists: the value, or NULL. */
const char *strv_env_get(char *const *env, const char *name) _pure_;
/* Replaces the entry of that name or appends it. */
int strv_env_set(char ***env, const char *assignment);

#define STRV_FOREACH(s, l) for (char *const *s = (l); s && *s; s++)
