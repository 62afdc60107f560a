/* jinja_expr.c - see jinja_expr.h. A function for each level of precedence, the tightest first.
 *
 * All is computed, also what is not taken: that does no harm, for expressions change nothing and an
 * error spoils only what it is used for.
 */
#include "engine/text/jinja_expr.h"

#include <string.h>

/* (a, b, name=c): the names go to an object, for namespace(). Returns how many have none. */
static int read_arguments(Jinja *jinja, Value arguments[JINJA_ARGUMENTS], JinjaObject *named)
{
    int n = 0;
    jinja_expect(jinja, "(");
    while (!jinja->failed && !jinja_take(&jinja->lexer, ")")) {
        JinjaToken first = jinja->lexer.token;
        Value value = jinja_expression(jinja);
        if (first.kind == JINJA_NAME && jinja_take(&jinja->lexer, "=")) {
            value = jinja_expression(jinja);
            if (named == NULL || !object_set(named, first.value, value))
                jinja->failed = true;
        } else if (n < JINJA_ARGUMENTS) {
            arguments[n++] = value;
        } else {
            jinja->failed = true;
        }
        if (!jinja_is(&jinja->lexer, ")"))
            jinja_expect(jinja, ",");
    }
    return n;
}

/* name(...): namespace() makes an object; macros and strftime_now() write text; raise_exception() and
 * what else there may be are errors where they are reached. */
static Value call(Jinja *jinja, Value name)
{
    Value arguments[JINJA_ARGUMENTS];
    JinjaObject *named = object_new(&jinja->arena);
    if (named == NULL)
        return jinja_fail(jinja);
    named->is_namespace = true;
    int n = read_arguments(jinja, arguments, named);
    if (value_is_text(name, "namespace") && n == 0)
        return (Value){.kind = VALUE_OBJECT, .object = named};
    Value called = jinja_variable(jinja, name);
    if (jinja->failed || !jinja->live || called.kind != VALUE_CALLABLE)
        return value_of(VALUE_ERROR);
    if (called.number >= 0)
        return jinja->call(jinja, called, arguments, n, named);
    return n == 1 && named->n == 0 ? jinja_date(jinja, arguments[0]) : value_of(VALUE_ERROR);
}

static Value read_list(Jinja *jinja)
{
    Value items[JINJA_FIELDS];
    size_t n = 0;
    while (!jinja->failed && !jinja_take(&jinja->lexer, "]")) {
        Value item = jinja_expression(jinja);
        if (value_is_error(item) || n == JINJA_FIELDS)
            return jinja_fail(jinja);
        items[n++] = item;
        if (!jinja_is(&jinja->lexer, "]"))
            jinja_expect(jinja, ",");
    }
    Value *copy = jinja_alloc(&jinja->arena, (n + 1) * sizeof *copy);
    if (copy == NULL)
        return jinja_fail(jinja);
    memcpy(copy, items, n * sizeof *copy);
    return (Value){.kind = VALUE_LIST, .items = copy, .n = n};
}

static Value named_value(Jinja *jinja)
{
    static const struct {
        const char *name;
        ValueKind kind;
        bool truth;
    } constants[] = {{"true", VALUE_BOOL, true},   {"True", VALUE_BOOL, true},
                     {"false", VALUE_BOOL, false}, {"False", VALUE_BOOL, false},
                     {"none", VALUE_NONE, false},  {"None", VALUE_NONE, false}};
    static const char *const reserved[] = {"if", "else", "not", "and", "or", "in", "is"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (jinja_is(&jinja->lexer, reserved[i]))
            return jinja_fail(jinja);
    Value name = jinja_name(jinja);
    if (jinja_is(&jinja->lexer, "("))
        return call(jinja, name);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (value_is_text(name, constants[i].name))
            return (Value){.kind = constants[i].kind, .number = constants[i].truth};
    return jinja_variable(jinja, name);
}

static Value primary(Jinja *jinja)
{
    JinjaToken token = jinja->lexer.token;
    Value value;
    switch (token.kind) {
    case JINJA_STRING:
        jinja_next(&jinja->lexer);
        while (jinja->lexer.token.kind == JINJA_STRING) { /* 'a' 'b' */
            token.value = value_join(&jinja->arena, token.value, jinja->lexer.token.value);
            jinja_next(&jinja->lexer);
        }
        return token.value;
    case JINJA_INT:
        jinja_next(&jinja->lexer);
        return token.value;
    case JINJA_NAME:
        return named_value(jinja);
    default:
        if (jinja_take(&jinja->lexer, "["))
            return read_list(jinja);
        jinja_expect(jinja, "(");
        value = jinja_expression(jinja);
        jinja_expect(jinja, ")");
        return value;
    }
}

/* value[key], value[from:to], value[::-1]; other steps are not known. */
static Value subscript(Jinja *jinja, Value value)
{
    Value from = value_of(VALUE_UNDEFINED), to = from;
    if (!jinja_is(&jinja->lexer, ":"))
        from = jinja_expression(jinja);
    if (jinja_take(&jinja->lexer, "]"))
        return value_item(value, from);
    jinja_expect(jinja, ":");
    if (!jinja_is(&jinja->lexer, "]") && !jinja_is(&jinja->lexer, ":"))
        to = jinja_expression(jinja);
    bool backwards = jinja_take(&jinja->lexer, ":") && !jinja_is(&jinja->lexer, "]");
    if (backwards && !value_equal(jinja_expression(jinja), value_int(-1)))
        return jinja_fail(jinja);
    jinja_expect(jinja, "]");
    if (!backwards)
        return value_slice(value, from, to);
    bool whole = from.kind == VALUE_UNDEFINED && to.kind == VALUE_UNDEFINED;
    return whole ? value_reverse(&jinja->arena, value) : value_of(VALUE_ERROR);
}

static Value attribute(Jinja *jinja, Value value)
{
    Value arguments[JINJA_ARGUMENTS], name = jinja_name(jinja);
    if (!jinja_is(&jinja->lexer, "("))
        return value_item(value, name);
    int n = read_arguments(jinja, arguments, NULL);
    return value_method(&jinja->arena, value, name, arguments, n);
}

static Value postfix(Jinja *jinja)
{
    Value value = primary(jinja);
    while (!jinja->failed) {
        if (jinja_take(&jinja->lexer, "."))
            value = attribute(jinja, value);
        else if (jinja_take(&jinja->lexer, "["))
            value = subscript(jinja, value);
        else
            break;
    }
    return value;
}

static Value filter(Jinja *jinja, Value value)
{
    Value arguments[JINJA_ARGUMENTS], name = jinja_name(jinja);
    JinjaObject *named = object_new(&jinja->arena);
    if (named == NULL)
        return jinja_fail(jinja);
    int n = jinja_is(&jinja->lexer, "(") ? read_arguments(jinja, arguments, named) : 0;
    return named->n > 0 ? value_of(VALUE_ERROR) /* tojson's, sort's */
                        : value_filter(&jinja->arena, value, name, arguments, n);
}

static Value test(Jinja *jinja, Value value)
{
    bool negated = jinja_take(&jinja->lexer, "not");
    value = value_test(value, jinja_name(jinja));
    return value_is_error(value) ? value : value_bool(value_truth(value) != negated);
}

static Value unary(Jinja *jinja)
{
    bool minus = jinja_take(&jinja->lexer, "-");
    Value value = postfix(jinja);
    if (minus)
        value = value.kind == VALUE_INT ? value_int(-value.number) : value_of(VALUE_ERROR);
    while (!jinja->failed) {
        if (jinja_take(&jinja->lexer, "|"))
            value = filter(jinja, value);
        else if (jinja_take(&jinja->lexer, "is"))
            value = test(jinja, value);
        else
            break;
    }
    return value;
}

static Value modulo(Jinja *jinja)
{
    Value value = unary(jinja);
    while (!jinja->failed && jinja_take(&jinja->lexer, "%")) {
        Value by = unary(jinja);
        bool fits =
            value.kind == VALUE_INT && by.kind == VALUE_INT && value.number >= 0 && by.number > 0;
        value = fits ? value_int(value.number % by.number) : value_of(VALUE_ERROR);
    }
    return value;
}

static Value concat(Jinja *jinja)
{
    Value value = modulo(jinja);
    while (!jinja->failed && jinja_take(&jinja->lexer, "~"))
        value = value_join(&jinja->arena, value, modulo(jinja));
    return value;
}

static Value add(Jinja *jinja, Value a, Value b, bool minus)
{
    if (a.kind == VALUE_INT && b.kind == VALUE_INT)
        return value_int(minus ? a.number - b.number : a.number + b.number);
    if (a.kind == VALUE_STRING && b.kind == VALUE_STRING && !minus)
        return value_join(&jinja->arena, a, b);
    return value_of(VALUE_ERROR);
}

static Value sum(Jinja *jinja)
{
    Value value = concat(jinja);
    while (!jinja->failed && (jinja_is(&jinja->lexer, "+") || jinja_is(&jinja->lexer, "-"))) {
        bool minus = jinja_is(&jinja->lexer, "-");
        jinja_next(&jinja->lexer);
        value = add(jinja, value, concat(jinja), minus);
    }
    return value;
}

static Value order(Value a, Value b, bool less, bool equal)
{
    if (a.kind != VALUE_INT || b.kind != VALUE_INT)
        return value_of(VALUE_ERROR);
    return value_bool(a.number == b.number ? equal : (a.number < b.number) == less);
}

static Value equality(Value a, Value b, bool wanted)
{
    return value_is_error(a) || value_is_error(b) ? value_of(VALUE_ERROR)
                                                  : value_bool(value_equal(a, b) == wanted);
}

static Value negate(Value value)
{
    return value_is_error(value) ? value : value_bool(!value_truth(value));
}

/* One comparison; a chain of them is not known. */
static Value comparison(Jinja *jinja)
{
    JinjaLexer *lexer = &jinja->lexer;
    Value value = sum(jinja);
    if (jinja_take(lexer, "=="))
        return equality(value, sum(jinja), true);
    if (jinja_take(lexer, "!="))
        return equality(value, sum(jinja), false);
    if (jinja_take(lexer, "<"))
        return order(value, sum(jinja), true, false);
    if (jinja_take(lexer, "<="))
        return order(value, sum(jinja), true, true);
    if (jinja_take(lexer, ">"))
        return order(value, sum(jinja), false, false);
    if (jinja_take(lexer, ">="))
        return order(value, sum(jinja), false, true);
    if (jinja_take(lexer, "in"))
        return value_contains(sum(jinja), value);
    if (!jinja_take(lexer, "not"))
        return value;
    jinja_expect(jinja, "in");
    return negate(value_contains(sum(jinja), value));
}

static Value negation(Jinja *jinja)
{
    bool negated = false;
    while (jinja_take(&jinja->lexer, "not"))
        negated = !negated;
    Value value = comparison(jinja);
    if (!negated)
        return value;
    return negate(value);
}

static Value conjunction(Jinja *jinja)
{
    Value value = negation(jinja);
    while (!jinja->failed && jinja_take(&jinja->lexer, "and")) {
        Value other = negation(jinja);
        value = value_is_error(value) || !value_truth(value) ? value : other;
    }
    return value;
}

Value jinja_or(Jinja *jinja)
{
    Value value = conjunction(jinja);
    while (!jinja->failed && jinja_take(&jinja->lexer, "or")) {
        Value other = conjunction(jinja);
        value = value_is_error(value) || value_truth(value) ? value : other;
    }
    return value;
}

Value jinja_expression(Jinja *jinja)
{
    if (jinja->failed || jinja->depth >= JINJA_DEPTH)
        return jinja_fail(jinja);
    jinja->depth++;
    Value value = jinja_or(jinja);
    while (!jinja->failed && jinja_take(&jinja->lexer, "if")) {
        Value condition = jinja_or(jinja), other = value_of(VALUE_UNDEFINED);
        if (jinja_take(&jinja->lexer, "else"))
            other = jinja_expression(jinja);
        value = value_is_error(condition) ? condition : value_truth(condition) ? value : other;
    }
    jinja->depth--;
    return value;
}
