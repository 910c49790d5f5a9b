/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/text.h"
#include "template-internal.h"

/* The functions that change text, all of docker's making. With TEMPLATE_HEADING they leave it as it is. */

#define PAD_MAX 4096

int template_function_join(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        JsonObject *list = args[0], *separator = args[1];
        Output out = {};
        int r = 0;

        if (call->flags & TEMPLATE_HEADING) {
                *ret = json_object_get(list);
                return 0;
        }
        if (json_object_is_type(list, json_type_string) && !json_object_is_type(separator, json_type_string)) {
                list = args[1]; /* {{.List | join ","}} */
                separator = args[0];
        }
        if (list && !json_object_is_type(list, json_type_array))
                return template_misfit(call, "join", "a list", list);
        if (!json_object_is_type(separator, json_type_string))
                return template_misfit(call, "join", "a separator", separator);

        for (size_t i = 0; r >= 0 && list && i < json_object_array_length(list); i++) {
                if (i > 0)
                        r = output_add(&out, json_object_get_string(separator),
                                       (size_t) json_object_get_string_len(separator));
                if (r >= 0)
                        r = template_print_value(&out, json_object_array_get_idx(list, i));
        }
        if (r < 0) {
                free(out.text);
                return r;
        }
        return template_return_string(&out, ret);
}

int template_function_split(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *list = NULL;
        const char *s, *separator, *end;

        if (call->flags & TEMPLATE_HEADING) {
                *ret = json_object_get(args[0]);
                return 0;
        }
        for (size_t i = 0; i < 2; i++)
                if (!json_object_is_type(args[i], json_type_string))
                        return template_misfit(call, "split", "strings", args[i]);
        s = json_object_get_string(args[0]);
        separator = json_object_get_string(args[1]);

        list = json_object_new_array();
        if (!list)
                return -ENOMEM;
        do {
                size_t n = strlen(s), k;

                if (*separator) {
                        end = strstr(s, separator);
                        k = end ? (size_t) (end - s) : n;
                } else { /* into characters */
                        k = MAX(utf8_sequence_length(s, n), (size_t) 1);
                        k = MIN(k, n);
                        end = k < n ? s + k : NULL;
                }

                JsonObject *part = json_object_new_string_len(s, (int) k);
                if (!part || json_object_array_add(list, part) < 0) {
                        json_object_put(part);
                        return -ENOMEM;
                }
                s = end ? end + strlen(separator) : NULL;
        } while (s);

        *ret = TAKE_PTR(list);
        return 0;
}

typedef enum Letters {
        LETTERS_UPPER,
        LETTERS_LOWER,
        LETTERS_TITLE,
} Letters;

static int change_letters(const Call *call, const char *name, JsonObject *o, Letters how, JsonObject **ret) {
        Output out = {};
        int r;

        if (!json_object_is_type(o, json_type_string))
                return template_misfit(call, name, "a string", o);

        r = output_add(&out, json_object_get_string(o), (size_t) json_object_get_string_len(o));
        if (r < 0)
                return r;
        if (!(call->flags & TEMPLATE_HEADING))
                for (size_t i = 0; i < out.size; i++) {
                        char *c = &out.text[i];
                        bool first = i == 0 || (!ascii_isalnum(c[-1]) && c[-1] != '_' && c[-1] != '\'' &&
                                                !((uint8_t) c[-1] & 0x80));

                        if (how == LETTERS_LOWER)
                                *c = ascii_tolower(*c);
                        else if (ascii_islower(*c) && (how == LETTERS_UPPER || first))
                                *c = (char) (*c - 'a' + 'A');
                }
        return template_return_string(&out, ret);
}

int template_function_upper(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        return change_letters(call, "upper", args[0], LETTERS_UPPER, ret);
}

int template_function_lower(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        return change_letters(call, "lower", args[0], LETTERS_LOWER, ret);
}

int template_function_title(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        return change_letters(call, "title", args[0], LETTERS_TITLE, ret);
}

int template_function_truncate(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        bool piped = json_object_is_type(args[0], json_type_int); /* {{.ID | truncate 5}} */
        JsonObject *s = args[piped], *max = args[!piped];
        const char *text;
        size_t n, i = 0;

        if (call->flags & TEMPLATE_HEADING) {
                *ret = json_object_get(s);
                return 0;
        }
        if (!json_object_is_type(s, json_type_string))
                return template_misfit(call, "truncate", "a string", s);
        if (!json_object_is_type(max, json_type_int) || json_object_get_int64(max) < 0)
                return template_misfit(call, "truncate", "a length", max);

        text = json_object_get_string(s);
        n = (size_t) json_object_get_string_len(s);
        for (int64_t k = json_object_get_int64(max); i < n && k > 0; k--)
                i += MAX(utf8_sequence_length(text + i, n - i), (size_t) 1);

        *ret = json_object_new_string_len(text, (int) MIN(i, n));
        return *ret ? 0 : -ENOMEM;
}

int template_function_pad(const Call *call, JsonObject *const *args, size_t n_args _unused_, JsonObject **ret) {
        Output out = {};
        int r = 0;

        if (call->flags & TEMPLATE_HEADING) {
                *ret = json_object_get(args[0]);
                return 0;
        }
        if (!json_object_is_type(args[0], json_type_string))
                return template_misfit(call, "pad", "a string", args[0]);
        for (size_t i = 1; i < 3; i++)
                if (!json_object_is_type(args[i], json_type_int) || json_object_get_int64(args[i]) < 0 ||
                    json_object_get_int64(args[i]) > PAD_MAX)
                        return template_misfit(call, "pad", "a small number", args[i]);

        if (json_object_get_string_len(args[0]) == 0) /* docker: nothing stays nothing */
                return template_return_string(&out, ret);
        for (int64_t i = json_object_get_int64(args[1]); r >= 0 && i > 0; i--)
                r = output_add(&out, " ", 1);
        if (r >= 0)
                r = template_print_value(&out, args[0]);
        for (int64_t i = json_object_get_int64(args[2]); r >= 0 && i > 0; i--)
                r = output_add(&out, " ", 1);
        if (r < 0) {
                free(out.text);
                return r;
        }
        return template_return_string(&out, ret);
}
