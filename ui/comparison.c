/* comparison.c - see comparison.h. */
#include "ui/comparison.h"

#include <stdio.h>

bool comparison_add(Comparison *comparison, const EventCompare *event)
{
    double tokens[2], ms[2];
    if (!comparison->any || event->checked == 0 || event->pairs < comparison->last.pairs)
        comparison->duel = (Duel){0};
    comparison->last = *event;
    comparison->any = true;
    if (event->pairs == 0)
        return false;
    for (int side = 0; side < 2; side++) {
        tokens[side] = event->sides[side].block_tokens;
        ms[side] = event->sides[side].block_ms;
    }
    duel_add(&comparison->duel, tokens, ms);
    return true;
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
    snprintf(out, bytes, "same text: %s, %d token%s that both said  %d pair%s of blocks",
             last->equal ? "yes" : "NO", last->checked, last->checked == 1 ? "" : "s", last->pairs,
             last->pairs == 1 ? "" : "s");
}
