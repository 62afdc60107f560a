/* view_kept.c - looking at rounds: what events bring, which one is shown, the race; see view.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/view_parts.h"

/* ---- what events bring ---- */

/* What is not in the event and will be wanted when the round is looked at later. */
void view_keep_round(View *view, const EventRound *round)
{
    const EventReady *ready = &view->ready;
    const Item *item = scrollback_open_answer(&view->scrollback);
    RoundFacts facts = {.answer = view->answer,
                        .leg = view->race.legs,
                        .item = item != NULL ? item->id : 0,
                        .from = item != NULL ? (int)item->bytes : 0,
                        .to = item != NULL ? (int)item->bytes : 0,
                        .tokens_before = view->race.closed.tokens + view->accepted + view->n_rounds,
                        .plain_ms = view->has_stats ? race_plain_ms(&view->stats) : 0,
                        .temperature = ready->temperature,
                        .n_exits = ready->n_exits,
                        .by_head = ready->head[0] != '\0'};
    memcpy(facts.exits, ready->exits, sizeof facts.exits);
    memcpy(facts.drafter, ready->drafter, sizeof facts.drafter);
    rounds_add(&view->kept, &facts, round); /* without memory it cannot be looked at again */
    if (view->browsed > 0 && view->browsed < rounds_first(&view->kept))
        view->browsed = rounds_first(&view->kept);
    view->words_follow = true;
}

void view_take_text(View *view, const EventText *text)
{
    const Item *open = scrollback_open_answer(&view->scrollback);
    int before = open != NULL ? (int)open->bytes : 0;
    scrollback_append(&view->scrollback, text->text, text->source);
    Item *answer = scrollback_open_answer(&view->scrollback);
    if (answer != NULL && answer->thought_tokens == 0)
        answer->thought_tokens = view->thoughts_took;
    open = answer;
    RoundFacts *facts = rounds_facts(&view->kept, rounds_last(&view->kept));
    if (!view->words_follow || facts == NULL || open == NULL)
        return;
    if (facts->item != open->id) { /* the answer's first words */
        facts->item = open->id;
        facts->from = before;
    }
    facts->to = (int)open->bytes;
}

void view_take_stats(View *view, const EventStats *stats)
{
    view->stats = *stats;
    view->has_stats = true;
    if (view->n_rounds == 0) /* an answer that has no round yet: the race is an earlier one's */
        return;
    race_stats(&view->race, stats);
    RoundFacts *facts = rounds_facts(&view->kept, rounds_last(&view->kept));
    if (facts != NULL && view->words_follow)
        facts->plain_ms = race_plain_ms(stats);
}

void view_cut(View *view, int first)
{
    if (first < view->scrollback.n_items)
        rounds_cut(&view->kept, view->scrollback.items[first].id);
    scrollback_cut(&view->scrollback, first);
    view->words_follow = false;
    view->browsed = 0;
}

/* ---- browsing ---- */

unsigned long view_round_serial(const View *view)
{
    return view->browsed > 0 ? view->browsed : rounds_last(&view->kept);
}

const EventRound *view_round(const View *view)
{
    return rounds_event(&view->kept, view_round_serial(view), view->shown) ? view->shown : NULL;
}

void view_browse_to(View *view, unsigned long serial)
{
    view->browsed = serial >= rounds_last(&view->kept) ? 0 : serial;
    view->tree_cursor = 0;
    view->changes++;
}

void view_browse(View *view, int by)
{
    unsigned long first = rounds_first(&view->kept), now = view_round_serial(view);
    unsigned long back = by < 0 ? (unsigned long)-by : 0;
    if (now > 0)
        view_browse_to(view, by > 0               ? now + (unsigned long)by
                             : now - first > back ? now - back
                                                  : first);
}

double view_plain_ms(const View *view, unsigned long serial)
{
    const RoundFacts *one = rounds_facts(&view->kept, serial), *facts = one;
    for (; facts != NULL && facts->answer == one->answer && facts->leg == one->leg;
         facts = rounds_facts(&view->kept, ++serial))
        if (facts->plain_ms > 0)
            return facts->plain_ms;
    return 0;
}

/* ---- the race ---- */

void view_add_saved(const View *view, char *figures, size_t bytes)
{
    size_t n = strlen(figures);
    double ms;
    if (race_leg_saved_ms(&view->race, &ms) && fabs(ms) >= 50)
        snprintf(figures + n, bytes - n, "  %s %.1f s", ms >= 0 ? "saved" : "lost",
                 fabs(ms) / 1000);
}

/* Bytes of the first n committed tokens of a round. */
static size_t bytes_before(const EventRound *round, int n)
{
    size_t bytes = 0;
    for (int depth = 1; depth <= n; depth++)
        for (int i = 0; i < round->n_nodes; i++)
            if (round->nodes[i].accepted && round->nodes[i].depth == depth)
                bytes += strlen(round->nodes[i].text);
    return bytes;
}

bool view_ghost(const View *view, unsigned long *item, int *at)
{
    if (view->race_off || !race_known(&view->race))
        return false;
    double plain = floor(race_plain_tokens(&view->race));
    if (plain >= race_tokens(&view->race))
        return false;
    unsigned long serial = rounds_last(&view->kept);
    const RoundFacts *facts = rounds_facts(&view->kept, serial);
    while (facts != NULL && facts->answer == view->answer && facts->tokens_before > plain)
        facts = rounds_facts(&view->kept, --serial);
    if (facts == NULL || facts->answer != view->answer || facts->item == 0 ||
        !rounds_event(&view->kept, serial, view->shown))
        return false;
    int most = facts->to > facts->from ? facts->to - 1 : facts->from;
    size_t bytes = bytes_before(view->shown, (int)plain - facts->tokens_before);
    *item = facts->item;
    *at = bytes < (size_t)(most - facts->from) ? facts->from + (int)bytes : most;
    return true;
}
