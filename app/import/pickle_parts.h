/* pickle_parts.h - what the parts of the pickle reader share. Private.
 *
 * pickle.c walks the instructions; pickle_scalars.c reads numbers and texts; pickle_values.c keeps
 * stack, memo and containers; pickle_calls.c is what the known names do. Each returns -1 (or NULL) with the pickle's err set.
 */
#ifndef S2D_APP_IMPORT_PICKLE_PARTS_H
#define S2D_APP_IMPORT_PICKLE_PARTS_H

#include "app/import/pickle.h"

/* Records the failure, with the file and the place in front. */
int pickle_fault(Pickle *pickle, const char *format, ...) __attribute__((format(printf, 2, 3)));
int pickle_no_memory(Pickle *pickle);

/* A new value; a NULL can be handed to pickle_push. */
PickleValue *pickle_new(Pickle *pickle, PickleKind kind);
int pickle_push(Pickle *pickle, PickleValue *value);
/* How much of the stack lies below the last mark. */
size_t pickle_floor(const Pickle *pickle);
/* The last value, down to the last mark: NULL = none there. */
PickleValue *pickle_top(Pickle *pickle);
PickleValue *pickle_pop(Pickle *pickle);

int pickle_mark(Pickle *pickle);
/* Takes the last mark away; what lay above it is stack[*from] to stack[depth - 1]. */
int pickle_unmark(Pickle *pickle, size_t *from);

int pickle_append(Pickle *pickle, PickleValue *list, PickleValue *item);
/* Moves the values from stack[from] on into a list. */
int pickle_move(Pickle *pickle, PickleValue *list, size_t from);

int pickle_remember(Pickle *pickle, uint64_t index);
int pickle_recall(Pickle *pickle, uint64_t index);

/* A little-endian number of up to 8 bytes, at the pickle's place. */
int pickle_take_size(Pickle *pickle, int bytes, uint64_t *out);
/* A line of text, as old instructions have them; not terminated. */
const char *pickle_take_line(Pickle *pickle, size_t *length);
int pickle_push_integer(Pickle *pickle, PickleKind kind, int64_t integer);
/* What stands at the pickle's place: an integer of so many bytes, with a sign or without; one in
 * two's complement and a text behind a length of so many bytes. */
int pickle_push_fixed(Pickle *pickle, int bytes, bool sign);
int pickle_push_long(Pickle *pickle, int length_bytes);
int pickle_push_text(Pickle *pickle, int length_bytes);

/* The value that a name stands for. */
PickleValue *pickle_name(Pickle *pickle, const char *module, size_t module_bytes, const char *name,
                         size_t name_bytes);
/* What a known name makes of its arguments, a tuple. */
PickleValue *pickle_call(Pickle *pickle, const PickleValue *call, const PickleValue *arguments);
/* The storage that a persistent id names. */
PickleValue *pickle_persistent(Pickle *pickle, const PickleValue *id);

#endif
