/* tuner.c - see tuner.h. */
#include "engine/tune/tuner.h"

#include <string.h>

#include "engine/decode/session_state.h"
#include "engine/tune/threshold_search.h"

void tuner_reset(Tuner *t, double total_ms)
{
    *t = (Tuner){.on = t->on, .start_ms = total_ms};
}

bool tuner_may(const Tuner *t, double total_ms, double plain_ms)
{
    enum { START = 16 }; /* plain rounds: enough for the times and a first search */
    static const double SHARE = 0.01;
    return t->spent_ms <= SHARE * (total_ms - t->start_ms) + START * plain_ms;
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

/* Where the next piece begins; 0 = there is none yet. */
static int next_piece(const Session *s)
{
    int first = s->n - 1 - s->answered, from = s->n - 1 - TUNER_PIECE;
    bool fresh = from >= first && from >= s->tuner.upto;
    int behind = fresh ? s->drafter->behind(s->drafter, s->tokens, s->n) : -1;
    return behind >= 0 && behind <= BEHIND_MAX ? from : 0;
}

void session_tune(Session *s)
{
    enum { TIMES = 3 };
    Tuner *t = &s->tuner;
    if (!t->on || !session_has_exits(s) || !tuner_may(t, s->cost.total_ms, cost_plain_ms(&s->cost)))
        return;
    int from = next_piece(s);
    if (from == 0)
        return;
    double start = clock_ms();
    ExitTrace piece[TUNER_PIECE];
    if (!t->timed)
        exit_trace_cost(s, TIMES, &t->cost);
    t->timed = true;
    exit_trace(s, from, piece, TUNER_PIECE);
    t->upto = from + TUNER_PIECE;
    tuner_add(t, piece);
    t->cost.passes = s->cost;
    float thresholds[EXITS_MAX];
    memcpy(thresholds, s->drafting.thresholds, sizeof thresholds);
    if (tuner_search(t, s->drafting.n_exits, thresholds))
        session_move_thresholds(s, thresholds, s->drafting.n_exits);
    double ms = clock_ms() - start;
    t->spent_ms += ms;
    s->reported_ms += ms;
}
