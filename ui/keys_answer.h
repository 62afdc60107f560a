/* keys_answer.h - what comes from the terminal itself among the keys: answers to what it was asked. For
 * keys.c alone.
 */
#ifndef S2D_UI_KEYS_ANSWER_H
#define S2D_UI_KEYS_ANSWER_H

#include "ui/keys.h"

enum { SEQUENCE_BYTES = 64 }; /* longer ones are no keys */

typedef enum Parsed { PARSED_KEY, PARSED_NOTHING, PARSED_CUT } Parsed;

/* s begins with "ESC ]" and a digit: an answer of the terminal, up to BEL or "ESC \\". *used = its
 * bytes. One that silence has cut is a KeyParser's `answering`. */
Parsed keys_parse_answer(KeyParser *parser, const char *s, size_t n, Key *key, size_t *used,
                         bool timed_out);
/* Swallows the rest of an answer that was cut; true = nothing is left to read now. Whoever types
 * meanwhile ends it with the first character that no answer has. */
bool keys_take_answer(KeyParser *parser, bool timed_out);

#endif
