/* trainer_head.c - from the residual stream at an exit to logits, for the tokens that are predicted.
 *
 * Labels go through in pieces, so that logits take little memory, and the logits' gradient takes
 * their place. rows of the stream -> norm -> head -> loss -> back.
 */
#include "engine/train/trainer_parts.h"

static const TrainerWeight *norm_of(const Trainer *s, int exit)
{
    return &s->norm[s->config.tune == TRAINER_EXITS ? exit : 0];
}

static Factor head_factor(const Trainer *s, bool turned)
{
    const TrainerWeight *w = &s->scored_head;
    return (Factor){.data = w->frozen ? (const void *)w->frozen : (const void *)w->value,
                    .stride = w->cols,
                    .turned = turned,
                    .bf16 = w->frozen != NULL};
}

/* Labels from … from+n-1: s->taken, s->normed, s->logits. */
static void piece_logits(Trainer *s, int exit, const float *stream, int from, int n)
{
    TrainOps *l = s->ops;
    int H = s->model.hidden;
    l->rows(l, stream, false, s->batch.row + from, n, H, s->taken);
    l->norm(l, s->taken, norm_of(s, exit)->value, s->model.norm_eps, n, H, s->normed);
    l->product(l, (Factor){.data = s->normed, .stride = H}, head_factor(s, false), n, s->scored, H,
               false, s->logits, s->scored);
}

/* From the logits' gradient to the stream's. */
static void piece_backward(Trainer *s, int exit, int from, int n, float *dstream)
{
    TrainOps *l = s->ops;
    int H = s->model.hidden;
    const TrainerWeight *norm = norm_of(s, exit), *head = &s->scored_head;
    if (head->grad)
        l->product(l, (Factor){.data = s->logits, .stride = s->scored, .turned = true},
                   (Factor){.data = s->normed, .stride = H, .turned = true}, s->scored, H, n, true,
                   head->grad, H);
    l->product(l, (Factor){.data = s->logits, .stride = s->scored}, head_factor(s, true), n, H,
               s->scored, false, s->dnormed, H);
    l->zero(l, s->dtaken, (size_t)n * (size_t)H);
    l->norm_back(l, s->taken, norm->value, s->model.norm_eps, n, H, s->dnormed, s->dtaken,
                 norm->grad);
    l->rows_back(l, s->dtaken, s->batch.row + from, n, H, dstream);
}

static int piece_size(const Trainer *s, int from)
{
    int left = s->batch.labels - from;
    return left < s->piece ? left : s->piece;
}

double trainer_head_loss(Trainer *s, int exit, const float *stream, float scale, float *dstream)
{
    int top = s->config.top;
    float loss[TRAINER_PIECE_MAX];
    double sum = 0;
    for (int from = 0, n; from < s->batch.labels; from += n) {
        n = piece_size(s, from);
        size_t at = (size_t)from * (size_t)top;
        piece_logits(s, exit, stream, from, n);
        s->ops->loss(s->ops, s->logits, n, s->scored, top, s->batch.places + at,
                     s->batch.weights + at, scale, loss);
        for (int i = 0; i < n; i++)
            sum += (double)loss[i];
        piece_backward(s, exit, from, n, dstream);
    }
    return sum;
}

double trainer_head_top(Trainer *s, int exit, const float *stream, int *best)
{
    int top = s->config.top;
    float loss[TRAINER_PIECE_MAX], values[TRAINER_PIECE_MAX * TRAINER_CHAIN];
    double sum = 0;
    for (int from = 0, n; from < s->batch.labels; from += n) {
        n = piece_size(s, from);
        size_t at = (size_t)from * (size_t)top;
        piece_logits(s, exit, stream, from, n);
        s->kernels->top(s->kernels, s->logits, n, s->scored, TRAINER_CHAIN,
                        best + from * TRAINER_CHAIN, values, NULL);
        s->ops->loss(s->ops, s->logits, n, s->scored, top, s->batch.places + at,
                     s->batch.weights + at, 0, loss);
        for (int i = 0; i < n; i++)
            sum += (double)loss[i];
    }
    return sum;
}
