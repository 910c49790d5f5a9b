/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/parse.h"
#include "shared/text.h"
#include "template-internal.h"

int output_add(Output *o, const char *s, size_t n) {
        if (n > TEMPLATE_OUTPUT_MAX - o->size)
                return -EFBIG;

        if (o->size + n + 1 > o->allocated) {
                size_t allocated = MAX(o->allocated * 2, o->size + n + 1);
                char *text = realloc(o->text, MAX(allocated, (size_t) 64));

                if (!text)
                        return -ENOMEM;
                o->text = text;
                o->allocated = MAX(allocated, (size_t) 64);
        }

        if (n > 0)
                memcpy(o->text + o->size, s, n);
        o->size += n;
        o->text[o->size] = 0;
        return 0;
}

bool template_is_true(JsonObject *o) {
        switch (json_object_get_type(o)) {
        case json_type_boolean:
                return json_object_get_boolean(o);
        case json_type_int:
                return json_object_get_int64(o) != 0;
        case json_type_double:
                return json_object_get_double(o) != 0;
        case json_type_string:
                return json_object_get_string_len(o) > 0;
        case json_type_array:
                return json_object_array_length(o) > 0;
        case json_type_object:
                return json_object_object_length(o) > 0;
        default:
                return false;
        }
}

const char *template_type_name(JsonObject *o) {
        return o ? json_type_word(json_object_get_type(o)) : "value that is not there";
}

int template_misfit(const Call *call, const char *function, const char *wanted, JsonObject *got) {
        return template_error(call->text, call->offset, call->reterr, "%s needs %s, got a %s", function, wanted,
                              template_type_name(got));
}

int template_return_string(Output *out, JsonObject **ret) {
        *ret = json_object_new_string_len(strempty(out->text), (int) out->size);
        free(out->text);
        return *ret ? 0 : -ENOMEM;
}

static int return_bool(bool b, JsonObject **ret) {
        *ret = json_object_new_boolean(b);
        return *ret ? 0 : -ENOMEM;
}

static bool is_number(JsonObject *o) {
        return json_object_is_type(o, json_type_int) || json_object_is_type(o, json_type_double);
}

/* Negative, 0 or positive in *ret; false if the two cannot be compared. */
static bool compare(JsonObject *a, JsonObject *b, bool order, int *ret) {
        if (json_object_is_type(a, json_type_int) && json_object_is_type(b, json_type_int)) {
                int64_t x = json_object_get_int64(a), y = json_object_get_int64(b);

                *ret = (x > y) - (x < y);
                return true;
        }
        if (is_number(a) && is_number(b)) {
                double x = json_object_get_double(a), y = json_object_get_double(b);

                *ret = (x > y) - (x < y);
                return true;
        }
        if (json_object_is_type(a, json_type_string) && json_object_is_type(b, json_type_string)) {
                *ret = strcmp(json_object_get_string(a), json_object_get_string(b));
                return true;
        }
        if (order)
                return false;
        if (!a || !b) {
                *ret = a != b;
                return true;
        }
        if (json_object_is_type(a, json_type_boolean) && json_object_is_type(b, json_type_boolean)) {
                *ret = json_object_get_boolean(a) != json_object_get_boolean(b);
                return true;
        }
        return false;
}

static int cannot_compare(const Call *call, JsonObject *a, JsonObject *b) {
        return template_error(call->text, call->offset, call->reterr, "cannot compare a %s with a %s",
                              template_type_name(a), template_type_name(b));
}

static int function_eq(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret) {
        bool equal = false;

        for (size_t i = 1; i < n_args && !equal; i++) {
                int c;

                if (!compare(args[0], args[i], false, &c))
                        return cannot_compare(call, args[0], args[i]);
                equal = c == 0;
        }
        return return_bool(equal, ret);
}

static int function_ne(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        int c;

        if (!compare(args[0], args[1], false, &c))
                return cannot_compare(call, args[0], args[1]);
        return return_bool(c != 0, ret);
}

#define DEFINE_ORDER(name, condition)                                                                        \
        static int function_##name(const Call *call, JsonObject *const *args, size_t n_args _unused_,        \
                                   JsonObject **ret) {                                                       \
                int c;                                                                                       \
                                                                                                             \
                if (!compare(args[0], args[1], true, &c))                                                    \
                        return cannot_compare(call, args[0], args[1]);                                       \
                return return_bool(condition, ret);                                                          \
        }

DEFINE_ORDER(lt, c < 0)
DEFINE_ORDER(le, c <= 0)
DEFINE_ORDER(gt, c > 0)
DEFINE_ORDER(ge, c >= 0)

static int function_not(const Call *call _unused_, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        return return_bool(!template_is_true(args[0]), ret);
}

static int function_len(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        int64_t n;

        switch (json_object_get_type(args[0])) {
        case json_type_string:
                n = json_object_get_string_len(args[0]);
                break;
        case json_type_array:
                n = (int64_t) json_object_array_length(args[0]);
                break;
        case json_type_object:
                n = json_object_object_length(args[0]);
                break;
        case json_type_null:
                n = 0;
                break;
        default:
                return template_misfit(call, "len", "a string, a list or a map", args[0]);
        }

        *ret = json_object_new_int64(n);
        return *ret ? 0 : -ENOMEM;
}

/* A map whose values are all strings answers "" for what it has not, as Go's map[string]string: labels are asked so. */
static bool is_string_map(JsonObject *o) {
        json_object_object_foreach(o, key, member) {
                (void) key;
                if (!json_object_is_type(member, json_type_string))
                        return false;
        }
        return true;
}

int template_index(const Call *call, JsonObject *o, JsonObject *key, JsonObject **ret) {
        JsonObject *member = NULL;

        if (json_object_is_type(o, json_type_object) || !o) {
                if (!json_object_is_type(key, json_type_string))
                        return template_misfit(call, "index of a map", "a string", key);
                if (o && json_object_object_get_ex(o, json_object_get_string(key), &member))
                        json_object_get(member);
                else if (!o || is_string_map(o)) {
                        member = json_object_new_string("");
                        if (!member)
                                return -ENOMEM;
                }
        } else if (json_object_is_type(o, json_type_array) || json_object_is_type(o, json_type_string)) {
                bool string = json_object_is_type(o, json_type_string);
                int64_t i, n = string ? json_object_get_string_len(o) : (int64_t) json_object_array_length(o);

                if (!json_object_is_type(key, json_type_int))
                        return template_misfit(call, "index of a list", "an integer", key);
                i = json_object_get_int64(key);
                if (i < 0 || i >= n)
                        return template_error(call->text, call->offset, call->reterr,
                                              "index %lli is out of range: there are %lli", (long long) i,
                                              (long long) n);
                if (string) {
                        member = json_object_new_int64((uint8_t) json_object_get_string(o)[i]);
                        if (!member)
                                return -ENOMEM;
                } else
                        member = json_object_get(json_object_array_get_idx(o, (size_t) i));
        } else
                return template_misfit(call, "index", "a list or a map", o);

        *ret = member;
        return 0;
}

static int function_index(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = json_object_get(args[0]);

        for (size_t i = 1; i < n_args; i++) {
                JsonObject *next = NULL;
                int r = template_index(call, o, args[i], &next);

                if (r < 0)
                        return r;
                json_object_put(o);
                o = next;
        }

        *ret = TAKE_PTR(o);
        return 0;
}

static int function_slice(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret) {
        bool string = json_object_is_type(args[0], json_type_string);
        int64_t bounds[2] = { 0 }, n;

        if (!string && !json_object_is_type(args[0], json_type_array))
                return template_misfit(call, "slice", "a string or a list", args[0]);
        n = bounds[1] = string ? json_object_get_string_len(args[0]) : (int64_t) json_object_array_length(args[0]);

        for (size_t i = 1; i < n_args; i++) {
                if (!json_object_is_type(args[i], json_type_int))
                        return template_misfit(call, "slice", "integers", args[i]);
                bounds[i - 1] = json_object_get_int64(args[i]);
        }
        if (bounds[0] < 0 || bounds[1] > n || bounds[0] > bounds[1])
                return template_error(call->text, call->offset, call->reterr, "slice is out of range: there are %lli",
                                      (long long) n);

        if (string) {
                *ret = json_object_new_string_len(json_object_get_string(args[0]) + bounds[0],
                                                  (int) (bounds[1] - bounds[0]));
                return *ret ? 0 : -ENOMEM;
        }

        *ret = json_object_new_array();
        if (!*ret)
                return -ENOMEM;
        for (int64_t i = bounds[0]; i < bounds[1]; i++)
                if (json_object_array_add(*ret, json_object_get(json_object_array_get_idx(args[0], (size_t) i))) < 0)
                        return -ENOMEM;
        return 0;
}

static int function_json(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        if (call->flags & TEMPLATE_HEADING)
                *ret = json_object_get(args[0]);
        else
                *ret = json_object_new_string(args[0] ? json_text(args[0]) : "null");
        return *ret || !args[0] ? 0 : -ENOMEM;
}

static int print(JsonObject *const *args, size_t n_args, bool line, JsonObject **ret) {
        Output out = {};
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n_args; i++) {
                /* Go: print puts spaces between operands when neither is a string, println always */
                if (i > 0 && (line || (!json_object_is_type(args[i], json_type_string) &&
                                       !json_object_is_type(args[i - 1], json_type_string))))
                        r = output_add(&out, " ", 1);
                if (r >= 0)
                        r = template_print_value(&out, args[i]);
        }
        if (r >= 0 && line)
                r = output_add(&out, "\n", 1);
        if (r < 0) {
                free(out.text);
                return r;
        }
        return template_return_string(&out, ret);
}

static int function_print(const Call *call _unused_, JsonObject *const *args, size_t n_args, JsonObject **ret) {
        return print(args, n_args, false, ret);
}

static int function_println(const Call *call _unused_, JsonObject *const *args, size_t n_args, JsonObject **ret) {
        return print(args, n_args, true, ret);
}

static int function_printf(const Call *call, JsonObject *const *args, size_t n_args, JsonObject **ret) {
        Output out = {};
        int r;

        r = template_format(call, args, n_args, &out);
        if (r < 0) {
                free(out.text);
                return r;
        }
        return template_return_string(&out, ret);
}

static const TemplateFunction functions[] = {
        { "and", 1, TEMPLATE_ARGUMENTS_MAX, NULL },
        { "eq", 2, TEMPLATE_ARGUMENTS_MAX, function_eq },
        { "ge", 2, 2, function_ge },
        { "gt", 2, 2, function_gt },
        { "index", 1, TEMPLATE_ARGUMENTS_MAX, function_index },
        { "join", 2, 2, template_function_join },
        { "json", 1, 1, function_json },
        { "le", 2, 2, function_le },
        { "len", 1, 1, function_len },
        { "lower", 1, 1, template_function_lower },
        { "lt", 2, 2, function_lt },
        { "ne", 2, 2, function_ne },
        { "not", 1, 1, function_not },
        { "or", 1, TEMPLATE_ARGUMENTS_MAX, NULL },
        { "pad", 3, 3, template_function_pad },
        { "print", 0, TEMPLATE_ARGUMENTS_MAX, function_print },
        { "printf", 1, TEMPLATE_ARGUMENTS_MAX, function_printf },
        { "println", 0, TEMPLATE_ARGUMENTS_MAX, function_println },
        { "slice", 1, 3, function_slice },
        { "split", 2, 2, template_function_split },
        { "title", 1, 1, template_function_title },
        { "truncate", 2, 2, template_function_truncate },
        { "upper", 1, 1, template_function_upper },
};

const TemplateFunction *template_function_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(functions); i++)
                if (streq(functions[i].name, name))
                        return &functions[i];
        return NULL;
}

const char *template_function_suggest(const char *name) {
        const char *best = NULL;
        unsigned least = 3;

        for (size_t i = 0; i < ELEMENTSOF(functions); i++) {
                unsigned d = edit_distance(name, functions[i].name);

                if (d < least && 2 * d <= strlen(name)) {
                        least = d;
                        best = functions[i].name;
                }
        }
        return best;
}
