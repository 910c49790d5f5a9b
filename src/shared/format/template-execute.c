/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/strv.h"
#include "shared/text.h"
#include "template-internal.h"

typedef struct Variable {
        const char *name; /* weak: of the tree */
        JsonObject *value;
} Variable;

typedef struct Executor {
        const Template *template;
        JsonObject *root, *more; /* weak */
        TemplateFlags flags;
        Output out;
        unsigned steps;
        Variable variables[TEMPLATE_VARIABLES_MAX];
        size_t n_variables;
        Error *reterr;
} Executor;

/* How a list of nodes ended; negative errno is a failure. */
typedef enum Flow {
        FLOW_NEXT,
        FLOW_BREAK,
        FLOW_CONTINUE,
} Flow;

static int execute_list(Executor *x, const Node *n, JsonObject *dot);

static int step(Executor *x, size_t offset) {
        if (++x->steps > TEMPLATE_STEPS_MAX)
                return template_error(x->template->text, offset, x->reterr, "takes more than %u steps",
                                      TEMPLATE_STEPS_MAX);
        return 0;
}

static int output_failed(Executor *x, size_t offset, int error) {
        if (error == -EFBIG)
                return template_error(x->template->text, offset, x->reterr, "makes more than %u bytes",
                                      TEMPLATE_OUTPUT_MAX);
        return error_oom(x->reterr);
}

static void pop_variables(Executor *x, size_t n) {
        while (x->n_variables > n)
                json_object_put(x->variables[--x->n_variables].value);
}

static Variable *find_variable(Executor *x, const char *name) {
        for (size_t i = x->n_variables; i > 0; i--)
                if (streq(x->variables[i - 1].name, name))
                        return &x->variables[i - 1];
        return NULL;
}

/* The value stays the caller's. */
static int set_variable(Executor *x, const Pipeline *p, size_t i, JsonObject *value) {
        if (p->assign) {
                Variable *v = find_variable(x, p->variables[i]);

                if (!v)
                        return template_error(x->template->text, p->offset, x->reterr, "variable $%.40s is not known",
                                              p->variables[i]);
                json_object_get(value);
                json_object_put(v->value);
                v->value = value;
                return 0;
        }

        if (x->n_variables >= TEMPLATE_VARIABLES_MAX)
                return template_error(x->template->text, p->offset, x->reterr, "more than %u variables",
                                      TEMPLATE_VARIABLES_MAX);
        x->variables[x->n_variables++] = (Variable) { p->variables[i], json_object_get(value) };
        return 0;
}

static const char *suggest_field(const Executor *x, const char *name) {
        JsonObject *const objects[] = { x->root, x->more };
        const char *best = NULL;
        unsigned least = 3;

        for (size_t i = 0; i < ELEMENTSOF(objects); i++) {
                if (!json_object_is_type(objects[i], json_type_object))
                        continue;
                json_object_object_foreach(objects[i], key, member) {
                        unsigned d = strcasecmp(key, name) == 0 ? 0 : edit_distance(key, name);

                        (void) member;
                        if (d < least) {
                                least = d;
                                best = key;
                        }
                }
        }
        return best;
}

/* Steps into a field; *o is replaced by it. */
static int enter_field(Executor *x, const char *name, size_t offset, JsonObject **o) {
        JsonObject *member = NULL;
        const char *other;

        if (!*o)
                return 0; /* nothing has nothing in it: "{{if .A.B}}" need not ask for .A first */
        if (!json_object_is_type(*o, json_type_object))
                return template_error(x->template->text, offset, x->reterr, ".%.40s: a %s has no fields", name,
                                      template_type_name(*o));

        if (!json_object_object_get_ex(*o, name, &member) && *o == x->root) {
                /* docker's {{.Label "key"}}, which is no field: .Labels is text there */
                const char *wanted = streq(name, "Label") ? "Labels" : name;

                if (!x->more || !json_object_object_get_ex(x->more, wanted, &member)) {
                        if (x->flags & TEMPLATE_STRICT) {
                                other = suggest_field(x, name);
                                return template_error(x->template->text, offset, x->reterr,
                                                      "there is no field .%.40s%s%s%s", name,
                                                      other ? "; did you mean ." : "", strempty(other),
                                                      other ? "?" : "");
                        }
                        member = NULL;
                }
        }

        json_object_get(member);
        json_object_put(*o);
        *o = member;
        return 0;
}

static int evaluate_pipeline(Executor *x, const Pipeline *p, JsonObject *dot, JsonObject **ret);
static int evaluate_command(Executor *x, const Command *c, JsonObject *dot, const JsonObject *const *final,
                            JsonObject **ret);

static int evaluate_operand(Executor *x, const Operand *o, JsonObject *dot, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *value = NULL;
        const Variable *v;
        size_t offset = o->offset;
        int r = 0;

        switch (o->type) {
        case OPERAND_DOT:
                value = json_object_get(dot);
                break;
        case OPERAND_LITERAL:
                value = json_object_get(o->literal);
                break;
        case OPERAND_VARIABLE:
                v = find_variable(x, o->name);
                if (!v)
                        return template_error(x->template->text, o->offset, x->reterr, "variable $%.40s is not known",
                                              o->name);
                value = json_object_get(v->value);
                break;
        case OPERAND_PIPELINE: {
                size_t n = x->n_variables;

                r = evaluate_pipeline(x, o->pipeline, dot, &value);
                pop_variables(x, n);
                break;
        }
        case OPERAND_FUNCTION: {
                Command alone = { (Operand *) o, 1 };

                r = evaluate_command(x, &alone, dot, NULL, &value);
                break;
        }
        }

        STRV_FOREACH(field, o->fields) {
                if (r < 0)
                        return r;
                r = enter_field(x, *field, offset, &value);
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(value);
        return 0;
}

/* "and" and "or" stop at the first that decides. */
static int evaluate_logic(Executor *x, const Command *c, JsonObject *dot, const JsonObject *const *final,
                          JsonObject **ret) {
        bool is_or = streq(c->operands[0].name, "or");
        size_t n = c->n_operands - 1 + (final ? 1 : 0);
        _cleanup_(json_putp) JsonObject *value = NULL;

        if (n == 0)
                return template_error(x->template->text, c->operands[0].offset, x->reterr, "%s needs an argument",
                                      c->operands[0].name);

        for (size_t i = 0; i < n; i++) {
                json_object_put(TAKE_PTR(value));
                if (i + 1 < c->n_operands) {
                        int r = evaluate_operand(x, &c->operands[i + 1], dot, &value);
                        if (r < 0)
                                return r;
                } else
                        value = json_object_get((JsonObject *) *final);
                if (template_is_true(value) == is_or)
                        break;
        }

        *ret = TAKE_PTR(value);
        return 0;
}

static int call_function(Executor *x, const Operand *o, JsonObject *const *args, size_t n_args, JsonObject **ret) {
        const TemplateFunction *f = ASSERT_PTR(template_function_find(o->name));
        Call call = { x->template->text, o->offset, x->flags, x->reterr };
        int r;

        if (n_args < f->min_args || n_args > f->max_args) {
                if (f->min_args == f->max_args)
                        return template_error(call.text, call.offset, call.reterr, "%s takes %zu argument%s, not %zu",
                                              f->name, f->min_args, f->min_args == 1 ? "" : "s", n_args);
                return template_error(call.text, call.offset, call.reterr, "%s takes %s%zu argument%s, not %zu",
                                      f->name, n_args < f->min_args ? "at least " : "at most ",
                                      n_args < f->min_args ? f->min_args : f->max_args,
                                      (n_args < f->min_args ? f->min_args : f->max_args) == 1 ? "" : "s", n_args);
        }

        r = f->run(&call, args, n_args, ret);
        if (r == -ENOMEM || r == -EFBIG)
                return output_failed(x, o->offset, r);
        return r;
}

/* What is not a function takes no arguments, but for .Label "key", which docker has. */
static int apply_arguments(Executor *x, const Operand *o, JsonObject *value, JsonObject *const *args, size_t n_args,
                           JsonObject **ret) {
        Call call = { x->template->text, o->offset, x->flags, x->reterr };

        if (o->type != OPERAND_DOT || !o->fields || n_args != 1 || !json_object_is_type(args[0], json_type_string))
                return template_error(call.text, call.offset, call.reterr, "this takes no arguments");
        if (x->flags & TEMPLATE_HEADING) {
                const char *key = json_object_get_string(args[0]), *dot = strrchr(key, '.');

                *ret = json_object_new_string(dot && dot[1] ? dot + 1 : key);
                return *ret ? 0 : error_oom(x->reterr);
        }
        if (!json_object_is_type(value, json_type_object) && value)
                return template_error(call.text, call.offset, call.reterr, "this takes no arguments");
        return template_index(&call, value, args[0], ret);
}

static int evaluate_command(Executor *x, const Command *c, JsonObject *dot, const JsonObject *const *final,
                            JsonObject **ret) {
        JsonObject *args[TEMPLATE_ARGUMENTS_MAX + 1];
        _cleanup_(json_putp) JsonObject *value = NULL;
        const Operand *first = &c->operands[0];
        size_t n = 0;
        int r;

        r = step(x, first->offset);
        if (r < 0)
                return r;

        if (first->type == OPERAND_FUNCTION && STR_IN_SET(first->name, "and", "or"))
                return evaluate_logic(x, c, dot, final, ret);

        if (first->type != OPERAND_FUNCTION)
                r = evaluate_operand(x, first, dot, &value);
        for (size_t i = 1; r >= 0 && i < c->n_operands; i++) {
                r = evaluate_operand(x, &c->operands[i], dot, &args[n]);
                n += r >= 0;
        }
        if (r >= 0 && final)
                args[n++] = json_object_get((JsonObject *) *final);

        if (r >= 0 && first->type == OPERAND_FUNCTION)
                r = call_function(x, first, args, n, ret);
        else if (r >= 0 && n > 0)
                r = apply_arguments(x, first, value, args, n, ret);
        else if (r >= 0)
                *ret = TAKE_PTR(value);

        while (n > 0)
                json_object_put(args[--n]);
        return r;
}

static int evaluate_commands(Executor *x, const Pipeline *p, JsonObject *dot, JsonObject **ret) {
        JsonObject *value = NULL;
        int r;

        for (size_t i = 0; i < p->n_commands; i++) {
                JsonObject *result = NULL;
                const JsonObject *final = value;

                r = evaluate_command(x, &p->commands[i], dot, i > 0 ? &final : NULL, &result);
                json_object_put(value);
                if (r < 0)
                        return r;
                value = result;
        }

        *ret = value;
        return 0;
}

static int evaluate_pipeline(Executor *x, const Pipeline *p, JsonObject *dot, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *value = NULL;
        int r;

        r = evaluate_commands(x, p, dot, &value);
        for (size_t i = 0; r >= 0 && i < p->n_variables; i++)
                r = set_variable(x, p, i, value);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(value);
        return 0;
}

static int print_value(Executor *x, const Node *n, JsonObject *value) {
        Output printed = {};
        int r;

        if (!(x->flags & TEMPLATE_PRINTABLE)) {
                r = template_print_value(&x->out, value);
                return r < 0 ? output_failed(x, n->offset, r) : 0;
        }

        r = template_print_value(&printed, value);
        for (size_t i = 0, k; r >= 0 && i < printed.size; i += k + 1) { /* piece by piece: \n and \t stay */
                const char *s = printed.text + i;
                _cleanup_(freep) char *piece = NULL, *escaped = NULL;

                k = strcspn(s, "\n\t");
                piece = strndup(s, k);
                escaped = piece ? text_escape(piece) : NULL;
                if (!escaped)
                        r = -ENOMEM;
                else
                        r = output_add(&x->out, escaped, strlen(escaped));
                if (r >= 0 && i + k < printed.size) {
                        bool nul = s[k] == 0;
                        r = output_add(&x->out, nul ? "\\x00" : &s[k], nul ? 4 : 1);
                }
        }
        free(printed.text);
        return r < 0 ? output_failed(x, n->offset, r) : 0;
}

static int compare_keys(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Once through the body, with $i (or nothing) and $x set. */
static int execute_turn(Executor *x, const Node *n, JsonObject *key, JsonObject *element) {
        const Pipeline *p = n->pipeline;
        size_t mark = x->n_variables;
        int r = step(x, n->offset);

        if (r >= 0 && p->n_variables == 2)
                r = set_variable(x, p, 0, key);
        if (r >= 0 && p->n_variables > 0)
                r = set_variable(x, p, p->n_variables - 1, element);
        if (r >= 0)
                r = execute_list(x, n->body, element);

        pop_variables(x, mark);
        return r;
}

static int execute_range_object(Executor *x, const Node *n, JsonObject *o) {
        size_t n_keys = 0;
        _cleanup_(freep) const char **keys = new0(const char *, json_object_object_length(o) + 1);
        int r = 0;

        if (!keys)
                return error_oom(x->reterr);
        json_object_object_foreach(o, name, member) {
                (void) member;
                keys[n_keys++] = name;
        }
        qsort(keys, n_keys, sizeof(*keys), compare_keys);

        for (size_t i = 0; r >= 0 && r != FLOW_BREAK && i < n_keys; i++) {
                _cleanup_(json_putp) JsonObject *key = json_object_new_string(keys[i]);

                if (!key)
                        return error_oom(x->reterr);
                r = execute_turn(x, n, key, json_object_object_get(o, keys[i]));
        }
        return MIN(r, 0);
}

static int execute_range(Executor *x, const Node *n, JsonObject *dot) {
        _cleanup_(json_putp) JsonObject *value = NULL;
        int64_t count = 0;
        bool number;
        int r;

        r = evaluate_commands(x, n->pipeline, dot, &value);
        if (r < 0)
                return r;

        number = json_object_is_type(value, json_type_int);
        if (number)
                count = json_object_get_int64(value);
        else if (json_object_is_type(value, json_type_array))
                count = (int64_t) json_object_array_length(value);
        else if (value && !json_object_is_type(value, json_type_object))
                return template_error(x->template->text, n->pipeline->offset, x->reterr, "cannot range over a %s",
                                      template_type_name(value));
        else
                count = value ? json_object_object_length(value) : 0;

        if (count <= 0)
                return execute_list(x, n->otherwise, dot);
        if (json_object_is_type(value, json_type_object))
                return execute_range_object(x, n, value);

        for (int64_t i = 0; r >= 0 && r != FLOW_BREAK && i < count; i++) {
                _cleanup_(json_putp) JsonObject *key = json_object_new_int64(i);

                if (!key)
                        return error_oom(x->reterr);
                r = execute_turn(x, n, key, number ? key : json_object_array_get_idx(value, (size_t) i));
        }
        return MIN(r, 0);
}

static int execute_node(Executor *x, const Node *n, JsonObject *dot) {
        _cleanup_(json_putp) JsonObject *value = NULL;
        size_t mark = x->n_variables;
        int r;

        switch (n->type) {
        case NODE_TEXT:
                r = output_add(&x->out, n->text, strlen(n->text));
                return r < 0 ? output_failed(x, n->offset, r) : FLOW_NEXT;
        case NODE_BREAK:
                return FLOW_BREAK;
        case NODE_CONTINUE:
                return FLOW_CONTINUE;
        case NODE_RANGE:
                return execute_range(x, n, dot);
        case NODE_ACTION:
                r = evaluate_pipeline(x, n->pipeline, dot, &value);
                if (r < 0 || n->pipeline->n_variables > 0)
                        return r;
                return print_value(x, n, value);
        case NODE_IF:
        case NODE_WITH:
                break;
        }

        r = evaluate_pipeline(x, n->pipeline, dot, &value);
        if (r >= 0 && template_is_true(value))
                r = execute_list(x, n->body, n->type == NODE_WITH ? value : dot);
        else if (r >= 0)
                r = execute_list(x, n->otherwise, dot);
        pop_variables(x, mark);
        return r;
}

static int execute_list(Executor *x, const Node *n, JsonObject *dot) {
        size_t mark = x->n_variables;
        int r = FLOW_NEXT;

        for (; n && r == FLOW_NEXT; n = n->next) {
                r = step(x, n->offset);
                if (r >= 0)
                        r = execute_node(x, n, dot);
        }

        /* The variables of the outermost list live until the end anyway; those of a body end with it. */
        pop_variables(x, mark);
        return r;
}

int template_execute(const Template *t, JsonObject *data, JsonObject *more, TemplateFlags flags, char **ret,
                     Error *reterr) {
        Executor x = { .template = t, .root = data, .more = more, .flags = flags, .reterr = reterr };
        int r;

        x.variables[x.n_variables++] = (Variable) { "", json_object_get(data) };
        r = execute_list(&x, t->nodes, data);
        pop_variables(&x, 0);
        if (r >= 0)
                r = output_add(&x.out, "", 0); /* there is a text even if it is empty */
        if (r < 0) {
                free(x.out.text);
                return r;
        }

        *ret = x.out.text;
        return 0;
}
