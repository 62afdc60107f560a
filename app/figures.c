/* figures.c - see figures.h. */
#include "app/figures.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ui/figures_text.h"

typedef struct Line {
    char *text;
    size_t size, used;
} Line;

static void add(Line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(Line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line->text + line->used, line->size - line->used, format, args);
    va_end(args);
    if (n > 0)
        line->used += (size_t)n < line->size - line->used ? (size_t)n : line->size - line->used - 1;
}

/* first: it wrote one more token, in no round */
static void add_speed(Line *line, const EventStats *totals, bool first)
{
    long long tokens = (long long)totals->tokens + first;
    char gain[24];
    figures_gain(totals, gain, sizeof gain);
    add(line, tokens == 1 ? "%lld token" : "%lld tokens", tokens);
    if (totals->rounds > 0)
        add(line, ", %.1f t/s", (double)totals->tokens_per_s);
    if (totals->plain_rounds > 0)
        add(line, " (plain %.1f%s%s)", (double)totals->plain_tokens_per_s, gain[0] ? ", " : "",
            gain);
    if (totals->rounds > 0)
        add(line, ", MAT %.2f", (double)totals->mat);
}

/* In the middle of an answer: it is credited with what it wrote. */
static void take_switch(Figures *figures, const Event *event)
{
    const EventStats *stats = &figures->stats;
    size_t used = strlen(figures->before);
    Line line = {figures->before, sizeof figures->before, used};
    if (event->turn == figures->turn && stats->rounds > 0) {
        add_speed(&line, stats, used == 0);
        add(&line, ", target %s; then ", figures->target);
        figures->read_ms += stats->prefill_ms + stats->draft_prefill_ms;
        figures->spec = figures->plain = figures->probes = 0;
        figures->stats = (EventStats){0};
    }
    memcpy(figures->target, event->u.swap.target, sizeof(figures->target));
}

static void begin_answer(Figures *figures, int turn)
{
    figures->turn = turn;
    figures->before[0] = '\0';
    figures->read_ms = 0;
    figures->stats = (EventStats){0};
}

void figures_event(Figures *figures, const Event *event)
{
    if (event->turn != figures->turn)
        begin_answer(figures, event->turn);
    switch (event->type) {
    case EVENT_READY:
        figures->ready = event->u.ready;
        figures->has_ready = true;
        memcpy(figures->target, event->u.ready.target, sizeof(figures->target));
        break;
    case EVENT_PREFILL:
        if (event->u.prefill.draft_ms == 0) /* else the drafter reads, later, and more */
            figures->prompt = event->u.prefill.total;
        figures->began = event->u.prefill.token >= 0;
        break;
    case EVENT_ROUND:
        memcpy(figures->target, event->u.round.target, sizeof(figures->target));
        if (event->u.round.round == 1)
            figures->spec = figures->plain = figures->probes = 0;
        if (strcmp(event->u.round.mode, "spec") == 0)
            figures->spec++;
        else if (strcmp(event->u.round.mode, "probe") == 0)
            figures->probes++;
        else
            figures->plain++;
        break;
    case EVENT_STATS:
        figures->stats = event->u.stats;
        break;
    case EVENT_SWITCH:
        if (event->u.swap.stage == SWITCH_DONE &&
            strcmp(event->u.swap.target, figures->target) != 0)
            take_switch(figures, event);
        break;
    default:
        break;
    }
}

/* Whether it drafted, and if not, why. */
static void add_mode(Line *line, const Figures *figures, const EventStats *totals)
{
    const EventReady *ready = &figures->ready;
    int rounds = figures->spec + figures->plain + figures->probes;
    bool none = totals->rounds == 0; /* what is counted is an earlier answer's */
    if (!ready->drafts)
        add(line, "; speculation off (drafter plain)");
    else if (ready->spec == SPEC_OFF)
        add(line, "; speculation off (--spec off)");
    else if (none)
        return;
    else if (figures->spec == 0)
        add(line, "; speculation off (%s would not pay here)", ready->drafter);
    else
        add(line, "; %s drafted in %d of %d rounds", ready->drafter, figures->spec, rounds);
    if (figures->spec > 0 && ready->drafts_by_model)
        add(line, ", draft %s", ready->draft);
}

void figures_line(const Figures *figures, const Event *done, char *text, size_t size)
{
    const EventStats *totals = &done->u.done.totals;
    Line line = {text, size, 0};
    bool switched = figures->before[0] != '\0';
    double read_ms = figures->read_ms + totals->prefill_ms + totals->draft_prefill_ms;
    text[0] = '\0';
    add(&line, "%s", figures->before);
    /* Where there were rounds there was a first token before them: older traces do not tell it. */
    bool only_end = strcmp(done->u.done.reason, "eos") == 0;
    bool first = totals->rounds > 0 || (figures->began && !only_end);
    add_speed(&line, totals, first && !switched);
    if (totals->rounds > 0 && totals->back_copies > 0)
        add(&line, ", %.1f copies back a round (%.0f bytes)",
            (double)totals->back_copies / totals->rounds,
            (double)totals->back_bytes / totals->rounds);
    if (figures->prompt > 0)
        add(&line, ", prompt %d token%s in %.2f s", figures->prompt,
            figures->prompt == 1 ? "" : "s", read_ms / 1e3);
    if (figures->target[0])
        add(&line, ", target %s", figures->target);
    if (figures->has_ready)
        add_mode(&line, figures, totals);
    if (strcmp(done->u.done.reason, "eos") != 0)
        add(&line, "; ended: %s",
            strcmp(done->u.done.reason, "stop") == 0 ? "stop string" : done->u.done.reason);
}
