/* event_fields.h - which fields an event has in JSON: the tables that writer and reader share.
 *
 * One row a field: key, kind, place, limits. event_json.c writes by these rows and event_read.c
 * reads by them, so that what is written is what is read.
 */
#ifndef S2D_APP_PROTOCOL_EVENT_FIELDS_H
#define S2D_APP_PROTOCOL_EVENT_FIELDS_H

#include <jansson.h>
#include <stddef.h>

#include "engine/decode/event.h"

typedef enum FieldKind {
    FIELD_INT,     /* int, low … high */
    FIELD_BOOL,    /* bool */
    FIELD_FLOAT,   /* float, finite */
    FIELD_TIME,    /* double, ms, to the microsecond */
    FIELD_BYTES,   /* uint64_t */
    FIELD_TEXT,    /* char[most], terminated */
    FIELD_OWNED,   /* char *, allocated by the reader */
    FIELD_NAME,    /* an enum (int), written as one of `names` */
    FIELD_INTS,    /* int[most], low … high */
    FIELD_FLOATS,  /* float[most] */
    FIELD_TEXTS,   /* char[most][TEXTS_BYTES] */
    FIELD_STRUCT,  /* a struct */
    FIELD_STRUCTS, /* a struct[most] */
} FieldKind;

enum {
    TEXTS_BYTES = 64,  /* of one text of FIELD_TEXTS */
    NO_COUNT = 0xffff, /* an array without a count: trailing zeros of numbers are not written; of
                          structs there are exactly `most` */
};

typedef struct FieldTable FieldTable;

typedef struct Field {
    const char *key; /* "group.key" stands in an object named group */
    FieldKind kind;
    unsigned offset; /* of the value in its struct */
    int low, high;   /* of an int */
    int most;        /* of an array: its room; of a text: bytes, terminator included */
    unsigned count;  /* of an array: offset of the int that counts it, or NO_COUNT; the same count
                        may serve two arrays, which then are equally long */
    const char *const *names; /* of a name: NULL at its end */
    const FieldTable *inner;  /* of structs */
} Field;

struct FieldTable {
    const Field *fields;
    int n;
    unsigned bytes; /* of the struct */
};

/* Fields of the event's payload; offsets count from its union. */
const FieldTable *event_fields(EventType type);

/* The values of the key `event`, by EventType; NULL at the end. */
const char *const *event_names(void);

/* The object that a field's key stands in: `object`, or its group, made when `make`; *key loses the
 * group's name. NULL: it is not there, or out of memory. */
json_t *field_group(json_t *object, const char **key, bool make);

#endif
