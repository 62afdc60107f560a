/* jinja_scope.h - inside engine/text: a template that is being run, its variables, and what its
 * parts have in common. */
#ifndef S2D_ENGINE_TEXT_JINJA_SCOPE_H
#define S2D_ENGINE_TEXT_JINJA_SCOPE_H

#include "engine/text/jinja_lexer.h"

enum { JINJA_VARIABLES = 64, JINJA_DEPTH = 48, JINJA_ARGUMENTS = 4 };

typedef struct Jinja {
    JinjaLexer lexer;
    JinjaArena arena;
    struct {
        Value name, value;
    } variables[JINJA_VARIABLES]; /* the innermost last */
    int n_variables;
    int frame;   /* where those of the loop's body begin */
    int depth;   /* of brackets and blocks */
    bool failed; /* not understood: nothing counts any more */
} Jinja;

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
