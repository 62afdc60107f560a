/* comparison.h - two settings that answered in turn: what their COMPARE events add up to, and in words.
 */
#ifndef S2D_UI_COMPARISON_H
#define S2D_UI_COMPARISON_H

#include <stddef.h>

#include "engine/decode/event.h"
#include "kernels/common/rate.h"
#include "ui/text.h"

/* What a side has said, clean, and where each piece of it, mostly a token, ends. */
typedef struct SideText {
    char *text; /* [bytes]; may be NULL when empty */
    size_t bytes, room;
    size_t *ends; /* [n] */
    size_t n, ends_room;
    TextCleaner cleaner;
} SideText;

typedef struct Comparison {
    EventCompare last;
    Duel duel;
    bool any;          /* there was one */
    bool open;         /* its answer still comes */
    SideText texts[2]; /* of two texts; of one the kept side has it */
} Comparison;

void comparison_close(Comparison *comparison);

/* An answer begins anew with an event that no block was before. */
bool comparison_begins(const EventCompare *event);
/* Returns whether another pair counts now. */
bool comparison_add(Comparison *comparison, const EventCompare *event);
/* More of a side's text; without memory for it the rest of the answer is not shown. */
void comparison_text(Comparison *comparison, int side, const char *text);
/* The text that a side says: its own, or the one of both. */
const SideText *comparison_of(const Comparison *comparison, int side);

/* Where the sides are when the first of them has said all of its text, each at its mean speed. */
typedef struct CompareRace {
    bool known;
    int at[2];  /* tokens of each text; all of it of one side at least */
    int ahead;  /* side that is further; -1 = neither */
    int tokens; /* by so many, */
    double ms;  /* which take the other one so long */
} CompareRace;
CompareRace comparison_race(const Comparison *comparison);

/* Two lines: whether one is faster, and whether the texts were equal. */
void comparison_verdict(const Comparison *comparison, char *out, size_t bytes);
void comparison_equality(const Comparison *comparison, char *out, size_t bytes);

#endif
