/* rounds.h - the rounds that were, of all answers on the screen, for looking at them again.
 *
 * Each one is kept as its event told it, with what it takes to explain it later: the exits of its
 * drafter, its place in the chat's text, what a plain token took then. Bounded by bytes: the oldest
 * go first.
 */
#ifndef S2D_UI_ROUNDS_H
#define S2D_UI_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/decode/event.h"

enum { ROUNDS_BYTES = 16 << 20 }; /* kept, where nothing else is asked for */

/* What is known of a round beside its event. */
typedef struct RoundFacts {
    int answer, leg;      /* 1 … of this log; of the answer, another after a change of target */
    unsigned long item;   /* Item.id of its words; 0 = it has none yet */
    int from, to;         /* its words: bytes of the item's text */
    int tokens_before;    /* committed by earlier rounds of the answer */
    double plain_ms;      /* a plain token here, as measured by then; 0 = not yet */
    float temperature;    /* that it was drawn at */
    int n_exits;          /* of the drafter, as its READY named them */
    int exits[EXITS_MAX]; /* layers; thresholds of the event are in the same order */
    char drafter[24];     /* as READY named it */
    bool by_head;         /* a head of the target drafted */
} RoundFacts;

typedef struct KeptRound KeptRound; /* facts and event, packed */

typedef struct RoundLog {
    KeptRound **kept; /* [first … first + n) */
    int first, n, room;
    size_t bytes, most;   /* most 0 = ROUNDS_BYTES */
    unsigned long serial; /* of the oldest kept; the first ever has 1 */
} RoundLog;

void rounds_close(RoundLog *log); /* an all-zero one is open and empty */
/* Drops the oldest where they are too many. -1 = no memory, the round is not kept. */
int rounds_add(RoundLog *log, const RoundFacts *facts, const EventRound *round);
/* Serials of the kept ones run from rounds_first to rounds_last without a gap; 0 = none is kept. */
unsigned long rounds_first(const RoundLog *log);
unsigned long rounds_last(const RoundLog *log);
/* How many of the oldest were dropped for room. */
unsigned long rounds_dropped(const RoundLog *log);
/* NULL = not kept. Facts may be changed. */
RoundFacts *rounds_facts(const RoundLog *log, unsigned long serial);
/* false = not kept. */
bool rounds_event(const RoundLog *log, unsigned long serial, EventRound *round);
/* Number of the last round kept of the same answer. */
int rounds_of_answer(const RoundLog *log, unsigned long serial);
/* The round whose words hold that byte of an item, or the last one before it there; 0 = none. */
unsigned long rounds_at(const RoundLog *log, unsigned long item, int at);
/* Forgets those whose words stand in items from this id on. */
void rounds_cut(RoundLog *log, unsigned long item);

#endif
