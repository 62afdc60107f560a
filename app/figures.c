/* figures.c - see figures.h. */
#include "app/figures.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void figures_event(Figures *figures, const Event *event)
{
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
    default:
        break;
    }
}

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
    text[0] = '\0';
    /* Where there were rounds there was a first token before them: older traces do not tell it. */
    bool only_end = strcmp(done->u.done.reason, "eos") == 0;
    bool first = totals->rounds > 0 || (figures->began && !only_end);
    long long tokens = (long long)totals->tokens + first;
    add(&line, tokens == 1 ? "%lld token" : "%lld tokens", tokens);
    if (totals->rounds > 0)
        add(&line, ", %.1f t/s", (double)totals->tokens_per_s);
    if (totals->plain_rounds > 0)
        add(&line, " (plain %.1f)", (double)totals->plain_tokens_per_s);
    if (totals->rounds > 0)
        add(&line, ", MAT %.2f", (double)totals->mat);
    if (totals->rounds > 0 && totals->back_copies > 0)
        add(&line, ", %.1f copies back a round (%.0f bytes)",
            (double)totals->back_copies / totals->rounds,
            (double)totals->back_bytes / totals->rounds);
    if (figures->prompt > 0)
        add(&line, ", prompt %d tokens in %.2f s", figures->prompt,
            (totals->prefill_ms + totals->draft_prefill_ms) / 1e3);
    if (figures->target[0])
        add(&line, ", target %s", figures->target);
    if (figures->has_ready)
        add_mode(&line, figures, totals);
    if (strcmp(done->u.done.reason, "eos") != 0)
        add(&line, "; ended: %s",
            strcmp(done->u.done.reason, "stop") == 0 ? "stop string" : done->u.done.reason);
}
