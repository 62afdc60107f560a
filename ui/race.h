/* race.h - where plain decoding would be now, and what was saved: by its measured speed, without a
 * second run.
 *
 *   STATS -> Race -> tokens that plain decoding would have by now, ms saved per answer and chat
 *
 * An answer has a leg for each target that wrote it. Both begin behind its first token, which comes
 * from the prompt; time is that of the rounds and of what the drafter read for them. As long as
 * plain was not measured, and where nothing was drafted, nothing is known.
 */
#ifndef S2D_UI_RACE_H
#define S2D_UI_RACE_H

#include <stdbool.h>

#include "engine/decode/event.h"

/* What one target wrote of an answer. */
typedef struct RaceLeg {
    int tokens, drafted;
    double ms;
    double plain_ms; /* a plain token; 0 = not measured */
} RaceLeg;

typedef struct Race {
    int legs;        /* of this answer, closed ones */
    bool unmeasured; /* one of those had no plain */
    RaceLeg closed;  /* sums of those; its plain_ms is not used */
    double closed_plain_tokens, closed_saved_ms;
    RaceLeg leg;         /* the current one */
    EventStats before;   /* totals of the answer when it began */
    double chat_ms;      /* saved by earlier answers of the chat */
    int answers, missed; /* earlier answers that this counts, and those of which nothing is known */
} Race;

/* ms of a plain token by these totals: by the lower bound of the gain, so that nothing is claimed that
 * the gain does not say. 0 = not known. */
double race_plain_ms(const EventStats *stats);

void race_begin(Race *race); /* a new answer has its first round */
void race_stats(Race *race, const EventStats *stats);
void race_switch(Race *race, const EventStats *stats); /* another target goes on */

/* Of this answer. false = not known, and then none of the others says anything. */
bool race_known(const Race *race);
int race_tokens(const Race *race);          /* of its rounds */
double race_ms(const Race *race);           /* that they took */
double race_plain_tokens(const Race *race); /* that plain decoding would have in this time */
double race_saved_ms(const Race *race);     /* negative = lost */

/* Of what the current target wrote of it. false = not known. */
bool race_leg_saved_ms(const Race *race, double *ms);

/* Of all answers of the chat, this one included; 0 in *answers = nothing is known. */
double race_chat_ms(const Race *race, int *answers);

#endif
