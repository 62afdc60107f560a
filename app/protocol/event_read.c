/* event_read.c - JSON lines to events, believing nothing. The writer is event_json.c.
 *
 * Every field of event_fields.c must be there, of its type, in its range; what is written as null
 * is read as 0, "not known". The Event starts zeroed and is freed whole when a field is wrong.
 */
#include "app/protocol/event_json.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_fields.h"

typedef struct Reader {
    const char *event; /* for messages */
    Err *err;
} Reader;

static int wrong(const Reader *reader, const char *key, const char *what)
{
    return err_set(reader->err, EXIT_DATA, "%s event: \"%s\" %s", reader->event, key, what);
}

static int read_int(const Reader *reader, const char *key, const json_t *json, int low, int high,
                    int *out)
{
    if (!json_is_integer(json))
        return wrong(reader, key, "is not a whole number");
    json_int_t value = json_integer_value(json);
    if (value < low || value > high)
        return wrong(reader, key, "is out of range");
    *out = (int)value;
    return 0;
}

static int read_number(const Reader *reader, const char *key, const json_t *json, double most,
                       double *out)
{
    *out = 0;
    if (json_is_null(json))
        return 0;
    if (!json_is_number(json))
        return wrong(reader, key, "is not a number");
    *out = json_number_value(json);
    return fabs(*out) <= most ? 0 : wrong(reader, key, "is out of range");
}

static int read_float(const Reader *reader, const char *key, const json_t *json, float *out)
{
    double value;
    if (read_number(reader, key, json, FLT_MAX, &value) != 0)
        return -1;
    *out = (float)value;
    return 0;
}

/* Cuts between characters. out: [size] */
static int read_text(const Reader *reader, const char *key, const json_t *json, char *out,
                     size_t size)
{
    if (!json_is_string(json))
        return wrong(reader, key, "is not a text");
    const char *text = json_string_value(json);
    size_t bytes = json_string_length(json);
    if (bytes >= size) {
        bytes = size - 1;
        while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
            bytes--;
    }
    memcpy(out, text, bytes);
    out[bytes] = '\0';
    return 0;
}

static int read_owned(const Reader *reader, const char *key, const json_t *json, char **out)
{
    if (!json_is_string(json))
        return wrong(reader, key, "is not a text");
    *out = strdup(json_string_value(json));
    return *out ? 0 : err_set(reader->err, EXIT_MEMORY, "out of memory");
}

static int read_name(const Reader *reader, const char *key, const json_t *json,
                     const char *const *names, int *out)
{
    for (int i = 0; json_is_string(json) && names[i]; i++) {
        if (strcmp(names[i], json_string_value(json)) == 0) {
            *out = i;
            return 0;
        }
    }
    return wrong(reader, key, "has no known value");
}

/* Traces from before a field came to be are still read: without it, it is what set_younger says. */
static bool is_younger(const char *event, const char *key)
{
    static const char *const fields[][2] = {{"ready", "drafts"},
                                            {"ready", "head"},
                                            {"ready", "drafts_by_model"},
                                            {"ready", "exits_in_use"},
                                            {"ready", "thresholds_from"},
                                            {"ready", "tree"},
                                            {"ready", "top_k"},
                                            {"ready", "top_p"},
                                            {"stats", "plain_age"},
                                            {"stats", "gain"},
                                            {"stats", "gain_low"},
                                            {"stats", "gain_high"},
                                            {"done", "plain_age"},
                                            {"done", "gain"},
                                            {"done", "gain_low"},
                                            {"done", "gain_high"},
                                            {"error", "kept"},
                                            {"ready", "profile_thresholds"},
                                            {"ready", "tuned_thresholds"},
                                            {"ready", "thinking"},
                                            {"ready", "date"},
                                            {"prefill", "token"},
                                            {"round", "exit_times"},
                                            {"round", "words"},
                                            {"round", "plain.median"},
                                            {"round", "plain.low"},
                                            {"round", "plain.high"},
                                            {"round", "plain.pass"},
                                            {"compare", "target"},
                                            {"compare", "said"},
                                            {"compare", "over"},
                                            {"compare", "parted"},
                                            {"compare", "two_texts"},
                                            {"compare", "kept"}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(event, fields[i][0]) == 0 && strcmp(key, fields[i][1]) == 0)
            return true;
    return false;
}

static void set_younger(Event *event)
{
    if (event->type == EVENT_READY)
        event->u.ready.drafts = event->u.ready.drafts_by_model = true;
    else if (event->type == EVENT_PREFILL)
        event->u.prefill.token = -1;
}

static int read_struct(const Reader *reader, const FieldTable *table, json_t *object, char *base);

static int read_array(const Reader *reader, const char *key, const Field *field, const json_t *json,
                      char *base)
{
    if (!json_is_array(json))
        return wrong(reader, key, "is not a list");
    size_t n = json_array_size(json);
    if (n > (size_t)field->most)
        return wrong(reader, key, "has too many entries");
    if (field->count == NO_COUNT && field->kind == FIELD_STRUCTS && n != (size_t)field->most)
        return wrong(reader, key, "has too few entries");
    if (field->count != NO_COUNT)
        *(int *)(base + field->count) = (int)n;
    void *at = base + field->offset;
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_array_get(json, i);
        int status;
        if (field->kind == FIELD_INTS)
            status = read_int(reader, key, item, field->low, field->high, (int *)at + i);
        else if (field->kind == FIELD_FLOATS)
            status = read_float(reader, key, item, (float *)at + i);
        else if (field->kind == FIELD_TEXTS)
            status = read_text(reader, key, item, (char *)at + i * TEXTS_BYTES, TEXTS_BYTES);
        else
            status = read_struct(reader, field->inner, item, (char *)at + i * field->inner->bytes);
        if (status != 0)
            return -1;
    }
    return 0;
}

static int read_field(const Reader *reader, const char *key, const Field *field, json_t *json,
                      char *base)
{
    void *at = base + field->offset;
    double number;
    switch (field->kind) {
    case FIELD_INT:
        return read_int(reader, key, json, field->low, field->high, (int *)at);
    case FIELD_BOOL:
        *(bool *)at = json_is_true(json);
        return json_is_boolean(json) ? 0 : wrong(reader, key, "is neither true nor false");
    case FIELD_FLOAT:
        return read_float(reader, key, json, (float *)at);
    case FIELD_TIME:
        return read_number(reader, key, json, DBL_MAX, (double *)at);
    case FIELD_BYTES:
        if (read_number(reader, key, json, (double)INT64_MAX, &number) != 0)
            return -1;
        if (!json_is_integer(json) || json_integer_value(json) < 0)
            return wrong(reader, key, "is not a number of bytes");
        *(uint64_t *)at = (uint64_t)json_integer_value(json);
        return 0;
    case FIELD_TEXT:
        return read_text(reader, key, json, at, (size_t)field->most);
    case FIELD_OWNED:
        return read_owned(reader, key, json, (char **)at);
    case FIELD_NAME:
        return read_name(reader, key, json, field->names, (int *)at);
    case FIELD_STRUCT:
        return read_struct(reader, field->inner, json, at);
    default:
        return read_array(reader, key, field, json, base);
    }
}

/* Two arrays with one count must be equally long. */
static int check_counts(const Reader *reader, const FieldTable *table, json_t *object,
                        const char *base)
{
    for (int i = 0; i < table->n; i++) {
        const Field *field = &table->fields[i];
        if (field->kind < FIELD_INTS || field->kind == FIELD_STRUCT || field->count == NO_COUNT)
            continue;
        const char *key = field->key;
        const json_t *group = field_group(object, &key, false);
        const json_t *json = json_object_get(group, key);
        if (json_array_size(json) != (size_t) * (const int *)(base + field->count))
            return wrong(reader, key, "has another length than its companion");
    }
    return 0;
}

static int read_struct(const Reader *reader, const FieldTable *table, json_t *object, char *base)
{
    for (int i = 0; i < table->n; i++) {
        const char *key = table->fields[i].key;
        json_t *group = field_group(object, &key, false);
        json_t *json = json_object_get(group, key);
        if (group && group != object && !json_is_object(group))
            return wrong(reader, table->fields[i].key, "stands in something that is no object");
        if (!json && is_younger(reader->event, table->fields[i].key))
            continue;
        if (!json)
            return wrong(reader, table->fields[i].key, "is missing");
        if (read_field(reader, key, &table->fields[i], json, base) != 0)
            return -1;
    }
    return check_counts(reader, table, object, base);
}

/* Ids are unique, a parent comes before its children and one level above them. */
static int check_tree(const Reader *reader, const EventRound *round)
{
    int depth[NODES_MAX] = {0}; /* by id; 0 = not there (the root aside) */
    int accepted = 0;
    for (int i = 0; i < round->n_nodes; i++) {
        const EventNode *node = &round->nodes[i];
        if (depth[node->id] != 0)
            return wrong(reader, "id", "names two nodes");
        if (node->parent != 0 && depth[node->parent] == 0)
            return wrong(reader, "parent", "is no node before this one");
        if (node->depth != depth[node->parent] + 1)
            return wrong(reader, "depth", "is not the parent's plus one");
        depth[node->id] = node->depth;
        accepted += node->accepted;
    }
    return accepted == round->accepted
               ? 0
               : wrong(reader, "accepted", "is not the number of such nodes");
}

static int read_event(Event *event, json_t *object, Err *err)
{
    Reader reader = {"an", err};
    int version = 0, type = 0;
    double t_ms;
    if (read_int(&reader, "v", json_object_get(object, "v"), 0, INT32_MAX, &version) != 0)
        return -1;
    if (version != EVENT_VERSION)
        return err_set(err, EXIT_DATA, "events of version %d; this s2d reads version %d", version,
                       EVENT_VERSION);
    if (read_name(&reader, "event", json_object_get(object, "event"), event_names(), &type) != 0)
        return -1;
    event->type = (EventType)type;
    reader.event = event_name(event->type);
    if (read_number(&reader, "t_ms", json_object_get(object, "t_ms"), DBL_MAX, &t_ms) != 0 ||
        read_int(&reader, "turn", json_object_get(object, "turn"), 0, INT32_MAX, &event->turn) != 0)
        return -1;
    event->t_ms = t_ms;
    set_younger(event);
    if (read_struct(&reader, event_fields(event->type), object, (char *)&event->u) != 0)
        return -1;
    return event->type == EVENT_ROUND ? check_tree(&reader, &event->u.round) : 0;
}

int event_from_line(Event *event, const char *line, size_t bytes, Err *err)
{
    memset(event, 0, sizeof(*event));
    if (bytes > EVENT_LINE_MAX)
        return err_set(err, EXIT_DATA, "an event line of %zu bytes; at most %d are read", bytes,
                       EVENT_LINE_MAX);
    json_error_t trouble;
    json_t *object = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &trouble);
    if (!object)
        return err_set(err, EXIT_DATA, "not a JSON line: %s", trouble.text);
    int status = read_event(event, object, err);
    json_decref(object);
    if (status != 0) {
        event_free(event);
        memset(event, 0, sizeof(*event));
    }
    return status;
}

void event_free(Event *event)
{
    if (event->type == EVENT_TEXT || event->type == EVENT_OTHER_TEXT) {
        free((char *)event->u.text.text);
        event->u.text.text = NULL;
    } else if (event->type == EVENT_QUESTION) {
        free((char *)event->u.question.text);
        event->u.question.text = NULL;
    }
}
