/* trainer_layer.c - a decoder layer forward and backward, over the rows of the batch.
 *
 * The layer is that of forward.c. Gradients are written under the forward pass's own steps, last
 * one first; each "d" is the gradient of what its name says.
 */
#include "engine/train/trainer_parts.h"

static Factor straight(const float *data, int stride)
{
    return (Factor){.data = data, .stride = stride};
}

static Factor turned(const float *data, int stride)
{
    return (Factor){.data = data, .stride = stride, .turned = true};
}

static Factor matrix_of(const TrainerWeight *w, bool turn)
{
    return (Factor){.data = w->frozen ? (const void *)w->frozen : (const void *)w->value,
                    .stride = w->cols,
                    .turned = turn,
                    .bf16 = w->frozen != NULL};
}

void trainer_matrix(Trainer *s, const TrainerWeight *w, int n, const float *x, bool add, float *out)
{
    TrainOps *l = s->ops;
    int rank = s->config.rank;
    l->product(l, straight(x, w->cols), matrix_of(w, false), n, w->rows, w->cols, add, out,
               w->rows);
    if (w->a == NULL)
        return;
    l->product(l, straight(x, w->cols), straight(w->a, w->cols), n, rank, w->cols, false,
               s->acts.low, rank);
    l->product(l, straight(s->acts.low, rank), straight(w->b, rank), n, w->rows, rank, true, out,
               w->rows);
}

/* dlow = dout B, of the low-rank pair. */
static float *low_gradient(Trainer *s, const TrainerWeight *w, int n, const float *dout)
{
    int rank = s->config.rank;
    float *dlow = s->acts.low + (size_t)s->config.rows * (size_t)rank;
    s->ops->product(s->ops, straight(dout, w->rows), turned(w->b, rank), n, rank, w->rows, false,
                    dlow, rank);
    return dlow;
}

void trainer_matrix_learn(Trainer *s, const TrainerWeight *w, int n, const float *x,
                          const float *dout)
{
    TrainOps *l = s->ops;
    int rank = s->config.rank, rows = w->rows, cols = w->cols;
    if (w->grad)
        l->product(l, turned(dout, rows), turned(x, cols), rows, cols, n, true, w->grad, cols);
    if (w->a == NULL)
        return;
    float *low = s->acts.low, *dlow = low_gradient(s, w, n, dout);
    l->product(l, straight(x, cols), straight(w->a, cols), n, rank, cols, false, low, rank);
    l->product(l, turned(dout, rows), turned(low, rank), rows, rank, n, true, w->b_grad, rank);
    l->product(l, turned(dlow, rank), turned(x, cols), rank, cols, n, true, w->a_grad, cols);
}

void trainer_matrix_back(Trainer *s, const TrainerWeight *w, int n, const float *dout, bool add,
                         float *dx)
{
    TrainOps *l = s->ops;
    int rank = s->config.rank, rows = w->rows, cols = w->cols;
    l->product(l, straight(dout, rows), matrix_of(w, true), n, cols, rows, add, dx, cols);
    if (w->a)
        l->product(l, straight(low_gradient(s, w, n, dout), rank), turned(w->a, cols), n, cols,
                   rank, true, dx, cols);
}

static void bias_forward(Trainer *s, const TrainerWeight *w, float *x)
{
    if (w->cols > 0)
        s->ops->bias(s->ops, x, w->value, s->batch.n, w->cols);
}

static void bias_backward(Trainer *s, const TrainerWeight *w, const float *dx)
{
    if (w->grad)
        s->ops->bias_back(s->ops, dx, s->batch.n, w->cols, w->grad);
}

static Sequences sequences_of(const Trainer *s)
{
    return (Sequences){.n = s->batch.n_texts, .start = s->batch.start};
}

static void copy_rows(Trainer *s, float *to, const float *from)
{
    s->kernels->copy(s->kernels, to, from, (size_t)s->batch.n * (size_t)s->model.hidden);
}

void trainer_layer_end(Trainer *s, const TrainerLayer *layer, const float *input, float *output)
{
    TrainOps *l = s->ops;
    const ModelConfig *m = &s->model;
    const TrainerWeight *w = layer->part;
    TrainerActs *a = &s->acts;
    int n = s->batch.n;
    copy_rows(s, a->middle, input);
    trainer_matrix(s, &w[PART_O], n, a->attended, true, a->middle);

    l->norm(l, a->middle, w[PART_FFN_NORM].value, m->norm_eps, n, m->hidden, a->ffn_in);
    trainer_matrix(s, &w[PART_GATE], n, a->ffn_in, false, a->gate);
    trainer_matrix(s, &w[PART_UP], n, a->ffn_in, false, a->up);
    l->swiglu(l, a->gate, a->up, (size_t)n * (size_t)m->ffn, a->inner);
    copy_rows(s, output, a->middle);
    trainer_matrix(s, &w[PART_DOWN], n, a->inner, true, output);
}

/* Queries or keys, each head by itself. */
static void head_norm_forward(Trainer *s, const TrainerWeight *w, int heads, const float *x,
                              float *out)
{
    if (w->cols > 0)
        s->ops->norm(s->ops, x, w->value, s->model.norm_eps, s->batch.n * heads, w->cols, out);
}

/* Returns the gradient of x: in dx, or where there is no norm dout itself. */
static float *head_norm_backward(Trainer *s, const TrainerWeight *w, int heads, const float *x,
                                 float *dout, float *dx)
{
    int n = s->batch.n * heads;
    if (w->cols == 0)
        return dout;
    s->ops->zero(s->ops, dx, (size_t)n * (size_t)w->cols);
    s->ops->norm_back(s->ops, x, w->value, s->model.norm_eps, n, w->cols, dout, dx, w->grad);
    return dx;
}

void trainer_layer_forward(Trainer *s, const TrainerLayer *layer, const float *input, float *output)
{
    TrainOps *l = s->ops;
    const ModelConfig *m = &s->model;
    const TrainerWeight *w = layer->part;
    TrainerActs *a = &s->acts;
    Sequences sequences = sequences_of(s);
    const TrainerWeight *q_norm = &w[PART_Q_NORM], *k_norm = &w[PART_K_NORM];
    float *const projected[] = {q_norm->cols ? a->q_raw : a->q, k_norm->cols ? a->k_raw : a->k,
                                a->v};

    l->norm(l, input, w[PART_ATTN_NORM].value, m->norm_eps, s->batch.n, m->hidden, a->attn_in);
    for (int i = 0; i < 3; i++) {
        trainer_matrix(s, &w[PART_Q + i], s->batch.n, a->attn_in, false, projected[i]);
        bias_forward(s, &w[PART_Q_BIAS + i], projected[i]);
    }
    head_norm_forward(s, q_norm, m->heads, a->q_raw, a->q);
    head_norm_forward(s, k_norm, m->kv_heads, a->k_raw, a->k);
    if (layer->rope != ROPE_NONE) {
        l->rope(l, a->q, &sequences, m->heads, 0, false);
        l->rope(l, a->k, &sequences, m->kv_heads, 0, false);
    }
    l->attention(l, a->q, a->k, a->v, &sequences, a->attended);
    trainer_layer_end(s, layer, input, output);
}

/* The gradient of a norm, whose weight may be frozen. */
static void norm_backward(Trainer *s, const TrainerWeight *w, const float *x, const float *dout,
                          float *dx)
{
    s->ops->norm_back(s->ops, x, w->value, s->model.norm_eps, s->batch.n, w->cols, dout, dx,
                      w->grad);
}

void trainer_layer_end_back(Trainer *s, const TrainerLayer *layer, float *dstream)
{
    const TrainerWeight *w = layer->part;
    TrainerActs *a = &s->acts;
    int n = s->batch.n;

    /* output = middle + down(swiglu(gate, up)): dstream is both output's and middle's. inner is
     * needed no longer when its gradient comes. */
    trainer_matrix_learn(s, &w[PART_DOWN], n, a->inner, dstream);
    trainer_matrix_back(s, &w[PART_DOWN], n, dstream, false, a->inner);
    s->ops->swiglu_back(s->ops, a->gate, a->up, a->inner, (size_t)n * (size_t)s->model.ffn);
    for (int i = 0; i < 2; i++) {
        const float *dout = i ? a->up : a->gate;
        trainer_matrix_learn(s, &w[PART_GATE + i], n, a->ffn_in, dout);
        trainer_matrix_back(s, &w[PART_GATE + i], n, dout, i > 0, a->dnormed);
    }
    norm_backward(s, &w[PART_FFN_NORM], a->middle, a->dnormed, dstream);

    /* middle = input + o(attended) */
    trainer_matrix_learn(s, &w[PART_O], n, a->attended, dstream);
    trainer_matrix_back(s, &w[PART_O], n, dstream, false, a->dattended);
}

void trainer_layer_backward(Trainer *s, const TrainerLayer *layer, const float *input,
                            float *dstream, bool input_wanted)
{
    TrainOps *l = s->ops;
    const ModelConfig *m = &s->model;
    const TrainerWeight *w = layer->part;
    TrainerActs *a = &s->acts;
    Sequences sequences = sequences_of(s);
    int n = s->batch.n;

    trainer_layer_end_back(s, layer, dstream);
    l->attention_back(l, a->q, a->k, a->v, &sequences, a->dattended, a->dq, a->dk, a->dv);
    if (layer->rope != ROPE_NONE) {
        l->rope(l, a->dq, &sequences, m->heads, 0, true);
        l->rope(l, a->dk, &sequences, m->kv_heads, 0, true);
    }
    /* q and k are needed no longer when the gradients of what was normed come. */
    float *const dprojected[] = {
        head_norm_backward(s, &w[PART_Q_NORM], m->heads, a->q_raw, a->dq, a->q),
        head_norm_backward(s, &w[PART_K_NORM], m->kv_heads, a->k_raw, a->dk, a->k), a->dv};
    for (int i = 0; i < 3; i++) {
        bias_backward(s, &w[PART_Q_BIAS + i], dprojected[i]);
        trainer_matrix_learn(s, &w[PART_Q + i], n, a->attn_in, dprojected[i]);
        trainer_matrix_back(s, &w[PART_Q + i], n, dprojected[i], i > 0, a->dnormed);
    }
    norm_backward(s, &w[PART_ATTN_NORM], input, a->dnormed, input_wanted ? dstream : NULL);
}
