/* comparison.c - see comparison.h. */
#include "ui/comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget_text(SideText *text)
{
    text->bytes = text->n = 0;
    text->cleaner = (TextCleaner){0};
}

void comparison_close(Comparison *comparison)
{
    for (int side = 0; side < 2; side++) {
        free(comparison->texts[side].text);
        free(comparison->texts[side].ends);
    }
    *comparison = (Comparison){0};
}

bool comparison_begins(const EventCompare *event)
{
    return event->pairs == 0 && event->sides[0].block_tokens == 0 &&
           event->sides[1].block_tokens == 0;
}

bool comparison_add(Comparison *comparison, const EventCompare *event)
{
    double tokens[2], ms[2];
    bool begins = !comparison->any || comparison_begins(event);
    int before = begins ? 0 : comparison->last.pairs;
    if (begins) {
        comparison->duel = (Duel){0};
        forget_text(&comparison->texts[0]);
        forget_text(&comparison->texts[1]);
    }
    comparison->last = *event;
    comparison->any = comparison->open = true;
    if (event->pairs <= before) /* it warms up, or one side goes on alone */
        return false;
    for (int side = 0; side < 2; side++) {
        tokens[side] = event->sides[side].block_tokens;
        ms[side] = event->sides[side].block_ms;
    }
    duel_add(&comparison->duel, tokens, ms);
    return true;
}

static int make_room(SideText *text, size_t bytes)
{
    if (text->n + 1 > text->ends_room) {
        size_t room = 2 * text->ends_room + 64;
        size_t *ends = realloc(text->ends, room * sizeof *ends);
        if (ends == NULL)
            return -1;
        text->ends = ends;
        text->ends_room = room;
    }
    if (text->bytes + bytes > text->room) {
        size_t room = 2 * text->room + bytes + 256;
        char *longer = realloc(text->text, room);
        if (longer == NULL)
            return -1;
        text->text = longer;
        text->room = room;
    }
    return 0;
}

void comparison_text(Comparison *comparison, int side, const char *piece)
{
    SideText *text = &comparison->texts[side];
    size_t n = strlen(piece);
    if (make_room(text, 3 * (n + 3) + 1) != 0)
        return;
    text->bytes += text_clean(&text->cleaner, piece, n, text->text + text->bytes);
    text->ends[text->n++] = text->bytes;
}

const SideText *comparison_of(const Comparison *comparison, int side)
{
    const EventCompare *last = &comparison->last;
    return &comparison->texts[last->two_texts ? side : last->kept];
}

CompareRace comparison_race(const Comparison *comparison)
{
    const EventCompare *last = &comparison->last;
    CompareRace race = {.ahead = -1};
    double pace[2], done[2], first = INFINITY; /* tokens a ms; ms */
    int said[2];
    for (int i = 0; i < 2; i++) {
        const EventCompareSide *side = &last->sides[i];
        if (side->tokens == 0 || side->ms <= 0)
            return race;
        said[i] = side->said > 0 ? side->said : last->checked;
        pace[i] = side->tokens / side->ms;
        done[i] = said[i] / pace[i];
        first = fmin(first, done[i]);
    }
    race.known = true;
    for (int i = 0; i < 2; i++)
        race.at[i] = (int)fmin(said[i], first * pace[i] + 0.5);
    if (race.at[0] == race.at[1])
        return race;
    race.ahead = race.at[1] > race.at[0];
    race.tokens = abs(race.at[0] - race.at[1]);
    race.ms = race.tokens / pace[1 - race.ahead];
    return race;
}

void comparison_verdict(const Comparison *comparison, char *out, size_t bytes)
{
    DuelResult result = duel_result(&comparison->duel);
    if (result.ratio <= 0)
        snprintf(out, bytes, "no pair of blocks yet that counts");
    else if (result.verdict == RATE_TOO_FEW)
        snprintf(out, bytes, "too few pairs yet: %d of %d  (A x%.2f of B)", comparison->last.pairs,
                 RATE_KNOWN, result.ratio);
    else
        snprintf(out, bytes, "%s  A is x%.2f of B, between x%.2f and x%.2f (99 %%)",
                 result.verdict == RATE_FASTER   ? "A is faster."
                 : result.verdict == RATE_SLOWER ? "B is faster."
                                                 : "no difference.",
                 result.ratio, result.low, result.high);
}

void comparison_equality(const Comparison *comparison, char *out, size_t bytes)
{
    const EventCompare *last = &comparison->last;
    char texts[80];
    if (!last->two_texts)
        snprintf(texts, sizeof texts, "same text: %s, %d token%s that both said",
                 last->equal ? "yes" : "NO", last->checked, last->checked == 1 ? "" : "s");
    else if (last->parted > 0)
        snprintf(texts, sizeof texts, "two targets: texts part at token %d", last->parted);
    else
        snprintf(texts, sizeof texts, "two targets: same text so far, %d token%s", last->checked,
                 last->checked == 1 ? "" : "s");
    snprintf(out, bytes, "%s  %d pair%s of blocks", texts, last->pairs,
             last->pairs == 1 ? "" : "s");
}
