/* net_eagle.c - trains EAGLE (arXiv 2401.15077): a layer that goes on with the base's own features.
 *
 * Row i reads its token and the feature of the row before, and gives its own feature, which the
 * base's head scores. The loss is that of the features, SmoothL1, and a part of the cross-entropy
 * to the base's distribution; features come with uniform noise, so that the head bears its own ones
 * later. It learns one step; as a drafter it is measured over several.
 *
 * The published head begins as noise. This one passes the feature before and adds what its token
 * says by noise, to a copy of the base's last layer, which takes a fraction of the steps.
 */
#include "engine/train/trainer_parts.h"
#include "kernels/noise.h"

/* What the layer reads at the start: the feature so far, and noise so long beside a feature. */
static const float FEATURE_SHARE = 0.3f, TOKEN_SHARE = 0.3f;

static void lay(Trainer *s, TrainerArena *arena)
{
    size_t n = (size_t)s->config.rows, H = (size_t)s->model.hidden;
    trainer_chain_lay(s, arena);
    s->chain.fused = trainer_take(arena, n, H);
    s->chain.target = trainer_take(arena, n, H);
}

static int start(Trainer *s, const Gguf *base, Err *err)
{
    for (int p = 0; p < LAYER_PARTS; p++) {
        const TrainerWeight *w = &s->layers[0].part[p];
        if (w->cols > 0 && trainer_net_copy_part(s, base, p, w, err) != 0)
            return -1;
    }
    float token = trainer_net_token_width(s, TOKEN_SHARE);
    return trainer_net_fill(s, trainer_net_weight(s, "fc.0.weight"), 0, token, err) != 0 ||
                   trainer_net_fill(s, trainer_net_weight(s, "fc.1.weight"), FEATURE_SHARE, 0.002f,
                                    err) != 0
               ? -1
               : 0;
}

static const float *project(Trainer *s, int step)
{
    TrainerChain *c = &s->chain;
    const TrainerWeight *part = s->layers[0].part, *bias = trainer_net_weight(s, "fc.bias");
    float *const projected[] = {s->acts.q, c->key[step], c->value[step]};
    int n = s->batch.n;
    trainer_matrix(s, trainer_net_weight(s, "fc.0.weight"), n, c->token, false, c->fused);
    trainer_matrix(s, trainer_net_weight(s, "fc.1.weight"), n, c->fed[step], true, c->fused);
    s->ops->bias(s->ops, c->fused, bias->value, n, bias->cols);
    for (int i = 0; i < 3; i++)
        trainer_matrix(s, &part[PART_Q + i], n, c->fused, false, projected[i]);
    return c->fused;
}

static void project_back(Trainer *s, int step, float *dstream)
{
    TrainerChain *c = &s->chain;
    const TrainerWeight *part = s->layers[0].part, *bias = trainer_net_weight(s, "fc.bias");
    const float *const dprojected[] = {s->acts.dq, c->dkey[step], c->dvalue[step]};
    int n = s->batch.n;
    for (int i = 0; i < 3; i++) {
        trainer_matrix_learn(s, &part[PART_Q + i], n, c->fused, dprojected[i]);
        trainer_matrix_back(s, &part[PART_Q + i], n, dprojected[i], true, dstream);
    }
    s->ops->bias_back(s->ops, dstream, n, bias->cols, bias->grad);
    trainer_matrix_learn(s, trainer_net_weight(s, "fc.0.weight"), n, c->token, dstream);
    trainer_matrix_learn(s, trainer_net_weight(s, "fc.1.weight"), n, c->fed[step], dstream);
    if (step == 0)
        return;
    /* What it read there it had said itself. */
    trainer_matrix_back(s, trainer_net_weight(s, "fc.1.weight"), n, dstream, false, c->fused);
    s->kernels->copy(s->kernels, dstream, c->fused, (size_t)n * (size_t)s->model.hidden);
}

/* Noise as published: uniform, +-0.1 in a text of 512 tokens and wider in shorter ones. It depends on
 * how many rows the run has seen, and so not on where it was cut. */
static void add_noise(Trainer *s)
{
    const TrainerBatch *b = &s->batch;
    int H = s->model.hidden;
    uint32_t seen = (uint32_t)(s->progress.tokens - (uint64_t)b->n);
    for (int t = 0; t < b->n_texts; t++) {
        float width = 51.2f / (float)(b->start[t + 1] - b->start[t]);
        for (int i = b->start[t]; i < b->start[t + 1]; i++) {
            for (int d = 0; d < H; d++) {
                uint32_t bits = noise_bits(~s->config.seed, seen + (uint32_t)i, (uint32_t)d);
                s->host[(size_t)i * (size_t)H + (size_t)d] =
                    width * ((float)(bits >> 8) * 0x1p-23f - 1);
            }
        }
    }
    s->kernels->upload(s->kernels, s->chain.fused, s->host, (size_t)b->n * (size_t)H);
    s->ops->add(s->ops, s->chain.fed[0], s->chain.fused, (size_t)b->n * (size_t)H);
}

/* The difference of the features where labels are that have `step` rows before them. */
static double feature_loss(Trainer *s, int step, float scale)
{
    TrainOps *l = s->ops;
    const TrainerBatch *b = &s->batch;
    int H = s->model.hidden, rows[TRAINER_PIECE_MAX], told[TRAINER_PIECE_MAX];
    float loss[TRAINER_PIECE_MAX];
    double sum = 0;
    for (int j = 0; j < b->labels;) {
        int n = 0;
        for (; j < b->labels && n < s->piece; j++)
            if (s->back[j] == b->row[j] - step) {
                rows[n] = b->row[j];
                told[n++] = s->back[j];
            }
        l->rows(l, s->chain.fed[step + 1], false, told, n, H, s->taken);
        l->rows(l, s->chain.target, false, rows, n, H, s->normed);
        l->zero(l, s->dtaken, (size_t)n * (size_t)H);
        l->smooth_l1(l, s->taken, s->normed, n, H, scale, loss, s->dtaken);
        l->rows_back(l, s->dtaken, told, n, H, s->dout);
        for (int i = 0; i < n; i++)
            sum += (double)loss[i];
    }
    return sum;
}

static TrainerScorer scorer_of(const Trainer *s)
{
    return (TrainerScorer){.head = &s->scored_head, .row = s->back, .weights = s->back_weights};
}

static double loss(Trainer *s, int step, float scale)
{
    TrainerScorer scorer = scorer_of(s);
    double feature = feature_loss(s, step, scale);
    float weight = s->config.token_loss;
    return feature + (double)weight * trainer_head_loss(s, &scorer, s->chain.fed[step + 1],
                                                        scale * weight, s->dout);
}

/* As published one step; more of them as EAGLE-3 learns. */
static void backward(Trainer *s, float scale)
{
    TrainerChain *c = &s->chain;
    trainer_net_feature(s, 0, false, c->fused, c->target);
    trainer_net_feature(s, 0, true, c->fused, c->fed[0]);
    add_noise(s);
    trainer_chain_learn(s, scale);
}

static double top(Trainer *s, int step, int *best)
{
    TrainerScorer scorer = scorer_of(s);
    if (step == 0)
        trainer_net_feature(s, 0, true, s->chain.fused, s->chain.fed[0]);
    trainer_chain_forward(s, step);
    trainer_rows_before(s, step);
    return trainer_net_top(s, &scorer, step, s->chain.fed[step + 1], best);
}

const TrainerNet net_eagle = {.lay = lay,
                              .start = start,
                              .backward = backward,
                              .top = top,
                              .project = project,
                              .project_back = project_back,
                              .loss = loss,
                              .embed = true,
                              .rows = true,
                              .norm = true};
