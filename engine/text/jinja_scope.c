/* jinja_scope.c - see jinja_scope.h. */
#include "engine/text/jinja_scope.h"

Value jinja_fail(Jinja *jinja)
{
    jinja->failed = true;
    return value_of(VALUE_ERROR);
}

void jinja_expect(Jinja *jinja, const char *mark)
{
    if (!jinja_take(&jinja->lexer, mark))
        jinja->failed = true;
}

/* The token as a name, which is passed. */
Value jinja_name(Jinja *jinja)
{
    Value name = jinja->lexer.token.value;
    if (jinja->failed || jinja->lexer.token.kind != JINJA_NAME)
        return jinja_fail(jinja);
    jinja_next(&jinja->lexer);
    return name;
}

void jinja_set(Jinja *jinja, Value name, Value value)
{
    int i = jinja->frame;
    while (i < jinja->n_variables && !value_equal(jinja->variables[i].name, name))
        i++;
    if (i == JINJA_VARIABLES) {
        jinja->failed = true;
        return;
    }
    jinja->n_variables = i == jinja->n_variables ? i + 1 : jinja->n_variables;
    jinja->variables[i].name = name;
    jinja->variables[i].value = value;
}

Value jinja_variable(const Jinja *jinja, Value name)
{
    for (int i = jinja->n_variables - 1; i >= 0; i--)
        if ((i < jinja->hidden || i >= jinja->shown) && value_equal(jinja->variables[i].name, name))
            return jinja->variables[i].value;
    return value_of(VALUE_UNDEFINED);
}
