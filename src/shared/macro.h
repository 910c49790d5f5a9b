/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define _cleanup_(f) __attribute__((__cleanup__(f)))
#define _printf_(a, b) __attribute__((__format__(printf, a, b)))
#define _unused_ __attribute__((__unused__))
#define _weakref_ /* a pointer that is not ours to free */
#define _noreturn_ __attribute__((__noreturn__))
#define _const_ __attribute__((__const__))
#define _pure_ __attribute__((__pure__))
#define _sentinel_ __attribute__((__sentinel__))
#define _fallthrough_ __attribute__((__fallthrough__))
#define _packed_ __attribute__((__packed__))

/* gcc and clang say it differently. What the sanitizer needs, confinement would take away. */
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER 1
#endif
#endif

#define STRINGIFY_INNER(x) #x
#define STRINGIFY(x) STRINGIFY_INNER(x)
#define CONCATENATE_INNER(a, b) a##b
#define CONCATENATE(a, b) CONCATENATE_INNER(a, b)
#define UNIQ_NAME(prefix) CONCATENATE(prefix, __COUNTER__)

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#define COMPARE_PICK(a, b, op, x, y)                                                                        \
        ({                                                                                                  \
                __typeof__(a) x = (a);                                                                      \
                __typeof__(b) y = (b);                                                                      \
                x op y ? x : y;                                                                             \
        })
#define MIN(a, b) COMPARE_PICK(a, b, <, UNIQ_NAME(_x), UNIQ_NAME(_y))
#define MAX(a, b) COMPARE_PICK(a, b, >, UNIQ_NAME(_x), UNIQ_NAME(_y))
#define CLAMP(x, low, high) MIN(MAX(x, low), high)
#define FLAGS_SET(v, flags) (((v) & (flags)) == (flags))
#define SET_FLAG(v, flag, on) ((v) = (on) ? ((v) | (flag)) : ((v) & ~(flag)))
#define CONTAINER_OF(ptr, type, member) ((type *) ((char *) (ptr) - offsetof(type, member)))

/* The argument cannot be NULL: a mistake of ours if it is. */
#define ASSERT_PTR(expr)                                                                                     \
        ({                                                                                                   \
                __typeof__(expr) _p = (expr);                                                                \
                assert(_p);                                                                                  \
                _p;                                                                                          \
        })

/* Hands over what a variable owns and leaves the variable empty. */
#define TAKE_GENERIC(var, type, empty)                                                                       \
        ({                                                                                                   \
                type *_pvar = &(var);                                                                        \
                type _value = *_pvar;                                                                        \
                *_pvar = (empty);                                                                            \
                _value;                                                                                      \
        })
#define TAKE_PTR(ptr) TAKE_GENERIC(ptr, __typeof__(ptr), NULL)
#define TAKE_FD(fd) TAKE_GENERIC(fd, int, -EBADF)

#define mfree(p)                                                                                             \
        ({                                                                                                   \
                free(p);                                                                                     \
                (__typeof__(p)) NULL;                                                                        \
        })

#define free_and_replace(a, b)                                                                               \
        ({                                                                                                   \
                free(a);                                                                                     \
                (a) = TAKE_PTR(b);                                                                           \
                0;                                                                                           \
        })

static inline void freep(void *p) {
        free(*(void **) p);
}

#define new0(type, n) ((type *) calloc((n), sizeof(type)))

/* Defines typep(): a destructor that _cleanup_() can call; func takes the pointer itself. */
#define DEFINE_TRIVIAL_CLEANUP_FUNC(type, func)                                                              \
        static inline void func##p(type *p) {                                                                \
                if (*p)                                                                                      \
                        *p = func(*p);                                                                       \
        }

/* The same where the destructor returns nothing. */
#define DEFINE_TRIVIAL_CLEANUP_FUNC_VOID(type, func)                                                         \
        static inline void func##p(type *p) {                                                                \
                if (*p)                                                                                      \
                        func(*p);                                                                            \
        }

/* name_ref() and name_unref() for a struct with an `unsigned n_ref`; free_func returns NULL. */
#define DEFINE_REF_UNREF(type, name, free_func)                                                              \
        type *name##_ref(type *p) {                                                                          \
                if (!p)                                                                                      \
                        return NULL;                                                                         \
                assert(p->n_ref > 0);                                                                        \
                p->n_ref++;                                                                                  \
                return p;                                                                                    \
        }                                                                                                    \
        type *name##_unref(type *p) {                                                                        \
                if (!p)                                                                                      \
                        return NULL;                                                                         \
                assert(p->n_ref > 0);                                                                        \
                if (--p->n_ref > 0)                                                                          \
                        return NULL;                                                                         \
                return free_func(p);                                                                         \
        }

#define DECLARE_REF_UNREF(type, name)                                                                        \
        type *name##_ref(type *p);                                                                           \
        type *name##_unref(type *p);                                                                         \
        DEFINE_TRIVIAL_CLEANUP_FUNC(type *, name##_unref)

/* String tables for enums: X_to_string() and X_from_string(), the latter -EINVAL for what it does not know. */
#define DEFINE_STRING_TABLE(name, type)                                                                      \
        const char *name##_to_string(type i) {                                                               \
                if ((int) i < 0 || (size_t) i >= ELEMENTSOF(name##_table))                                   \
                        return NULL;                                                                         \
                return name##_table[i];                                                                      \
        }                                                                                                    \
        type name##_from_string(const char *s) {                                                             \
                if (s)                                                                                       \
                        for (size_t _i = 0; _i < ELEMENTSOF(name##_table); _i++)                             \
                                if (name##_table[_i] && strcmp(name##_table[_i], s) == 0)                    \
                                        return (type) _i;                                                    \
                return (type) -EINVAL;                                                                       \
        }
#define DECLARE_STRING_TABLE(name, type)                                                                     \
        const char *name##_to_string(type i) _const_;                                                        \
        type name##_from_string(const char *s) _pure_

/* errno of the call that just failed, negative and never zero. */
static inline int negative_errno(void) {
        return errno > 0 ? -errno : -EIO;
}

#define ERRNO_IS_NOT_FOUND(r) ((r) == -ENOENT || (r) == -ENXIO || (r) == -ESRCH)
#define ERRNO_IS_DISK_FULL(r) ((r) == -ENOSPC || (r) == -EDQUOT || (r) == -EFBIG)
#define ERRNO_IS_NOT_SUPPORTED(r) ((r) == -EOPNOTSUPP || (r) == -ENOSYS || (r) == -ENOTTY || (r) == -EAFNOSUPPORT)
