/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-c/linkhash.h>

#include "string-map.h"

struct StringMap {
        struct lh_table *table;
        void (*free_value)(void *value);
};

static void free_key_only(struct lh_entry *e) {
        free(lh_entry_k(e));
}

StringMap *string_map_new(void (*free_value)(void *value)) {
        StringMap *m = malloc(sizeof(StringMap));

        if (!m)
                return NULL;

        *m = (StringMap) {
                .table = lh_kchar_table_new(16, free_key_only),
                .free_value = free_value,
        };
        return m->table ? m : mfree(m);
}

StringMap *string_map_free(StringMap *m) {
        if (!m)
                return NULL;

        if (m->free_value)
                for (struct lh_entry *e = lh_table_head(m->table); e; e = e->next)
                        m->free_value(lh_entry_v(e));
        lh_table_free(m->table);
        return mfree(m);
}

static struct lh_entry *lookup(StringMap *m, const char *key) {
        return m ? lh_table_lookup_entry(m->table, key) : NULL;
}

void *string_map_get(StringMap *m, const char *key) {
        struct lh_entry *e = lookup(m, key);

        return e ? lh_entry_v(e) : NULL;
}

int string_map_put(StringMap *m, const char *key, void *value) {
        char *copy;

        if (lookup(m, key))
                return -EEXIST;

        copy = strdup(key);
        if (!copy)
                return -ENOMEM;
        if (lh_table_insert(m->table, copy, value) < 0) {
                free(copy);
                return -ENOMEM;
        }

        return 0;
}

int string_map_replace(StringMap *m, const char *key, void *value) {
        struct lh_entry *e = lookup(m, key);

        if (!e)
                return string_map_put(m, key, value);

        if (m->free_value)
                m->free_value(lh_entry_v(e));
        lh_entry_set_val(e, value);
        return 0;
}

void *string_map_steal(StringMap *m, const char *key) {
        struct lh_entry *e = lookup(m, key);
        void *value;

        if (!e)
                return NULL;

        value = lh_entry_v(e);
        lh_table_delete_entry(m->table, e);
        return value;
}

bool string_map_remove(StringMap *m, const char *key) {
        struct lh_entry *e = lookup(m, key);
        void *value;

        if (!e)
                return false;

        value = lh_entry_v(e);
        lh_table_delete_entry(m->table, e);
        if (m->free_value)
                m->free_value(value);
        return true;
}

size_t string_map_size(StringMap *m) {
        return m ? (size_t) lh_table_length(m->table) : 0;
}

bool string_map_iterate(StringMap *m, StringMapIterator *i, const char **ret_key, void **ret_value) {
        static const char end_mark;
        struct lh_entry *e;

        if (!m || i->next == &end_mark)
                return false;

        e = i->next ?: lh_table_head(m->table);
        if (!e)
                return false;

        i->next = e->next ? (void *) e->next : (void *) &end_mark;
        if (ret_key)
                *ret_key = lh_entry_k(e);
        if (ret_value)
                *ret_value = lh_entry_v(e);
        return true;
}
