/* net_eagle3.c - trains EAGLE-3 (arXiv 2503.01840): a layer on three features of the base, that learns
 * to feed itself.
 *
 * Step 0 reads the three features of the row before, made one, and the row's token; each later step
 * what the one before gave, and the next token. The loss is the cross-entropy to the base's
 * distribution at each step, which weighs 0.8^step. What is fed need not be like a feature of the
 * base: it has a norm and an output head of its own.
 *
 * The published head begins as noise. This one passes the highest of the three features to a copy of
 * the base's last layer, whose attention also reads the token by noise, and scores by copies of the
 * base's final norm and of the rows of its head.
 */
#include <math.h>

#include "engine/train/trainer_parts.h"

/* Of queries, keys and values: what reads the token, what reads the feature, and what makes one
 * feature of three. */
static const char *const BY_TOKEN[] = {"blk.attn_q.weight", "blk.attn_k.weight",
                                       "blk.attn_v.weight"};
static const char *const BY_FEATURE[] = {"hidden_q.weight", "hidden_k.weight", "hidden_v.weight"};
static const char *const FUSE[] = {"fc.0.weight", "fc.1.weight", "fc.2.weight"};

static void lay(Trainer *s, TrainerArena *arena)
{
    size_t n = (size_t)s->config.rows, H = (size_t)s->model.hidden;
    trainer_chain_lay(s, arena);
    s->chain.turned = trainer_take(arena, n, H);
    for (int i = 0; i < s->info.n_taps; i++)
        s->chain.tap[i] = trainer_take(arena, n, H);
}

static int start(Trainer *s, const Gguf *base, Err *err)
{
    static const int copied[] = {PART_O, PART_FFN_NORM, PART_GATE, PART_UP, PART_DOWN};
    const TrainerWeight *part = s->layers[0].part;
    float width = sqrtf(3 / (float)s->model.hidden); /* keeps a vector's length */
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        if (trainer_net_copy_part(s, base, copied[i], &part[copied[i]], err) != 0)
            return -1;
    }
    for (int i = 0; i < 3; i++) {
        const TrainerWeight *by_token = trainer_net_weight(s, BY_TOKEN[i]);
        const TrainerWeight *by_feature = trainer_net_weight(s, BY_FEATURE[i]);
        if (trainer_net_fill(s, by_token, 0, width, err) != 0 ||
            trainer_net_copy_part(s, base, PART_Q + i, by_feature, err) != 0 ||
            trainer_net_fill(s, trainer_net_weight(s, FUSE[i]), i == 2, 0.1f * width, err) != 0)
            return -1;
    }
    const TrainerWeight *hidden_norm = trainer_net_weight(s, "hidden_norm.weight");
    if (trainer_net_fill(s, trainer_net_weight(s, "blk.attn_norm.weight"), 1, 0, err) != 0 ||
        trainer_net_copy_part(s, base, PART_ATTN_NORM, hidden_norm, err) != 0 ||
        trainer_read_tensor(s, base, "output_norm.weight", trainer_net_weight(s, "norm.weight"),
                            NULL, err) != 0)
        return -1;
    return trainer_net_copy_rows(s, base, trainer_net_weight(s, "output.weight"), err);
}

static const float *project(Trainer *s, int step)
{
    TrainerChain *c = &s->chain;
    const ModelConfig *m = &s->model;
    float *const projected[] = {s->acts.q, c->key[step], c->value[step]};
    int n = s->batch.n;
    s->ops->norm(s->ops, c->token, s->layers[0].part[PART_ATTN_NORM].value, m->norm_eps, n,
                 m->hidden, s->acts.attn_in);
    s->ops->norm(s->ops, c->fed[step], trainer_net_weight(s, "hidden_norm.weight")->value,
                 m->norm_eps, n, m->hidden, c->turned);
    for (int i = 0; i < 3; i++) {
        trainer_matrix(s, trainer_net_weight(s, BY_TOKEN[i]), n, s->acts.attn_in, false,
                       projected[i]);
        trainer_matrix(s, trainer_net_weight(s, BY_FEATURE[i]), n, c->turned, true, projected[i]);
    }
    return c->fed[step];
}

/* The gradients of a norm's weight and, where there is a place for it, of what it reads. */
static void norm_back(Trainer *s, const char *name, const float *x, float *dx)
{
    const TrainerWeight *w = trainer_net_weight(s, name);
    s->ops->norm_back(s->ops, x, w->value, s->model.norm_eps, s->batch.n, w->cols, s->acts.dnormed,
                      dx, w->grad);
}

static void project_back(Trainer *s, int step, float *dstream)
{
    TrainerChain *c = &s->chain;
    const float *const dprojected[] = {s->acts.dq, c->dkey[step], c->dvalue[step]};
    int n = s->batch.n;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < 3; i++) {
            const TrainerWeight *w = trainer_net_weight(s, side ? BY_FEATURE[i] : BY_TOKEN[i]);
            trainer_matrix_learn(s, w, n, side ? c->turned : s->acts.attn_in, dprojected[i]);
            trainer_matrix_back(s, w, n, dprojected[i], i > 0, s->acts.dnormed);
        }
        if (side)
            norm_back(s, "hidden_norm.weight", c->fed[step], dstream);
        else
            norm_back(s, "blk.attn_norm.weight", c->token, NULL);
    }
}

/* The three features of the row before, made one. */
static void fuse(Trainer *s)
{
    TrainerChain *c = &s->chain;
    for (int i = 0; i < s->info.n_taps; i++) {
        trainer_net_feature(s, i, true, NULL, c->tap[i]);
        trainer_matrix(s, trainer_net_weight(s, FUSE[i]), s->batch.n, c->tap[i], i > 0, c->fed[0]);
    }
}

static TrainerScorer scorer_of(const Trainer *s)
{
    return (TrainerScorer){.norm = trainer_net_weight(s, "norm.weight"),
                           .head = trainer_net_weight(s, "output.weight"),
                           .row = s->back,
                           .weights = s->back_weights};
}

static double loss(Trainer *s, int step, float scale)
{
    TrainerScorer scorer = scorer_of(s);
    return trainer_head_loss(s, &scorer, s->chain.fed[step + 1], scale, s->dout);
}

static void backward(Trainer *s, float scale)
{
    fuse(s);
    trainer_chain_learn(s, scale);
    for (int i = 0; i < s->info.n_taps; i++)
        trainer_matrix_learn(s, trainer_net_weight(s, FUSE[i]), s->batch.n, s->chain.tap[i],
                             s->dout);
}

static double top(Trainer *s, int step, int *best)
{
    if (step == 0)
        fuse(s);
    trainer_chain_forward(s, step);
    trainer_rows_before(s, step);
    TrainerScorer scorer = scorer_of(s);
    return trainer_net_top(s, &scorer, step, s->chain.fed[step + 1], best);
}

const TrainerNet net_eagle3 = {.lay = lay,
                               .start = start,
                               .backward = backward,
                               .top = top,
                               .project = project,
                               .project_back = project_back,
                               .loss = loss,
                               .embed = true};
