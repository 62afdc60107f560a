/* trainer_score.c - how the exits would do as drafters, on texts that are given: top-1, top-4 and the
 * length of a chain. For greedy decoding this is exact where the text is the target's own. */
#include <string.h>

#include "engine/train/trainer_parts.h"

/* Counts of one exit. */
typedef struct Count {
    double loss;
    int64_t tokens;
    int64_t top1[2], top4[2], rounds[2]; /* of the base, of the text */
} Count;

/* Rounds that a chain of drafted tokens needs for labels first … end-1: it goes on while it is
 * right, and the target adds one. */
static int rounds_of(const int *best, int width, const int *truth, int first, int end)
{
    int rounds = 0;
    for (int i = first; i < end; rounds++) {
        int right = 0;
        while (right < TRAINER_CHAIN && i + right < end &&
               best[(i + right) * width] == truth[i + right])
            right++;
        i += right + 1;
    }
    return rounds;
}

/* best: [labels, width], likeliest first. */
static void count_labels(const TrainerBatch *b, const int *best, int width, const int *truth,
                         int of, Count *count)
{
    int most = width < TRAINER_CHAIN ? width : TRAINER_CHAIN;
    for (int j = 0; j < b->labels; j++) {
        int place = 0;
        while (place < most && best[j * width + place] != truth[j])
            place++;
        count->top1[of] += place == 0;
        count->top4[of] += place < most;
    }
    for (int t = 0, first = 0, end; t < b->n_texts; t++, first = end) {
        for (end = first; end < b->labels && b->row[end] < b->start[t + 1];)
            end++;
        count->rounds[of] += rounds_of(best, width, truth, first, end);
    }
}

static void count_batch(const Trainer *s, const int *best, int width, Count *count)
{
    count->tokens += s->batch.labels;
    if (s->source)
        count_labels(&s->batch, best, width, s->batch.base, 0, count);
    count_labels(&s->batch, best, width, s->batch.next, 1, count);
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
    Count count[EXITS_MAX + 1] = {{0}};
    int exits = s->config.n_exits;
    trainer_open_head(s);
    for (int i = 0, taken; i < n_texts; i += taken) {
        taken = trainer_gather(s, texts + i, NULL, n_texts - i, err);
        if (taken < 0)
            return -1;
        trainer_forward(s);
        for (int e = 0; e < exits; e++) {
            count[e].loss += trainer_head_top(s, e, trainer_exit_stream(s, e), s->best);
            count_batch(s, s->best, TRAINER_CHAIN, &count[e]);
        }
        if (s->source && s->config.loss == TRAINER_DISTILL)
            count_batch(s, s->batch.places, s->config.top, &count[exits]);
    }
    for (int e = 0; e <= exits; e++)
        scores[e] = score_of(&count[e]);
    return 0;
}
