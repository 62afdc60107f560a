/* compare.c - one prompt answered in two ways, in turn.
 *
 * Both sides have to say the same text (promise 1), so they share the target's cache and say it
 * together: from one place each decodes a block of rounds, the cache is rolled back in between, and the
 * next pair of blocks begins where the shorter one ended. No round is cut for that: what the longer one
 * said beyond is said again. That is also how the texts are compared, token by token.
 *
 * Who begins is settled by duel_first. The times are those of the rounds; what a drafter reads of the
 * text before a round is in none. The first pair only warms up.
 *
 * Two targets have two caches and need not say the same text: compare_targets.c.
 */
#include "engine/session/compare_state.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/common/rate.h"

/* Heads read features of the target, which has room for one choice of them. */
static int check_features(Session *s, const Compare *c, Err *err)
{
    for (int i = 0; i < 2; i++)
        if (session_take_features(&c->sides[i].setting.drafting, &s->target, err) != 0)
            return err_set(err, EXIT_USAGE,
                           "these two heads read different features of the target: each can be "
                           "compared with something else");
    return 0;
}

/* ---- blocks ---- */

/* Where a block begins. */
typedef struct Place {
    int n, left;
    AnswerState answer;
} Place;

static void go_back(Session *s, const Place *place)
{
    s->n = place->n;
    s->cached = place->n - 1;
    s->answer = place->answer;
    s->answer.reported_ms = 0;
}

/* As session_round. */
static int run_block(Session *s, const AnswerOptions *options, const Place *place, int which,
                     Err *err)
{
    Compare *c = s->compare;
    Side *side = &c->sides[which];
    int left = place->left, goes_on = 1;
    go_back(s, place);
    compare_put_on(side);
    s->says = SESSION_SAYS_NOTHING;
    while (goes_on == 1 && left > 0 && place->left - left < BLOCK_TOKENS)
        goes_on = session_round(s, options, &left, err);
    s->says = SESSION_SAYS_ALL;
    compare_take_cost(side);
    side->n = s->n - place->n;
    side->over = goes_on == 0 || left == 0;
    memcpy(side->tokens, s->tokens + place->n, sizeof(int) * (size_t)side->n);
    compare_count(c, which, &place->answer.stats);
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
    for (int i = 0; i < 2; i++) {
        c->said.sides[i].said += shorter->n;
        c->said.sides[i].over = shorter->over;
    }
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
    c->said.sides[0].said = c->said.sides[1].said = 1;
    report_compare(s, &c->said);
    for (bool over = false; !over && place.left > 0;) {
        place.n = s->n;
        place.answer = s->answer;
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

int session_compare(Session *s, const int *prompt, int n_prompt, const AnswerOptions *options,
                    const CompareSide sides[2], Err *err)
{
    Compare *c = calloc(1, sizeof *c);
    if (c == NULL)
        return err_set(err, EXIT_MEMORY, "no memory to compare two settings");
    int status = compare_open_side(c, 0, s, &sides[0], err);
    if (status == 0)
        status = compare_open_side(c, 1, s, &sides[1], err);
    if (status == 0)
        status = check_features(s, c, err);
    if (status == 0) {
        compare_learn(c);
        status = session_answer_by(s, prompt, n_prompt, options, in_turn, err);
    }
    compare_close(c);
    return status;
}
