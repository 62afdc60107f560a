/* adapter_keys.c - see adapter_keys.h. */
#include "engine/model/adapter_keys.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 60 }; /* bytes of a name in a message */

int keys_fail(const Gguf *gguf, Err *err, const char *format, ...)
{
    char text[320];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(err, EXIT_DATA, "%s: %s", gguf_label(gguf), text);
}

int keys_expect(const Gguf *gguf, const char *key, const char *text, const char *what, Err *err)
{
    GgufString value = {"", 0};
    if (gguf_get_string(gguf, key, &value, err) < 0)
        return -1;
    if (value.length == strlen(text) && memcmp(value.data, text, value.length) == 0)
        return 0;
    return keys_fail(gguf, err,
                     "key '%s' is '%.*s', not '%s': this is %s; name a file that s2d train wrote",
                     key, value.length < SHOWN ? (int)value.length : SHOWN, value.data, text, what);
}

int keys_count(const Gguf *gguf, const char *key, int low, int high, int *value, Err *err)
{
    uint32_t number;
    int found = gguf_get_u32(gguf, key, &number, err);
    if (found < 0)
        return -1;
    if (found == 0)
        return keys_fail(gguf, err, "key '%s' is missing; the file is no complete adapter", key);
    if (number < (uint32_t)low || number > (uint32_t)high)
        return keys_fail(gguf, err, "key '%s' is %u, expected %d to %d", key, number, low, high);
    *value = (int)number;
    return 0;
}

int keys_ids(const Gguf *gguf, const char *key, int most, int **ids, int *n, Err *err)
{
    int found = gguf_get_array(gguf, key, GGUF_I32, n, err);
    *ids = NULL;
    if (found <= 0)
        return *n = 0, found;
    if (*n < 1 || *n > most)
        return keys_fail(gguf, err, "key '%s' has %d elements, expected 1 to %d", key, *n, most);
    *ids = malloc((size_t)*n * sizeof **ids);
    if (*ids == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for %d ids", gguf_label(gguf), *n);
    int result = gguf_array_copy(gguf, key, GGUF_I32, *ids, *n, err) == 1 ? 0 : -1;
    for (int i = 0; i < *n && result == 0; i++)
        if ((*ids)[i] < 0 || (i > 0 && (*ids)[i] <= (*ids)[i - 1]))
            result =
                keys_fail(gguf, err, "key '%s' does not ascend at %d; write it sorted, each once",
                          key, (*ids)[i]);
    if (result == 0)
        return 0;
    free(*ids);
    *ids = NULL;
    return -1;
}

int keys_base(const Gguf *gguf, char sha256[ADAPTER_HASH_TEXT], Err *err)
{
    GgufString hash = {"", 0};
    if (gguf_get_string(gguf, "s2d.base.sha256", &hash, err) < 0)
        return -1;
    bool hex = hash.length == ADAPTER_HASH_TEXT - 1;
    for (size_t i = 0; hex && i < hash.length; i++)
        hex = memchr("0123456789abcdef", hash.data[i], 16) != NULL;
    if (!hex)
        return keys_fail(
            gguf, err,
            "key 's2d.base.sha256' is not there or no SHA-256 in 64 lower-case digits: "
            "which model it belongs to is not known");
    memcpy(sha256, hash.data, hash.length);
    return 0;
}
