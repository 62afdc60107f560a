/* forward.c - see forward.h. The layer is that of LLaMA and its kin (pre-norm, rotary positions,
 * grouped-query attention, SwiGLU, GeGLU or a mixture of such; Gemma's norms of what is added), as in
 * their reference implementations in transformers. */
#include "engine/model/forward.h"

#include <assert.h>
#include <string.h>

/* Slots that a layer keeps beside its window: a batch's rows and a tree's, those that are measured
 * further on (measure.c); and so far back a conversation is taken up again without reading it. */
enum { KEPT_BEHIND = 1024 + 2 * ROWS_MAX };

static bool keeps_few(const ModelConfig *config)
{
    return config->window.size > 0 && config->window.size < INT32_MAX - KEPT_BEHIND &&
           config->exit_layers == 0;
}

static bool has_post_norms(const ModelConfig *config)
{
    return arch_has_usually(config->arch, PART_ATTN_POST_NORM);
}

KvShape context_kv(const ModelConfig *config, KvType kv, int layers, int slots)
{
    return (KvShape){.type = kv,
                     .layers = layers,
                     .kv_heads = config->kv_heads,
                     .head_dim = config->head_dim,
                     .slots = slots,
                     .few = keeps_few(config) ? config->window.layers : NULL,
                     .kept = config->window.size + KEPT_BEHIND};
}

bool context_holds(const Context *c, int n)
{
    const ModelConfig *config = &c->model->config;
    KvShape shape = context_kv(config, KV_F16, config->layers, c->slots);
    if (shape.few == NULL || shape.kept >= c->slots || n == 0)
        return true;
    return n <= c->written && n + 1 - config->window.size >= c->written - shape.kept;
}

/* The batch writes its slots. */
static void take_note(Context *c, const Batch *batch)
{
    for (int i = 0; i < batch->n; i++) {
        int slot = batch->slot[i];
        c->written = slot > 0 && slot < c->written ? c->written : slot + 1;
    }
}

size_t context_bytes(Kernels *kernels, const ModelConfig *config, KvType kv, int layers, int slots,
                     int logit_rows)
{
    size_t attention = (size_t)config->heads * config->head_dim;
    size_t key = (size_t)config->kv_heads * config->head_dim;
    size_t row = (size_t)config->hidden + 2 * attention + 2 * key + config->ffn;
    row += has_post_norms(config) ? (size_t)config->hidden : 0;
    KvShape shape = context_kv(config, kv, layers, slots);
    return kernels->kv_bytes(kernels, &shape) +
           sizeof(float) * (ROWS_MAX * row + (size_t)logit_rows * config->vocab);
}

int context_open(Context *context, Model *model, KvType kv, int layers, int slots, int logit_rows,
                 Err *err)
{
    Kernels *kernels = model->kernels;
    const ModelConfig *config = &model->config;
    assert(layers >= 1 && layers <= config->loaded && logit_rows >= 1);
    *context = (Context){.model = model, .slots = slots, .logit_rows = logit_rows};
    size_t attention = (size_t)config->heads * config->head_dim;
    size_t key = (size_t)config->kv_heads * config->head_dim;
    KvShape shape = context_kv(config, kv, layers, slots);
    context->kv = kernels->kv_open(kernels, &shape);
    context->hidden = kernels->buffer_alloc(kernels, (size_t)ROWS_MAX * config->hidden);
    context->q = kernels->buffer_alloc(kernels, ROWS_MAX * attention);
    context->k = kernels->buffer_alloc(kernels, ROWS_MAX * key);
    context->v = kernels->buffer_alloc(kernels, ROWS_MAX * key);
    context->attended = kernels->buffer_alloc(kernels, ROWS_MAX * attention);
    context->inner = kernels->buffer_alloc(kernels, (size_t)ROWS_MAX * config->ffn);
    context->logits = kernels->buffer_alloc(kernels, (size_t)logit_rows * config->vocab);
    bool post = has_post_norms(config);
    if (post)
        context->added = kernels->buffer_alloc(kernels, (size_t)ROWS_MAX * config->hidden);
    if (context->kv && context->hidden && context->q && context->k && context->v &&
        context->attended && context->inner && context->logits && (context->added || !post))
        return 0;
    context_close(context);
    return err_set(
        err, EXIT_MEMORY, "%s: no memory for a context of %d tokens (%.1f GB); try a smaller --ctx",
        model->name, slots, context_bytes(kernels, config, kv, layers, slots, logit_rows) / 1e9);
}

static void features_close(Features *features, Kernels *kernels)
{
    for (int i = 0; i < features->n; i++)
        if (features->rows[i])
            kernels->buffer_free(kernels, features->rows[i]);
    *features = (Features){0};
}

void context_close(Context *context)
{
    if (context->model == NULL)
        return;
    Kernels *kernels = context->model->kernels;
    features_close(&context->features, kernels);
    if (context->kv)
        kernels->kv_close(kernels, context->kv);
    float *buffers[] = {context->hidden,   context->q,     context->k,      context->v,
                        context->attended, context->inner, context->logits, context->added};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        if (buffers[i])
            kernels->buffer_free(kernels, buffers[i]);
    *context = (Context){0};
}

bool context_has_features(const Context *c, int n, const int *layers)
{
    return c->features.n == n &&
           memcmp(c->features.layers, layers, sizeof *layers * (size_t)n) == 0;
}

int context_set_features(Context *c, int n, const int *layers, Err *err)
{
    assert(n >= 0 && n <= FEATURES_MAX);
    Kernels *k = c->model->kernels;
    Features wanted = {.n = n};
    bool ok = true;
    for (int i = 0; i < n; i++) {
        wanted.layers[i] = layers[i];
        wanted.rows[i] = k->buffer_alloc(k, (size_t)c->slots * (size_t)c->model->config.hidden);
        ok = ok && wanted.rows[i];
    }
    if (!ok) {
        features_close(&wanted, k);
        return err_set(err, EXIT_MEMORY, "%s: no memory for the features of %d tokens",
                       c->model->name, c->slots);
    }
    features_close(&c->features, k);
    c->features = wanted;
    return 0;
}

/* The batch's residual stream after so many layers, where that is wanted. */
static void leave_features(Context *c, const Batch *batch, int layers)
{
    const Features *f = &c->features;
    size_t H = (size_t)c->model->config.hidden;
    for (int i = 0; i < f->n; i++)
        for (int row = 0, run; f->layers[i] == layers && row < batch->n; row += run) {
            for (run = 1; row + run < batch->n && batch->slot[row + run] == batch->slot[row] + run;)
                run++;
            hidden_copy(c, f->rows[i] + (size_t)batch->slot[row] * H, c->hidden + (size_t)row * H,
                        run);
        }
}

void context_move(Context *c, const int *from, int n, int to)
{
    Kernels *k = c->model->kernels;
    size_t H = (size_t)c->model->config.hidden;
    k->kv_move(k, c->kv, 0, c->model->config.layers, from, n, to);
    for (int f = 0; f < c->features.n; f++)
        for (int i = 0; i < n; i++)
            hidden_copy(c, c->features.rows[f] + (size_t)(to + i) * H,
                        c->features.rows[f] + (size_t)from[i] * H, 1);
}

/* All but the first rows of a batch. */
static Batch rows_after(const Batch *batch, int first)
{
    Batch rest = *batch;
    rest.n -= first;
    rest.slot += first;
    rest.prefix += first;
    rest.mask += first;
    return rest;
}

const Rope *layer_rope(const Context *c, const Layer *layer)
{
    /* Of the slots so many may be a tree's. */
    int which = layer->rope == ROPE_MAIN
                    ? rope_for_length(&c->model->config.rope, c->slots - TREE_SLOTS)
                    : layer->rope;
    return which == ROPE_NONE ? NULL : &c->model->rope[which];
}

Attention layer_attention(const Context *c, const Layer *layer)
{
    return (Attention){.scale = config_attention_scale(&c->model->config), .window = layer->window};
}

void layer_begin(Context *c, const Layer *layer, const Batch *batch)
{
    Kernels *k = c->model->kernels;
    const ModelConfig *m = &c->model->config;
    Linear qkv = {.count = 3,
                  .mode = LINEAR_SET,
                  .matrix = {layer->q, layer->k, layer->v},
                  .bias = {layer->q_bias, layer->k_bias, layer->v_bias},
                  .out = {c->q, c->k, c->v},
                  .prompt = batch->prompt,
                  .norm = layer->attn_norm,
                  .norm_eps = m->norm_eps,
                  .next = layer->o};
    k->linear(k, &qkv, c->hidden, batch->n);
    if (layer->q_norm)
        k->norm(k, c->q, layer->q_norm, m->norm_eps, batch->n, m->heads, m->head_dim, c->q);
    if (layer->k_norm)
        k->norm(k, c->k, layer->k_norm, m->norm_eps, batch->n, m->kv_heads, m->head_dim, c->k);
    const Rope *rope = layer_rope(c, layer);
    if (rope == NULL)
        return;
    Rope keys = *rope;
    keys.warmer = 0;
    k->rope(k, c->q, batch, m->heads, m->head_dim, rope);
    k->rope(k, c->k, batch, m->kv_heads, m->head_dim, &keys);
}

/* hidden += the product, which may be normed before. */
static void add_normed(Context *c, Linear *linear, const float *x, int n, const float *norm,
                       float *hidden)
{
    Kernels *k = c->model->kernels;
    linear->mode = norm ? LINEAR_SET : LINEAR_ADD;
    linear->out[0] = norm ? c->added : hidden;
    k->linear(k, linear, x, n);
    if (norm)
        k->norm_add(k, c->added, norm, c->model->config.norm_eps, n, c->model->config.hidden,
                    hidden);
}

void layer_end(Context *c, const Layer *layer, const Batch *batch, float *hidden,
               const Matrix *next)
{
    Kernels *k = c->model->kernels;
    Linear out = {.count = 1,
                  .prompt = batch->prompt,
                  .matrix = {layer->o},
                  .scale = c->model->config.residual_scale,
                  .next = layer->router ? layer->router : layer->gate};
    add_normed(c, &out, c->attended, batch->n, layer->attn_post_norm, hidden);
    if (layer->router) {
        Experts experts = {.router = layer->router,
                           .gate = layer->gate_exps,
                           .up = layer->up_exps,
                           .down = layer->down_exps,
                           .picks = c->model->config.picks,
                           .norm = layer->ffn_norm,
                           .norm_eps = c->model->config.norm_eps,
                           .prompt = batch->prompt};
        k->experts(k, &experts, hidden, batch->n);
        return;
    }
    if (layer->down == NULL)
        return;

    Linear gate_up = {.count = 2,
                      .mode = arch_info(c->model->config.arch)->gelu ? LINEAR_GEGLU : LINEAR_SWIGLU,
                      .matrix = {layer->gate, layer->up},
                      .out = {c->inner},
                      .prompt = batch->prompt,
                      .norm = layer->ffn_norm,
                      .norm_eps = c->model->config.norm_eps,
                      .next = layer->down};
    k->linear(k, &gate_up, hidden, batch->n);
    Linear down = {.count = 1,
                   .prompt = batch->prompt,
                   .matrix = {layer->down},
                   .scale = c->model->config.residual_scale,
                   .next = next};
    add_normed(c, &down, c->inner, batch->n, layer->ffn_post_norm, hidden);
}

void layer_forward(Context *c, const LayerPass *pass, const Batch *batch)
{
    Kernels *k = c->model->kernels;
    const ModelConfig *m = &c->model->config;
    size_t attention = (size_t)m->heads * m->head_dim, key = (size_t)m->kv_heads * m->head_dim;

    layer_begin(c, pass->layer, batch);
    Batch fresh = rows_after(batch, pass->kv_present), rest = rows_after(batch, pass->kv_only);
    if (fresh.n > 0)
        k->kv_write(k, pass->kv, pass->index, &fresh, c->k + pass->kv_present * key,
                    c->v + pass->kv_present * key);
    if (rest.n == 0)
        return;
    Attention how = layer_attention(c, pass->layer);
    k->attention(k, pass->kv, pass->index, &rest, c->q + pass->kv_only * attention, m->heads, &how,
                 c->attended);
    layer_end(c, pass->layer, &rest, c->hidden + pass->kv_only * (size_t)m->hidden, pass->next);
}

void forward_kv_present(Context *context, const Batch *batch, int kv_present, const int *ids,
                        int from, int upto)
{
    Model *model = context->model;
    assert(batch->n >= 1 && batch->n <= ROWS_MAX && from <= upto && upto <= model->config.loaded);
    if (model->config.window.size > 0)
        take_note(context, batch);
    if (from == 0)
        model->kernels->embed(model->kernels, model->embed, ids, batch->n,
                              model->config.embed_scale, context->hidden);
    for (int l = from; l < upto; l++) {
        leave_features(context, batch, l);
        LayerPass pass = {.layer = &model->layers[l],
                          .kv = context->kv,
                          .index = l,
                          .kv_present = kv_present,
                          .next = l + 1 < upto ? model->layers[l + 1].q : model->head};
        layer_forward(context, &pass, batch);
    }
    if (upto == model->config.layers)
        leave_features(context, batch, upto);
    if (batch->prompt) /* each batch for itself: it is timed, and may be the last one */
        model->kernels->wait(model->kernels);
}

void forward(Context *context, const Batch *batch, const int *ids, int from, int upto)
{
    forward_kv_present(context, batch, 0, ids, from, upto);
}

static void score(Context *context, const Matrix *matrix, const float *norm, const float *hidden,
                  int n)
{
    Model *model = context->model;
    assert(n >= 1 && n <= context->logit_rows);
    Linear linear = {.count = 1,
                     .mode = LINEAR_SET,
                     .matrix = {matrix},
                     .out = {context->logits},
                     .norm = norm,
                     .norm_eps = model->config.norm_eps,
                     .scale = model->config.logit_scale};
    model->kernels->linear(model->kernels, &linear, hidden, n);
}

void head(Context *context, const float *hidden, int n)
{
    score(context, context->model->head, context->model->output_norm, hidden, n);
}

void head_of_exit(Context *context, const Exit *exit, bool narrow, const float *hidden, int n)
{
    const Model *model = context->model;
    score(context, narrow ? model->short_head : model->head,
          exit && exit->norm ? exit->norm : model->output_norm, hidden, n);
}

void hidden_copy(Context *context, float *to, const float *from, int rows)
{
    if (rows > 0 && to != from)
        context->model->kernels->copy(context->model->kernels, to, from,
                                      (size_t)rows * (size_t)context->model->config.hidden);
}
