/* jinja_lexer.h - inside engine/text: a template's text cut into what is copied and what is
 * computed. */
#ifndef S2D_ENGINE_TEXT_JINJA_LEXER_H
#define S2D_ENGINE_TEXT_JINJA_LEXER_H

#include "engine/text/jinja_value.h"

typedef enum TokenKind {
    JINJA_NAME,
    JINJA_STRING,
    JINJA_INT,
    JINJA_MARK, /* an operator or bracket */
    JINJA_END,  /* of a tag */
    JINJA_WRONG,
} TokenKind;

typedef struct JinjaToken {
    TokenKind kind;
    Value value; /* the name, the string, the number, the mark's characters */
} JinjaToken;

typedef enum TagKind { TAG_NONE, TAG_PRINT, TAG_BLOCK, TAG_WRONG } TagKind;

typedef struct JinjaLexer {
    const char *text;
    size_t bytes;
    size_t at;
    bool line_starts; /* a line begins at `at` */
    bool printing;    /* within {{ }}: else within {% %} */
    JinjaToken token; /* the one that is looked at, within a tag */
    int steps;        /* that are left */
    JinjaArena *arena;
} JinjaLexer;

/* The text up to the next {{ }} or {% %} tag, which is entered; TAG_NONE: up to the end. Comments
 * are left out piece by piece: TAG_PRINT and TAG_BLOCK come with the last one, *more says that there
 * is a piece behind this one. */
TagKind jinja_text(JinjaLexer *lexer, Value *text, bool *more);

/* Goes on to the next token of the tag. Behind JINJA_END the text goes on. */
void jinja_next(JinjaLexer *lexer);

/* Whether the token is this mark, or this name; with `take`, goes on if so. */
bool jinja_is(const JinjaLexer *lexer, const char *word);
bool jinja_take(JinjaLexer *lexer, const char *word);

#endif
