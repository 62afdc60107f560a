/* forecast.h - how fast answers would have come with given thresholds, from a survey of them.
 *
 * Rounds are played over the surveyed places by the drafter's own rules: each token from the first
 * exit that is confident, on while a further one is expected to pay, what waits between the exits
 * read, and rated anew, when a later token goes deeper. A round is charged with the measured time
 * of every range, exit and target pass. It is the forecast of a chain at temperature 0. What no
 * survey knows is what the exits say behind a wrong guess: there they are taken to be as sure as
 * behind the right one, which concerns only what is drafted in vain.
 */
#ifndef S2D_ENGINE_TUNE_FORECAST_H
#define S2D_ENGINE_TUNE_FORECAST_H

#include "engine/decode/exit_trace.h"

typedef struct ExitTraces {
    int n_exits;
    ExitTrace *places; /* [n] */
    int n;
    ExitCost cost;
    Calibration accept[EXITS_MAX]; /* exit_traces_count fills it from the places */
} ExitTraces;

typedef struct Forecast {
    int tokens, rounds;
    double ms, draft_ms;
    int by_exit_drafted[EXITS_MAX], by_exit_accepted[EXITS_MAX];
    int reached[DEPTH_MAX]; /* rounds in which a token of depth d+1 was accepted */
} Forecast;

void exit_traces_count(ExitTraces *traces);
/* thresholds: [n_exits]; 1 = the exit is never asked, but for the last one. */
Forecast forecast(const ExitTraces *traces, const float *thresholds);

#endif
