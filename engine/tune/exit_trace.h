/* exit_trace.h - what every exit of a draft would have said at each place of an answer, and what asking
 * it costs: what thresholds are tuned by (forecast.h).
 *
 * The answer is the target's own. The draft reads it as it would in a round whose every guess was
 * right, up to EXPAND_MAX tokens a pass, and every exit is asked, whatever its threshold. A guess
 * that counts is one whose forerunners were right, so this is what counts at any depth.
 */
#ifndef S2D_SURVEY_H
#define S2D_SURVEY_H

#include "engine/cost/cost.h"
#include "engine/decode/session.h"

/* Reading token i, what each exit says of token i + 1. */
typedef struct SurveyPlace {
    float p[EXITS_MAX];  /* probability of its best token */
    bool hit[EXITS_MAX]; /* is that the target's? */
    bool end;            /* the answer's last place */
} SurveyPlace;

enum { SURVEY_ROWS = 4, SURVEY_TIMES = 12 };

/* In ms. */
typedef struct SurveyCost {
    double layers[EXITS_MAX][2]; /* of a range of layers, over one row and over SURVEY_ROWS */
    double ask[EXITS_MAX];       /* what asking an exit takes besides, over one row */
    Cost passes;                 /* the target's */
} SurveyCost;

/* Of the tokens of the last answer from number `first` (>= 1) on, between rounds or after it, for a
 * drafter with exits. Where tokens are drawn, a hit is the one that the exit would have drawn.
 * Returns how many places there are, at most `most`. */
int session_survey(Session *session, int first, SurveyPlace *places, int most);
/* times: passes that each figure comes from, at most SURVEY_TIMES. */
void session_survey_cost(Session *session, int times, SurveyCost *cost);
/* Has the drafter exits? */
bool session_has_exits(const Session *session);

#endif
