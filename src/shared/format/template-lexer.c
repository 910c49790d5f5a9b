/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "shared/text.h"
#include "template-lexer.h"

int template_error(const char *text, size_t offset, Error *reterr, const char *format, ...) {
        _cleanup_(freep) char *sentence = NULL;
        unsigned line = 1, column = 1;
        va_list ap;
        int r;

        for (size_t i = 0; i < offset && text[i]; i++)
                if (text[i] == '\n') {
                        line++;
                        column = 1;
                } else if (((uint8_t) text[i] & 0xc0) != 0x80) /* characters, not bytes */
                        column++;

        va_start(ap, format);
        r = vasprintf(&sentence, format, ap);
        va_end(ap);
        if (r < 0) {
                sentence = NULL;
                return error_oom(reterr);
        }

        return error_set(reterr, -EINVAL, "template: %u:%u: %s", line, column, sentence);
}

void token_done(Token *t) {
        free(t->name);
        json_object_put(t->literal);
        *t = (Token) {};
}

static bool is_name_char(char c) {
        return ascii_isalnum(c) || c == '_' || ((uint8_t) c & 0x80);
}

static size_t name_length(const char *s) {
        size_t n = 0;

        while (is_name_char(s[n]))
                n++;
        return n;
}

static int read_escape(Parser *p, const char **s, char quote, Output *out) {
        static const char letters[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
        const char *letter, *q = *s + 1; /* behind the backslash */
        unsigned digits = *q == 'x' ? 2 : *q == 'u' ? 4 : *q == 'U' ? 8 : 0;
        uint32_t c = 0;
        char bytes[4];
        size_t n = 0;

        if (*q && (letter = strchr(letters, *q))) {
                *s = q + 1;
                return output_add(out, &values[letter - letters], 1);
        }
        if (*q == quote && quote) {
                *s = q + 1;
                return output_add(out, &quote, 1);
        }
        if (digits == 0)
                return template_error(p->text, *s - p->text, p->reterr, "unknown escape sequence in a string");

        for (unsigned i = 1; i <= digits; i++) {
                char d = ascii_tolower(q[i]);

                if (!ascii_isdigit(d) && (d < 'a' || d > 'f'))
                        return template_error(p->text, *s - p->text, p->reterr, "bad escape sequence in a string");
                c = c << 4 | (uint32_t) (ascii_isdigit(d) ? d - '0' : d - 'a' + 10);
        }
        if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return template_error(p->text, *s - p->text, p->reterr, "escape sequence is not a character");

        if (c < 0x80)
                bytes[n++] = (char) c;
        else if (c < 0x800) {
                bytes[n++] = (char) (0xc0 | c >> 6);
                bytes[n++] = (char) (0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
                bytes[n++] = (char) (0xe0 | c >> 12);
                bytes[n++] = (char) (0x80 | ((c >> 6) & 0x3f));
                bytes[n++] = (char) (0x80 | (c & 0x3f));
        } else {
                bytes[n++] = (char) (0xf0 | c >> 18);
                bytes[n++] = (char) (0x80 | ((c >> 12) & 0x3f));
                bytes[n++] = (char) (0x80 | ((c >> 6) & 0x3f));
                bytes[n++] = (char) (0x80 | (c & 0x3f));
        }

        *s = q + 1 + digits;
        return output_add(out, bytes, n);
}

static int read_string(Parser *p, const char *s, Token *t) {
        Output out = {};
        char quote = *s;
        int r = 0;

        for (s++; r >= 0 && *s != quote; )
                if (!*s || (*s == '\n' && quote != '`'))
                        r = template_error(p->text, t->offset, p->reterr, "string is not closed");
                else if (*s == '\\' && quote != '`')
                        r = read_escape(p, &s, quote, &out);
                else
                        r = output_add(&out, s++, 1);

        if (r >= 0) {
                t->end = s + 1 - p->text;
                if (quote == '\'') { /* a character is its number */
                        size_t k = utf8_sequence_length(strempty(out.text), out.size);

                        if (out.size == 0 || k != out.size)
                                r = template_error(p->text, t->offset, p->reterr, "not one character");
                        else {
                                uint32_t c = k == 1 ? (uint8_t) out.text[0]
                                                    : (uint8_t) out.text[0] & (0xffU >> (k + 1));
                                for (size_t i = 1; i < k; i++)
                                        c = c << 6 | ((uint8_t) out.text[i] & 0x3f);
                                t->literal = json_object_new_int64(c);
                        }
                } else
                        t->literal = json_object_new_string_len(strempty(out.text), (int) out.size);
                if (r >= 0 && !t->literal)
                        r = error_oom(p->reterr);
        }

        free(out.text);
        return r;
}

static int read_number(Parser *p, const char *s, Token *t) {
        size_t n = *s == '-' || *s == '+';
        char buffer[48], *end;
        bool real = false;

        while (ascii_isalnum(s[n]) || s[n] == '.' || s[n] == '_' ||
               ((s[n] == '-' || s[n] == '+') && ascii_tolower(s[n - 1]) == 'e' && !startswith(s, "0x"))) {
                real = real || s[n] == '.';
                n++;
        }
        if (n < sizeof(buffer)) {
                memcpy(buffer, s, n);
                buffer[n] = 0;
                t->end = t->offset + n;

                errno = 0;
                if (!real) {
                        int64_t v = strtoll(buffer, &end, 0);
                        if (*end == 0 && errno == 0)
                                t->literal = json_object_new_int64(v);
                }
                if (!t->literal && !startswith(buffer, "0x")) {
                        errno = 0;
                        double v = strtod(buffer, &end);
                        if (*end == 0 && errno == 0 && v - v == 0) /* neither infinite nor no number */
                                t->literal = json_object_new_double(v);
                }
        }
        if (!t->literal)
                return template_error(p->text, t->offset, p->reterr, "'%.*s' is not a number", (int) MIN(n, 40U), s);
        return 0;
}

int parser_next(Parser *p) {
        const char *s = p->text + p->offset;
        Token t = {};
        size_t n;
        int r = 0;

        token_done(&p->token);

        while (ascii_isspace(*s)) {
                s++;
                t.space_before = true;
        }
        t.offset = s - p->text;
        t.end = t.offset + 1;

        if (t.space_before && startswith(s, "-}}")) {
                t.end = t.offset + 3;
                p->trim = true;
        } else if (startswith(s, "}}")) {
                t.end = t.offset + 2;
                p->trim = false;
        } else if (!*s)
                r = template_error(p->text, t.offset, p->reterr, "action is not closed by '}}'");
        else if (*s == '"' || *s == '`' || *s == '\'') {
                t.type = TOKEN_LITERAL;
                r = read_string(p, s, &t);
        } else if (ascii_isdigit(*s) || ((*s == '-' || *s == '+' || *s == '.') && ascii_isdigit(s[1]))) {
                t.type = TOKEN_LITERAL;
                r = read_number(p, s, &t);
        } else if (*s == '.' || *s == '$') {
                n = name_length(s + 1);
                t.type = *s == '$' ? TOKEN_VARIABLE : n > 0 ? TOKEN_FIELD : TOKEN_DOT;
                t.name = strndup(s + 1, n);
                t.end = t.offset + 1 + n;
        } else if (is_name_char(*s)) {
                n = name_length(s);
                t.type = TOKEN_WORD;
                t.name = strndup(s, n);
                t.end = t.offset + n;
        } else if (startswith(s, ":=")) {
                t.type = TOKEN_DECLARE;
                t.end = t.offset + 2;
        } else {
                static const struct {
                        char c;
                        TokenType type;
                } signs[] = {
                        { '(', TOKEN_OPEN },   { ')', TOKEN_CLOSE }, { '|', TOKEN_PIPE },
                        { '=', TOKEN_ASSIGN }, { ',', TOKEN_COMMA },
                };
                bool found = false;

                for (size_t i = 0; !found && i < ELEMENTSOF(signs); i++)
                        if ((found = signs[i].c == *s))
                                t.type = signs[i].type;
                if (!found)
                        r = template_error(p->text, t.offset, p->reterr, "unexpected '%c'",
                                           *s > ' ' && *s < 0x7f ? *s : '?');
        }

        if (r >= 0 && !t.name && (t.type == TOKEN_WORD || t.type == TOKEN_FIELD || t.type == TOKEN_VARIABLE))
                r = error_oom(p->reterr);

        p->offset = t.end;
        p->token = t;
        return r;
}
