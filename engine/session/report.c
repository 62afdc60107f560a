/* report.c - a session's rounds as events: every figure that anybody will ever see starts here. */
#include "engine/cost/gain.h"
#include "engine/session/session_state.h"

#include <stdio.h>
#include <string.h>

static Event *fresh(Session *s, EventType type)
{
    memset(&s->event, 0, sizeof s->event);
    s->event.type = type;
    return &s->event;
}

static bool is_said(const Session *s)
{
    EventType type = s->event.type;
    return s->says == SESSION_SAYS_ALL ||
           (s->says == SESSION_SAYS_TEXT &&
            (type == EVENT_TEXT || type == EVENT_OTHER_TEXT || type == EVENT_WARNING));
}

static void send(Session *s)
{
    if (s->config.emit && is_said(s))
        s->config.emit(s->config.user, &s->event);
}

static void token_text(const Session *s, int token, char out[TOKEN_TEXT])
{
    size_t bytes;
    const char *text = tokenizer_text(s->config.target->tokenizer, token, true, &bytes);
    if (bytes >= TOKEN_TEXT)
        bytes = TOKEN_TEXT - 1;
    memcpy(out, text, bytes);
    out[bytes] = '\0';
}

void report_prefill(Session *s, int done, int total, double ms, double draft_ms)
{
    Event *e = fresh(s, EVENT_PREFILL);
    e->u.prefill.done = done;
    e->u.prefill.total = total;
    e->u.prefill.ms = ms;
    e->u.prefill.draft_ms = draft_ms;
    e->u.prefill.token = s->answer.first_token;
    send(s);
}

int exit_index(const Session *s, int exit)
{
    for (int i = 0; i < s->drafting.n_exits; i++)
        if (s->drafting.exits[i] == exit)
            return i;
    return -1;
}

static const char *mode_name(RoundMode mode)
{
    return round_drafts(mode) ? "spec" : mode == ROUND_PROBE ? "probe" : "plain";
}

static bool has_text(const EventRound *r, int token)
{
    for (int i = 0; i < r->n_nodes; i++)
        if (r->nodes[i].token == token)
            return true;
    for (int i = 0; i < r->n_words; i++)
        if (r->words[i].token == token)
            return true;
    return token == r->bonus_token;
}

/* What exits had in mind: their tokens need not be in the tree. */
static void put_words(const Session *s, EventRound *r)
{
    for (int i = 0; i < r->n_nodes; i++)
        for (int v = 0; v < r->nodes[i].n_visited; v++) {
            int token = r->nodes[i].visited[v].token;
            if (r->n_words == WORDS_MAX || has_text(r, token))
                continue;
            EventWord *word = &r->words[r->n_words++];
            word->token = token;
            token_text(s, token, word->text);
        }
}

static void put_exit_times(const Session *s, EventRound *r)
{
    for (int e = 0; e < s->drafting.n_exits; e++) {
        const ExitTime *time = &s->exit_times[e];
        if (time->passes > 0)
            r->exit_times[r->n_exit_times++] =
                (EventExitTime){s->drafting.exits[e], time->passes, time->ms};
    }
}

/* What this round is to be held against. */
static void put_plain(const Session *s, EventRound *r, double lost_ms)
{
    RoundSums sums = {.all_ms = r->draft_ms + r->verify_ms + r->accept_ms + r->other_ms,
                      .lost_ms = lost_ms};
    PlainTime plain =
        plain_time_kept(&s->cost, s->cost.context, s->answer.reported_ms, gain_ran(&sums));
    if (plain.rounds < PLAIN_LEAST)
        return;
    r->plain_ms = plain.ms;
    r->plain_low_ms = plain.low;
    r->plain_high_ms = plain.high;
    r->pass_ms = plain.pass;
}

void report_round(Session *s, RoundMode mode, const double ms[4], double lost_ms, double gain)
{
    EventStats *t = &s->answer.stats;
    const Tree *tree = &s->tree;
    Event *e = fresh(s, EVENT_ROUND);
    EventRound *r = &e->u.round;
    r->round = ++s->answer.rounds;
    t->rounds++;
    snprintf(r->target, sizeof r->target, "%s", s->config.target->name);
    r->n_nodes = tree->n - 1;
    r->accepted = s->acceptance.n - 1;
    for (int i = 1; i < tree->n; i++) {
        const TreeNode *node = &tree->node[i];
        EventNode *out = &r->nodes[i - 1];
        *out = (EventNode){.id = i,
                           .parent = node->parent,
                           .depth = node->depth,
                           .token = node->token,
                           .p = node->p,
                           .exit = node->exit,
                           .n_visited = node->n_visited};
        memcpy(out->visited, node->visited, sizeof out->visited);
        token_text(s, node->token, out->text);
    }
    for (int i = 1; i < s->acceptance.n; i++)
        r->nodes[s->acceptance.path[i] - 1].accepted = true;
    r->bonus_token = s->acceptance.bonus;
    token_text(s, s->acceptance.bonus, r->bonus_text);
    r->draft_ms = ms[0];
    r->verify_ms = ms[1];
    r->accept_ms = ms[2];
    r->other_ms = ms[3];
    put_plain(s, r, lost_ms);
    put_words(s, r);
    put_exit_times(s, r);
    r->ctx_used = s->n;
    r->n_thresholds = s->drafting.n_exits;
    memcpy(r->thresholds, s->drafting.thresholds, sizeof r->thresholds);
    snprintf(r->mode, sizeof r->mode, "%s", mode_name(mode));
    r->predicted_gain = (float)gain;

    s->answer.context_sum += s->cost.context;
    s->answer.told_ms += s->answer.reported_ms;
    t->tokens += r->accepted + 1;
    t->drafted += r->n_nodes;
    t->accepted += r->accepted;
    t->draft_ms += ms[0];
    t->verify_ms += ms[1];
    t->accept_ms += ms[2];
    t->other_ms += ms[3];
    for (int i = 0; i < r->n_nodes; i++) {
        int exit = exit_index(s, r->nodes[i].exit);
        if (exit >= 0) {
            t->by_exit_drafted[exit]++;
            t->by_exit_accepted[exit] += r->nodes[i].accepted;
        }
    }
    for (int depth = 0; depth < r->accepted; depth++)
        t->reached[depth]++;
    send(s);
}

/* At most a token's bytes, each of them U+FFFD at worst, and what was held back. */
enum { TEXT_MAX = 4096 };

static void send_text(Session *s, const char *text, int source)
{
    if (text[0] == '\0')
        return;
    Event *e = fresh(s, s->side_text ? EVENT_OTHER_TEXT : EVENT_TEXT);
    e->u.text.text = text;
    e->u.text.source = source;
    send(s);
}

/* A stretch of text from one source that grows until another one goes on. */
typedef struct Piece {
    char text[TEXT_MAX + STOP_BYTES];
    int n, source;
} Piece;

static void put(Session *s, Piece *piece, char byte, int source)
{
    if (piece->n > 0 && source != piece->source) {
        piece->text[piece->n] = '\0';
        send_text(s, piece->text, piece->source);
        piece->n = 0;
    }
    piece->source = source;
    piece->text[piece->n++] = byte;
}

static void put_end(Session *s, Piece *piece)
{
    piece->text[piece->n] = '\0';
    send_text(s, piece->text, piece->source);
}

/* Whole characters; what may become a stop string waits for the rest of it. */
static void show_text(Session *s, const char *text, int source)
{
    if (!s->answer.shown.stops) {
        send_text(s, text, source);
        return;
    }
    Piece piece = {.n = 0};
    for (; *text && !s->answer.shown.ended; text++) {
        char out[STOP_BYTES];
        s->answer.held_from[s->answer.shown.n] = (short)source;
        int n = stop_take(&s->answer.shown, *text, out);
        for (int i = 0; i < n; i++)
            put(s, &piece, out[i], s->answer.held_from[i]);
        memmove(s->answer.held_from, s->answer.held_from + n,
                sizeof s->answer.held_from - (size_t)n * sizeof(short));
    }
    put_end(s, &piece);
}

/* The text is over, and what was held back is none. */
static void show_held(Session *s)
{
    Piece piece = {.n = 0};
    for (int i = 0; i < s->answer.shown.n && !s->answer.shown.ended; i++)
        put(s, &piece, s->answer.shown.held[i], s->answer.held_from[i]);
    put_end(s, &piece);
    s->answer.shown.n = 0;
}

void report_text(Session *s, int token, int source)
{
    char text[TEXT_MAX];
    size_t bytes;
    const char *raw = tokenizer_text(s->config.target->tokenizer, token, false, &bytes);
    while (bytes > 0) { /* a token longer than the buffer comes in pieces */
        size_t part = bytes < 1024 ? bytes : 1024;
        utf8_feed(&s->answer.utf8, raw, part, text, sizeof text);
        show_text(s, text, source);
        raw += part;
        bytes -= part;
    }
}

void report_text_end(Session *s)
{
    char text[8];
    utf8_finish(&s->answer.utf8, text, sizeof text);
    show_text(s, text, 0);
    show_held(s);
}

static void complete_stats(Session *s)
{
    EventStats *t = &s->answer.stats;
    t->mat = t->rounds > 0 ? (float)t->tokens / (float)t->rounds : 0;
    RoundSums sums = {.tokens = t->tokens,
                      .rounds = t->rounds,
                      .drafted = t->drafted,
                      .draft_ms = t->draft_ms,
                      .verify_ms = t->verify_ms,
                      .all_ms = t->draft_ms + t->verify_ms + t->accept_ms + t->other_ms,
                      .lost_ms = s->answer.lost_ms,
                      .told_ms = s->answer.told_ms,
                      .context = t->rounds > 0 ? s->answer.context_sum / t->rounds : s->cached};
    Gain gain = gain_of(&s->cost, &sums);
    t->tokens_per_s = sums.all_ms > 0 ? (float)(1e3 * t->tokens / sums.all_ms) : 0;
    /* What was kept from running is as much slower either way: the gain must not suffer. */
    t->plain_tokens_per_s = gain.plain_ms > 0 ? (float)(1e3 / gain.plain_ms * gain_ran(&sums)) : 0;
    t->plain_rounds = gain.plain_rounds;
    t->plain_age = gain.plain_rounds > 0 ? s->cost.plain_age : 0;
    t->gain = (float)gain.gain;
    t->gain_low = (float)gain.low;
    t->gain_high = (float)gain.high;
    t->n_exits = s->drafter ? s->drafting.n_exits : 0;
    t->back_copies = (int)(s->config.kernels->back_copies - s->answer.back_copies);
    t->back_bytes = s->config.kernels->back_bytes - s->answer.back_bytes;
}

void report_begin(Session *s)
{
    memset(&s->answer.stats, 0, sizeof s->answer.stats);
    s->answer.back_copies = s->config.kernels->back_copies;
    s->answer.back_bytes = s->config.kernels->back_bytes;
    s->answer.lost_ms = s->answer.told_ms = s->answer.context_sum = 0;
}

void session_totals(Session *s, EventStats *totals)
{
    complete_stats(s);
    *totals = s->answer.stats;
}

void report_stats(Session *s)
{
    complete_stats(s);
    Event *e = fresh(s, EVENT_STATS);
    e->u.stats = s->answer.stats;
    send(s);
}

void report_compare(Session *s, const EventCompare *compare)
{
    Event *e = fresh(s, EVENT_COMPARE);
    e->u.compare = *compare;
    send(s);
}

void report_forecast(Session *s, const EventForecast *found)
{
    if (s->tuner.n == 0)
        return;
    Event *e = fresh(s, EVENT_FORECAST);
    e->u.forecast = *found;
    s->tuner.cost.passes = s->cost;
    s->tuner.cost.passes.context = s->cached;
    tuner_forecast(&s->tuner, s->drafting.n_exits, s->drafting.thresholds, &e->u.forecast);
    send(s);
}

void report_warning(Session *s, const char *code, const char *message)
{
    Event *e = fresh(s, EVENT_WARNING);
    snprintf(e->u.warning.code, sizeof e->u.warning.code, "%s", code);
    snprintf(e->u.warning.message, sizeof e->u.warning.message, "%s", message);
    send(s);
}

void report_done(Session *s, const char *reason)
{
    complete_stats(s);
    Event *e = fresh(s, EVENT_DONE);
    snprintf(e->u.done.reason, sizeof e->u.done.reason, "%s", reason);
    e->u.done.totals = s->answer.stats;
    e->u.done.seed = (int)s->answer.seed;
    send(s);
}

void report_switch(Session *s, SwitchStage stage, int index, double fraction, const char *reason,
                   bool kept, double ms)
{
    Event *e = fresh(s, EVENT_SWITCH);
    EventSwitch *w = &e->u.swap;
    w->stage = stage;
    w->target_index = index;
    w->fraction = (float)fraction;
    w->draft_kv_kept = kept;
    w->ms = ms;
    w->n_thresholds = s->drafting.n_exits;
    memcpy(w->thresholds, s->drafting.thresholds, sizeof w->thresholds);
    snprintf(w->target, sizeof w->target, "%s", s->config.target->name);
    snprintf(w->reason, sizeof w->reason, "%s", reason ? reason : "");
    send(s);
}
