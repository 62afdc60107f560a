/* auto_thresholds.c - thresholds that follow what is measured, while an answer goes on; see
 * engine/tune/tuner.h. */
#include <string.h>

#include "engine/session/session_state.h"

/* Where the next piece begins; 0 = there is none yet. */
static int next_piece(const Session *s)
{
    int first = s->n - 1 - s->answer.answered, from = s->n - 1 - TUNER_PIECE;
    bool fresh = from >= first && from >= s->tuner.upto;
    int behind = fresh ? s->drafter->behind(s->drafter, s->tokens, s->n) : -1;
    return behind >= 0 && behind <= BEHIND_MAX ? from : 0;
}

/* Reads TUNER_PIECE tokens from number `from` on once more. */
static void survey(Session *s, int from)
{
    enum { TIMES = 3 };
    Tuner *t = &s->tuner;
    ExitTrace piece[TUNER_PIECE];
    if (!t->timed)
        session_trace_cost(s, TIMES, &t->cost);
    t->timed = true;
    session_trace_exits(s, from, piece, TUNER_PIECE);
    t->upto = from + TUNER_PIECE;
    tuner_add(t, piece);
    t->cost.passes = s->cost;
}

void session_tune(Session *s)
{
    Tuner *t = &s->tuner;
    if (!(t->on || t->watched) || !session_has_exits(s) ||
        !tuner_may(t, s->cost.total_ms, cost_plain_ms(&s->cost)))
        return;
    int from = next_piece(s);
    if (from == 0)
        return;
    double start = clock_ms(), ran = kernels_ms(s->config.kernels);
    survey(s, from);
    EventForecast said = {0};
    float thresholds[EXITS_MAX];
    memcpy(thresholds, s->drafting.thresholds, sizeof thresholds);
    bool moved = t->on && tuner_search(t, s->drafting.n_exits, thresholds, &said);
    if (said.searched || t->watched)
        report_forecast(s, &said);
    if (moved)
        session_move_thresholds(s, thresholds, s->drafting.n_exits);
    double ms = clock_ms() - start;
    ran = kernels_ms(s->config.kernels) - ran;
    tuner_spent(t, ran, cost_plain_ms(&s->cost));
    s->answer.lost_ms += ms - ran;
    s->answer.reported_ms += ms;
}

/* The end of the last answer, which nobody has surveyed. */
static void survey_last(Session *s)
{
    int end = s->n - 1, pieces = s->answer.answered / TUNER_PIECE;
    pieces = pieces < TUNER_FRESH / TUNER_PIECE ? pieces : TUNER_FRESH / TUNER_PIECE;
    int behind = pieces > 0 ? s->drafter->behind(s->drafter, s->tokens, s->n) : -1;
    if (behind < 0 || behind > BEHIND_MAX)
        return;
    for (int left = pieces; left > 0; left--)
        survey(s, end - left * TUNER_PIECE);
}

void session_watch(Session *s, bool on)
{
    Tuner *t = &s->tuner;
    t->watched = on;
    if (!on || !session_has_exits(s))
        return;
    if (t->n == 0) {
        tuner_reset(t, s->cost.total_ms);
        if (!s->answering)
            survey_last(s);
    }
    report_forecast(s, &(EventForecast){0});
}
