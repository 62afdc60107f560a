/* tuner.c - see tuner.h. */
#include "engine/tune/tuner.h"

#include <string.h>

#include "engine/tune/threshold_search.h"

void tuner_reset(Tuner *t, double total_ms)
{
    *t = (Tuner){.on = t->on, .start_ms = total_ms};
}

enum { START = 16 }; /* plain rounds: enough for the times and a first search */

bool tuner_may(const Tuner *t, double total_ms, double plain_ms)
{
    static const double SHARE = 0.01;
    return t->spent_ms <= SHARE * (total_ms - t->start_ms) + START * plain_ms;
}

void tuner_spent(Tuner *t, double ms, double plain_ms)
{
    t->spent_ms += recent_add(&t->turns, ms, START * plain_ms);
}

void tuner_add(Tuner *t, const ExitTrace *piece)
{
    memcpy(t->places + t->next, piece, sizeof *piece * TUNER_PIECE);
    t->places[t->next + TUNER_PIECE - 1].end = true;
    t->next = (t->next + TUNER_PIECE) % TUNER_PLACES;
    t->n = t->n < TUNER_PLACES ? t->n + TUNER_PIECE : TUNER_PLACES;
    t->fresh += TUNER_PIECE;
}

bool tuner_search(Tuner *t, int n_exits, float *thresholds)
{
    static const double CLEARLY = 1.02; /* a change is not made for less */
    ExitTraces traces = {.n_exits = n_exits, .places = t->places, .n = t->n, .cost = t->cost};
    ThresholdPoint points[SEARCH_STARTS];
    if (t->fresh < TUNER_FRESH)
        return false;
    t->fresh = 0;
    exit_traces_count(&traces);
    Forecast now = forecast(&traces, thresholds);
    threshold_search(&traces, thresholds, points);
    if (!(points[0].speed * now.ms > CLEARLY * now.tokens))
        return false;
    memcpy(thresholds, points[0].thresholds, sizeof *thresholds * (size_t)n_exits);
    return true;
}
