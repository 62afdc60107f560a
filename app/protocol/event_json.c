/* event_json.c - events to JSON lines, by the rows of event_fields.c. The reader is event_read.c.
 *
 * Floats are written with the fewest digits that read back as the same float; times are rounded to
 * the microsecond, which 15 digits carry exactly for any run. What is not finite is written as
 * null, "not known".
 */
#include "app/protocol/event_json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "app/protocol/event_fields.h"

enum { REAL_DIGITS = 15 }; /* enough for what decimal() and milliseconds() make */

static const char *const names[] = {
    [EVENT_READY] = "ready",       [EVENT_PREFILL] = "prefill",   [EVENT_WARNING] = "warning",
    [EVENT_LOAD] = "load",         [EVENT_ROUND] = "round",       [EVENT_TEXT] = "text",
    [EVENT_SWITCH] = "switch",     [EVENT_STATS] = "stats",       [EVENT_COMPARE] = "compare",
    [EVENT_FORECAST] = "forecast", [EVENT_DONE] = "done",         [EVENT_COUNT] = "count",
    [EVENT_ERROR] = "error",       [EVENT_QUESTION] = "question", [EVENT_OTHER_TEXT] = "other_text",
    [EVENT_QUESTION + 1] = NULL,
};

const char *event_name(EventType type)
{
    return names[type];
}

const char *const *event_names(void)
{
    return names;
}

json_t *json_text(const char *text)
{
    size_t bytes = strlen(text);
    if (!u8_check((const uint8_t *)text, bytes))
        return json_stringn_nocheck(text, bytes);
    /* An invalid byte becomes at most three. */
    uint8_t *clean = malloc(3 * bytes);
    if (!clean)
        return NULL;
    size_t used = 0;
    for (size_t at = 0; at < bytes;) {
        ucs4_t c; /* U+FFFD for what is invalid */
        at += (size_t)u8_mbtouc(&c, (const uint8_t *)text + at, bytes - at);
        used += (size_t)u8_uctomb(clean + used, c, (ptrdiff_t)(3 * bytes - used));
    }
    json_t *json = json_stringn_nocheck((const char *)clean, used);
    free(clean);
    return json;
}

static json_t *decimal(float value)
{
    if (!isfinite(value))
        return json_null();
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    return json_real(strtod(text, NULL));
}

static json_t *milliseconds(double value)
{
    double micro = round(value * 1000);
    return isfinite(micro) ? json_real(micro / 1000) : json_null();
}

static json_t *write_struct(const FieldTable *table, const char *base);

static int array_count(const Field *field, const char *base)
{
    if (field->count != NO_COUNT)
        return *(const int *)(base + field->count);
    int n = field->most;
    if (field->kind == FIELD_INTS)
        while (n > 0 && ((const int *)(base + field->offset))[n - 1] == 0)
            n--;
    return n;
}

static json_t *write_array(const Field *field, const char *base)
{
    json_t *array = json_array();
    int n = array_count(field, base);
    assert(n >= 0 && n <= field->most);
    for (int i = 0; i < n; i++) {
        const void *at = base + field->offset;
        json_t *item = NULL;
        switch (field->kind) {
        case FIELD_INTS:
            item = json_integer(((const int *)at)[i]);
            break;
        case FIELD_FLOATS:
            item = decimal(((const float *)at)[i]);
            break;
        case FIELD_TEXTS:
            item = json_text((const char *)at + (size_t)i * TEXTS_BYTES);
            break;
        default:
            item = write_struct(field->inner, (const char *)at + (size_t)i * field->inner->bytes);
        }
        if (json_array_append_new(array, item) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *write_field(const Field *field, const char *base)
{
    const void *at = base + field->offset;
    switch (field->kind) {
    case FIELD_INT:
        return json_integer(*(const int *)at);
    case FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    case FIELD_FLOAT:
        return decimal(*(const float *)at);
    case FIELD_TIME:
        return milliseconds(*(const double *)at);
    case FIELD_BYTES:
        return json_integer((json_int_t) * (const uint64_t *)at);
    case FIELD_TEXT:
        return json_text(at);
    case FIELD_OWNED:
        return json_text(*(const char *const *)at);
    case FIELD_NAME:
        return json_string(field->names[*(const int *)at]);
    case FIELD_STRUCT:
        return write_struct(field->inner, at);
    default:
        return write_array(field, base);
    }
}

static int write_fields(const FieldTable *table, const char *base, json_t *object)
{
    for (int i = 0; i < table->n; i++) {
        const char *key = table->fields[i].key;
        json_t *group = field_group(object, &key, true);
        if (json_object_set_new(group, key, write_field(&table->fields[i], base)) != 0)
            return -1;
    }
    return 0;
}

static json_t *write_struct(const FieldTable *table, const char *base)
{
    json_t *object = json_object();
    if (!object || write_fields(table, base, object) == 0)
        return object;
    json_decref(object);
    return NULL;
}

json_t *event_to_json(const Event *event)
{
    json_t *object = json_object();
    if (!object)
        return NULL;
    if (json_object_set_new(object, "v", json_integer(EVENT_VERSION)) == 0 &&
        json_object_set_new(object, "event", json_string(names[event->type])) == 0 &&
        json_object_set_new(object, "t_ms", milliseconds(event->t_ms)) == 0 &&
        json_object_set_new(object, "turn", json_integer(event->turn)) == 0 &&
        write_fields(event_fields(event->type), (const char *)&event->u, object) == 0)
        return object;
    json_decref(object);
    return NULL;
}

char *event_to_line(const Event *event)
{
    json_t *object = event_to_json(event);
    char *line =
        object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS)) : NULL;
    json_decref(object);
    return line;
}
