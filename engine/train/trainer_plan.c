/* trainer_plan.c - how much memory training takes, and where everything lies in it.
 *
 * One function lays everything out. Without memory it counts: that is the plan, which needs no
 * weights, only shapes.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/train/trainer_parts.h"

enum { LOGITS_BYTES = 128 << 20 };

void trainer_plan_add(TrainerPlan *plan, const char *what, uint64_t bytes)
{
    assert(plan->n < TRAINER_PARTS_MAX);
    plan->part[plan->n].what = what;
    plan->part[plan->n++].bytes = bytes;
    plan->total += bytes;
}

/* Notes what was taken since the last note. */
static void note(TrainerArena *arena, const char *what, size_t *since)
{
    if (arena->plan && arena->used > *since)
        trainer_plan_add(arena->plan, what, arena->used - *since);
    *since = arena->used;
}

static size_t floats_of(const TrainerWeight *w)
{
    return (size_t)(w->rows > 0 ? w->rows : 1) * (size_t)w->cols;
}

/* A place of `count` numbers in the flat arrays. */
static size_t claim(Trainer *s, size_t count, float **value, float **grad)
{
    size_t at = s->trained;
    *value = s->values ? s->values + at : NULL;
    *grad = s->grads ? s->grads + at : NULL;
    s->trained += (count + 15) & ~(size_t)15;
    return at;
}

static void train(Trainer *s, TrainerWeight *w)
{
    if (w->cols > 0)
        claim(s, floats_of(w), &w->value, &w->grad);
}

static void train_pair(Trainer *s, TrainerWeight *w)
{
    claim(s, (size_t)s->config.rank * (size_t)w->cols, &w->a, &w->a_grad);
    claim(s, (size_t)s->config.rank * (size_t)w->rows, &w->b, &w->b_grad);
}

/* Everything that is trained, group by group. */
static void lay_trained(Trainer *s)
{
    TrainerTune tune = s->config.tune;
    s->trained = 0;
    for (int l = 0; s->net == NULL && l < s->n_layers; l++) {
        for (int p = 0; p < LAYER_PARTS; p++) {
            TrainerWeight *w = &s->layers[l].part[p];
            if (tune != TRAINER_LORA)
                train(s, w);
            else if (w->rows > 0)
                train_pair(s, w);
        }
        if (tune == TRAINER_EXITS)
            train(s, &s->norm[l]);
    }
    for (int i = 0; i < s->n_tensors; i++)
        train(s, &s->weights[i]);
    if (s->net)
        trainer_net_layer(s);
    if (tune == TRAINER_FULL) {
        train(s, &s->norm[0]);
        train(s, &s->embed);
        train(s, &s->head);
    }
}

TrainerGroup trainer_group(const Trainer *s, int index, int *count)
{
    *count = s->config.tune == TRAINER_EXITS ? s->n_layers : 1;
    size_t size = s->trained / (size_t)*count; /* exits' layers are of one shape */
    return (TrainerGroup){(size_t)index * size, (size_t)(index + 1) * size};
}

static void lay_frozen(TrainerArena *arena, TrainerWeight *w)
{
    if (w->rows > 0)
        w->frozen = trainer_take_bytes(arena, floats_of(w) * sizeof(uint16_t));
    else if (w->cols > 0)
        w->value = trainer_take(arena, 1, (size_t)w->cols);
}

static void lay_all_frozen(Trainer *s, TrainerArena *arena)
{
    if (s->net) {
        if (s->net->norm)
            lay_frozen(arena, &s->norm[0]);
        if (s->net->embed)
            lay_frozen(arena, &s->embed);
        if (s->net->rows)
            lay_frozen(arena, &s->scored_head);
        return;
    }
    if (s->config.tune == TRAINER_LORA) {
        for (int l = 0; l < s->n_layers; l++) {
            for (int p = 0; p < LAYER_PARTS; p++)
                lay_frozen(arena, &s->layers[l].part[p]);
        }
        lay_frozen(arena, &s->norm[0]);
        lay_frozen(arena, &s->embed);
    }
    if (s->config.tune != TRAINER_FULL)
        lay_frozen(arena, &s->scored_head);
}

static void lay_acts(Trainer *s, TrainerArena *arena)
{
    const ModelConfig *m = &s->model;
    TrainerActs *a = &s->acts;
    if (s->n_layers == 0)
        return;
    size_t n = (size_t)s->config.rows, H = (size_t)m->hidden, F = (size_t)m->ffn;
    size_t Q = (size_t)(m->heads * m->head_dim), K = (size_t)(m->kv_heads * m->head_dim);
    float **wide[] = {&a->q, &a->attended, &a->dq, &a->dattended};
    float **narrow[] = {&a->k, &a->v, &a->dk, &a->dv};
    float **stream[] = {&a->attn_in, &a->middle, &a->ffn_in, &a->dnormed, &s->out, &s->dout};
    float **inner[] = {&a->gate, &a->up, &a->inner};
    const TrainerWeight *part = s->layers[0].part; /* layers are alike */
    if (part[PART_Q_NORM].cols > 0)
        a->q_raw = trainer_take(arena, n, Q);
    if (part[PART_K_NORM].cols > 0)
        a->k_raw = trainer_take(arena, n, K);
    for (size_t i = 0; i < 4; i++) {
        *wide[i] = trainer_take(arena, n, Q);
        *narrow[i] = trainer_take(arena, n, K);
    }
    for (size_t i = 0; i < 6; i++)
        *stream[i] = trainer_take(arena, n, H);
    for (size_t i = 0; i < 3; i++)
        *inner[i] = trainer_take(arena, n, F);
    if (s->net)
        return;
    if (s->config.tune == TRAINER_LORA)
        a->low = trainer_take(arena, n, 2 * (size_t)s->config.rank);
    s->stream =
        trainer_take(arena, s->config.tune == TRAINER_EXITS ? n : n * ((size_t)s->n_layers + 1), H);
}

static void lay_logits(Trainer *s, TrainerArena *arena)
{
    size_t scored = (size_t)s->scored, H = (size_t)s->model.hidden;
    size_t fit = LOGITS_BYTES / sizeof(float) / scored;
    s->piece = fit < 16 ? 16 : fit > TRAINER_PIECE_MAX ? TRAINER_PIECE_MAX : (int)fit;
    size_t piece = (size_t)s->piece;
    s->logits = trainer_take(arena, piece, scored);
    float **rows[] = {&s->taken, &s->normed, &s->dnormed, &s->dtaken};
    for (size_t i = 0; i < 4; i++)
        *rows[i] = trainer_take(arena, piece, H);
    if (s->config.tune == TRAINER_FULL && s->config.ids) {
        s->scored_head.value = trainer_take(arena, scored, H);
        s->scored_head.grad = trainer_take(arena, scored, H);
    }
}

/* Sizes of all weights. */
static void shape_weights(Trainer *s)
{
    const ModelConfig *m = &s->model;
    for (int i = 0; i < s->n_tensors; i++)
        s->weights[i] = (TrainerWeight){.rows = s->tensors[i].rows, .cols = s->tensors[i].cols};
    for (int l = 0; s->net == NULL && l < s->n_layers; l++) {
        bool own = s->config.tune == TRAINER_EXITS; /* begun as copies, and written as no copies */
        s->layers[l].rope = layer_rope_of(m, own ? -1 : l);
        for (int p = 0; p < LAYER_PARTS; p++) {
            TrainerWeight *w = &s->layers[l].part[p];
            if (!arch_requires(m->arch, p) && !(s->optional[p] && arch_allows(m->arch, p)))
                continue;
            w->rows = shape_size(m, layer_parts[p].rows);
            w->cols = shape_size(m, layer_parts[p].cols);
        }
    }
    int norms = s->config.tune == TRAINER_EXITS ? s->n_layers : 1; /* a head's own is a tensor */
    for (int i = 0; i < norms; i++)
        s->norm[i] = (TrainerWeight){.cols = m->hidden};
    s->embed = s->head = (TrainerWeight){.rows = m->vocab, .cols = m->hidden};
    if (s->tied || s->config.tune != TRAINER_FULL)
        s->head.cols = 0;
    s->scored_head = (TrainerWeight){.rows = s->scored, .cols = m->hidden};
}

void trainer_lay(Trainer *s, TrainerArena *arena)
{
    size_t since = 0;
    shape_weights(s);
    s->values = s->grads = NULL;
    lay_trained(s);
    s->values = trainer_take(arena, 1, s->trained);
    note(arena, "trained weights", &since);
    s->grads = trainer_take(arena, 1, s->trained);
    note(arena, "gradients", &since);
    s->means = trainer_take(arena, 1, s->trained);
    s->squares = trainer_take(arena, 1, s->trained);
    note(arena, "AdamW", &since);
    lay_trained(s);
    lay_all_frozen(s, arena);
    note(arena, "frozen weights", &since);
    lay_acts(s, arena);
    if (s->net)
        s->net->lay(s, arena);
    note(arena, "activations", &since);
    lay_logits(s, arena);
    note(arena, "logits", &since);
}

int trainer_shape(Trainer *s, const TrainerConfig *config, const TrainerBase *base, Err *err)
{
    *s = (Trainer){.config = *config,
                   .model = base->config,
                   .tied = base->tied,
                   .scored = config->ids ? config->n_ids : base->config.vocab};
    if (s->model.rope.warmer > 0 && config->length > s->model.rope.original)
        return err_set(err, EXIT_USAGE,
                       "texts of %d tokens: this base is trained by those of at most %d, up to "
                       "which its queries do not change",
                       config->length, s->model.rope.original);
    memcpy(s->optional, base->optional, sizeof s->optional);
    bool itself = config->tune == TRAINER_LORA || config->tune == TRAINER_FULL;
    if (itself && arch_has_experts(base->config.arch))
        return err_set(err, EXIT_USAGE,
                       "a mixture of experts is not trained itself; use --tune exits, or a "
                       "--method that trains a head");
    s->model.arch = arch_of_exits(base->config.arch);
    int taps[EXITS_MAX];
    s->n_taps = trainer_taps(config, base->config.layers, taps);
    if (config->tune == TRAINER_HEAD && trainer_net_shape(s, err) != 0) {
        trainer_shape_free(s);
        return -1;
    }
    s->n_layers = s->net                          ? s->info.has_layer
                  : config->tune == TRAINER_EXITS ? config->n_exits
                                                  : config->layers;
    s->layers = calloc((size_t)s->n_layers + 1, sizeof *s->layers);
    if (s->layers)
        return 0;
    trainer_shape_free(s);
    return err_set(err, EXIT_MEMORY, "no memory for training");
}

void trainer_shape_free(Trainer *s)
{
    free(s->layers);
    free(s->tensors);
    free(s->weights);
}

TrainShape trainer_learn_shape(const Trainer *s)
{
    return (TrainShape){.heads = s->model.heads,
                        .kv_heads = s->model.kv_heads,
                        .head_dim = s->model.head_dim,
                        .attention_scale = config_attention_scale(&s->model),
                        .rope = rope_plain(&s->model.rope),
                        .rows = s->config.rows,
                        .length = s->config.length};
}

TrainerBase trainer_base(const Gguf *gguf, const ModelConfig *config)
{
    TrainerBase base = {.config = *config, .tied = gguf_tensor(gguf, "output.weight") == NULL};
    for (int l = 0; l < config->layers; l++)
        for (int p = 0; p < LAYER_PARTS; p++)
            base.optional[p] |= layer_tensor(gguf, config, l, p, NULL) != NULL;
    return base;
}

int trainer_plan(TrainerPlan *plan, const TrainerConfig *config, const TrainerBase *base,
                 const Kernels *kernels, Err *err)
{
    Trainer s;
    TrainerArena arena = {.plan = plan};
    *plan = (TrainerPlan){0};
    if (trainer_shape(&s, config, base, err) != 0)
        return -1;
    trainer_lay(&s, &arena);
    TrainShape ops = trainer_learn_shape(&s);
    trainer_plan_add(plan, "scratch", train_bytes(kernels, &ops));
    plan->trained = s.trained;
    trainer_shape_free(&s);
    return 0;
}
