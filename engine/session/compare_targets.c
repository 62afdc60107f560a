/* compare_targets.c - one prompt answered by two targets, in turn.
 *
 * Each has a session of its own, with its cache, and says its own text: they need not be the same, for
 * the target chooses every token. Blocks of rounds take turns as in compare.c, so that load of the machine
 * meets both alike; who begins is settled by duel_first, and the first pair only warms up. Where one has
 * ended, the other one goes on alone, and what it says then is in no pair and no figure.
 *
 * How far the texts are alike is told by their bytes, for two targets may cut them into other tokens.
 *
 * The kept side's session asks, and the other one answers inside of its answer:
 *
 *   kept: read the prompt -> begin_other { other: read the prompt -> take_turns } -> to the end
 */
#include "engine/session/compare_state.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/common/rate.h"

/* The bytes of an answer's token that are text. */
static const char *bytes_of(const Session *s, int token, size_t *bytes)
{
    return tokenizer_text(s->config.target->tokenizer, s->tokens[token], false, bytes);
}

/* The next byte of a side's text that was not compared yet; -1 = it has said no more. */
static int next_byte(Compare *c, int which)
{
    Side *side = &c->sides[which];
    const Session *s = side->session;
    int begin = s->n - c->said.sides[which].said;
    while (c->matched[which] < c->said.sides[which].said) {
        size_t bytes;
        const char *text = bytes_of(s, begin + c->matched[which], &bytes);
        if ((size_t)c->bytes[which] < bytes)
            return (unsigned char)text[c->bytes[which]];
        c->matched[which]++;
        c->bytes[which] = 0;
    }
    return -1;
}

static bool has_ended(const Compare *c, int which)
{
    return c->sides[which].over && c->said.sides[which].said > 0;
}

/* Goes on to where the texts part. */
static void match(Compare *c)
{
    while (c->said.parted == 0) {
        int a = next_byte(c, 0), b = next_byte(c, 1);
        bool ended = (a < 0 && b >= 0 && has_ended(c, 0)) || (b < 0 && a >= 0 && has_ended(c, 1));
        if (ended || (a >= 0 && b >= 0 && a != b))
            c->said.parted = c->matched[0] + 1;
        if (a < 0 || b < 0 || a != b)
            break;
        c->bytes[0]++;
        c->bytes[1]++;
    }
    c->said.checked = c->matched[0];
    c->said.equal = c->said.parted == 0;
}

static void report(Compare *c)
{
    Session *kept = c->sides[c->said.kept].session;
    for (int i = 0; i < 2; i++)
        c->said.sides[i].over = c->sides[i].over;
    match(c);
    c->said.ctx_used = kept->n;
    report_compare(kept, &c->said);
}

/* As session_round. counts: the block is one of a pair. */
static int run_block(Compare *c, int which, const AnswerOptions *options, bool counts, Err *err)
{
    Side *side = &c->sides[which];
    Session *s = side->session;
    EventCompareSide *said = &c->said.sides[which];
    EventStats before = s->answer.stats;
    int from = side->left, goes_on = 1;
    SessionSays says = s->says;
    s->answer.reported_ms = 0;
    s->says = SESSION_SAYS_TEXT;
    while (goes_on == 1 && side->left > 0 && from - side->left < BLOCK_TOKENS)
        goes_on = session_round(s, options, &side->left, err);
    s->says = says;
    side->over = goes_on == 0 || side->left == 0;
    said->said += from - side->left;
    said->block_tokens = said->block_rounds = 0;
    said->block_ms = 0;
    if (counts)
        compare_count(c, which, &before);
    c->stopped = goes_on == SESSION_STOPPED;
    return goes_on == 0 ? 1 : goes_on;
}

/* A block of each. One that was stopped in the middle is in no figure. */
static int run_pair(Compare *c, const AnswerOptions *options, Err *err)
{
    EventCompareSide before[2] = {c->said.sides[0], c->said.sides[1]};
    int goes_on = 1;
    c->said.first = duel_first(c->pairs);
    for (int turn = 0; turn < 2 && goes_on == 1; turn++)
        goes_on = run_block(c, c->said.first ^ turn, options, true, err);
    if (goes_on == 1)
        c->said.pairs = c->pairs++;
    for (int i = 0; i < 2 && goes_on != 1; i++) {
        before[i].said = c->said.sides[i].said;
        c->said.sides[i] = before[i];
    }
    report(c);
    return goes_on;
}

/* To the end of one side's answer, or until it was stopped. */
static int run_alone(Compare *c, int which, const AnswerOptions *options, Err *err)
{
    EventCompareSide *ended = &c->said.sides[1 - which];
    int goes_on = 1;
    ended->block_tokens = ended->block_rounds = 0;
    ended->block_ms = 0;
    while (goes_on == 1 && !c->sides[which].over) {
        goes_on = run_block(c, which, options, false, err);
        report(c);
    }
    return goes_on;
}

static const char *reason_of(const Compare *c, int which)
{
    const Side *side = &c->sides[which];
    return c->stopped                                  ? "stopped"
           : side->session->answer.stopping.scan.ended ? "stop"
           : side->left > 0                            ? "eos"
                                                       : "length";
}

/* What the other side answers by: pairs of blocks, as long as both go on. */
static const char *take_turns(Session *s, const AnswerOptions *options, int left, Err *err)
{
    Compare *c = s->compare;
    int kept = c->said.kept, other = 1 - kept, goes_on = 1;
    c->sides[other].left = left;
    c->sides[other].over = left == 0;
    c->said.sides[other].said = 1;
    while (goes_on == 1 && !c->sides[0].over && !c->sides[1].over)
        goes_on = run_pair(c, options, err);
    if (goes_on == 1)
        goes_on = run_alone(c, other, options, err);
    return goes_on < 0 ? NULL : reason_of(c, other);
}

/* What the kept side answers by. Its totals have no rounds, as those of any comparison. */
static const char *begin_other(Session *s, const AnswerOptions *options, int left, Err *err)
{
    Compare *c = s->compare;
    int kept = c->said.kept;
    Side *other = &c->sides[1 - kept];
    EventStats begun = s->answer.stats;
    c->sides[kept].left = left;
    c->sides[kept].over = left == 0;
    c->said.sides[kept].said = 1;
    report(c);
    other->session->says = SESSION_SAYS_TEXT;
    other->session->side_text = true;
    int status = session_answer_by(other->session, c->other_prompt, c->n_other_prompt, options,
                                   take_turns, err);
    other->session->side_text = false;
    other->session->says = SESSION_SAYS_ALL;
    other->over = other->over || !c->stopped; /* its first token may have ended it */
    if (status == 0 && !c->stopped)
        status = run_alone(c, kept, options, err) < 0 ? -1 : 0;
    s->answer.stats = begun;
    s->answer.lost_ms = s->answer.told_ms = s->answer.context_sum = 0;
    return status == 0 ? reason_of(c, kept) : NULL;
}

static int check_room(const Session *s, int n_prompt, Err *err)
{
    if (n_prompt < s->ctx)
        return 0;
    return err_set(err, EXIT_DATA, "the prompt has %d tokens, and %s reads at most %d", n_prompt,
                   s->config.target->name, s->ctx);
}

int session_compare_targets(Session *const sessions[2], const ComparePrompt prompts[2],
                            const AnswerOptions *options, const CompareSide sides[2], int kept,
                            Err *err)
{
    Compare *c = calloc(1, sizeof *c);
    if (c == NULL)
        return err_set(err, EXIT_MEMORY, "no memory to compare two targets");
    c->said.kept = kept;
    c->said.two_texts = c->said.equal = true;
    c->other_prompt = prompts[1 - kept].ids;
    c->n_other_prompt = prompts[1 - kept].n;
    int status = 0;
    for (int i = 0; i < 2 && status == 0; i++) {
        status = check_room(sessions[i], prompts[i].n, err);
        if (status == 0)
            status = compare_open_side(c, i, sessions[i], &sides[i], err);
    }
    if (status == 0) {
        compare_learn(c);
        for (int i = 0; i < 2; i++)
            compare_put_on(&c->sides[i]);
        status = session_answer_by(sessions[kept], prompts[kept].ids, prompts[kept].n, options,
                                   begin_other, err);
    }
    compare_close(c);
    return status;
}
