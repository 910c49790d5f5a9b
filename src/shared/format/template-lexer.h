/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "template-internal.h"

/* The words of an action, one at a time. */

typedef enum TokenType {
        TOKEN_END, /* of the action: "}}" or "-}}" */
        TOKEN_WORD,
        TOKEN_FIELD,
        TOKEN_DOT,
        TOKEN_VARIABLE,
        TOKEN_LITERAL,
        TOKEN_OPEN,
        TOKEN_CLOSE,
        TOKEN_PIPE,
        TOKEN_DECLARE,
        TOKEN_ASSIGN,
        TOKEN_COMMA,
} TokenType;

typedef struct Token {
        TokenType type;
        size_t offset;
        size_t end;
        bool space_before;
        char *name;          /* word, field, variable */
        JsonObject *literal; /* string, number */
} Token;

typedef struct Parser {
        const char *text;
        size_t offset; /* behind token */
        Token token;   /* the one looked at */
        size_t terminator; /* of the last "end" or "else" */
        unsigned depth;
        unsigned loops;
        bool escapes;
        bool trim; /* the action that ended last had "-}}" */
        Error *reterr;
} Parser;

void token_done(Token *t);

/* Looks at the next one. Sets trim at the end of the action. */
int parser_next(Parser *p);
