/* trainer_score.c - how exits or a head would do as drafters, on texts that are given: top-1, top-4 and the
 * length of a chain. For greedy decoding this is exact where the text is the target's own. */
#include <string.h>

#include "engine/train/trainer_parts.h"

/* Counts of one output. */
typedef struct Count {
    double loss;
    int64_t tokens;
    int64_t top1[2], top4[2], rounds[2]; /* of the base, of the text */
} Count;

/* Places of the scored tokens, likeliest first, [labels, width]; by depth of a chain, those that its
 * tokens are from, likeliest first as well. */
typedef struct Guesses {
    const int *best;
    int width;
    int depth; /* of the chain */
    const int *chain[TRAINER_OUTPUTS_MAX];
    int chain_width;
} Guesses;

/* Of an exit, whose guess is the next one's start. */
static Guesses exit_guesses(const int *best, int width)
{
    Guesses g = {.best = best, .width = width, .depth = TRAINER_CHAIN, .chain_width = width};
    for (int d = 0; d < TRAINER_CHAIN; d++)
        g.chain[d] = best;
    return g;
}

/* Of a head down to its output `last`; what the ones before guessed is in s->firsts. */
static Guesses head_guesses(Trainer *s, int last)
{
    Guesses g = {.best = s->best, .width = TRAINER_CHAIN, .depth = last + 1, .chain_width = 1};
    int *first = s->firsts + (size_t)last * (size_t)s->config.rows;
    for (int j = 0; j < s->batch.labels; j++)
        first[j] = s->best[j * TRAINER_CHAIN];
    for (int d = 0; d <= last; d++)
        g.chain[d] = s->firsts + (size_t)d * (size_t)s->config.rows;
    return g;
}

/* Rounds that a chain of drafted tokens needs for labels first … end-1: it goes on while it is
 * right, and the target adds one. */
static int rounds_of(const Guesses *g, const int *truth, int first, int end)
{
    int rounds = 0;
    for (int i = first; i < end; rounds++) {
        int right = 0;
        while (right < g->depth && i + right < end &&
               g->chain[right][(i + right) * g->chain_width] == truth[i + right])
            right++;
        i += right + 1;
    }
    return rounds;
}

static void count_labels(const TrainerBatch *b, const Guesses *g, const int *truth, int of,
                         Count *count)
{
    int most = g->width < TRAINER_CHAIN ? g->width : TRAINER_CHAIN;
    for (int j = 0; j < b->labels; j++) {
        int place = 0;
        while (place < most && g->best[j * g->width + place] != truth[j])
            place++;
        count->top1[of] += place == 0;
        count->top4[of] += place < most;
    }
    for (int t = 0, first = 0, end; t < b->n_texts; t++, first = end) {
        for (end = first; end < b->labels && b->row[end] < b->start[t + 1];)
            end++;
        count->rounds[of] += rounds_of(g, truth, first, end);
    }
}

static void count_batch(const Trainer *s, const Guesses *guesses, Count *count)
{
    count->tokens += s->batch.labels;
    if (s->source)
        count_labels(&s->batch, guesses, s->batch.base, 0, count);
    count_labels(&s->batch, guesses, s->batch.next, 1, count);
}

/* One output after another. */
static void count_outputs(Trainer *s, Count *count)
{
    for (int e = 0; e < trainer_scores(&s->config); e++) {
        Guesses guesses;
        if (s->net) {
            count[e].loss += s->net->top(s, e, s->best);
            guesses = head_guesses(s, e);
        } else {
            TrainerScorer scorer = trainer_exit_scorer(s, e);
            count[e].loss += trainer_head_top(s, &scorer, trainer_exit_stream(s, e), s->best);
            guesses = exit_guesses(s->best, TRAINER_CHAIN);
        }
        count_batch(s, &guesses, &count[e]);
    }
}

static TrainerScore score_of(const Count *c)
{
    TrainerScore score = {.tokens = c->tokens};
    double tokens = c->tokens > 0 ? (double)c->tokens : 1;
    score.loss = c->loss / tokens;
    for (int of = 0; of < 2; of++) {
        score.top1[of] = (double)c->top1[of] / tokens;
        score.top4[of] = (double)c->top4[of] / tokens;
        score.mat[of] = c->rounds[of] > 0 ? (double)c->tokens / (double)c->rounds[of] : 0;
    }
    return score;
}

int trainer_evaluate(Trainer *s, const TrainerText *texts, int n_texts, TrainerScore *scores,
                     Err *err)
{
    Count count[TRAINER_OUTPUTS_MAX + 1] = {{0}};
    int outputs = trainer_scores(&s->config);
    trainer_open_head(s);
    for (int i = 0, taken; i < n_texts; i += taken) {
        taken = trainer_gather(s, texts + i, NULL, n_texts - i, err);
        if (taken < 0)
            return -1;
        trainer_forward(s);
        count_outputs(s, count);
        if (s->source && s->config.loss == TRAINER_DISTILL) {
            Guesses base = exit_guesses(s->batch.places, s->config.top);
            count_batch(s, &base, &count[outputs]);
        }
    }
    for (int e = 0; e <= outputs; e++)
        scores[e] = score_of(&count[e]);
    return 0;
}
