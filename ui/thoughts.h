/* thoughts.h - what a model thought before it answered: where that stands in an answer's text.
 *
 * Thoughts begin an answer, white space aside, and stand between <think> and </think>, or [THINK] and
 * [/THINK].
 */
#ifndef S2D_UI_THOUGHTS_H
#define S2D_UI_THOUGHTS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Thoughts {
    size_t from, to; /* bytes of the text, without the marks and newlines around */
    size_t end;      /* where the answer itself begins */
    bool open;       /* they have not ended: there is no answer yet */
} Thoughts;

/* text: [n]. false = there are none. */
bool thoughts_find(const char *text, size_t n, Thoughts *thoughts);

/* Does a token end them? */
bool thoughts_ended_by(const char *token);

#endif
