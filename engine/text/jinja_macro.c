/* jinja_macro.c - macros, which write text where they are called. See jinja_macro.h. */
#include "engine/text/jinja_macro.h"

#include <string.h>

#include "engine/text/jinja_expr.h"

/* The parameters, up to the end of the tag: each is a variable of the frame, set where `live`. */
static void parameters(Jinja *jinja, bool live, const Value *arguments, int n, JinjaObject *named)
{
    int given = 0, by_name = 0;
    jinja_expect(jinja, "(");
    while (!jinja->failed && !jinja_take(&jinja->lexer, ")")) {
        Value name = jinja_name(jinja), value = value_of(VALUE_UNDEFINED);
        if (jinja_take(&jinja->lexer, "="))
            value = jinja_expression(jinja);
        if (given < n) {
            value = arguments[given++];
        } else if (named &&
                   value_truth(value_contains((Value){VALUE_OBJECT, .object = named}, name))) {
            value = value_item((Value){VALUE_OBJECT, .object = named}, name);
            by_name++;
        }
        if (live)
            jinja_set(jinja, name, value);
        if (!jinja_is(&jinja->lexer, ")"))
            jinja_expect(jinja, ",");
    }
    if (jinja->lexer.token.kind != JINJA_END || given < n || (named && by_name < named->n))
        jinja->failed = true;
}

void jinja_define(Jinja *jinja, bool live)
{
    Value name = jinja_name(jinja);
    if (jinja->failed || jinja->n_macros == JINJA_MACROS) {
        jinja->failed = true;
        return;
    }
    JinjaLexer begin = jinja->lexer;
    parameters(jinja, false, &(Value){.kind = VALUE_UNDEFINED}, 0, NULL);
    if (jinja->failed || jinja->run(jinja, false) != END_MACRO)
        jinja->failed = true;
    if (!live || jinja->failed)
        return;
    jinja->macros[jinja->n_macros] = begin;
    jinja_set(jinja, name, (Value){.kind = VALUE_CALLABLE, .number = jinja->n_macros++});
}

Value jinja_call(Jinja *jinja, Value macro, const Value *arguments, int n, JinjaObject *named)
{
    JinjaLexer caller = jinja->lexer;
    int frame = jinja->frame, base = jinja->base, variables = jinja->n_variables;
    int hidden = jinja->hidden, shown = jinja->shown;
    size_t begin = jinja->n;
    jinja->lexer = jinja->macros[macro.number];
    jinja->lexer.steps = caller.steps;
    jinja->base = frame == 0 ? variables : base;
    jinja->hidden = jinja->base;
    jinja->frame = jinja->shown = variables;
    parameters(jinja, true, arguments, n, named);
    if (jinja->failed || jinja->run(jinja, true) != END_MACRO)
        jinja->failed = true;
    int steps = jinja->lexer.steps;
    jinja->lexer = caller;
    jinja->lexer.steps = steps;
    jinja->live = true;
    jinja->frame = frame;
    jinja->base = base;
    jinja->n_variables = variables;
    jinja->hidden = hidden;
    jinja->shown = shown;
    size_t bytes = jinja->n - begin;
    char *text = jinja->failed ? NULL : jinja_alloc(&jinja->arena, bytes + 1);
    if (text == NULL)
        return jinja_fail(jinja);
    memcpy(text, jinja->out + begin, bytes);
    jinja->n = begin;
    return value_text(text, bytes);
}
