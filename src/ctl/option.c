/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/option.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"

#define NUMBER_OF_ARGUMENTS_MAX 65536U

void arguments_done(Arguments *a) {
        for (size_t i = 0; i < a->n_values; i++)
                strv_free(a->values[i].list);
        free(a->values);
        strv_free(a->positional);
        *a = (Arguments) {};
}

const Option *option_find(const Option *const *tables, const char *name) {
        OPTIONS_FOREACH(o, tables)
                if (o->name && streq(o->name, name))
                        return o;
        return NULL;
}

static OptionValue *find_value(const Arguments *a, const char *name) {
        for (size_t i = 0; i < a->n_values; i++)
                if (streq(a->values[i].option->name, name))
                        return &a->values[i];
        return NULL;
}

bool option_exists(const Arguments *a, const char *name) {
        return find_value(a, name);
}

OptionValue *option_value(const Arguments *a, const char *name) {
        return ASSERT_PTR(find_value(a, name));
}

bool option_given(const Arguments *a, const char *name) {
        return option_value(a, name)->given;
}

bool option_on(const Arguments *a, const char *name) {
        return option_value(a, name)->on;
}

const char *option_string(const Arguments *a, const char *name) {
        const OptionValue *v = option_value(a, name);

        return v->list ? v->list[0] : NULL;
}

char **option_list(const Arguments *a, const char *name) {
        return option_value(a, name)->list;
}

uint64_t option_number(const Arguments *a, const char *name, uint64_t otherwise) {
        const OptionValue *v = option_value(a, name);

        return v->given ? v->number : otherwise;
}

static const char *suggest_option(const Option *const *tables, const char *name) {
        const char *best = NULL;
        unsigned least = 3;

        OPTIONS_FOREACH(o, tables) {
                unsigned d;

                if (!o->name || o->flags & (OPTION_HIDDEN | OPTION_UNSUPPORTED))
                        continue;
                d = edit_distance(o->name, name);
                if (d < least && 2 * d <= strlen(name)) {
                        least = d;
                        best = o->name;
                }
        }
        return best;
}

static int unknown_option(const Option *const *tables, const char *name, Error *reterr) {
        const char *other = suggest_option(tables, name);

        return error_set(reterr, -EINVAL, "unknown option --%.64s%s%s%s", name, other ? "; did you mean --" : "",
                         strempty(other), other ? "?" : "");
}

static int bad_value(const Option *o, const char *value, const char *wanted, int r, Error *reterr) {
        _cleanup_(freep) char *shown = text_escape(value);

        return error_set(reterr, r == -ERANGE ? r : -EINVAL, "--%s: '%.80s' is %s%s", o->name, strempty(shown),
                         r == -ERANGE ? "out of range for " : "not ", wanted);
}

static int set_value(OptionValue *v, const char *text, Error *reterr) {
        const Option *o = v->option;
        uint64_t number = 0;
        int64_t integer = 0;
        int r;

        switch (o->type) {
        case OPTION_BOOL:
                r = parse_boolean(text);
                if (r < 0)
                        return bad_value(o, text, "true or false", r, reterr);
                v->on = r;
                break;
        case OPTION_STRING:
                v->list = strv_free(v->list);
                _fallthrough_;
        case OPTION_LIST:
                if (strv_extend(&v->list, text) < 0)
                        return error_oom(reterr);
                break;
        case OPTION_MAP:
                if (!*text || *text == '=')
                        return bad_value(o, text, "NAME=VALUE", -EINVAL, reterr);
                if (strv_extendf(&v->list, "%s%s", text, strchr(text, '=') ? "" : "=") < 0)
                        return error_oom(reterr);
                break;
        case OPTION_BYTES:
        case OPTION_BYTES_SIGNED:
                if (o->type == OPTION_BYTES_SIGNED && streq(text, "-1")) {
                        integer = -1;
                        break;
                }
                r = parse_size(text, &number);
                if (r >= 0 && number > INT64_MAX)
                        r = -ERANGE;
                if (r < 0)
                        return bad_value(o, text, "a size such as 512m", r, reterr);
                integer = (int64_t) number;
                break;
        case OPTION_NANO:
                r = parse_nano(text, &number);
                if (r < 0)
                        return bad_value(o, text, "a number such as 1.5", r, reterr);
                break;
        case OPTION_UNSIGNED:
                r = parse_u64(text, &number);
                if (r < 0)
                        return bad_value(o, text, "a number", r, reterr);
                break;
        case OPTION_SIGNED:
                r = parse_i64(text, &integer);
                if (r < 0)
                        return bad_value(o, text, "a number", r, reterr);
                number = (uint64_t) integer;
                break;
        case OPTION_INT32:
                r = parse_i64(text, &integer);
                if (r >= 0 && (integer > INT32_MAX || integer < INT32_MIN))
                        r = -ERANGE;
                if (r < 0)
                        return bad_value(o, text, "a number", r, reterr);
                break;
        case OPTION_DURATION:
                if (streq(text, "-1")) {
                        number = UINT64_MAX;
                        break;
                }
                r = parse_duration(text, &number);
                if (r < 0)
                        return bad_value(o, text, "a time such as 10 (seconds) or 1m30s", r, reterr);
                break;
        }

        v->number = number;
        v->integer = integer;
        v->given = true;
        return 0;
}

/* Other spellings share the value of the one they stand for. */
static OptionValue *value_of(Arguments *a, const Option *o) {
        return ASSERT_PTR(find_value(a, o->stands_for ?: o->name));
}

static int check_supported(const Option *o, Error *reterr) {
        if (o->flags & OPTION_UNSUPPORTED)
                return error_set(reterr, -EOPNOTSUPP, "--%s is not supported by this version of caisson", o->name);
        return 0;
}

static const char *default_argument(const Option *o) {
        const char *bar = o->argument ? strchr(o->argument, '|') : NULL;

        return bar ? bar + 1 : "";
}

/* "--name", "--name=value", "--name value". Returns how many arguments were used. */
static int parse_long(const Option *const *tables, char *const *argv, Arguments *a, Error *reterr) {
        const char *text = argv[0] + 2, *equals = strchr(text, '='), *value;
        _cleanup_(freep) char *name = NULL;
        const Option *o;
        int r, used = 1;

        name = equals ? strndup(text, equals - text) : strdup(text);
        if (!name)
                return error_oom(reterr);

        if (streq(name, "help")) {
                a->help = true;
                return 1;
        }
        o = option_find(tables, name);
        if (!o)
                return unknown_option(tables, name, reterr);
        r = check_supported(o, reterr);
        if (r < 0)
                return r;

        if (equals)
                value = equals + 1;
        else if (o->type == OPTION_BOOL)
                value = "true";
        else if (o->flags & OPTION_OPTIONAL)
                value = default_argument(o);
        else if (argv[1]) {
                value = argv[1];
                used = 2;
        } else
                return error_set(reterr, -EINVAL, "--%s needs a value (%s)", o->name, o->argument);

        r = set_value(value_of(a, o), value, reterr);
        return r < 0 ? r : used;
}

static const Option *find_letter(const Option *const *tables, char letter) {
        OPTIONS_FOREACH(o, tables)
                if (o->name && o->letter == letter)
                        return o;
        return NULL;
}

/* "-it", "-e A=b", "-eA=b", "-e=A=b" */
static int parse_letters(const Option *const *tables, char *const *argv, Arguments *a, Error *reterr) {
        for (const char *s = argv[0] + 1; *s; s++) {
                const Option *o = find_letter(tables, *s);
                int r;

                if (!o && *s == 'h' && !s[1]) {
                        a->help = true;
                        return 1;
                }
                if (!o) {
                        _cleanup_(freep) char *shown = text_escape(argv[0]);

                        if (*s > ' ' && *s < 0x7f)
                                return error_set(reterr, -EINVAL, "unknown option -%c in '%.64s'", *s,
                                                 strempty(shown));
                        return error_set(reterr, -EINVAL, "unknown option '%.64s'", strempty(shown));
                }
                r = check_supported(o, reterr);
                if (r < 0)
                        return r;

                if (o->type == OPTION_BOOL) {
                        if (s[1] == '=') { /* -t=false */
                                r = set_value(value_of(a, o), s + 2, reterr);
                                return r < 0 ? r : 1;
                        }
                        r = set_value(value_of(a, o), "true", reterr);
                        if (r < 0)
                                return r;
                        continue;
                }

                if (s[1])
                        r = set_value(value_of(a, o), s[1] == '=' ? s + 2 : s + 1, reterr);
                else if (argv[1])
                        r = set_value(value_of(a, o), argv[1], reterr);
                else
                        r = error_set(reterr, -EINVAL, "-%c needs a value (%s)", *s, o->argument);
                return r < 0 ? r : s[1] ? 1 : 2;
        }
        return 1;
}

int arguments_parse(const Option *const *tables, bool options_first, char *const *argv, Arguments *ret,
                    Error *reterr) {
        _cleanup_(arguments_done) Arguments a = {};
        size_t n = 0;
        int r;

        if (strv_length(argv) > NUMBER_OF_ARGUMENTS_MAX)
                return error_set(reterr, -E2BIG, "more than %u arguments", NUMBER_OF_ARGUMENTS_MAX);

        OPTIONS_FOREACH(o, tables)
                n += o->name && !o->stands_for;
        a.values = new0(OptionValue, n + 1);
        if (!a.values)
                return error_oom(reterr);
        OPTIONS_FOREACH(o, tables)
                if (o->name && !o->stands_for)
                        a.values[a.n_values++] =
                                (OptionValue) { .option = o, .on = o->flags & OPTION_DEFAULT_TRUE };

        while (*argv) {
                if (streq(*argv, "--")) {
                        argv++;
                        break;
                }
                if ((*argv)[0] != '-' || !(*argv)[1]) { /* "-" is standard input: positional */
                        if (options_first)
                                break;
                        if (strv_extend(&a.positional, *argv++) < 0)
                                return error_oom(reterr);
                        continue;
                }
                r = startswith(*argv, "--") ? parse_long(tables, argv, &a, reterr)
                                            : parse_letters(tables, argv, &a, reterr);
                if (r < 0)
                        return r;
                argv += r;
        }
        if (strv_extend_strv(&a.positional, argv) < 0)
                return error_oom(reterr);

        *ret = a;
        a = (Arguments) {};
        return 0;
}
