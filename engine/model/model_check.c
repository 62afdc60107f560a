/* model_check.c - see model_check.h. */
#include "engine/model/model_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int check_fail(const Check *c, const char *format, ...)
{
    char text[320];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(c->err, EXIT_DATA, "%s: %s", gguf_label(c->gguf), text);
}

/* An integer key that may be written for each layer, as an array in which they are all equal. */
static int get_u32(const Check *c, const char *key, uint32_t *value)
{
    int32_t of_layer[LAYERS_MAX];
    int count, layers = c->config->layers;
    if (layers == 0 || gguf_get_array(c->gguf, key, GGUF_I32, &count, NULL) <= 0)
        return gguf_get_u32(c->gguf, key, value, c->err);
    if (gguf_array_copy(c->gguf, key, GGUF_I32, of_layer, layers, c->err) < 0)
        return -1;
    for (int i = 1; i < layers; i++)
        if (of_layer[i] != of_layer[0])
            return check_fail(
                c, "key '%s' is %d in layer 0 and %d in layer %d; s2d needs layers alike", key,
                of_layer[0], of_layer[i], i);
    if (of_layer[0] < 0)
        return check_fail(c, "key '%s' is %d, out of range", key, of_layer[0]);
    *value = (uint32_t)of_layer[0];
    return 1;
}

int check_size(const Check *c, const char *name, int max, int fallback, int *value)
{
    char key[TENSOR_NAME_BYTES];
    uint32_t number = 0;
    int found = get_u32(c, arch_key(key, c->arch, name), &number);
    if (found < 0)
        return -1;
    if (found == 0 && fallback == 0)
        return check_fail(c, "key '%s' is missing; the file is no complete model", key);
    if (found == 0)
        number = (uint32_t)fallback;
    if (number < 1 || number > (uint32_t)max)
        return check_fail(c, "key '%s' is %u, expected 1 to %d", key, number, max);
    *value = (int)number;
    return 0;
}

int check_float(const Check *c, const char *name, float fallback, float *value)
{
    char key[TENSOR_NAME_BYTES];
    *value = fallback;
    int found = gguf_get_f32(c->gguf, arch_key(key, c->arch, name), value, c->err);
    if (found < 0)
        return -1;
    if (found == 0 && fallback == 0)
        return check_fail(c, "key '%s' is missing; the file is no complete model", key);
    if (!(*value > 0 && *value <= 1e12f)) /* NaN fails too */
        return check_fail(c, "key '%s' is %g, expected a positive number", key, (double)*value);
    return 0;
}

bool check_is(GgufString string, const char *text)
{
    return string.length == strlen(text) && memcmp(string.data, text, string.length) == 0;
}

int check_shown(GgufString string)
{
    return string.length < 60 ? (int)string.length : 60;
}
