/* jinja_scope.h - inside engine/text: a template that is being run, its variables, and what its
 * parts have in common. */
#ifndef S2D_ENGINE_TEXT_JINJA_SCOPE_H
#define S2D_ENGINE_TEXT_JINJA_SCOPE_H

#include <time.h>

#include "engine/text/jinja_lexer.h"

enum { JINJA_VARIABLES = 64, JINJA_DEPTH = 48, JINJA_ARGUMENTS = 4, JINJA_MACROS = 8 };

/* What ends a list of statements. */
typedef enum JinjaEnding {
    END_TEMPLATE,
    END_ELIF,
    END_ELSE,
    END_IF,
    END_FOR,
    END_MACRO,
    END_GENERATION,
} JinjaEnding;

typedef struct Jinja Jinja;

struct Jinja {
    JinjaLexer lexer;
    JinjaArena arena;
    struct {
        Value name, value;
    } variables[JINJA_VARIABLES]; /* the innermost last */
    int n_variables;
    int frame;         /* where those of the loop's body begin */
    int base;          /* where those of the outermost loop or macro begin */
    int hidden, shown; /* in a macro: those of its caller's loops, which it cannot see */
    JinjaLexer macros[JINJA_MACROS]; /* behind their names */
    int n_macros;
    int depth;             /* of brackets and blocks */
    bool live;             /* what is read counts: else it is only looked through */
    bool failed;           /* not understood: nothing counts any more */
    const struct tm *date; /* NULL = there is none */
    bool dated;            /* it was asked for */
    char *out;             /* [JINJA_OUTPUT_MAX] */
    size_t n;
    /* What needs the statements: runs those up to a tag that ends them, or only looks through them; and
     * what a macro writes. */
    JinjaEnding (*run)(Jinja *jinja, bool live);
    Value (*call)(Jinja *jinja, Value macro, const Value *arguments, int n, JinjaObject *named);
};

/* strftime_now(format): the days, months and years of the date that was given, in English; times of
 * the day are not known. */
Value jinja_date(Jinja *jinja, Value format);

/* Not understood; returns an error. */
Value jinja_fail(Jinja *jinja);
/* Passes a mark that has to be here. */
void jinja_expect(Jinja *jinja, const char *mark);
/* Passes a name, and returns it. */
Value jinja_name(Jinja *jinja);

/* Sets a variable of the innermost loop's body. */
void jinja_set(Jinja *jinja, Value name, Value value);
/* Undefined where it is not set. */
Value jinja_variable(const Jinja *jinja, Value name);

#endif
