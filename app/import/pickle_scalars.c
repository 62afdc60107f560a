/* pickle_scalars.c - numbers and texts as a pickle writes them; see pickle_parts.h. */
#include <string.h>

#include "app/import/pickle_parts.h"

/* The next bytes of the pickle; NULL = there are not that many. */
static const unsigned char *take(Pickle *pickle, uint64_t bytes)
{
    if (bytes > pickle->size - pickle->at) {
        pickle_fault(pickle, "it ends inside an instruction; is the file complete?");
        return NULL;
    }
    const unsigned char *start = pickle->bytes + pickle->at;
    pickle->at += (size_t)bytes;
    return start;
}

int pickle_take_size(Pickle *pickle, int bytes, uint64_t *out)
{
    const unsigned char *data = take(pickle, (uint64_t)bytes);
    if (data == NULL)
        return -1;
    *out = 0;
    for (int i = 0; i < bytes; i++)
        *out |= (uint64_t)data[i] << 8 * i;
    return 0;
}

int pickle_push_integer(Pickle *pickle, PickleKind kind, int64_t integer)
{
    PickleValue *value = pickle_new(pickle, kind);
    if (value == NULL)
        return -1;
    value->integer = integer;
    return pickle_push(pickle, value);
}

int pickle_push_fixed(Pickle *pickle, int bytes, bool sign)
{
    uint64_t bits;
    if (pickle_take_size(pickle, bytes, &bits) != 0)
        return -1;
    return pickle_push_integer(pickle, PICKLE_INTEGER,
                               sign ? (int64_t)(int32_t)bits : (int64_t)bits);
}

int pickle_push_long(Pickle *pickle, int length_bytes)
{
    uint64_t length, bits;
    if (pickle_take_size(pickle, length_bytes, &length) != 0)
        return -1;
    if (length > 8)
        return pickle_fault(pickle, "an integer of %llu bytes; s2d reads up to 8",
                            (unsigned long long)length);
    if (pickle_take_size(pickle, (int)length, &bits) != 0)
        return -1;
    if (length > 0 && length < 8 && (bits >> (8 * length - 1) & 1))
        bits |= ~(uint64_t)0 << 8 * length;
    return pickle_push_integer(pickle, PICKLE_INTEGER, (int64_t)bits);
}

int pickle_push_text(Pickle *pickle, int length_bytes)
{
    uint64_t length;
    if (pickle_take_size(pickle, length_bytes, &length) != 0)
        return -1;
    const unsigned char *data = take(pickle, length);
    PickleValue *value = data == NULL ? NULL : pickle_new(pickle, PICKLE_TEXT);
    if (value == NULL)
        return -1;
    value->text.bytes = (const char *)data;
    value->text.length = (size_t)length;
    return pickle_push(pickle, value);
}

const char *pickle_take_line(Pickle *pickle, size_t *length)
{
    const unsigned char *start = pickle->bytes + pickle->at;
    const unsigned char *end = memchr(start, '\n', pickle->size - pickle->at);
    if (end == NULL) {
        pickle_fault(pickle, "it ends inside a name; is the file complete?");
        return NULL;
    }
    *length = (size_t)(end - start);
    pickle->at += *length + 1;
    return (const char *)start;
}
