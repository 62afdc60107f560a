/* net_branches.c - trains Medusa (arXiv 2401.10774) and Hydra (2402.05109): branches that guess from a
 * feature of the base, each for itself.
 *
 * Branch k reads, for the label after row r, the feature of row r - 1 - k, and Hydra's also the
 * embeddings of the k + 1 tokens from there to r. y is what it makes of them (head.h), and its own
 * output scores y. Rows are labels here, so that only what is predicted is computed. Medusa's branch
 * is Hydra's with one input that is passed on as it is.
 *
 * They begin as the base's own head on its own feature, Medusa's branches to learn the text's token
 * and weighing 0.8^k, as published, Hydra's to learn the base's distribution.
 */
#include <math.h>

#include "engine/train/trainer_parts.h"

/* How long what a token adds is at the start, beside a feature. */
static const float TOKEN_SHARE = 0.3f;

static bool is_hydra(const Trainer *s)
{
    return s->info.kind == HEAD_HYDRA;
}

static void lay(Trainer *s, TrainerArena *arena)
{
    TrainerBranch *b = &s->branch;
    size_t n = (size_t)s->config.rows, H = (size_t)s->model.hidden;
    float **rows[] = {&b->feature, &b->inner, &b->dinner, &s->out, &s->dout};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *rows[i] = trainer_take(arena, n, H);
    for (int j = 0; j < head_inputs(&s->info, s->info.branches - 1); j++)
        b->input[j] = trainer_take(arena, n, H);
}

/* Hydra's branches also get noise of each token, beside the feature that is passed on. */
static int start_inputs(Trainer *s, int k, Err *err)
{
    float width = trainer_net_token_width(s, TOKEN_SHARE);
    for (int j = 0; j < head_inputs(&s->info, k); j++) {
        if (trainer_net_fill(s, trainer_net_part(s, "skip", k, j), j == 0, j ? width : 0, err) != 0)
            return -1;
        if (j > 0 && trainer_net_fill(s, trainer_net_part(s, "fc", k, j), 0, width, err) != 0)
            return -1;
    }
    return 0;
}

static int start(Trainer *s, const Gguf *base, Err *err)
{
    for (int k = 0; k < s->info.branches; k++) {
        if (trainer_net_copy_rows(s, base, trainer_net_part(s, "output.weight", k, -1), err) != 0 ||
            (is_hydra(s) && start_inputs(s, k, err) != 0))
            return -1;
    }
    return 0;
}

static void bias(Trainer *s, const TrainerWeight *w, float *x)
{
    s->ops->bias(s->ops, x, w->value, s->batch.labels, w->cols);
}

static void bias_learn(Trainer *s, const TrainerWeight *w, const float *dx)
{
    s->ops->bias_back(s->ops, dx, s->batch.labels, w->cols, w->grad);
}

/* What branch k reads, its labels' rows being in s->back. */
static void read_inputs(Trainer *s, int k)
{
    TrainerBranch *b = &s->branch;
    int n = s->batch.labels, *ids = s->chain.ids;
    s->ops->rows(s->ops, b->feature, false, s->back, n, s->model.hidden, b->input[0]);
    for (int j = 1; j < head_inputs(&s->info, k); j++) {
        for (int i = 0; i < n; i++) {
            int row = s->back[i] + j;
            ids[i] = s->batch.ids[row < s->batch.n ? row : s->batch.n - 1];
        }
        s->ops->rows(s->ops, s->embed.frozen, true, ids, n, s->model.hidden, b->input[j]);
    }
}

/* y, in s->out */
static void branch_forward(Trainer *s, int k)
{
    TrainerBranch *b = &s->branch;
    int n = s->batch.labels;
    size_t count = (size_t)n * (size_t)s->model.hidden;
    trainer_rows_before(s, k + 1);
    read_inputs(s, k);
    for (int j = 0; j < head_inputs(&s->info, k); j++) {
        trainer_matrix(s, trainer_net_part(s, "fc", k, j), n, b->input[j], j > 0, b->inner);
        if (is_hydra(s))
            trainer_matrix(s, trainer_net_part(s, "skip", k, j), n, b->input[j], j > 0, s->out);
    }
    bias(s, trainer_net_part(s, "fc.bias", k, -1), b->inner);
    if (is_hydra(s))
        bias(s, trainer_net_part(s, "skip.bias", k, -1), s->out);
    else
        s->kernels->copy(s->kernels, s->out, b->input[0], count);
    s->ops->silu_add(s->ops, b->inner, count, s->out);
}

/* From y's gradient, in s->dout, to those of the weights. */
static void branch_backward(Trainer *s, int k)
{
    TrainerBranch *b = &s->branch;
    int n = s->batch.labels;
    size_t count = (size_t)n * (size_t)s->model.hidden;
    s->ops->silu_add_back(s->ops, b->inner, s->dout, count, b->dinner);
    for (int j = 0; j < head_inputs(&s->info, k); j++) {
        trainer_matrix_learn(s, trainer_net_part(s, "fc", k, j), n, b->input[j], b->dinner);
        if (is_hydra(s))
            trainer_matrix_learn(s, trainer_net_part(s, "skip", k, j), n, b->input[j], s->dout);
    }
    bias_learn(s, trainer_net_part(s, "fc.bias", k, -1), b->dinner);
    if (is_hydra(s))
        bias_learn(s, trainer_net_part(s, "skip.bias", k, -1), s->dout);
}

static TrainerScorer scorer_of(const Trainer *s, int k)
{
    return (TrainerScorer){.head = trainer_net_part(s, "output.weight", k, -1),
                           .row = s->same,
                           .weights = s->back_weights};
}

static void backward(Trainer *s, float scale)
{
    if (s->batch.labels == 0)
        return;
    trainer_net_feature(s, 0, false, s->out, s->branch.feature);
    for (int k = 0; k < s->info.branches; k++) {
        float weight = is_hydra(s) ? 1 : powf(0.8f, (float)k);
        TrainerScorer scorer = scorer_of(s, k);
        branch_forward(s, k);
        s->ops->zero(s->ops, s->dout, (size_t)s->batch.labels * (size_t)s->model.hidden);
        s->progress.loss[k] += trainer_head_loss(s, &scorer, s->out, scale * weight, s->dout);
        branch_backward(s, k);
    }
}

static double top(Trainer *s, int k, int *best)
{
    if (s->batch.labels == 0)
        return 0;
    if (k == 0)
        trainer_net_feature(s, 0, false, s->out, s->branch.feature);
    TrainerScorer scorer = scorer_of(s, k);
    branch_forward(s, k);
    return trainer_net_top(s, &scorer, k + 1, s->out, best);
}

const TrainerNet net_medusa = {
    .lay = lay, .start = start, .backward = backward, .top = top, .norm = true};
const TrainerNet net_hydra = {
    .lay = lay, .start = start, .backward = backward, .top = top, .norm = true, .embed = true};
