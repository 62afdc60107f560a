/* jinja_value.c - see jinja_value.h. */
#include "engine/text/jinja_value.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 4 << 20, BLOCK_BYTES = 1 << 16, STRING_MAX = 1 << 16 };

typedef struct JinjaBlock {
    struct JinjaBlock *next;
    size_t used, size;
    max_align_t data[];
} JinjaBlock;

void *jinja_alloc(JinjaArena *arena, size_t bytes)
{
    JinjaBlock *block = arena->blocks;
    bytes = (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (bytes > ARENA_MAX - arena->used)
        return NULL;
    if (block == NULL || bytes > block->size - block->used) {
        size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = malloc(sizeof *block + size);
        if (block == NULL)
            return NULL;
        *block = (JinjaBlock){.next = arena->blocks, .size = size};
        arena->blocks = block;
    }
    void *at = (char *)block->data + block->used;
    block->used += bytes;
    arena->used += bytes;
    return at;
}

void jinja_arena_free(JinjaArena *arena)
{
    for (JinjaBlock *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (JinjaArena){0};
}

bool value_is_text(Value value, const char *text)
{
    return value.kind == VALUE_STRING && value.n == strlen(text) &&
           memcmp(value.text, text, value.n) == 0;
}

bool value_truth(Value value)
{
    switch (value.kind) {
    case VALUE_BOOL:
    case VALUE_INT:
        return value.number != 0;
    case VALUE_STRING:
    case VALUE_LIST:
        return value.n > 0;
    case VALUE_OBJECT:
        return value.object->is_namespace || value.object->n > 0;
    case VALUE_CALLABLE:
        return true;
    default:
        return false;
    }
}

bool value_equal(Value a, Value b)
{
    bool numbers = (a.kind == VALUE_BOOL || a.kind == VALUE_INT) &&
                   (b.kind == VALUE_BOOL || b.kind == VALUE_INT);
    if (numbers)
        return a.number == b.number;
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case VALUE_STRING:
        return a.n == b.n && (a.n == 0 || memcmp(a.text, b.text, a.n) == 0);
    case VALUE_LIST:
        for (size_t i = 0; i < a.n && a.n == b.n; i++)
            if (!value_equal(a.items[i], b.items[i]))
                return false;
        return a.n == b.n;
    case VALUE_OBJECT:
        return a.object == b.object;
    default:
        return true;
    }
}

Value value_string(Value value)
{
    static const char digits[] = "0123456789";
    switch (value.kind) {
    case VALUE_STRING:
        return value;
    case VALUE_UNDEFINED:
        return value_text("", 0);
    case VALUE_NONE:
        return value_text("None", 4);
    case VALUE_BOOL:
        return value.number ? value_text("True", 4) : value_text("False", 5);
    case VALUE_INT: /* no template writes larger ones */
        if (value.number >= 0 && value.number < 10)
            return value_text(digits + value.number, 1);
        return value_of(VALUE_ERROR);
    default:
        return value_of(VALUE_ERROR);
    }
}

Value value_join(JinjaArena *arena, Value a, Value b)
{
    a = value_string(a);
    b = value_string(b);
    if (a.kind == VALUE_ERROR || b.kind == VALUE_ERROR || a.n + b.n > STRING_MAX)
        return value_of(VALUE_ERROR);
    char *text = jinja_alloc(arena, a.n + b.n + 1);
    if (text == NULL)
        return value_of(VALUE_ERROR);
    memcpy(text, a.text, a.n);
    memcpy(text + a.n, b.text, b.n);
    return value_text(text, a.n + b.n);
}

static bool find_field(const JinjaObject *object, Value key, Value *value)
{
    for (int i = 0; i < object->n; i++) {
        if (!value_equal(object->fields[i].key, key))
            continue;
        *value = object->fields[i].value;
        return true;
    }
    return false;
}

Value value_contains(Value whole, Value part)
{
    Value ignored;
    if (part.kind == VALUE_ERROR)
        return part;
    switch (whole.kind) {
    case VALUE_UNDEFINED:
        return value_bool(false);
    case VALUE_STRING:
        if (part.kind != VALUE_STRING)
            return value_of(VALUE_ERROR);
        return value_bool(part.n == 0 || memmem(whole.text, whole.n, part.text, part.n) != NULL);
    case VALUE_LIST:
        for (size_t i = 0; i < whole.n; i++)
            if (value_equal(whole.items[i], part))
                return value_bool(true);
        return value_bool(false);
    case VALUE_OBJECT:
        return value_bool(find_field(whole.object, part, &ignored));
    default:
        return value_of(VALUE_ERROR);
    }
}

Value value_item(Value value, Value key)
{
    Value found;
    if (value.kind == VALUE_OBJECT && key.kind == VALUE_STRING) {
        if (find_field(value.object, key, &found))
            return found;
        return value_of(value.object->closed ? VALUE_ERROR : VALUE_UNDEFINED);
    }
    bool sequence = value.kind == VALUE_LIST || value.kind == VALUE_STRING;
    if (!sequence || key.kind != VALUE_INT)
        return value_of(VALUE_ERROR);
    int64_t at = key.number < 0 ? key.number + (int64_t)value.n : key.number;
    if (at < 0 || at >= (int64_t)value.n)
        return value_of(VALUE_UNDEFINED);
    return value.kind == VALUE_LIST ? value.items[at] : value_text(value.text + at, 1);
}

/* Where a slice begins or ends; -1 = nowhere. */
static int64_t border(Value at, size_t n, int64_t otherwise)
{
    if (at.kind == VALUE_UNDEFINED)
        return otherwise;
    if (at.kind != VALUE_INT)
        return -1;
    int64_t i = at.number < 0 ? at.number + (int64_t)n : at.number;
    return i < 0 ? 0 : i > (int64_t)n ? (int64_t)n : i;
}

Value value_slice(Value value, Value from, Value to)
{
    int64_t begin = border(from, value.n, 0), end = border(to, value.n, (int64_t)value.n);
    bool sequence = value.kind == VALUE_LIST || value.kind == VALUE_STRING;
    if (!sequence || begin < 0 || end < 0)
        return value_of(VALUE_ERROR);
    end = end < begin ? begin : end;
    if (value.kind == VALUE_LIST)
        value.items += begin;
    else
        value.text += begin;
    value.n = (size_t)(end - begin);
    return value;
}

Value value_reverse(JinjaArena *arena, Value value)
{
    Value *items =
        value.kind == VALUE_LIST ? jinja_alloc(arena, (value.n + 1) * sizeof *items) : NULL;
    if (items == NULL)
        return value_of(VALUE_ERROR);
    for (size_t i = 0; i < value.n; i++)
        items[i] = value.items[value.n - 1 - i];
    value.items = items;
    return value;
}

JinjaObject *object_new(JinjaArena *arena)
{
    JinjaObject *object = jinja_alloc(arena, sizeof *object);
    if (object)
        *object = (JinjaObject){0};
    return object;
}

bool object_set(JinjaObject *object, Value key, Value value)
{
    int i = 0;
    while (i < object->n && !value_equal(object->fields[i].key, key))
        i++;
    if (i == JINJA_FIELDS)
        return false;
    object->n = i == object->n ? i + 1 : object->n;
    object->fields[i].key = key;
    object->fields[i].value = value;
    return true;
}
