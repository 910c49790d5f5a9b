/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "shared/text.h"
#include "template-internal.h"

/* How Go's fmt package shows values: %v for "{{.X}}" and the verbs of printf. */

#define WIDTH_MAX 1024

static int add_double(Output *out, double v, char verb, int precision) {
        char buffer[400]; /* the greatest number in %f, and WIDTH_MAX cut to what is asked for below */

        if (verb == 'v' && precision < 0) {
                for (int digits = 1; digits <= 17; digits++) { /* the shortest that reads back as the same */
                        snprintf(buffer, sizeof(buffer), "%.*g", digits, v);
                        if (strtod(buffer, NULL) == v)
                                break;
                }
                if (v > -1e21 && v < 1e21 && strchr(buffer, 'e') && v == (double) (int64_t) v)
                        snprintf(buffer, sizeof(buffer), "%" PRIi64, (int64_t) v);
        } else {
                char format[] = "%.*f";

                format[3] = verb == 'v' ? 'g' : verb;
                precision = precision < 0 ? 6 : MIN(precision, 40);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                snprintf(buffer, sizeof(buffer), format, precision, v);
#pragma GCC diagnostic pop
        }
        return output_add(out, buffer, strlen(buffer));
}

static int compare_keys(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int print_nested(Output *out, JsonObject *o, bool quoted, unsigned depth);

static int print_map(Output *out, JsonObject *o, bool quoted, unsigned depth) {
        _cleanup_(freep) const char **keys = new0(const char *, json_object_object_length(o) + 1);
        size_t n = 0;
        int r;

        if (!keys)
                return -ENOMEM;
        json_object_object_foreach(o, key, member) {
                (void) member;
                keys[n++] = key;
        }
        qsort(keys, n, sizeof(*keys), compare_keys);

        r = output_add(out, "map[", 4);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                if (i > 0)
                        r = output_add(out, " ", 1);
                if (r >= 0)
                        r = output_add(out, keys[i], strlen(keys[i]));
                if (r >= 0)
                        r = output_add(out, ":", 1);
                if (r >= 0)
                        r = print_nested(out, json_object_object_get(o, keys[i]), quoted, depth + 1);
        }
        return r < 0 ? r : output_add(out, "]", 1);
}

static int add_quoted(Output *out, const char *s, size_t n) {
        static const char special[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
        int r = output_add(out, "\"", 1);

        for (size_t i = 0; r >= 0 && i < n;) {
                size_t k = utf8_sequence_length(s + i, n - i);
                const char *found = s[i] ? strchr(special, s[i]) : NULL;
                char buffer[8];

                if (found) {
                        snprintf(buffer, sizeof(buffer), "\\%c", letters[found - special]);
                        r = output_add(out, buffer, 2);
                        k = 1;
                } else if (k == 0 || (k == 1 && ((uint8_t) s[i] < 0x20 || s[i] == 0x7f))) {
                        snprintf(buffer, sizeof(buffer), "\\x%02x", (uint8_t) s[i]);
                        r = output_add(out, buffer, 4);
                        k = 1;
                } else
                        r = output_add(out, s + i, k);
                i += k;
        }
        return r < 0 ? r : output_add(out, "\"", 1);
}

static int print_nested(Output *out, JsonObject *o, bool quoted, unsigned depth) {
        const char *s;
        int r;

        if (depth > JSON_DEPTH_MAX)
                return output_add(out, "…", strlen("…"));

        switch (json_object_get_type(o)) {
        case json_type_null:
                s = depth > 0 ? "<nil>" : "<no value>";
                return output_add(out, s, strlen(s));
        case json_type_string:
                s = json_object_get_string(o);
                return (quoted ? add_quoted : output_add)(out, s, (size_t) json_object_get_string_len(o));
        case json_type_double:
                return add_double(out, json_object_get_double(o), 'v', -1);
        case json_type_object:
                return print_map(out, o, quoted, depth);
        case json_type_array:
                r = output_add(out, "[", 1);
                for (size_t i = 0; r >= 0 && i < json_object_array_length(o); i++) {
                        if (i > 0)
                                r = output_add(out, " ", 1);
                        if (r >= 0)
                                r = print_nested(out, json_object_array_get_idx(o, i), quoted, depth + 1);
                }
                return r < 0 ? r : output_add(out, "]", 1);
        default:
                s = json_text(o);
                return s ? output_add(out, s, strlen(s)) : -ENOMEM;
        }
}

int template_print_value(Output *out, JsonObject *o) {
        return print_nested(out, o, false, 0);
}

typedef struct Verb {
        bool minus, zero, plus, sharp, space;
        int width, precision; /* precision -1: none */
        char letter;
} Verb;

/* "%-5.2f": *s is behind the percent sign, and behind the verb afterwards. */
static Verb read_verb(const char **s) {
        Verb v = { .precision = -1 };
        const char *p = *s;

        for (bool more = true; more;)
                switch (*p) {
                case '-':
                        v.minus = true;
                        p++;
                        break;
                case '0':
                        v.zero = true;
                        p++;
                        break;
                case '+':
                        v.plus = true;
                        p++;
                        break;
                case '#':
                        v.sharp = true;
                        p++;
                        break;
                case ' ':
                        v.space = true;
                        p++;
                        break;
                default:
                        more = false;
                }
        for (; ascii_isdigit(*p); p++)
                v.width = MIN(v.width * 10 + (*p - '0'), WIDTH_MAX);
        if (*p == '.')
                for (p++, v.precision = 0; ascii_isdigit(*p); p++)
                        v.precision = MIN(v.precision * 10 + (*p - '0'), WIDTH_MAX);
        v.letter = *p;
        if (*p)
                p++;
        *s = p;
        return v;
}

/* "%!d(string=x)": a verb that does not fit, as Go shows it. */
static int add_misfit(Output *out, char letter, JsonObject *o) {
        static const char *const names[] = {
                [json_type_null] = "<nil>",        [json_type_boolean] = "bool=", [json_type_double] = "float64=",
                [json_type_int] = "int=",          [json_type_object] = "map=",   [json_type_array] = "[]=",
                [json_type_string] = "string=",
        };
        json_type type = json_object_get_type(o);
        char head[] = { '%', '!', letter, '(' };
        int r;

        r = output_add(out, head, sizeof(head));
        if (r >= 0)
                r = output_add(out, names[type], strlen(names[type]));
        if (r >= 0 && o)
                r = print_nested(out, o, false, 1);
        return r < 0 ? r : output_add(out, ")", 1);
}

static int add_integer(Output *out, const Verb *v, int64_t i) {
        uint64_t u = i < 0 ? 0 - (uint64_t) i : (uint64_t) i;
        const char *prefix = "", *sign = i < 0 ? "-" : v->plus ? "+" : v->space ? " " : "";
        char digits[72], *p = digits + sizeof(digits) - 1;
        unsigned base = v->letter == 'b' ? 2 : v->letter == 'o' ? 8 : ascii_tolower(v->letter) == 'x' ? 16 : 10;
        int r, zeros;

        *p = 0;
        do
                *--p = (v->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[u % base];
        while (u /= base);
        if (v->sharp && base == 16)
                prefix = v->letter == 'X' ? "0X" : "0x";
        else if (v->sharp && base == 8)
                prefix = "0";

        zeros = v->zero && !v->minus && v->precision < 0
                        ? v->width - (int) strlen(sign) - (int) strlen(prefix) - (int) strlen(p)
                        : v->precision - (int) strlen(p);
        r = output_add(out, sign, strlen(sign));
        if (r >= 0)
                r = output_add(out, prefix, strlen(prefix));
        for (; r >= 0 && zeros > 0; zeros--)
                r = output_add(out, "0", 1);
        return r < 0 ? r : output_add(out, p, strlen(p));
}

static int add_hex_string(Output *out, const Verb *v, const char *s, size_t n) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++) {
                char buffer[3];

                snprintf(buffer, sizeof(buffer), v->letter == 'X' ? "%02X" : "%02x", (uint8_t) s[i]);
                r = output_add(out, buffer, 2);
        }
        return r;
}

/* The value alone, without its padding. */
static int add_formatted(Output *out, const Verb *v, JsonObject *o) {
        json_type type = json_object_get_type(o);
        const char *s;
        size_t n, k = 0;

        switch (v->letter) {
        case 'v':
                if (type == json_type_string && v->sharp)
                        return add_quoted(out, json_object_get_string(o), (size_t) json_object_get_string_len(o));
                if (type == json_type_double)
                        return add_double(out, json_object_get_double(o), 'v', v->precision);
                if (type == json_type_int)
                        return add_integer(out, v, json_object_get_int64(o));
                if (type != json_type_string)
                        return print_nested(out, o, v->sharp, 1);
                _fallthrough_;
        case 's':
                if (type == json_type_array || type == json_type_object)
                        return print_nested(out, o, false, 1);
                if (type != json_type_string)
                        break;
                s = json_object_get_string(o);
                n = (size_t) json_object_get_string_len(o);
                for (int i = v->precision; v->precision >= 0 && k < n && i > 0; i--)
                        k += MAX(utf8_sequence_length(s + k, n - k), (size_t) 1);
                return output_add(out, s, v->precision >= 0 ? MIN(k, n) : n);
        case 'q':
                if (type == json_type_string)
                        return add_quoted(out, json_object_get_string(o), (size_t) json_object_get_string_len(o));
                if (type == json_type_array || type == json_type_object)
                        return print_nested(out, o, true, 1);
                break;
        case 'd':
        case 'b':
        case 'o':
                if (type == json_type_int)
                        return add_integer(out, v, json_object_get_int64(o));
                if (type == json_type_array || type == json_type_object)
                        return print_nested(out, o, false, 1);
                break;
        case 'x':
        case 'X':
                if (type == json_type_int)
                        return add_integer(out, v, json_object_get_int64(o));
                if (type == json_type_string)
                        return add_hex_string(out, v, json_object_get_string(o),
                                              (size_t) json_object_get_string_len(o));
                break;
        case 'c':
                if (type == json_type_int && json_object_get_int64(o) >= 0x20 && json_object_get_int64(o) < 0x7f) {
                        char c = (char) json_object_get_int64(o);
                        return output_add(out, &c, 1);
                }
                break;
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
                if (type == json_type_double)
                        return add_double(out, json_object_get_double(o),
                                          ascii_tolower(v->letter) == 'g' && v->precision < 0 ? 'v' : v->letter,
                                          v->precision);
                break;
        case 't':
                if (type == json_type_boolean)
                        return print_nested(out, o, false, 1);
                break;
        case 'T':
                s = json_type_word(type);
                return output_add(out, s, strlen(s));
        default:
                break;
        }
        return add_misfit(out, v->letter, o);
}

static int add_padded(Output *out, const Verb *v, JsonObject *o) {
        Output value = {};
        size_t width, padding;
        int r;

        r = add_formatted(&value, v, o);
        if (r >= 0) {
                width = text_width(strempty(value.text));
                padding = (size_t) v->width > width ? (size_t) v->width - width : 0;
                for (size_t i = 0; r >= 0 && !v->minus && i < padding; i++)
                        r = output_add(out, " ", 1);
                if (r >= 0)
                        r = output_add(out, strempty(value.text), value.size);
                for (size_t i = 0; r >= 0 && v->minus && i < padding; i++)
                        r = output_add(out, " ", 1);
        }
        free(value.text);
        return r;
}

int template_format(const Call *call, JsonObject *const *args, size_t n_args, Output *out) {
        const char *s;
        size_t used = 1;
        int r = 0;

        if (!json_object_is_type(args[0], json_type_string))
                return template_error(call->text, call->offset, call->reterr, "printf needs a format, got a %s",
                                      template_type_name(args[0]));

        for (s = json_object_get_string(args[0]); r >= 0 && *s;) {
                const char *percent = strchrnul(s, '%');

                r = output_add(out, s, (size_t) (percent - s));
                if (r < 0 || !*percent)
                        break;

                s = percent + 1;
                Verb v = read_verb(&s);
                if (v.letter == '%')
                        r = output_add(out, "%", 1);
                else if (v.letter == 0)
                        r = output_add(out, "%!(NOVERB)", strlen("%!(NOVERB)"));
                else if ((uint8_t) v.letter >= 0x80 || v.letter == '*' || v.letter == '[')
                        return template_error(call->text, call->offset, call->reterr,
                                              "printf does not know what follows a '%%' here");
                else if (used >= n_args) {
                        char missing[] = "%!x(MISSING)";

                        missing[2] = v.letter;
                        r = output_add(out, missing, strlen(missing));
                } else
                        r = add_padded(out, &v, args[used++]);
        }

        if (r >= 0 && used < n_args) {
                r = output_add(out, "%!(EXTRA ", strlen("%!(EXTRA "));
                for (size_t i = used; r >= 0 && i < n_args; i++) {
                        if (i > used)
                                r = output_add(out, ", ", 2);
                        if (r >= 0)
                                r = print_nested(out, args[i], false, 1);
                }
                if (r >= 0)
                        r = output_add(out, ")", 1);
        }
        return r;
}
