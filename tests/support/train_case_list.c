/* train_case_list.c - the operations with a gradient; see train_case_list.h. */
#include "tests/support/train_case_list.h"

#include "tests/support/train_cases.h"
#include "tests/support/train_numbers.h"

enum { ROWS = 37, HEADS = 6, KV_HEADS = 2, DIM = 16, COLS = 75, VOCAB = 83 };

static const int starts[] = {0, 20, 21, ROWS};
static const Sequences sequences = {3, starts};

TrainShape train_cases_shape(bool neox)
{
    static const float factors[DIM / 2] = {1, 1.5f, 2, 1, 1, 3, 1, 1};
    return (TrainShape){
        .heads = HEADS,
        .kv_heads = KV_HEADS,
        .head_dim = DIM,
        .attention_scale = 0.3f,
        .rope = {.base = 10000, .neox = neox, .dims = DIM, .scale = 1.25f, .factors = factors},
        .rows = 3000,
        .length = 300};
}

static void norm_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    l->norm(l, in[0], in[1], 1e-3f, ROWS, COLS, out);
}

static void norm_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                          float *const grad[INPUTS])
{
    l->norm_back(l, in[0], in[1], 1e-3f, ROWS, COLS, dout, grad[0], grad[1]);
}

static void bias_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    l->kernels->copy(l->kernels, out, in[0], ROWS * COLS);
    l->bias(l, out, in[1], ROWS, COLS);
}

static void bias_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                          float *const grad[INPUTS])
{
    (void)in;
    l->add(l, grad[0], dout, ROWS * COLS);
    l->bias_back(l, dout, ROWS, COLS, grad[1]);
}

static void rope_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    l->kernels->copy(l->kernels, out, in[0], ROWS * HEADS * DIM);
    l->rope(l, out, &sequences, HEADS, TRAIN_SHIFT_MAX, false);
}

static void rope_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                          float *const grad[INPUTS])
{
    (void)in;
    l->kernels->copy(l->kernels, grad[0], dout, ROWS * HEADS * DIM);
    l->rope(l, grad[0], &sequences, HEADS, TRAIN_SHIFT_MAX, true);
}

static void attention_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    l->attention(l, in[0], in[1], in[2], &sequences, out);
}

static void attention_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                               float *const grad[INPUTS])
{
    l->attention_back(l, in[0], in[1], in[2], &sequences, dout, grad[0], grad[1], grad[2]);
}

static void unrolled_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    const float *key[] = {in[1], in[3], in[5]}, *value[] = {in[2], in[4], in[6]};
    l->attention_unrolled(l, in[0], 3, key, value, &sequences, out);
}

static void unrolled_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                              float *const grad[INPUTS])
{
    const float *key[] = {in[1], in[3], in[5]}, *value[] = {in[2], in[4], in[6]};
    float *dkey[] = {grad[1], grad[3], grad[5]}, *dvalue[] = {grad[2], grad[4], grad[6]};
    l->attention_unrolled_back(l, in[0], 3, key, value, &sequences, dout, grad[0], dkey, dvalue);
}

static void swiglu_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    l->swiglu(l, in[0], in[1], ROWS * COLS, out);
}

static void swiglu_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                            float *const grad[INPUTS])
{
    l->kernels->copy(l->kernels, grad[0], in[0], ROWS * COLS);
    l->kernels->copy(l->kernels, grad[1], in[1], ROWS * COLS);
    l->swiglu_back(l, grad[0], grad[1], dout, ROWS * COLS);
}

static void silu_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    l->kernels->copy(l->kernels, out, in[1], ROWS * COLS);
    l->silu_add(l, in[0], ROWS * COLS, out);
}

static void silu_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                          float *const grad[INPUTS])
{
    l->add(l, grad[0], dout, ROWS * COLS); /* which is set */
    l->silu_add_back(l, in[0], dout, ROWS * COLS, grad[0]);
    l->add(l, grad[1], dout, ROWS * COLS);
}

static void smooth_l1_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    float loss[ROWS], *unused = buffer(l, NULL, ROWS * COLS);
    l->smooth_l1(l, in[0], in[1], ROWS, COLS, 1, loss, unused);
    l->kernels->upload(l->kernels, out, loss, ROWS);
    drop(l, unused);
}

/* Each row with a scale of its own; the target's gradient is that with the two changed about. */
static void smooth_l1_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                               float *const grad[INPUTS])
{
    float scale[ROWS], loss;
    take(l, scale, dout, ROWS);
    for (int i = 0; i < ROWS; i++) {
        const float *x = in[0] + i * COLS, *target = in[1] + i * COLS;
        l->smooth_l1(l, x, target, 1, COLS, scale[i], &loss, grad[0] + i * COLS);
        l->smooth_l1(l, target, x, 1, COLS, scale[i], &loss, grad[1] + i * COLS);
    }
}

static int row_ids[ROWS]; /* with doubles */

static void rows_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    for (int i = 0; i < ROWS; i++)
        row_ids[i] = i * i % 11;
    l->rows(l, in[0], false, row_ids, ROWS, COLS, out);
}

static void rows_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                          float *const grad[INPUTS])
{
    (void)in;
    l->rows_back(l, dout, row_ids, ROWS, COLS, grad[0]);
}

/* x w^T: both gradients are products. */
static void product_forward(TrainOps *l, float *const in[INPUTS], float *out)
{
    l->product(l, (Factor){in[0], COLS, false, false}, (Factor){in[1], COLS, false, false}, ROWS,
               VOCAB, COLS, false, out, VOCAB);
}

static void product_backward(TrainOps *l, float *const in[INPUTS], const float *dout,
                             float *const grad[INPUTS])
{
    l->product(l, (Factor){dout, VOCAB, false, false}, (Factor){in[1], COLS, true, false}, ROWS,
               COLS, VOCAB, true, grad[0], COLS);
    l->product(l, (Factor){dout, VOCAB, true, false}, (Factor){in[0], COLS, true, false}, VOCAB,
               COLS, ROWS, true, grad[1], COLS);
}

const TrainCase train_case_list[] = {
    {"norm", 2, {ROWS * COLS, COLS}, ROWS *COLS, norm_forward, norm_backward},
    {"bias", 2, {ROWS * COLS, COLS}, ROWS *COLS, bias_forward, bias_backward},
    {"rope", 1, {ROWS * HEADS * DIM}, ROWS *HEADS *DIM, rope_forward, rope_backward},
    {"attention",
     3,
     {ROWS * HEADS * DIM, ROWS *KV_HEADS *DIM, ROWS *KV_HEADS *DIM},
     ROWS *HEADS *DIM,
     attention_forward,
     attention_backward},
    {"attention_unrolled",
     7,
     {ROWS * HEADS * DIM, ROWS *KV_HEADS *DIM, ROWS *KV_HEADS *DIM, ROWS *KV_HEADS *DIM,
      ROWS *KV_HEADS *DIM, ROWS *KV_HEADS *DIM, ROWS *KV_HEADS *DIM},
     ROWS *HEADS *DIM,
     unrolled_forward,
     unrolled_backward},
    {"swiglu", 2, {ROWS * COLS, ROWS *COLS}, ROWS *COLS, swiglu_forward, swiglu_backward},
    {"silu", 2, {ROWS * COLS, ROWS *COLS}, ROWS *COLS, silu_forward, silu_backward},
    {"smooth_l1", 2, {ROWS * COLS, ROWS *COLS}, ROWS, smooth_l1_forward, smooth_l1_backward},
    {"rows", 1, {11 * COLS}, ROWS *COLS, rows_forward, rows_backward},
    {"product", 2, {ROWS * COLS, VOCAB *COLS}, ROWS *VOCAB, product_forward, product_backward},
};

const int train_case_count = sizeof train_case_list / sizeof *train_case_list;
