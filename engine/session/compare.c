/* compare.c - one prompt answered in two ways, in turn.
 *
 * Both sides have to say the same text (promise 1), so they share the target's cache and say it
 * together: from one place each decodes a block of rounds, the cache is rolled back in between, and the
 * next pair of blocks begins where the shorter one ended. No round is cut for that: what the longer one
 * said beyond is said again. That is also how the texts are compared, token by token. Each side has a
 * drafter and a cost model of its own, which remember nothing of the other's.
 *
 * Who begins is settled by duel_first. The times are those of the rounds; what a drafter reads of the
 * text before a round is in none. The first pair only warms up.
 *
 * Two targets would need two caches, and need not say the same text: they cannot be compared so.
 */
#include "engine/session/session_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/common/rate.h"

enum { BLOCK_TOKENS = 16 }; /* of a block, at least */

typedef struct Side {
    Drafter *drafter; /* NULL = plain */
    DraftConfig asked, drafting;
    TreeShape tree;
    Cost cost;
    int tokens[BLOCK_TOKENS + NODES_MAX]; /* of the last block */
    int n;
    bool over; /* the answer ended in it */
} Side;

typedef struct Compare {
    Side sides[2], own; /* own: what the session had before */
    SpecMode spec;
    Tuner tuner;
    int pairs; /* with the one that warms up */
    EventCompare said;
} Compare;

/* ---- sides ---- */

static void set_up(Session *s, const Side *side)
{
    s->drafter = side->drafter;
    s->config.drafting = side->asked;
    s->drafting = side->drafting;
    s->config.tree = side->tree;
}

static void put_on(Session *s, const Side *side)
{
    set_up(s, side);
    s->cost = side->cost;
}

static void take_off(const Session *s, Side *side)
{
    *side = (Side){.drafter = s->drafter,
                   .asked = s->config.drafting,
                   .drafting = s->drafting,
                   .tree = s->config.tree,
                   .cost = s->cost};
}

void session_side(const Session *s, CompareSide *side)
{
    *side = (CompareSide){.plain = s->drafter == NULL || s->config.spec == SPEC_OFF,
                          .drafting = s->config.drafting,
                          .n_thresholds = s->drafting.n_exits,
                          .tree = s->config.tree};
    memcpy(side->thresholds, s->drafting.thresholds, sizeof side->thresholds);
}

static void name_side(const Side *side, const CompareSide *asked, char *out, size_t bytes)
{
    int n = 0;
    if (side->drafter == NULL) {
        snprintf(out, bytes, "plain");
        return;
    }
    drafter_name(side->drafting.kind, side->drafting.fixed_exit, out, bytes);
    n = (int)strlen(out);
    if (asked->tree_text[0] != '\0')
        n += snprintf(out + n, bytes - (size_t)n, " tree %s", asked->tree_text);
    for (int e = 0; e < side->drafting.n_exits && n < (int)bytes - 10; e++)
        n += snprintf(out + n, bytes - (size_t)n, " e%d %.2f", side->drafting.exits[e],
                      (double)side->drafting.thresholds[e]);
}

/* Opens what drafts for a side, and takes out what is known of it. */
static int open_side(Session *s, Compare *c, int which, const CompareSide *asked, Err *err)
{
    Side *side = &c->sides[which];
    *side = (Side){.asked = asked->drafting, .tree = asked->tree, .cost = s->cost};
    if (asked->plain)
        side->asked = (DraftConfig){0};
    if (drafters_resolve(&side->asked, s->config.target, s->config.draft, &side->drafting, err) !=
        0)
        return -1;
    if (asked->n_thresholds > 0 && asked->n_thresholds == side->drafting.n_exits)
        memcpy(side->drafting.thresholds, asked->thresholds, sizeof asked->thresholds);
    if (!asked->plain && session_open_drafter(s, &side->drafting, s->config.target, &s->target,
                                              &side->drafter, err) != 0)
        return -1;
    int taken = session_take_features(&side->drafting, &s->target, err);
    if (taken > 0)
        session_read_again(s);
    name_side(side, asked, c->said.sides[which].name, sizeof c->said.sides[which].name);
    return taken < 0 ? -1 : 0;
}

/* Heads read features of the target, which has room for one choice of them. */
static int check_features(Session *s, const Compare *c, Err *err)
{
    for (int i = 0; i < 2; i++)
        if (session_take_features(&c->sides[i].drafting, &s->target, err) != 0)
            return err_set(err, EXIT_USAGE,
                           "these two heads read different features of the target: each can be "
                           "compared with something else");
    return 0;
}

/* What is known of the pair; what was learnt of the one before is put away under its own key. */
static void learn(Session *s, Side *side)
{
    set_up(s, side);
    session_learn(s);
    side->cost = s->cost;
}

/* ---- blocks ---- */

/* Where a block begins. */
typedef struct Place {
    int n, left, answered;
    Utf8 utf8;
    StopText stopping;
    StopScan shown;
    short held_from[STOP_BYTES];
    EventStats stats;
    int rounds;
    double lost_ms, told_ms, context_sum;
} Place;

static void mark(const Session *s, Place *place)
{
    *place = (Place){.n = s->n,
                     .left = place->left,
                     .answered = s->answer.answered,
                     .utf8 = s->answer.utf8,
                     .stopping = s->answer.stopping,
                     .shown = s->answer.shown,
                     .stats = s->answer.stats,
                     .rounds = s->answer.rounds,
                     .lost_ms = s->answer.lost_ms,
                     .told_ms = s->answer.told_ms,
                     .context_sum = s->answer.context_sum};
    memcpy(place->held_from, s->answer.held_from, sizeof place->held_from);
}

static void go_back(Session *s, const Place *place)
{
    s->n = place->n;
    s->cached = place->n - 1;
    s->answer.answered = place->answered;
    s->answer.utf8 = place->utf8;
    s->answer.stopping = place->stopping;
    s->answer.shown = place->shown;
    memcpy(s->answer.held_from, place->held_from, sizeof s->answer.held_from);
    s->answer.stats = place->stats;
    s->answer.rounds = place->rounds;
    s->answer.lost_ms = place->lost_ms;
    s->answer.told_ms = place->told_ms;
    s->answer.context_sum = place->context_sum;
    s->answer.reported_ms = 0;
}

/* As session_round. */
static int run_block(Session *s, const AnswerOptions *options, const Place *place, int which,
                     Err *err)
{
    Compare *c = s->compare;
    Side *side = &c->sides[which];
    EventCompareSide *said = &c->said.sides[which];
    int left = place->left, goes_on = 1;
    go_back(s, place);
    put_on(s, side);
    s->muted = true;
    while (goes_on == 1 && left > 0 && place->left - left < BLOCK_TOKENS)
        goes_on = session_round(s, options, &left, err);
    s->muted = false;
    side->cost = s->cost;
    side->n = s->n - place->n;
    side->over = goes_on == 0 || left == 0;
    memcpy(side->tokens, s->tokens + place->n, sizeof(int) * (size_t)side->n);
    const EventStats *now = &s->answer.stats, *before = &place->stats;
    double draft = now->draft_ms - before->draft_ms, verify = now->verify_ms - before->verify_ms;
    said->block_tokens = side->n;
    said->block_rounds = now->rounds - before->rounds;
    said->block_ms =
        draft + verify + now->accept_ms - before->accept_ms + now->other_ms - before->other_ms;
    if (c->pairs > 0) {
        said->tokens += said->block_tokens;
        said->rounds += said->block_rounds;
        said->ms += said->block_ms;
        said->draft_ms += draft;
        said->verify_ms += verify;
    }
    return goes_on == 0 ? 1 : goes_on; /* that it is over is seen when both were there */
}

/* What both have said is text now. Returns whether the answer is over. */
static bool commit(Session *s, Place *place)
{
    Compare *c = s->compare;
    const Side *shorter = &c->sides[c->sides[1].n < c->sides[0].n];
    go_back(s, place);
    memcpy(s->tokens + s->n, shorter->tokens, sizeof(int) * (size_t)shorter->n);
    s->n += shorter->n;
    s->cached = s->n - 1;
    s->answer.answered += shorter->n;
    for (int i = 0; i < shorter->n; i++) {
        stop_text_ends(&s->answer.stopping, shorter->tokens[i]);
        report_text(s, shorter->tokens[i], 0);
    }
    place->left -= shorter->n;
    c->said.checked += shorter->n;
    return shorter->over;
}

static bool same_text(const Compare *c)
{
    const Side *a = &c->sides[0], *b = &c->sides[1];
    int n = a->n < b->n ? a->n : b->n;
    return memcmp(a->tokens, b->tokens, sizeof(int) * (size_t)n) == 0;
}

static const char *in_turn(Session *s, const AnswerOptions *options, int left, Err *err)
{
    Compare *c = s->compare;
    Place place = {.left = left};
    c->said.equal = true;
    c->said.ctx_used = s->n;
    report_compare(s, &c->said);
    for (bool over = false; !over && place.left > 0;) {
        mark(s, &place);
        c->said.first = duel_first(c->pairs);
        for (int turn = 0; turn < 2; turn++) {
            int goes_on = run_block(s, options, &place, c->said.first ^ turn, err);
            if (goes_on == 1)
                continue;
            go_back(s, &place);
            return goes_on == SESSION_STOPPED ? "stopped" : NULL;
        }
        c->said.equal = same_text(c);
        c->said.pairs = c->pairs++;
        if (c->said.equal)
            over = commit(s, &place);
        else
            go_back(s, &place);
        c->said.ctx_used = s->n;
        report_compare(s, &c->said);
        if (!c->said.equal) {
            err_set(err, EXIT_INTERNAL,
                    "%s: the text depends on what drafts, which it never may; please report this",
                    s->config.target->name);
            return NULL;
        }
    }
    return s->answer.stopping.scan.ended ? "stop" : place.left > 0 ? "eos" : "length";
}

/* ---- the whole ---- */

static void close_sides(Session *s, Compare *c)
{
    Err none = {0};
    set_up(s, &c->own);
    s->config.spec = c->spec;
    session_learn(s);
    s->cost = c->own.cost;
    s->tuner = c->tuner;
    if (session_take_features(&c->own.drafting, &s->target, &none) > 0)
        session_read_again(s);
    for (int i = 0; i < 2; i++)
        if (c->sides[i].drafter)
            c->sides[i].drafter->close(c->sides[i].drafter);
    s->compare = NULL;
    free(c);
}

int session_compare(Session *s, const int *prompt, int n_prompt, const AnswerOptions *options,
                    const CompareSide sides[2], Err *err)
{
    Compare *c = calloc(1, sizeof *c);
    if (c == NULL)
        return err_set(err, EXIT_MEMORY, "no memory to compare two settings");
    take_off(s, &c->own);
    c->spec = s->config.spec;
    c->tuner = s->tuner;
    int status = open_side(s, c, 0, &sides[0], err);
    if (status == 0)
        status = open_side(s, c, 1, &sides[1], err);
    if (status == 0)
        status = check_features(s, c, err);
    if (status == 0) {
        s->config.spec = SPEC_ON;
        learn(s, &c->sides[0]);
        learn(s, &c->sides[1]);
        s->compare = c;
        status = session_answer_by(s, prompt, n_prompt, options, in_turn, err);
    }
    close_sides(s, c);
    return status;
}
