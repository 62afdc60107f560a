/* gguf_meta.c - the values of a GGUF file's metadata: key and wanted type in, checked value out.
 *
 * gguf_header.c has checked that every value lies inside the header; here only types and ranges are
 * checked.
 */
#include "engine/gguf/gguf_parts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [GGUF_U8] = {"u8", 1},       [GGUF_I8] = {"i8", 1},     [GGUF_U16] = {"u16", 2},
    [GGUF_I16] = {"i16", 2},     [GGUF_U32] = {"u32", 4},   [GGUF_I32] = {"i32", 4},
    [GGUF_F32] = {"f32", 4},     [GGUF_BOOL] = {"bool", 1}, [GGUF_STRING] = {"string", 0},
    [GGUF_ARRAY] = {"array", 0}, [GGUF_U64] = {"u64", 8},   [GGUF_I64] = {"i64", 8},
    [GGUF_F64] = {"f64", 8},
};

size_t gguf_type_bytes(GgufType type)
{
    return types[type].bytes;
}

int gguf_shown(GgufString name)
{
    return name.length < 100 ? (int)name.length : 100;
}

int gguf_name_compare(GgufString a, GgufString b)
{
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return memcmp(a.data, b.data, a.length);
}

static int compare_name_key(const void *name, const void *key)
{
    return gguf_name_compare(*(const GgufString *)name, (*(const Key *const *)key)->name);
}

static const Key *find(const Gguf *gguf, GgufString name)
{
    const Key **found =
        bsearch(&name, gguf->keys_by_name, (size_t)gguf->n_keys, sizeof(Key *), compare_name_key);
    return found == NULL ? NULL : *found;
}

static const Key *find_text(const Gguf *gguf, const char *name)
{
    return find(gguf, (GgufString){name, strlen(name)});
}

static int wrong_type(const Gguf *gguf, const Key *key, const char *wanted, Err *err)
{
    return err_set(err, EXIT_DATA, "%s: key '%.*s' is of type %s, expected %s", gguf->label,
                   gguf_shown(key->name), key->name.data, types[key->type].name, wanted);
}

/* An integer of any width. Unsigned values above INT64_MAX are no number of this program's. */
static bool get_integer(const Gguf *gguf, const Key *key, int64_t *value)
{
    const unsigned char *at = gguf->data + key->value;
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        int64_t i64;
    } v;
    memcpy(&v, at, types[key->type].bytes);
    switch (key->type) {
    case GGUF_U8:
        *value = v.u8;
        return true;
    case GGUF_I8:
        *value = v.i8;
        return true;
    case GGUF_U16:
        *value = v.u16;
        return true;
    case GGUF_I16:
        *value = v.i16;
        return true;
    case GGUF_U32:
        *value = v.u32;
        return true;
    case GGUF_I32:
        *value = v.i32;
        return true;
    case GGUF_U64:
        *value = v.u64 > INT64_MAX ? INT64_MAX : (int64_t)v.u64;
        return true;
    case GGUF_I64:
        *value = v.i64;
        return true;
    default:
        return false;
    }
}

int gguf_get_u32(const Gguf *gguf, const char *name, uint32_t *value, Err *err)
{
    const Key *key = find_text(gguf, name);
    int64_t integer;
    if (key == NULL)
        return 0;
    if (!get_integer(gguf, key, &integer))
        return wrong_type(gguf, key, "an integer", err);
    if (integer < 0 || integer > UINT32_MAX)
        return err_set(err, EXIT_DATA, "%s: key '%s' is %lld, out of range", gguf->label, name,
                       (long long)integer);
    *value = (uint32_t)integer;
    return 1;
}

int gguf_get_f32(const Gguf *gguf, const char *name, float *value, Err *err)
{
    const Key *key = find_text(gguf, name);
    if (key == NULL)
        return 0;
    if (key->type == GGUF_F32) {
        memcpy(value, gguf->data + key->value, sizeof *value);
        return 1;
    }
    if (key->type == GGUF_F64) {
        double wide;
        memcpy(&wide, gguf->data + key->value, sizeof wide);
        *value = (float)wide;
        return 1;
    }
    return wrong_type(gguf, key, "a float", err);
}

int gguf_get_bool(const Gguf *gguf, const char *name, bool *value, Err *err)
{
    const Key *key = find_text(gguf, name);
    if (key == NULL)
        return 0;
    if (key->type != GGUF_BOOL)
        return wrong_type(gguf, key, "bool", err);
    *value = gguf->data[key->value] != 0;
    return 1;
}

int gguf_get_string(const Gguf *gguf, const char *name, GgufString *value, Err *err)
{
    const Key *key = find_text(gguf, name);
    if (key == NULL)
        return 0;
    if (key->type != GGUF_STRING)
        return wrong_type(gguf, key, "string", err);
    *value = (GgufString){(const char *)gguf->data + key->value, key->count};
    return 1;
}

/* i32 and u32 arrays stand for each other; gguf_array_copy checks the values. */
static bool element_fits(GgufType have, GgufType wanted)
{
    bool integers =
        (have == GGUF_I32 || have == GGUF_U32) && (wanted == GGUF_I32 || wanted == GGUF_U32);
    return have == wanted || integers;
}

int gguf_get_array(const Gguf *gguf, const char *name, GgufType type, int *count, Err *err)
{
    const Key *key = find_text(gguf, name);
    if (key == NULL)
        return 0;
    if (key->type != GGUF_ARRAY)
        return wrong_type(gguf, key, "array", err);
    if (!element_fits(key->element, type))
        return err_set(err, EXIT_DATA, "%s: key '%s' is an array of %s, expected %s", gguf->label,
                       name, types[key->element].name, types[type].name);
    *count = (int)key->count;
    return 1;
}

GgufString gguf_array_string(const Gguf *gguf, const char *name, int index)
{
    const Key *key = find_text(gguf, name);
    const unsigned char *at = gguf->data + key->strings[index];
    uint64_t length;
    memcpy(&length, at, sizeof length);
    return (GgufString){(const char *)at + sizeof length, length};
}

int gguf_array_copy(const Gguf *gguf, const char *name, GgufType type, void *out, int count,
                    Err *err)
{
    int have;
    int found = gguf_get_array(gguf, name, type, &have, err);
    if (found <= 0)
        return found;
    if (have != count)
        return err_set(err, EXIT_DATA, "%s: key '%s' has %d elements, expected %d", gguf->label,
                       name, have, count);
    if (types[type].bytes != 4 && type != GGUF_BOOL)
        return err_set(err, EXIT_INTERNAL, "%s: key '%s': only f32, i32 and bool arrays are copied",
                       gguf->label, name);
    const Key *key = find_text(gguf, name);
    memcpy(out, gguf->data + key->value, (size_t)count * types[type].bytes);
    if (key->element != type)
        for (int i = 0; i < count; i++)
            if (((const int32_t *)out)[i] < 0)
                return err_set(err, EXIT_DATA, "%s: key '%s': element %d is out of range",
                               gguf->label, name, i);
    return 1;
}

const void *gguf_raw_value(const Gguf *gguf, GgufString name, GgufType *type, size_t *bytes)
{
    const Key *key = find(gguf, name);
    if (key == NULL)
        return NULL;
    *type = key->type;
    *bytes = key->raw_bytes;
    return gguf->data + key->raw;
}

static void print_scalar(const Gguf *gguf, const Key *key, char *out, size_t room)
{
    int64_t integer;
    if (key->type == GGUF_BOOL) {
        snprintf(out, room, "%s", gguf->data[key->value] ? "true" : "false");
    } else if (get_integer(gguf, key, &integer)) {
        snprintf(out, room, "%lld", (long long)integer);
    } else if (key->type == GGUF_F32) {
        float value;
        memcpy(&value, gguf->data + key->value, sizeof value);
        snprintf(out, room, "%g", (double)value);
    } else {
        double value;
        memcpy(&value, gguf->data + key->value, sizeof value);
        snprintf(out, room, "%g", value);
    }
}

void gguf_each_key(const Gguf *gguf,
                   void (*fn)(void *user, GgufString key, GgufType type, const char *value),
                   void *user)
{
    for (int i = 0; i < gguf->n_keys; i++) {
        const Key *key = &gguf->keys[i];
        char text[81];
        if (key->type == GGUF_STRING) {
            size_t shown = key->count < sizeof text - 1 ? key->count : sizeof text - 1;
            for (size_t b = 0; b < shown; b++) {
                unsigned char c = gguf->data[key->value + b];
                text[b] = c < 0x20 || c > 0x7e ? '?' : (char)c;
            }
            text[shown] = '\0';
        } else if (key->type == GGUF_ARRAY) {
            snprintf(text, sizeof text, "[%llu %s]", (unsigned long long)key->count,
                     types[key->element].name);
        } else {
            print_scalar(gguf, key, text, sizeof text);
        }
        fn(user, key->name, key->type, text);
    }
}
