/* auto_thresholds.c - thresholds that follow what is measured, while an answer goes on; see
 * engine/tune/tuner.h. */
#include <string.h>

#include "engine/session/session_state.h"

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
    double start = clock_ms(), ran = kernels_ms(s->config.kernels);
    ExitTrace piece[TUNER_PIECE];
    if (!t->timed)
        session_trace_cost(s, TIMES, &t->cost);
    t->timed = true;
    session_trace_exits(s, from, piece, TUNER_PIECE);
    t->upto = from + TUNER_PIECE;
    tuner_add(t, piece);
    t->cost.passes = s->cost;
    float thresholds[EXITS_MAX];
    memcpy(thresholds, s->drafting.thresholds, sizeof thresholds);
    if (tuner_search(t, s->drafting.n_exits, thresholds))
        session_move_thresholds(s, thresholds, s->drafting.n_exits);
    double ms = clock_ms() - start;
    ran = kernels_ms(s->config.kernels) - ran;
    tuner_spent(t, ran, cost_plain_ms(&s->cost));
    s->lost_ms += ms - ran;
    s->reported_ms += ms;
}
