/* held.h - events that wait while the person holds the screen: copies, in the order they came.
 *
 * Bounded by bytes: where they are too many, whoever adds takes the oldest out first.
 */
#ifndef S2D_UI_HELD_H
#define S2D_UI_HELD_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/decode/event.h"

enum { HELD_BYTES = 32 << 20 };

typedef struct HeldEvent HeldEvent;

typedef struct Held {
    HeldEvent *first, *last;
    size_t bytes;
    int rounds; /* among them */
} Held;

/* -1 = no memory. */
int held_add(Held *held, const Event *event);
/* The oldest, of which only the member of its type is there; valid until held_drop. NULL = none. */
const Event *held_first(const Held *held);
void held_drop(Held *held); /* the oldest */
/* Is the oldest round there with its words and totals? */
bool held_has_round(const Held *held);
void held_close(Held *held); /* drops all; an all-zero one is empty */

#endif
