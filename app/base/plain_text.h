/* plain_text.h - text as other systems save it, made into what a model was trained on.
 *
 * Editors put a byte-order mark before a text and end its lines with CR LF. Neither says anything,
 * but to a model each is a token that it hardly ever saw.
 */
#ifndef S2D_APP_BASE_PLAIN_TEXT_H
#define S2D_APP_BASE_PLAIN_TEXT_H

#include <jansson.h>
#include <stddef.h>

/* Bytes of the UTF-8 byte-order mark that a text begins with; 0 = there is none. */
size_t plain_text_mark(const char *text, size_t bytes);

/* Drops the mark and makes each CR LF, and each CR alone, one LF: in place, for the text only
 * shrinks. Returns its bytes now; it is terminated if it has become shorter. */
size_t plain_text(char *text, size_t bytes);

/* The same for every string in a JSON value but keys. -1 = no memory. */
int plain_json(json_t *value);

#endif
