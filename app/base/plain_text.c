/* plain_text.c - see plain_text.h. */
#include "app/base/plain_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char mark[] = "\xef\xbb\xbf";
enum { MARK_BYTES = sizeof mark - 1 };

size_t plain_text_mark(const char *text, size_t bytes)
{
    return bytes >= MARK_BYTES && memcmp(text, mark, MARK_BYTES) == 0 ? MARK_BYTES : 0;
}

size_t plain_text(char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = plain_text_mark(text, bytes); i < bytes; i++) {
        bool pair = text[i] == '\r' && i + 1 < bytes && text[i + 1] == '\n';
        if (!pair)
            text[n++] = text[i] == '\r' ? '\n' : text[i];
    }
    if (n < bytes)
        text[n] = '\0';
    return n;
}

static int plain_string(json_t *value)
{
    size_t bytes = json_string_length(value);
    const char *text = json_string_value(value);
    if (!plain_text_mark(text, bytes) && !memchr(text, '\r', bytes))
        return 0;
    char *copy = malloc(bytes + 1);
    if (!copy)
        return -1;
    memcpy(copy, text, bytes);
    int status = json_string_setn(value, copy, plain_text(copy, bytes));
    free(copy);
    return status;
}

/* As deep as jansson lets a text nest. */
int plain_json(json_t *value)
{
    int status = 0;
    const char *key;
    size_t i;
    json_t *part;
    if (json_is_string(value))
        return plain_string(value);
    json_array_foreach(value, i, part)
    {
        if (status == 0)
            status = plain_json(part);
    }
    json_object_foreach(value, key, part)
    {
        if (status == 0)
            status = plain_json(part);
    }
    return status;
}
