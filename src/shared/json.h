/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "error.h"

/* json-c with the bounds and the manners of this project: one table per object of a specification, errors that name
 * the path ("config.json: /process/user/uid: expected integer, got string"). */

typedef struct json_object JsonObject;

static inline void json_putp(JsonObject **o) {
        if (*o)
                json_object_put(*o);
}

#define JSON_DEPTH_MAX 64        /* nesting */
#define JSON_SIZE_MAX  (4U << 20) /* bytes of one document: OCI asks for manifests of at least this much */

/* Parses exactly one document of size bytes (trailing white space only). name is for the message. Refuses what is
 * deeper than JSON_DEPTH_MAX, longer than JSON_SIZE_MAX or not UTF-8. */
int json_parse(const char *name, const char *text, size_t size, JsonObject **ret, Error *reterr);

/* Where in a document we are, for messages: a chain of frames on the stack. */
typedef struct JsonPath {
        const struct JsonPath *parent; /* NULL: the document; key is its name */
        const char *key;               /* NULL: an array element */
        size_t index;
} JsonPath;

/* "NAME: /a/b/3: sentence", code -EINVAL. */
int json_error(const JsonPath *path, Error *reterr, const char *format, ...) _printf_(3, 4);

typedef enum JsonFlags {
        JSON_REQUIRED = 1 << 0,
        JSON_NULL_IS_ABSENT = 1 << 1, /* Go programs write null for empty slices and maps */
} JsonFlags;

typedef struct JsonField JsonField;
typedef int (*json_read_t)(JsonObject *o, const JsonPath *path, const JsonField *field, void *target, Error *reterr);

/* One member of an object. read is called with the member's value, which has the type; target is the struct's
 * address plus offset. */
struct JsonField {
        const char *name;
        json_type type; /* json_type_null: any */
        json_read_t read;
        size_t offset;
        JsonFlags flags;
        const void *data; /* for read: a table of fields, a maximum, an enum's parser */
};

/* Reads the members of o by the table, which ends with an empty entry. Members not in the table are ignored. What was
 * read before a failure stays in the target: its destructor frees it. */
int json_read_object(JsonObject *o, const JsonPath *path, const JsonField *fields, void *target, Error *reterr);

/* Readers. */
int json_read_string(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);  /* char* */
int json_read_strv(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);    /* char** */
/* {"a":"b"} as char** of "a=b" */
int json_read_string_map(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);
int json_read_bool(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);    /* bool */
int json_read_i64(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);     /* int64_t */
int json_read_u64(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);     /* uint64_t */
int json_read_u32(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);     /* uint32_t */
/* A nested struct at offset; data is its table of fields. */
int json_read_struct(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);

/* An array of structs: target is the address of the pointer, the count is a size_t right behind it. */
typedef struct JsonArrayOf {
        size_t size;             /* of an element */
        const JsonField *fields; /* of an element that is an object */
        size_t max;              /* more elements are an error */
} JsonArrayOf;
int json_read_array(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);

/* Writing: each returns 0 or -ENOMEM; a NULL value adds nothing. */
int json_add(JsonObject *o, const char *key, JsonObject *value); /* consumes value; NULL value is -ENOMEM */
int json_add_string(JsonObject *o, const char *key, const char *value);
int json_add_strv(JsonObject *o, const char *key, char *const *l);       /* NULL: nothing; empty: [] */
int json_add_string_map(JsonObject *o, const char *key, char *const *l); /* "a=b" as {"a":"b"}; NULL: nothing */
int json_add_i64(JsonObject *o, const char *key, int64_t value);
int json_add_u64(JsonObject *o, const char *key, uint64_t value);
int json_add_bool(JsonObject *o, const char *key, bool value);

/* Loose look-ups for documents that we wrote ourselves; NULL, 0 or false where something is missing or of another type. */
JsonObject *json_get(JsonObject *o, const char *key);
const char *json_get_string(JsonObject *o, const char *key);
int64_t json_get_i64(JsonObject *o, const char *key);
bool json_get_bool(JsonObject *o, const char *key);

/* Compact text of o, owned by o. Slashes are not escaped, so that it is what other programs write. */
const char *json_text(JsonObject *o);
const char *json_text_pretty(JsonObject *o);

const char *json_type_word(json_type type); /* "string", "integer", "array", … */
