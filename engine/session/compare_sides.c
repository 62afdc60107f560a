/* compare_sides.c - what two sides of a comparison answer by. See compare_state.h.
 *
 * Each side has a drafter and a cost model of its own, which remember nothing of the other's; what the
 * session had before waits beside them.
 */
#include "engine/session/compare_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_up(Session *s, const Setting *setting)
{
    s->drafter = setting->drafter;
    s->config.drafting = setting->asked;
    s->drafting = setting->drafting;
    s->config.tree = setting->tree;
}

static Setting setting_of(const Session *s)
{
    return (Setting){.drafter = s->drafter,
                     .asked = s->config.drafting,
                     .drafting = s->drafting,
                     .tree = s->config.tree,
                     .cost = s->cost};
}

void compare_put_on(Side *side)
{
    set_up(side->session, &side->setting);
    side->session->cost = side->setting.cost;
}

void compare_take_cost(Side *side)
{
    side->setting.cost = side->session->cost;
}

void session_side(const Session *s, CompareSide *side)
{
    *side = (CompareSide){.plain = s->drafter == NULL || s->config.spec == SPEC_OFF,
                          .drafting = s->config.drafting,
                          .n_thresholds = s->drafting.n_exits,
                          .tree = s->config.tree};
    memcpy(side->thresholds, s->drafting.thresholds, sizeof side->thresholds);
}

static void name_side(const Setting *setting, const CompareSide *asked, char *out, size_t bytes)
{
    int n = 0;
    if (setting->drafter == NULL) {
        snprintf(out, bytes, "plain");
        return;
    }
    drafter_name(setting->drafting.kind, setting->drafting.fixed_exit, out, bytes);
    n = (int)strlen(out);
    if (asked->tree_text[0] != '\0')
        n += snprintf(out + n, bytes - (size_t)n, " tree %s", asked->tree_text);
    for (int e = 0; e < setting->drafting.n_exits && n < (int)bytes - 10; e++)
        n += snprintf(out + n, bytes - (size_t)n, " e%d %.2f", setting->drafting.exits[e],
                      (double)setting->drafting.thresholds[e]);
}

int compare_open_side(Compare *c, int which, Session *s, const CompareSide *asked, Err *err)
{
    Side *side = &c->sides[which];
    EventCompareSide *said = &c->said.sides[which];
    Setting *setting = &side->setting;
    *side = (Side){.session = s, .own = setting_of(s), .spec = s->config.spec, .tuner = s->tuner};
    *setting = (Setting){.asked = asked->drafting, .tree = asked->tree, .cost = s->cost};
    if (asked->plain)
        setting->asked = (DraftConfig){0};
    if (drafters_resolve(&setting->asked, s->config.target, s->config.draft, &setting->drafting,
                         err) != 0)
        return -1;
    if (asked->n_thresholds > 0 && asked->n_thresholds == setting->drafting.n_exits)
        memcpy(setting->drafting.thresholds, asked->thresholds, sizeof asked->thresholds);
    if (!asked->plain && session_open_drafter(s, &setting->drafting, s->config.target, &s->target,
                                              &setting->drafter, err) != 0)
        return -1;
    int taken = session_take_features(&setting->drafting, &s->target, err);
    if (taken > 0)
        session_read_again(s);
    name_side(setting, asked, said->name, sizeof said->name);
    snprintf(said->target, sizeof said->target, "%s", s->config.target->name);
    return taken < 0 ? -1 : 0;
}

/* What was learnt of the pair before is put away under its own key. */
static void learn(Side *side)
{
    set_up(side->session, &side->setting);
    session_learn(side->session);
    compare_take_cost(side);
}

void compare_learn(Compare *c)
{
    for (int i = 0; i < 2; i++) {
        c->sides[i].session->config.spec = SPEC_ON;
        learn(&c->sides[i]);
        c->sides[i].session->compare = c;
    }
}

static void give_back(Side *side)
{
    Session *s = side->session;
    Err none = {0};
    set_up(s, &side->own);
    s->config.spec = side->spec;
    session_learn(s);
    s->cost = side->own.cost;
    s->tuner = side->tuner;
    if (session_take_features(&side->own.drafting, &s->target, &none) > 0)
        session_read_again(s);
    s->compare = NULL;
}

void compare_close(Compare *c)
{
    for (int i = 0; i < 2; i++)
        if (c->sides[i].session && (i == 0 || c->sides[i].session != c->sides[0].session))
            give_back(&c->sides[i]);
    for (int i = 0; i < 2; i++)
        if (c->sides[i].setting.drafter)
            c->sides[i].setting.drafter->close(c->sides[i].setting.drafter);
    free(c);
}

void compare_count(Compare *c, int which, const EventStats *before)
{
    EventCompareSide *said = &c->said.sides[which];
    const EventStats *now = &c->sides[which].session->answer.stats;
    double draft = now->draft_ms - before->draft_ms, verify = now->verify_ms - before->verify_ms;
    said->block_tokens = now->tokens - before->tokens;
    said->block_rounds = now->rounds - before->rounds;
    said->block_ms =
        draft + verify + now->accept_ms - before->accept_ms + now->other_ms - before->other_ms;
    if (c->pairs == 0) /* it warms up */
        return;
    said->tokens += said->block_tokens;
    said->rounds += said->block_rounds;
    said->ms += said->block_ms;
    said->draft_ms += draft;
    said->verify_ms += verify;
}
