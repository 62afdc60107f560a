/* comparison.h - two settings that answered in turn: what their COMPARE events add up to, and in words.
 */
#ifndef S2D_UI_COMPARISON_H
#define S2D_UI_COMPARISON_H

#include <stddef.h>

#include "engine/decode/event.h"
#include "kernels/common/rate.h"

typedef struct Comparison {
    EventCompare last;
    Duel duel;
    bool any; /* there was one */
} Comparison;

/* The first event of an answer, which no pair was before, begins anew. Returns whether another pair
 * counts now. */
bool comparison_add(Comparison *comparison, const EventCompare *event);

/* Two lines: whether one is faster, and whether the texts were equal. */
void comparison_verdict(const Comparison *comparison, char *out, size_t bytes);
void comparison_equality(const Comparison *comparison, char *out, size_t bytes);

#endif
