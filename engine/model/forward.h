/* forward.h - the one forward pass: any range of layers, any batch of rows.
 *
 * Prefill, each draft exit, going on past an exit, and verification are all forward(context, batch,
 * from, upto): embedding when from is 0, then the layers [from, upto). The head is a call of its
 * own, because only some rows of a batch need logits.
 */
#ifndef S2D_ENGINE_MODEL_FORWARD_H
#define S2D_ENGINE_MODEL_FORWARD_H

#include "engine/model/model.h"

/* Rows of the residual stream that forward leaves for whoever drafts from them, by cache slot: like keys
 * and values they are there for what the cache holds, and move with it. */
typedef struct Features {
    int n;                     /* 0 = none are left */
    int layers[FEATURES_MAX];  /* layers done before each */
    float *rows[FEATURES_MAX]; /* [slots, H] */
} Features;

/* One model's working memory for one conversation: its KV cache and scratch. Several contexts may
 * share a model. All of it is allocated at open; a decoding step allocates nothing. */
typedef struct Context {
    Model *model;
    KvCache *kv;
    int slots;        /* of the cache */
    float *hidden;    /* [ROWS_MAX, H] the batch's residual stream: forward's input (from > 0) and
                         output */
    float *q, *k, *v; /* [ROWS_MAX, Q] [ROWS_MAX, K] [ROWS_MAX, K] */
    float *attended;  /* [ROWS_MAX, Q] */
    float *inner;     /* [ROWS_MAX, F] */
    float *logits;    /* [logit_rows, V] */
    int logit_rows;
    Features features;
} Context;

/* layers: how many of the model's first layers get a KV cache, of type kv. logit_rows: most rows
 * that head() gets. */
int context_open(Context *context, Model *model, KvType kv, int layers, int slots, int logit_rows,
                 Err *err);
void context_close(Context *context);
/* From now on forward leaves features after each so many layers; what the cache holds has none, and
 * has to be read again. On failure nothing changes. n = 0: no more. */
int context_set_features(Context *context, int n, const int *layers, Err *err);
/* The same ones are left already? */
bool context_has_features(const Context *context, int n, const int *layers);
/* Slot to+i takes what slot from[i] has, keys, values and features, as Kernels.kv_move. */
void context_move(Context *context, const int *from, int n, int to);
size_t context_bytes(Kernels *kernels, const ModelConfig *config, KvType kv, int layers, int slots,
                     int logit_rows);

/* How a layer turns queries and keys (NULL = not at all), and how it attends. */
const Rope *layer_rope(const Context *context, const Layer *layer);
Attention layer_attention(const Context *context, const Layer *layer);

/* The two parts of a layer, for whoever has the rows of a batch in several caches. begin: hidden ->
 * q, k, v, turned to the rows' positions. end: attended -> hidden [batch->n, H]. next: as below. */
void layer_begin(Context *context, const Layer *layer, const Batch *batch);
void layer_end(Context *context, const Layer *layer, const Batch *batch, float *hidden,
               const Matrix *next);

typedef struct LayerPass {
    const Layer *layer;
    KvCache *kv; /* whose layer `index` gets the batch's keys and values */
    int index;
    int kv_present; /* rows, the first ones, that have theirs there already: those stay as they are */
    int kv_only;    /* rows, the first ones, that only leave theirs: their residual stream stays */
    const Matrix *next; /* what is needed after it; NULL = not known */
} LayerPass;

/* Runs the batch in context->hidden through one layer. */
void layer_forward(Context *context, const LayerPass *pass, const Batch *batch);

/* Runs the batch through layers [from, upto). ids: [batch->n] tokens when from is 0, else unused:
 * then context->hidden holds the rows' residual stream after layer from. Writes each row's keys and
 * values to its slot, but for the first `kv_present` rows, and leaves the residual stream after layer
 * upto in context->hidden. */
void forward_kv_present(Context *context, const Batch *batch, int kv_present, const int *ids,
                        int from, int upto);
/* The same, kv_present = 0. */
void forward(Context *context, const Batch *batch, const int *ids, int from, int upto);

/* Final norm and head: context->logits[i] of hidden[i], [n, H]; n <= logit_rows. hidden may be
 * context->hidden. */
void head(Context *context, const float *hidden, int n);
/* The same at an exit: with its norm (exit NULL: the final one), and narrow: for the tokens of the
 * model's short list only, [n, n_short]. */
void head_of_exit(Context *context, const Exit *exit, bool narrow, const float *hidden, int n);

/* Copies rows between hidden buffers of the same backend. */
void hidden_copy(Context *context, float *to, const float *from, int rows);

#endif
