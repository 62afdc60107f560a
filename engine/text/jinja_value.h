/* jinja_value.h - inside engine/text: what a template's expressions come to.
 *
 * Values are never changed but for a namespace's fields, and live in an arena of bounded size until
 * the rendering ends. What cannot be computed is VALUE_ERROR, which spoils only what is made of it:
 * a template may guard against it (`a.b if a is defined else ''`).
 */
#ifndef S2D_ENGINE_TEXT_JINJA_VALUE_H
#define S2D_ENGINE_TEXT_JINJA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ValueKind {
    VALUE_ERROR,
    VALUE_UNDEFINED,
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_OBJECT,
    VALUE_CALLABLE, /* number: of a macro; -1 = strftime_now */
} ValueKind;

typedef struct JinjaObject JinjaObject;

typedef struct Value {
    ValueKind kind;
    int64_t number;            /* of an integer; 0 or 1 of a boolean */
    const char *text;          /* [n] of a string, not terminated */
    const struct Value *items; /* [n] of a list */
    size_t n;
    JinjaObject *object;
} Value;

enum { JINJA_FIELDS = 16 };

struct JinjaObject {
    int n;
    bool closed; /* a field that it lacks is an error, not undefined */
    bool is_namespace;
    struct {
        Value key, value;
    } fields[JINJA_FIELDS];
};

typedef struct JinjaArena {
    struct JinjaBlock *blocks;
    size_t used; /* bytes, of all blocks */
} JinjaArena;

/* Aligned for anything; NULL where the arena is full or memory is out. */
void *jinja_alloc(JinjaArena *arena, size_t bytes);
void jinja_arena_free(JinjaArena *arena);

static inline Value value_of(ValueKind kind)
{
    return (Value){.kind = kind};
}

static inline bool value_is_error(Value value)
{
    return value.kind == VALUE_ERROR;
}

static inline Value value_bool(bool truth)
{
    return (Value){.kind = VALUE_BOOL, .number = truth};
}

static inline Value value_int(int64_t number)
{
    return (Value){.kind = VALUE_INT, .number = number};
}

static inline Value value_text(const char *text, size_t n)
{
    return (Value){.kind = VALUE_STRING, .text = text, .n = n};
}

bool value_is_text(Value value, const char *text);
bool value_truth(Value value);
bool value_equal(Value a, Value b);
/* As Python's str() writes it: of strings, integers, booleans, none and undefined. */
Value value_string(Value value);
/* a + b of strings, as value_string makes them. */
Value value_join(JinjaArena *arena, Value a, Value b);
/* Whether a list has an item, a string a part, or an object a key; an error otherwise. */
Value value_contains(Value whole, Value part);
/* value[key] and value.key */
Value value_item(Value value, Value key);
/* value[from:to] of lists and strings; what is undefined is the beginning or the end. */
Value value_slice(Value value, Value from, Value to);
/* value[::-1] of a list. */
Value value_reverse(JinjaArena *arena, Value value);

JinjaObject *object_new(JinjaArena *arena);
/* false = it is full. */
bool object_set(JinjaObject *object, Value key, Value value);

/* text | name(arguments), text.name(arguments), object.get(key), and `value is name`. An error where it is not known
 * here, or not with such values. */
Value value_filter(JinjaArena *arena, Value value, Value name, const Value *arguments, int n);
Value value_method(JinjaArena *arena, Value value, Value name, const Value *arguments, int n);
Value value_test(Value value, Value name);

#endif
