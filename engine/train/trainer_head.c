/* trainer_head.c - from a residual stream to logits, for the tokens that are predicted.
 *
 * Labels go through in pieces, so that logits take little memory, and the logits' gradient takes
 * their place. rows of the stream -> norm, where there is one -> head -> loss -> back.
 */
#include "engine/train/trainer_parts.h"

TrainerScorer trainer_exit_scorer(const Trainer *s, int exit)
{
    return (TrainerScorer){.norm = &s->norm[s->config.tune == TRAINER_EXITS ? exit : 0],
                           .head = &s->scored_head,
                           .row = s->batch.row,
                           .weights = s->batch.weights};
}

static Factor head_factor(const TrainerWeight *w, bool turned)
{
    return (Factor){.data = w->frozen ? (const void *)w->frozen : (const void *)w->value,
                    .stride = w->cols,
                    .turned = turned,
                    .bf16 = w->frozen != NULL};
}

/* What the head reads of a piece. */
static const float *head_input(const Trainer *s, const TrainerScorer *scorer)
{
    return scorer->norm ? s->normed : s->taken;
}

/* The logits, or on the way back their gradient: then those of the product. */
static void scale_logits(Trainer *s, int n)
{
    if (s->model.logit_scale != 0)
        s->ops->scale(s->ops, s->logits, s->model.logit_scale, (size_t)n * (size_t)s->scored);
}

/* Labels from … from+n-1: s->taken, s->normed, s->logits. */
static void piece_logits(Trainer *s, const TrainerScorer *scorer, const float *stream, int from,
                         int n)
{
    TrainOps *l = s->ops;
    int H = s->model.hidden;
    l->rows(l, stream, false, scorer->row + from, n, H, s->taken);
    if (scorer->norm)
        l->norm(l, s->taken, scorer->norm->value, s->model.norm_eps, n, H, s->normed);
    l->product(l, (Factor){.data = head_input(s, scorer), .stride = H},
               head_factor(scorer->head, false), n, s->scored, H, false, s->logits, s->scored);
    scale_logits(s, n);
}

/* From the logits' gradient to the stream's. */
static void piece_backward(Trainer *s, const TrainerScorer *scorer, int from, int n, float *dstream)
{
    TrainOps *l = s->ops;
    int H = s->model.hidden;
    const TrainerWeight *norm = scorer->norm, *head = scorer->head;
    float *dinput = norm ? s->dnormed : s->dtaken;
    scale_logits(s, n);
    if (head->grad)
        l->product(l, (Factor){.data = s->logits, .stride = s->scored, .turned = true},
                   (Factor){.data = head_input(s, scorer), .stride = H, .turned = true}, s->scored,
                   H, n, true, head->grad, H);
    l->product(l, (Factor){.data = s->logits, .stride = s->scored}, head_factor(head, true), n, H,
               s->scored, false, dinput, H);
    if (norm) {
        l->zero(l, s->dtaken, (size_t)n * (size_t)H);
        l->norm_back(l, s->taken, norm->value, s->model.norm_eps, n, H, s->dnormed, s->dtaken,
                     norm->grad);
    }
    l->rows_back(l, s->dtaken, scorer->row + from, n, H, dstream);
}

static int piece_size(const Trainer *s, int from)
{
    int left = s->batch.labels - from;
    return left < s->piece ? left : s->piece;
}

/* The loss of a piece, whose logits become scale times its gradient. */
static double piece_loss(Trainer *s, const TrainerScorer *scorer, int from, int n, float scale)
{
    size_t at = (size_t)from * (size_t)s->config.top;
    float loss[TRAINER_PIECE_MAX];
    double sum = 0;
    s->ops->loss(s->ops, s->logits, n, s->scored, s->config.top, s->batch.places + at,
                 scorer->weights + at, scale, loss);
    for (int i = 0; i < n; i++)
        sum += (double)loss[i];
    return sum;
}

double trainer_head_loss(Trainer *s, const TrainerScorer *scorer, const float *stream, float scale,
                         float *dstream)
{
    double sum = 0;
    for (int from = 0, n; from < s->batch.labels; from += n) {
        n = piece_size(s, from);
        piece_logits(s, scorer, stream, from, n);
        sum += piece_loss(s, scorer, from, n, scale);
        piece_backward(s, scorer, from, n, dstream);
    }
    return sum;
}

double trainer_head_top(Trainer *s, const TrainerScorer *scorer, const float *stream, int *best)
{
    float values[TRAINER_PIECE_MAX * TRAINER_CHAIN];
    double sum = 0;
    for (int from = 0, n; from < s->batch.labels; from += n) {
        n = piece_size(s, from);
        piece_logits(s, scorer, stream, from, n);
        s->kernels->top(s->kernels, s->logits, n, s->scored, TRAINER_CHAIN,
                        best + from * TRAINER_CHAIN, values, NULL);
        sum += piece_loss(s, scorer, from, n, 0);
    }
    return sum;
}
