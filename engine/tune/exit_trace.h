/* exit_trace.h - what every exit of a draft would have said at each place of an answer, and what asking
 * it costs: what thresholds are tuned by (forecast.h).
 *
 * The answer is the target's own. The draft reads it as it would in a round whose every guess was
 * right, up to EXPAND_MAX tokens a pass, and every exit is asked, whatever its threshold. A guess
 * that counts is one whose forerunners were right, so this is what counts at any depth.
 */
#ifndef S2D_ENGINE_TUNE_EXIT_TRACE_H
#define S2D_ENGINE_TUNE_EXIT_TRACE_H

#include "engine/cost/cost.h"
#include "engine/decode/session.h"

/* Reading token i, what each exit says of token i + 1. */
typedef struct ExitTrace {
    float p[EXITS_MAX];  /* probability of its best token */
    bool hit[EXITS_MAX]; /* is that the target's? */
    bool end;            /* the answer's last place */
} ExitTrace;

enum { EXIT_TRACE_ROWS = 4, EXIT_TRACE_TIMES = 12 };

/* In ms. */
typedef struct ExitCost {
    double layers[EXITS_MAX][2]; /* of a range of layers, over one row and over EXIT_TRACE_ROWS */
    double ask[EXITS_MAX];       /* what asking an exit takes besides, over one row */
    Cost passes;                 /* the target's */
} ExitCost;

/* Of the tokens of the last answer from number `first` (>= 1) on, between rounds or after it, for a
 * drafter with exits. Where tokens are drawn, a hit is the one that the exit would have drawn.
 * Returns how many places there are, at most `most`. */
int exit_trace(Session *session, int first, ExitTrace *places, int most);
/* times: passes that each figure comes from, at most EXIT_TRACE_TIMES. */
void exit_trace_cost(Session *session, int times, ExitCost *cost);
/* Has the drafter exits? */
bool session_has_exits(const Session *session);

#endif
