/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/strv.h"
#include "shared/text.h"
#include "template-lexer.h"

static Pipeline *pipeline_free(Pipeline *p);

static void operand_done(Operand *o) {
        json_object_put(o->literal);
        free(o->name);
        pipeline_free(o->pipeline);
        strv_free(o->fields);
}

static Pipeline *pipeline_free(Pipeline *p) {
        if (!p)
                return NULL;

        for (size_t i = 0; i < p->n_commands; i++) {
                for (size_t j = 0; j < p->commands[i].n_operands; j++)
                        operand_done(&p->commands[i].operands[j]);
                free(p->commands[i].operands);
        }
        free(p->commands);
        free(p->variables[0]);
        free(p->variables[1]);
        return mfree(p);
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Pipeline *, pipeline_free)

static Node *node_free(Node *n) {
        while (n) {
                Node *next = n->next;

                free(n->text);
                pipeline_free(n->pipeline);
                node_free(n->body);
                node_free(n->otherwise);
                free(n);
                n = next;
        }
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Node *, node_free)

Template *template_free(Template *t) {
        if (!t)
                return NULL;

        node_free(t->nodes);
        free(t->text);
        return mfree(t);
}

static int unexpected(Parser *p, const char *wanted) {
        const Token *t = &p->token;

        if (t->type == TOKEN_END)
                return template_error(p->text, t->offset, p->reterr, "expected %s before '}}'", wanted);
        return template_error(p->text, t->offset, p->reterr, "expected %s, got '%.*s'", wanted,
                              (int) MIN(t->end - t->offset, 40U), p->text + t->offset);
}

static int expect_end(Parser *p) {
        return p->token.type == TOKEN_END ? 0 : unexpected(p, "'}}'");
}

static int parse_pipeline(Parser *p, Pipeline **ret);

/* "true", "nil", a function's name */
static int parse_word(Parser *p, Operand *o) {
        const char *name = p->token.name, *other;

        if (STR_IN_SET(name, "true", "false")) {
                o->literal = json_object_new_boolean(streq(name, "true"));
                return o->literal ? 0 : error_oom(p->reterr);
        }
        if (streq(name, "nil"))
                return 0;

        if (!template_function_find(name)) {
                other = template_function_suggest(name);
                return template_error(p->text, p->token.offset, p->reterr,
                                      "function \"%.40s\" is not known%s%s%s", name, other ? "; did you mean \"" : "",
                                      strempty(other), other ? "\"?" : "");
        }
        o->type = OPERAND_FUNCTION;
        o->name = TAKE_PTR(p->token.name);
        return 0;
}

static int parse_operand(Parser *p, Operand *ret) {
        Operand o = { .type = OPERAND_LITERAL, .offset = p->token.offset };
        bool chain = true;
        int r = 0;

        switch (p->token.type) {
        case TOKEN_LITERAL:
                o.literal = TAKE_PTR(p->token.literal);
                chain = false;
                break;
        case TOKEN_WORD:
                r = parse_word(p, &o);
                chain = false;
                break;
        case TOKEN_DOT:
                o.type = OPERAND_DOT;
                break;
        case TOKEN_FIELD:
                o.type = OPERAND_DOT;
                r = strv_consume(&o.fields, TAKE_PTR(p->token.name));
                break;
        case TOKEN_VARIABLE:
                o.type = OPERAND_VARIABLE;
                o.name = TAKE_PTR(p->token.name);
                break;
        case TOKEN_OPEN:
                o.type = OPERAND_PIPELINE;
                r = parser_next(p);
                if (r >= 0)
                        r = parse_pipeline(p, &o.pipeline);
                if (r >= 0 && p->token.type != TOKEN_CLOSE)
                        r = unexpected(p, "')'");
                break;
        default:
                r = unexpected(p, "a value");
        }
        if (r >= 0)
                r = parser_next(p);

        while (r >= 0 && p->token.type == TOKEN_FIELD && !p->token.space_before) {
                if (!chain)
                        r = template_error(p->text, p->token.offset, p->reterr, "this has no fields");
                else
                        r = strv_consume(&o.fields, TAKE_PTR(p->token.name));
                if (r >= 0)
                        r = parser_next(p);
        }

        if (r < 0) {
                operand_done(&o);
                return r;
        }
        *ret = o;
        return 0;
}

static int add_command(Pipeline *p) {
        Command *commands = reallocarray(p->commands, p->n_commands + 1, sizeof(Command));

        if (!commands)
                return -ENOMEM;
        p->commands = commands;
        p->commands[p->n_commands++] = (Command) {};
        return 0;
}

static int add_operand(Command *c, const Operand *o) {
        Operand *operands = reallocarray(c->operands, c->n_operands + 1, sizeof(Operand));

        if (!operands)
                return -ENOMEM;
        c->operands = operands;
        c->operands[c->n_operands++] = *o;
        return 0;
}

/* "$x :=", "$i, $x :=", "$x =". A variable alone may also begin a command, so this looks ahead. */
static int parse_declaration(Parser *p, Pipeline *pipeline, bool range) {
        const char *s = p->text + p->token.end;
        size_t n = 0;
        int r;

        if (p->token.type != TOKEN_VARIABLE)
                return 0;

        while (ascii_isspace(s[n]))
                n++;
        if (!startswith(s + n, ":=") && s[n] != '=' && !(range && s[n] == ','))
                return 0;

        for (;;) {
                if (p->token.type != TOKEN_VARIABLE || isempty(p->token.name) || pipeline->n_variables == 2)
                        return unexpected(p, "a variable's name");
                pipeline->variables[pipeline->n_variables++] = TAKE_PTR(p->token.name);

                r = parser_next(p);
                if (r < 0)
                        return r;
                if (p->token.type == TOKEN_DECLARE || p->token.type == TOKEN_ASSIGN)
                        break;
                if (!range || p->token.type != TOKEN_COMMA)
                        return unexpected(p, "':='");
                r = parser_next(p);
                if (r < 0)
                        return r;
        }

        pipeline->assign = p->token.type == TOKEN_ASSIGN;
        return parser_next(p);
}

static int parse_pipeline_full(Parser *p, bool range, Pipeline **ret) {
        _cleanup_(pipeline_freep) Pipeline *pipeline = NULL;
        int r;

        if (++p->depth > TEMPLATE_DEPTH_MAX)
                return template_error(p->text, p->token.offset, p->reterr, "nested too deep");

        pipeline = new0(Pipeline, 1);
        if (!pipeline)
                return error_oom(p->reterr);
        pipeline->offset = p->token.offset;

        r = parse_declaration(p, pipeline, range);
        if (r < 0)
                return r;

        for (;;) {
                Command *c;

                if (add_command(pipeline) < 0)
                        return error_oom(p->reterr);
                c = &pipeline->commands[pipeline->n_commands - 1];

                do {
                        Operand o;

                        if (c->n_operands >= TEMPLATE_ARGUMENTS_MAX)
                                return template_error(p->text, p->token.offset, p->reterr, "too many arguments");
                        r = parse_operand(p, &o);
                        if (r < 0)
                                return r;
                        if (add_operand(c, &o) < 0) {
                                operand_done(&o);
                                return error_oom(p->reterr);
                        }
                } while (p->token.type != TOKEN_PIPE && p->token.type != TOKEN_END && p->token.type != TOKEN_CLOSE);

                if (pipeline->n_commands > 1 && c->operands[0].type == OPERAND_LITERAL)
                        return template_error(p->text, c->operands[0].offset, p->reterr,
                                              "a value cannot take what comes out of '|'");
                if (p->token.type != TOKEN_PIPE)
                        break;
                r = parser_next(p);
                if (r < 0)
                        return r;
        }

        p->depth--;
        *ret = TAKE_PTR(pipeline);
        return 0;
}

static int parse_pipeline(Parser *p, Pipeline **ret) {
        return parse_pipeline_full(p, false, ret);
}

typedef enum Terminator {
        TERMINATOR_NONE, /* end of the text */
        TERMINATOR_END,
        TERMINATOR_ELSE, /* the token behind "else" is looked at */
} Terminator;

static int parse_list(Parser *p, Node **ret, Terminator *ret_terminator);

/* if, with, range; the token behind that word is looked at. */
static int parse_control(Parser *p, Node *n) {
        Terminator terminator;
        int r;

        r = parse_pipeline_full(p, n->type == NODE_RANGE, &n->pipeline);
        if (r < 0)
                return r;
        r = expect_end(p);
        if (r < 0)
                return r;

        p->loops += n->type == NODE_RANGE;
        r = parse_list(p, &n->body, &terminator);
        p->loops -= n->type == NODE_RANGE;
        if (r < 0)
                return r;
        if (terminator == TERMINATOR_NONE)
                return template_error(p->text, n->offset, p->reterr, "this has no {{end}}");
        if (terminator == TERMINATOR_END)
                return 0;

        if (p->token.type == TOKEN_WORD && STR_IN_SET(p->token.name, "if", "with") && n->type != NODE_RANGE) {
                Node *other = new0(Node, 1);

                if (!other)
                        return error_oom(p->reterr);
                n->otherwise = other;
                other->type = streq(p->token.name, "if") ? NODE_IF : NODE_WITH;
                other->offset = p->token.offset;
                if (++p->depth > TEMPLATE_DEPTH_MAX)
                        return template_error(p->text, p->token.offset, p->reterr, "nested too deep");
                r = parser_next(p);
                if (r >= 0)
                        r = parse_control(p, other); /* its {{end}} is ours too */
                p->depth--;
                return r;
        }

        r = expect_end(p);
        if (r < 0)
                return r;
        r = parse_list(p, &n->otherwise, &terminator);
        if (r < 0)
                return r;
        if (terminator == TERMINATOR_NONE)
                return template_error(p->text, n->offset, p->reterr, "this has no {{end}}");
        if (terminator == TERMINATOR_ELSE)
                return template_error(p->text, p->terminator, p->reterr, "{{else}} comes twice");
        return 0;
}

/* The first token is looked at. Sets *ret_terminator for "end" and "else". */
static int parse_action(Parser *p, Node *n, Terminator *ret_terminator) {
        static const struct {
                const char *word;
                NodeType type;
        } controls[] = { { "if", NODE_IF }, { "with", NODE_WITH }, { "range", NODE_RANGE } };
        const char *word = p->token.type == TOKEN_WORD ? p->token.name : "";
        int r;

        if (streq(word, "end") || streq(word, "else")) {
                *ret_terminator = streq(word, "end") ? TERMINATOR_END : TERMINATOR_ELSE;
                p->terminator = p->token.offset;
                r = parser_next(p);
                return r < 0 ? r : *ret_terminator == TERMINATOR_END ? expect_end(p) : 0;
        }
        if (STR_IN_SET(word, "define", "template", "block"))
                return template_error(p->text, p->token.offset, p->reterr, "{{%s}} is not supported", word);
        if (streq(word, "break") || streq(word, "continue")) {
                if (p->loops == 0)
                        return template_error(p->text, p->token.offset, p->reterr, "{{%s}} outside of {{range}}", word);
                n->type = streq(word, "break") ? NODE_BREAK : NODE_CONTINUE;
                r = parser_next(p);
                return r < 0 ? r : expect_end(p);
        }
        for (size_t i = 0; i < ELEMENTSOF(controls); i++)
                if (streq(word, controls[i].word)) {
                        n->type = controls[i].type;
                        r = parser_next(p);
                        return r < 0 ? r : parse_control(p, n);
                }

        n->type = NODE_ACTION;
        r = parse_pipeline(p, &n->pipeline);
        return r < 0 ? r : expect_end(p);
}

/* The text up to the next action, with "{{- " and " -}}" applied. */
static int parse_text(Parser *p, Node *n) {
        const char *start = p->text + p->offset, *action = strstr(start, "{{"), *end;
        char *q;

        n->type = NODE_TEXT;
        end = action ?: start + strlen(start);
        p->offset = end - p->text;

        if (p->trim)
                while (start < end && ascii_isspace(*start))
                        start++;
        p->trim = false;
        if (action && action[2] == '-' && ascii_isspace(action[3]))
                while (end > start && ascii_isspace(end[-1]))
                        end--;

        n->text = q = strndup(start, end - start);
        if (!n->text)
                return error_oom(p->reterr);
        if (p->escapes)
                for (const char *s = n->text;; s++) {
                        if (*s == '\\' && (s[1] == 't' || s[1] == 'n'))
                                *q++ = *++s == 't' ? '\t' : '\n';
                        else
                                *q++ = *s;
                        if (!*s)
                                break;
                }
        return 0;
}

/* Behind "{{": skips "- " and a comment. 1: it was a comment, and all of the action. */
static int enter_action(Parser *p) {
        size_t start = p->offset;
        const char *s = p->text + p->offset + 2, *end;

        if (*s == '-' && ascii_isspace(s[1]))
                for (s++; ascii_isspace(*s); s++)
                        ;
        p->offset = s - p->text;
        if (!startswith(s, "/*"))
                return 0;

        end = strstr(s + 2, "*/");
        if (!end)
                return template_error(p->text, start, p->reterr, "comment is not closed");
        for (s = end + 2; ascii_isspace(*s); s++)
                ;
        p->trim = s > end + 2 && startswith(s, "-}}");
        if (!p->trim && !startswith(s, "}}"))
                return template_error(p->text, end - p->text, p->reterr, "a comment must fill its action");
        p->offset = s + (p->trim ? 3 : 2) - p->text;
        return 1;
}

static int parse_list(Parser *p, Node **ret, Terminator *ret_terminator) {
        _cleanup_(node_freep) Node *first = NULL;
        Node **tail = &first;
        int r;

        if (++p->depth > TEMPLATE_DEPTH_MAX)
                return template_error(p->text, p->offset, p->reterr, "nested too deep");
        *ret_terminator = TERMINATOR_NONE;

        while (p->text[p->offset]) {
                Node *n = *tail = new0(Node, 1);

                if (!n)
                        return error_oom(p->reterr);
                n->offset = p->offset;

                if (!startswith(p->text + p->offset, "{{")) {
                        r = parse_text(p, n);
                        if (r < 0)
                                return r;
                        tail = &n->next;
                        continue;
                }

                p->trim = false;
                r = enter_action(p);
                if (r == 0) {
                        r = parser_next(p);
                        if (r >= 0)
                                r = parse_action(p, n, ret_terminator);
                        if (r < 0)
                                return r;
                } else if (r > 0) {
                        n->type = NODE_TEXT; /* a comment: an empty one */
                        n->text = strdup("");
                        if (!n->text)
                                return error_oom(p->reterr);
                } else
                        return r;

                if (*ret_terminator != TERMINATOR_NONE) {
                        *tail = node_free(n);
                        break;
                }
                tail = &n->next;
        }

        p->depth--;
        *ret = TAKE_PTR(first);
        return 0;
}

int template_parse(const char *text, TemplateFlags flags, Template **ret, Error *reterr) {
        _cleanup_(template_freep) Template *t = NULL;
        Parser p = { .escapes = flags & TEMPLATE_ESCAPES, .reterr = reterr };
        Terminator terminator;
        int r;

        if (strlen(text) > TEMPLATE_SIZE_MAX)
                return error_set(reterr, -EFBIG, "template: longer than %u bytes", TEMPLATE_SIZE_MAX);
        if (!utf8_is_valid(text))
                return error_set(reterr, -EINVAL, "template: not UTF-8");

        t = new0(Template, 1);
        if (!t)
                return error_oom(reterr);
        t->text = strdup(text);
        if (!t->text)
                return error_oom(reterr);

        p.text = t->text;
        r = parse_list(&p, &t->nodes, &terminator);
        token_done(&p.token);
        if (r >= 0 && terminator != TERMINATOR_NONE)
                r = template_error(p.text, p.terminator, reterr, "{{%s}} without a beginning",
                                   terminator == TERMINATOR_END ? "end" : "else");
        if (r < 0)
                return error_is_set(reterr) || !reterr ? r : error_oom(reterr);

        *ret = TAKE_PTR(t);
        return 0;
}
