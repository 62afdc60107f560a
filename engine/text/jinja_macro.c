/* jinja_macro.c - macros, which write text where they are called, and the date. See jinja_scope.h. */
#include <stdio.h>
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
    parameters(jinja, false, NULL, 0, NULL);
    if (jinja->failed || jinja_statements(jinja, false) != END_MACRO)
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
    if (jinja->failed || jinja_statements(jinja, true) != END_MACRO)
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

/* One %-letter; -1 = not known. */
static int write_field(const struct tm *date, char letter, char *out, size_t size)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    switch (letter) {
    case 'd':
        return snprintf(out, size, "%02d", date->tm_mday);
    case 'm':
        return snprintf(out, size, "%02d", date->tm_mon + 1);
    case 'Y':
        return snprintf(out, size, "%d", date->tm_year + 1900);
    case 'y':
        return snprintf(out, size, "%02d", date->tm_year % 100);
    case 'b':
        return snprintf(out, size, "%.3s", months[date->tm_mon % 12]);
    case 'B':
        return snprintf(out, size, "%s", months[date->tm_mon % 12]);
    case 'a':
        return snprintf(out, size, "%.3s", days[date->tm_wday % 7]);
    case 'A':
        return snprintf(out, size, "%s", days[date->tm_wday % 7]);
    default:
        return -1;
    }
}

Value jinja_date(Jinja *jinja, Value format)
{
    enum { SIZE = 128, FIELD = 16 };
    char *out = jinja_alloc(&jinja->arena, SIZE);
    size_t n = 0;
    if (out == NULL || jinja->date == NULL || format.kind != VALUE_STRING)
        return value_of(VALUE_ERROR);
    for (size_t i = 0; i < format.n; i++) {
        if (n > SIZE - FIELD)
            return value_of(VALUE_ERROR);
        if (format.text[i] != '%') {
            out[n++] = format.text[i];
            continue;
        }
        int bytes = ++i < format.n ? write_field(jinja->date, format.text[i], out + n, FIELD) : -1;
        if (bytes < 0 || bytes >= FIELD)
            return value_of(VALUE_ERROR);
        n += (size_t)bytes;
    }
    jinja->dated = true;
    return value_text(out, n);
}
