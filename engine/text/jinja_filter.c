/* jinja_filter.c - the filters, methods and tests that chat templates use. See jinja_value.h. */
#include "engine/text/jinja_value.h"

#include <string.h>

/* Python's white space, of ASCII. */
static bool in_set(char c, Value set)
{
    static const char blanks[] = " \t\n\r\f\v";
    if (set.kind != VALUE_STRING)
        return c != '\0' && strchr(blanks, c) != NULL;
    return memchr(set.text, c, set.n) != NULL;
}

static Value strip(Value text, Value set, bool left, bool right)
{
    while (left && text.n > 0 && in_set(text.text[0], set)) {
        text.text++;
        text.n--;
    }
    while (right && text.n > 0 && in_set(text.text[text.n - 1], set))
        text.n--;
    return text;
}

static Value change_case(JinjaArena *arena, Value text, bool upper)
{
    char *copy = jinja_alloc(arena, text.n + 1);
    if (copy == NULL)
        return value_of(VALUE_ERROR);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.text[i], from = upper ? 'a' : 'A';
        if ((unsigned char)c >= 0x80) /* whose case takes a table */
            return value_of(VALUE_ERROR);
        copy[i] = c >= from && c < from + 26 ? (char)(c ^ 0x20) : c;
    }
    return value_text(copy, text.n);
}

static Value split(JinjaArena *arena, Value text, Value by)
{
    size_t n = 1;
    if (by.kind != VALUE_STRING || by.n == 0)
        return value_of(VALUE_ERROR);
    const char *at = text.text, *end = text.text + text.n, *found;
    while ((found = memmem(at, (size_t)(end - at), by.text, by.n)) != NULL) {
        at = found + by.n;
        n++;
    }
    Value *parts = jinja_alloc(arena, n * sizeof *parts);
    if (parts == NULL)
        return value_of(VALUE_ERROR);
    at = text.text;
    for (size_t i = 0; i < n; i++) {
        found = memmem(at, (size_t)(end - at), by.text, by.n);
        parts[i] = value_text(at, (size_t)((found ? found : end) - at));
        at = found ? found + by.n : end;
    }
    return (Value){.kind = VALUE_LIST, .items = parts, .n = n};
}

/* text.replace(from, to); of nothing is not known. */
static Value replace(JinjaArena *arena, Value text, Value from, Value to)
{
    if (from.kind != VALUE_STRING || to.kind != VALUE_STRING || from.n == 0)
        return value_of(VALUE_ERROR);
    Value parts = split(arena, text, from), whole = value_text("", 0);
    if (parts.kind != VALUE_LIST)
        return value_of(VALUE_ERROR);
    for (size_t i = 0; i < parts.n; i++) {
        if (i > 0)
            whole = value_join(arena, whole, to);
        whole = value_join(arena, whole, parts.items[i]);
    }
    return whole;
}

static bool begins(Value text, Value with)
{
    return with.n <= text.n && memcmp(text.text, with.text, with.n) == 0;
}

static bool ends(Value text, Value with)
{
    return with.n <= text.n && memcmp(text.text + text.n - with.n, with.text, with.n) == 0;
}

Value value_method(JinjaArena *arena, Value value, Value name, const Value *arguments, int n)
{
    Value argument = n == 1 ? arguments[0] : value_of(VALUE_UNDEFINED);
    bool given = argument.kind == VALUE_STRING;
    if (value.kind == VALUE_OBJECT && value_is_text(name, "get") && given) {
        Value item = value_item(value, argument);
        return item.kind == VALUE_UNDEFINED ? value_of(VALUE_NONE) : item;
    }
    if (value.kind == VALUE_STRING && value_is_text(name, "replace") && n == 2)
        return replace(arena, value, arguments[0], arguments[1]);
    if (value.kind != VALUE_STRING || n > 1 || (n == 1 && !given))
        return value_of(VALUE_ERROR);
    if (value_is_text(name, "strip"))
        return strip(value, argument, true, true);
    if (value_is_text(name, "lstrip"))
        return strip(value, argument, true, false);
    if (value_is_text(name, "rstrip"))
        return strip(value, argument, false, true);
    if (value_is_text(name, "upper") && n == 0)
        return change_case(arena, value, true);
    if (value_is_text(name, "lower") && n == 0)
        return change_case(arena, value, false);
    if (value_is_text(name, "split"))
        return split(arena, value, argument);
    if (value_is_text(name, "startswith") && given)
        return value_bool(begins(value, argument));
    if (value_is_text(name, "endswith") && given)
        return value_bool(ends(value, argument));
    return value_of(VALUE_ERROR);
}

static Value filter_default(Value value, const Value *arguments, int n)
{
    bool falsy = n == 2 && value_truth(arguments[1]) && !value_truth(value);
    if (n < 1 || n > 2 || value.kind == VALUE_ERROR)
        return value_of(VALUE_ERROR);
    return value.kind == VALUE_UNDEFINED || falsy ? arguments[0] : value;
}

/* list | selectattr(key, "equalto", wanted) */
static Value select_equal(JinjaArena *arena, Value list, const Value *arguments, int n)
{
    bool known = n == 3 && list.kind == VALUE_LIST &&
                 (value_is_text(arguments[1], "equalto") || value_is_text(arguments[1], "=="));
    Value *items = known ? jinja_alloc(arena, (list.n + 1) * sizeof *items) : NULL;
    size_t kept = 0;
    if (items == NULL)
        return value_of(VALUE_ERROR);
    for (size_t i = 0; i < list.n; i++)
        if (value_equal(value_item(list.items[i], arguments[0]), arguments[2]))
            items[kept++] = list.items[i];
    return (Value){.kind = VALUE_LIST, .items = items, .n = kept};
}

/* tojson is for tools, of which no probe has any: it is known, and an error where it is needed. */
Value value_filter(JinjaArena *arena, Value value, Value name, const Value *arguments, int n)
{
    bool sequence = value.kind == VALUE_STRING || value.kind == VALUE_LIST;
    if (value_is_text(name, "default") || value_is_text(name, "d"))
        return filter_default(value, arguments, n);
    if (value_is_text(name, "selectattr"))
        return select_equal(arena, value, arguments, n);
    if (n > 0 || value.kind == VALUE_ERROR)
        return value_of(VALUE_ERROR);
    if (value_is_text(name, "list"))
        return value.kind == VALUE_LIST ? value : value_of(VALUE_ERROR);
    if (value_is_text(name, "length") || value_is_text(name, "count"))
        return sequence ? value_int((int64_t)value.n) : value_of(VALUE_ERROR);
    if (value_is_text(name, "first"))
        return sequence ? value_item(value, value_int(0)) : value_of(VALUE_ERROR);
    if (value_is_text(name, "last"))
        return sequence ? value_item(value, value_int(-1)) : value_of(VALUE_ERROR);
    if (value_is_text(name, "string"))
        return value_string(value);
    if (value_is_text(name, "safe"))
        return value;
    if (value.kind != VALUE_STRING)
        return value_of(VALUE_ERROR);
    if (value_is_text(name, "trim"))
        return strip(value, value_of(VALUE_UNDEFINED), true, true);
    if (value_is_text(name, "upper"))
        return change_case(arena, value, true);
    if (value_is_text(name, "lower"))
        return change_case(arena, value, false);
    return value_of(VALUE_ERROR);
}

Value value_test(Value value, Value name)
{
    ValueKind kind = value.kind;
    if (kind == VALUE_ERROR)
        return value;
    if (value_is_text(name, "defined"))
        return value_bool(kind != VALUE_UNDEFINED);
    if (value_is_text(name, "undefined"))
        return value_bool(kind == VALUE_UNDEFINED);
    if (value_is_text(name, "none"))
        return value_bool(kind == VALUE_NONE);
    if (value_is_text(name, "string"))
        return value_bool(kind == VALUE_STRING);
    if (value_is_text(name, "mapping"))
        return value_bool(kind == VALUE_OBJECT);
    if (value_is_text(name, "iterable") || value_is_text(name, "sequence"))
        return value_bool(kind == VALUE_STRING || kind == VALUE_LIST || kind == VALUE_OBJECT);
    if (value_is_text(name, "boolean"))
        return value_bool(kind == VALUE_BOOL);
    if (value_is_text(name, "true"))
        return value_bool(kind == VALUE_BOOL && value.number);
    if (value_is_text(name, "false"))
        return value_bool(kind == VALUE_BOOL && !value.number);
    return value_of(VALUE_ERROR);
}
