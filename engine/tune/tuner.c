/* tuner.c - see tuner.h. */
#include "engine/tune/tuner.h"

#include <math.h>
#include <string.h>

#include "engine/tune/threshold_search.h"

void tuner_reset(Tuner *t, double total_ms)
{
    *t = (Tuner){.on = t->on, .watched = t->watched, .start_ms = total_ms};
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

static ExitTraces traces_of(const Tuner *t, int n_exits)
{
    ExitTraces traces = {
        .n_exits = n_exits, .places = (ExitTrace *)t->places, .n = t->n, .cost = t->cost};
    exit_traces_count(&traces);
    return traces;
}

static float per_second(const Forecast *f)
{
    return f->ms > 0 ? (float)(1e3 * f->tokens / f->ms) : 0;
}

bool tuner_search(Tuner *t, int n_exits, float *thresholds, EventForecast *said)
{
    static const double CLEARLY = 1.02; /* a change is not made for less */
    ThresholdPoint points[SEARCH_STARTS];
    if (t->fresh < TUNER_FRESH)
        return false;
    t->fresh = 0;
    ExitTraces traces = traces_of(t, n_exits);
    Forecast now = forecast(&traces, thresholds);
    threshold_search(&traces, thresholds, points);
    bool moved = points[0].speed * now.ms > CLEARLY * now.tokens;
    if (said != NULL) {
        said->searched = true;
        said->moved = moved;
        said->best_speed = (float)(1e3 * points[0].speed);
        memcpy(said->best, points[0].thresholds, sizeof said->best);
    }
    if (moved)
        memcpy(thresholds, points[0].thresholds, sizeof *thresholds * (size_t)n_exits);
    return moved;
}

/* With exit e's threshold a step away, on the grid that keys move it on. Returns the speed, 0 = there
 * is no such step. */
static float step(const ExitTraces *traces, const float *thresholds, int e, int by, float *value)
{
    enum { STEPS = 20 };
    float tried[EXITS_MAX];
    int at = (int)lroundf(thresholds[e] * STEPS) + by;
    *value = thresholds[e];
    if (at < 0 || at > STEPS)
        return 0;
    memcpy(tried, thresholds, sizeof *tried * (size_t)traces->n_exits);
    tried[e] = *value = (float)at / STEPS;
    Forecast f = forecast(traces, tried);
    return per_second(&f);
}

void tuner_forecast(const Tuner *t, int n_exits, const float *thresholds, EventForecast *said)
{
    ExitTraces traces = traces_of(t, n_exits);
    Forecast now = forecast(&traces, thresholds);
    said->places = t->n;
    said->n_exits = n_exits;
    memcpy(said->thresholds, thresholds, sizeof *thresholds * (size_t)n_exits);
    said->speed = per_second(&now);
    for (int e = 0; e < n_exits; e++) {
        said->lower_speed[e] = step(&traces, thresholds, e, -1, &said->lower[e]);
        said->upper_speed[e] = step(&traces, thresholds, e, 1, &said->upper[e]);
    }
}
