/* survey.h - what every exit of a draft would have said at each place of an answer, and what asking
 * it costs: what thresholds are tuned by (forecast.h).
 *
 * The answer is the target's own. The draft reads it as it would in a round whose every guess was
 * right, up to EXPAND_MAX tokens a pass, and every exit is asked, whatever its threshold. A guess
 * that counts is one whose forerunners were right, so this is what counts at any depth.
 */
#ifndef S2D_SURVEY_H
#define S2D_SURVEY_H

#include "cost.h"
#include "session.h"

/* Reading token i, what each exit says of token i + 1. */
typedef struct SurveyPlace {
    float p[EXITS_MAX];  /* probability of its best token */
    bool hit[EXITS_MAX]; /* is that the target's? */
    bool end;            /* the answer's last place */
} SurveyPlace;

enum { SURVEY_ROWS = 4 };

/* In ms. */
typedef struct SurveyCost {
    double layers[EXITS_MAX][2]; /* of a range of layers, over one row and over SURVEY_ROWS */
    double ask[EXITS_MAX];       /* what asking an exit takes besides, over one row */
    Cost passes;                 /* the target's */
} SurveyCost;

/* Of the conversation as it stands after an answer whose first token is number `first` (>= 1), for
 * a drafter with exits. Returns how many places there are, at most `most`. */
int session_survey(Session *session, int first, SurveyPlace *places, int most);
void session_survey_cost(Session *session, SurveyCost *cost);

#endif
