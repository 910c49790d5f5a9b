/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "json.h"
#include "strv.h"
#include "text.h"

#define JSON_PATH_DEPTH_SHOWN 32U
#define JSON_STRINGS_MAX      65536U

int json_parse(const char *name, const char *text, size_t size, JsonObject **ret, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        struct json_tokener *tokener;
        enum json_tokener_error e;
        bool at_end = false;
        size_t end;

        if (size > JSON_SIZE_MAX)
                return error_set(reterr, -EFBIG, "%s: more than %u bytes of JSON", name, JSON_SIZE_MAX);
        if (memchr(text, 0, size))
                return error_set(reterr, -EINVAL, "%s: not JSON: contains a NUL byte", name);

        tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
        if (!tokener)
                return error_oom(reterr);

        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 |
                                                JSON_TOKENER_ALLOW_TRAILING_CHARS);
        o = json_tokener_parse_ex(tokener, text, (int) size);
        e = json_tokener_get_error(tokener);
        end = json_tokener_get_parse_end(tokener);

        /* A bare number or literal is complete only when something follows it */
        if (e == json_tokener_continue) {
                o = json_tokener_parse_ex(tokener, "", 1);
                e = json_tokener_get_error(tokener);
                end = size;
                at_end = true;
        }
        json_tokener_free(tokener);

        if (e == json_tokener_error_depth)
                return error_set(reterr, -EINVAL, "%s: JSON nested deeper than %i", name, JSON_DEPTH_MAX);
        if (e == json_tokener_continue || (at_end && e != json_tokener_success))
                return error_set(reterr, -EINVAL, "%s: JSON ends too early", name);
        if (e != json_tokener_success)
                return error_set(reterr, -EINVAL, "%s: not JSON at byte %zu: %s", name, end, json_tokener_error_desc(e));

        for (; end < size; end++)
                if (!ascii_isspace(text[end]))
                        return error_set(reterr, -EINVAL, "%s: something follows the JSON at byte %zu", name, end);

        *ret = TAKE_PTR(o);
        return 0;
}

int json_error(const JsonPath *path, Error *reterr, const char *format, ...) {
        const JsonPath *frames[JSON_PATH_DEPTH_SHOWN];
        _cleanup_(freep) char *where = NULL, *sentence = NULL, *escaped = NULL;
        size_t n = 0;
        va_list ap;
        int r;

        if (!reterr)
                return -EINVAL;

        for (const JsonPath *p = path; p && p->parent && n < ELEMENTSOF(frames); p = p->parent)
                frames[n++] = p;
        while (path && path->parent)
                path = path->parent;

        where = strdup("");
        for (size_t i = n; i > 0; i--) {
                const JsonPath *p = frames[i - 1];
                if (p->key)
                        r = text_append(&where, "/%.64s", p->key);
                else
                        r = text_append(&where, "/%zu", p->index);
                if (r < 0)
                        return error_oom(reterr);
        }

        va_start(ap, format);
        r = vasprintf(&sentence, format, ap);
        va_end(ap);
        if (r < 0) {
                sentence = NULL;
                return error_oom(reterr);
        }

        escaped = text_escape(where ?: "");
        return error_set(reterr, -EINVAL, "%s: %s%s%s", path && path->key ? path->key : "JSON", strempty(escaped),
                         isempty(escaped) ? "" : ": ", sentence);
}

const char *json_type_word(json_type type) {
        static const char *const words[] = {
                [json_type_null] = "null",     [json_type_boolean] = "boolean", [json_type_double] = "number",
                [json_type_int] = "integer",   [json_type_object] = "object",   [json_type_array] = "array",
                [json_type_string] = "string",
        };

        return (size_t) type < ELEMENTSOF(words) ? words[type] : "something else";
}

int json_read_object(JsonObject *o, const JsonPath *path, const JsonField *fields, void *target, Error *reterr) {
        if (!json_object_is_type(o, json_type_object))
                return json_error(path, reterr, "expected object, got %s", json_type_word(json_object_get_type(o)));

        for (const JsonField *f = fields; f->name; f++) {
                JsonPath here = { .parent = path, .key = f->name };
                JsonObject *member;
                int r;

                if (!json_object_object_get_ex(o, f->name, &member) ||
                    (!member && (f->flags & JSON_NULL_IS_ABSENT))) {
                        if (f->flags & JSON_REQUIRED)
                                return json_error(&here, reterr, "missing");
                        continue;
                }

                if (f->type != json_type_null && !json_object_is_type(member, f->type))
                        return json_error(&here, reterr, "expected %s, got %s", json_type_word(f->type),
                                          json_type_word(json_object_get_type(member)));

                r = f->read(member, &here, f, (char *) target + f->offset, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* A string as C has it: no NUL inside. */
static int get_string(JsonObject *o, const JsonPath *path, const char **ret, Error *reterr) {
        const char *s;

        if (!json_object_is_type(o, json_type_string))
                return json_error(path, reterr, "expected string, got %s", json_type_word(json_object_get_type(o)));

        s = json_object_get_string(o);
        if (strlen(s) != (size_t) json_object_get_string_len(o))
                return json_error(path, reterr, "contains a NUL byte");

        *ret = s;
        return 0;
}

int json_read_string(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target, Error *reterr) {
        char **ret = target, *copy;
        const char *s;
        int r;

        r = get_string(o, path, &s, reterr);
        if (r < 0)
                return r;

        copy = strdup(s);
        if (!copy)
                return error_oom(reterr);

        free(*ret);
        *ret = copy;
        return 0;
}

int json_read_strv(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        char ***ret = target;
        size_t n;

        if (!json_object_is_type(o, json_type_array))
                return json_error(path, reterr, "expected array, got %s", json_type_word(json_object_get_type(o)));

        n = json_object_array_length(o);
        if (n > JSON_STRINGS_MAX)
                return json_error(path, reterr, "has more than %u elements", JSON_STRINGS_MAX);

        l = new0(char *, n + 1);
        if (!l)
                return error_oom(reterr);

        for (size_t i = 0; i < n; i++) {
                JsonPath here = { .parent = path, .index = i };
                const char *s;
                int r;

                r = get_string(json_object_array_get_idx(o, i), &here, &s, reterr);
                if (r < 0)
                        return r;
                l[i] = strdup(s);
                if (!l[i])
                        return error_oom(reterr);
        }

        strv_free(*ret);
        *ret = TAKE_PTR(l);
        return 0;
}

int json_read_string_map(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target,
                         Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        char ***ret = target;
        size_t n = 0;

        if (!json_object_is_type(o, json_type_object))
                return json_error(path, reterr, "expected object, got %s", json_type_word(json_object_get_type(o)));
        if ((size_t) json_object_object_length(o) > JSON_STRINGS_MAX)
                return json_error(path, reterr, "has more than %u members", JSON_STRINGS_MAX);

        l = new0(char *, (size_t) json_object_object_length(o) + 1);
        if (!l)
                return error_oom(reterr);

        json_object_object_foreach(o, key, value) {
                JsonPath here = { .parent = path, .key = key };
                const char *s;
                int r;

                r = get_string(value, &here, &s, reterr);
                if (r < 0)
                        return r;
                l[n] = text_join(key, "=", s, NULL);
                if (!l[n++])
                        return error_oom(reterr);
        }

        strv_free(*ret);
        *ret = TAKE_PTR(l);
        return 0;
}

int json_read_bool(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target, Error *reterr) {
        if (!json_object_is_type(o, json_type_boolean))
                return json_error(path, reterr, "expected boolean, got %s", json_type_word(json_object_get_type(o)));

        *(bool *) target = json_object_get_boolean(o);
        return 0;
}

int json_read_i64(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target, Error *reterr) {
        if (!json_object_is_type(o, json_type_int))
                return json_error(path, reterr, "expected integer, got %s", json_type_word(json_object_get_type(o)));

        if (json_object_get_uint64(o) > (uint64_t) INT64_MAX)
                return json_error(path, reterr, "number out of range");

        *(int64_t *) target = json_object_get_int64(o);
        return 0;
}

int json_read_u64(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target, Error *reterr) {
        if (!json_object_is_type(o, json_type_int))
                return json_error(path, reterr, "expected integer, got %s", json_type_word(json_object_get_type(o)));
        if (json_object_get_int64(o) < 0)
                return json_error(path, reterr, "is negative");

        *(uint64_t *) target = json_object_get_uint64(o);
        return 0;
}

int json_read_u32(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        uint64_t v;
        int r;

        r = json_read_u64(o, path, f, &v, reterr);
        if (r < 0)
                return r;
        if (v > UINT32_MAX)
                return json_error(path, reterr, "number out of range");

        *(uint32_t *) target = (uint32_t) v;
        return 0;
}

int json_read_struct(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        return json_read_object(o, path, f->data, target, reterr);
}

int json_read_array(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        const JsonArrayOf *of = f->data;
        struct {
                void *elements;
                size_t n;
        } *ret = target;
        size_t n;

        assert(!ret->elements);

        if (!json_object_is_type(o, json_type_array))
                return json_error(path, reterr, "expected array, got %s", json_type_word(json_object_get_type(o)));

        n = json_object_array_length(o);
        if (n > of->max)
                return json_error(path, reterr, "has more than %zu elements", of->max);
        if (n == 0)
                return 0;

        ret->elements = calloc(n, of->size);
        if (!ret->elements)
                return error_oom(reterr);

        for (size_t i = 0; i < n; i++) {
                JsonPath here = { .parent = path, .index = i };
                int r;

                ret->n = i + 1; /* the owner's destructor frees the half-read one too */
                r = json_read_object(json_object_array_get_idx(o, i), &here, of->fields,
                                     (char *) ret->elements + i * of->size, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

int json_add(JsonObject *o, const char *key, JsonObject *value) {
        if (!value)
                return -ENOMEM;
        if (json_object_object_add(o, key, value) < 0) {
                json_object_put(value);
                return -ENOMEM;
        }

        return 0;
}

int json_add_string(JsonObject *o, const char *key, const char *value) {
        return value ? json_add(o, key, json_object_new_string(value)) : 0;
}

int json_add_strv(JsonObject *o, const char *key, char *const *l) {
        _cleanup_(json_putp) JsonObject *a = NULL;

        if (!l)
                return 0;

        a = json_object_new_array();
        if (!a)
                return -ENOMEM;

        STRV_FOREACH(s, l) {
                JsonObject *element = json_object_new_string(*s);
                if (!element)
                        return -ENOMEM;
                if (json_object_array_add(a, element) < 0) {
                        json_object_put(element);
                        return -ENOMEM;
                }
        }

        return json_add(o, key, TAKE_PTR(a));
}

int json_add_string_map(JsonObject *o, const char *key, char *const *l) {
        _cleanup_(json_putp) JsonObject *map = NULL;

        if (!l)
                return 0;

        map = json_object_new_object();
        if (!map)
                return -ENOMEM;

        STRV_FOREACH(s, l) {
                _cleanup_(freep) char *name = strndup(*s, strcspn(*s, "="));
                const char *value = strchr(*s, '=');
                int r;

                if (!name)
                        return -ENOMEM;
                r = json_add_string(map, name, value ? value + 1 : "");
                if (r < 0)
                        return r;
        }

        return json_add(o, key, TAKE_PTR(map));
}

int json_add_i64(JsonObject *o, const char *key, int64_t value) {
        return json_add(o, key, json_object_new_int64(value));
}

int json_add_u64(JsonObject *o, const char *key, uint64_t value) {
        return json_add(o, key, json_object_new_uint64(value));
}

int json_add_bool(JsonObject *o, const char *key, bool value) {
        return json_add(o, key, json_object_new_boolean(value));
}

JsonObject *json_get(JsonObject *o, const char *key) {
        JsonObject *member = NULL;

        if (!json_object_is_type(o, json_type_object))
                return NULL;
        return json_object_object_get_ex(o, key, &member) ? member : NULL;
}

const char *json_get_string(JsonObject *o, const char *key) {
        JsonObject *member = json_get(o, key);

        return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : NULL;
}

int64_t json_get_i64(JsonObject *o, const char *key) {
        JsonObject *member = json_get(o, key);

        return json_object_is_type(member, json_type_int) ? json_object_get_int64(member) : 0;
}

bool json_get_bool(JsonObject *o, const char *key) {
        JsonObject *member = json_get(o, key);

        return json_object_is_type(member, json_type_boolean) && json_object_get_boolean(member);
}

const char *json_text(JsonObject *o) {
        return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

const char *json_text_pretty(JsonObject *o) {
        return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                         JSON_C_TO_STRING_NOSLASHESCAPE);
}
