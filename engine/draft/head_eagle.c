/* head_eagle.c - EAGLE (arXiv 2401.15077) and EAGLE-3 (2503.01840): one decoder layer that goes on
 * from feature to feature, and is told the token that was drawn between them.
 */
#include "engine/draft/head_draft.h"

/* ---- EAGLE ---- */

/* own.embedded and the features -> own.hidden, what comes out. norm: of true features. */
static void eagle_layer(HeadDraft *d, const Batch *batch, const float *features, const float *norm)
{
    const Head *head = d->head;
    head_apply(d, head->fc[0], head->fc_bias, NULL, LINEAR_SET, d->embedded, batch->n,
               d->own.hidden);
    head_apply(d, head->fc[1], NULL, norm, LINEAR_ADD, features, batch->n, d->own.hidden);
    LayerPass pass = {.layer = &head->layer, .kv = d->own.kv, .next = head->net.head};
    layer_forward(&d->own, &pass, batch);
}

static void eagle_true(HeadDraft *d, const Batch *batch, int first)
{
    eagle_layer(d, batch, head_features(d, 0, first), d->target->model->output_norm);
}

static void eagle_drafted(HeadDraft *d, const Batch *batch)
{
    eagle_layer(d, batch, d->feature, NULL);
}

/* ---- EAGLE-3 ---- */

/* d->embedded and d->feature (g of the paper) -> own.hidden. Queries, keys and values read both, each
 * through a norm of its own; what the layer adds to is g. */
static void eagle3_layer(HeadDraft *d, const Batch *batch)
{
    const Head *head = d->head;
    const Layer *layer = &head->layer;
    const ModelConfig *m = &head->net.config;
    Context *c = &d->own;
    Kernels *k = head->net.kernels;
    Linear qkv = {.count = 3,
                  .mode = LINEAR_SET,
                  .matrix = {layer->q, layer->k, layer->v},
                  .bias = {layer->q_bias, layer->k_bias, layer->v_bias},
                  .out = {c->q, c->k, c->v},
                  .norm = layer->attn_norm,
                  .norm_eps = m->norm_eps};
    k->linear(k, &qkv, d->embedded, batch->n);
    Linear more = {.count = 3,
                   .mode = LINEAR_ADD,
                   .matrix = {head->hidden_qkv[0], head->hidden_qkv[1], head->hidden_qkv[2]},
                   .out = {c->q, c->k, c->v},
                   .norm = head->hidden_norm,
                   .norm_eps = m->norm_eps};
    k->linear(k, &more, d->feature, batch->n);
    k->rope(k, c->q, batch, m->heads, m->head_dim, layer_rope(c, layer));
    k->rope(k, c->k, batch, m->kv_heads, m->head_dim, layer_rope(c, layer));
    k->kv_write(k, c->kv, 0, batch, c->k, c->v);
    Attention how = layer_attention(c, layer);
    k->attention(k, c->kv, 0, batch, c->q, m->heads, &how, c->attended);
    hidden_copy(c, c->hidden, d->feature, batch->n);
    layer_end(c, layer, batch, c->hidden, head->net.head);
}

static void eagle3_true(HeadDraft *d, const Batch *batch, int first)
{
    for (int i = 0; i < d->head->info.n_taps; i++)
        head_apply(d, d->head->fc[i], NULL, NULL, i == 0 ? LINEAR_SET : LINEAR_ADD,
                   head_features(d, i, first), batch->n, d->feature);
    eagle3_layer(d, batch);
}

/* ---- both ---- */

/* Rows of the text: place i's feature and token i + 1. What the last of them says is the root's. */
static void read_text(HeadDraft *d, const int *tokens, int n,
                      void (*layer)(HeadDraft *d, const Batch *batch, int first))
{
    int slot[ROWS_MAX], prefix[ROWS_MAX], first = d->length;
    uint64_t mask[ROWS_MAX];
    Batch batch;
    head_rows(first, n - first, slot, prefix, mask, &batch);
    head_embed(d, tokens + first + 1, batch.n, d->embedded);
    layer(d, &batch, first);
    hidden_copy(&d->own, d->said,
                d->own.hidden + (size_t)(batch.n - 1) * (size_t)d->head->info.hidden, 1);
}

static int say(HeadDraft *d, const int *slots, int n,
               void (*layer)(HeadDraft *d, const Batch *batch))
{
    size_t H = (size_t)d->head->info.hidden;
    const Tree *grown = &d->build.grown;
    if (slots[0] > 0) { /* the root has been read with the text */
        int slot[EXPAND_MAX], prefix[EXPAND_MAX], ids[EXPAND_MAX];
        uint64_t mask[EXPAND_MAX];
        Batch batch;
        tree_batch(grown, slots, n, d->base, slot, prefix, mask, &batch);
        for (int i = 0; i < n; i++) {
            ids[i] = head_token(d, slots[i]);
            hidden_copy(&d->own, d->feature + (size_t)i * H,
                        d->said + (size_t)grown->node[slots[i]].parent * H, 1);
        }
        head_embed(d, ids, n, d->embedded);
        layer(d, &batch);
        for (int i = 0; i < n; i++)
            hidden_copy(&d->own, d->said + (size_t)slots[i] * H, d->own.hidden + (size_t)i * H, 1);
    } else {
        hidden_copy(&d->own, d->own.hidden, d->said, 1);
    }
    head(&d->own, d->own.hidden, n);
    d->logits = d->own.logits;
    return n;
}

static void eagle_read(HeadDraft *d, const int *tokens, int n)
{
    read_text(d, tokens, n, eagle_true);
}

static int eagle_say(HeadDraft *d, const int *slots, int n)
{
    return say(d, slots, n, eagle_drafted);
}

static void eagle3_read(HeadDraft *d, const int *tokens, int n)
{
    read_text(d, tokens, n, eagle3_true);
}

static int eagle3_say(HeadDraft *d, const int *slots, int n)
{
    return say(d, slots, n, eagle3_layer);
}

const HeadNet head_eagle = {.read = eagle_read, .say = eagle_say};
const HeadNet head_eagle3 = {.read = eagle3_read, .say = eagle3_say};
