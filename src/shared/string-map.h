/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Strings to pointers, over json-c's hash table (seeded, so that names chosen by strangers do not collide at will).
 * Keys are copied. Values are not owned unless the map was made with a destructor. */
typedef struct StringMap StringMap;

StringMap *string_map_new(void (*free_value)(void *value)); /* NULL: values are not ours */
StringMap *string_map_free(StringMap *m);
DEFINE_TRIVIAL_CLEANUP_FUNC(StringMap *, string_map_free)

void *string_map_get(StringMap *m, const char *key);
int string_map_put(StringMap *m, const char *key, void *value); /* -EEXIST if taken */
int string_map_replace(StringMap *m, const char *key, void *value);
void *string_map_steal(StringMap *m, const char *key); /* takes the entry out without destroying its value */
bool string_map_remove(StringMap *m, const char *key);
size_t string_map_size(StringMap *m);

/* In the order of insertion. The current entry may be removed inside the loop. */
typedef struct StringMapIterator {
        void *next;
} StringMapIterator;
bool string_map_iterate(StringMap *m, StringMapIterator *i, const char **ret_key, void **ret_value);

#define STRING_MAP_FOREACH(value, map)                                                                       \
        for (StringMapIterator _iterator = {}; string_map_iterate(map, &_iterator, NULL, (void **) &(value));)
