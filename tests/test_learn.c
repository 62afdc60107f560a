/* test_learn.c - the arithmetic of training: gradients by finite differences, products against
 * sums in double, the same bits from every instruction set and number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../kernels/learn.h"
#include "weights.h"

enum { ROWS = 37, HEADS = 6, KV_HEADS = 2, DIM = 16, COLS = 75, VOCAB = 83, TOP = 3 };

static const int starts[] = {0, 20, 21, ROWS};
static const Sequences sequences = {3, starts};

/* NULL = not on this machine. */
static Learn *open_learn(int isa, int threads, LearnProducts products, bool neox)
{
    Kernels *kernels = isa_open(isa, threads, false);
    if (kernels == NULL)
        return NULL;
    static const float factors[DIM / 2] = {1, 1.5f, 2, 1, 1, 3, 1, 1};
    LearnShape shape = {.heads = HEADS,
                        .kv_heads = KV_HEADS,
                        .head_dim = DIM,
                        .rope_base = 10000,
                        .rope_neox = neox,
                        .rope_factors = factors,
                        .rows = 3000,
                        .length = 300};
    Err err = {0};
    Learn *learn;
    if (learn_open(&learn, kernels, &shape, products, &err) != 0)
        fail_msg("%s", err.text);
    return learn;
}

static void close_learn(Learn *learn)
{
    Kernels *kernels = learn->kernels;
    learn->close(learn);
    kernels->close(kernels);
}

static float *filled(size_t n, uint32_t seed)
{
    float *x = malloc(n * sizeof *x);
    random_fill(x, n, seed);
    return x;
}

/* --- products --- */

static double element(const Factor *f, int i, int k, bool rounded)
{
    size_t at = f->turned ? (size_t)k * (size_t)f->stride + (size_t)i
                          : (size_t)i * (size_t)f->stride + (size_t)k;
    if (f->bf16)
        return (double)bf16_float(((const uint16_t *)f->data)[at]);
    float value = ((const float *)f->data)[at];
    return (double)(rounded ? bf16_float(bf16_of(value)) : value);
}

static void check_product(Learn *learn, Factor a, Factor b, int m, int n, int k, bool add)
{
    bool rounded = strncmp(learn->precision, "bf16", 4) == 0;
    int stride = n + 3;
    float *out = filled((size_t)m * (size_t)stride, 5),
          *before = filled((size_t)m * (size_t)stride, 5);
    learn->product(learn, a, b, m, n, k, add, out, stride);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < stride; j++) {
            int at = i * stride + j;
            if (j >= n) { /* between the rows */
                assert_true(out[at] == before[at]);
                continue;
            }
            double sum = add ? (double)before[at] : 0, size = fabs(sum);
            for (int l = 0; l < k; l++) {
                double term = element(&a, i, l, rounded) * element(&b, j, l, rounded);
                sum += term;
                size += fabs(term);
            }
            if (!(fabs((double)out[at] - sum) <= 1e-6 * size + 1e-30))
                fail_msg("%d x %d x %d at %d, %d: %g, not %g", m, n, k, i, j, (double)out[at], sum);
        }
    }
    free(out);
    free(before);
}

static void test_product(void **state)
{
    (void)state;
    static const int sizes[][3] = {{1, 1, 1},    {7, 47, 5},     {8, 48, 2},    {9, 49, 31},
                                   {33, 97, 33}, {17, 130, 401}, {300, 20, 64}, {3, 5, 2400}};
    for (int isa = 0; isa < ISAS; isa++) {
        for (int products = LEARN_FASTEST; products <= LEARN_FLOATS; products++) {
            Learn *learn = open_learn(isa, 2, products, true);
            if (learn == NULL)
                continue;
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
                int m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
                size_t a_size = (size_t)(m + 2) * (size_t)(k + 2);
                size_t b_size = (size_t)(n + 2) * (size_t)(k + 2);
                float *a = filled(a_size, 1), *b = filled(b_size, 2);
                uint16_t *half = malloc(b_size * sizeof *half);
                for (size_t i = 0; i < b_size; i++)
                    half[i] = bf16_of(b[i]);
                for (int way = 0; way < 8; way++) {
                    Factor fa = {a, way & 1 ? m + 2 : k + 2, way & 1, false};
                    Factor fb = {b, way & 2 ? n + 2 : k + 2, way & 2, way & 4};
                    if (fb.bf16)
                        fb.data = half;
                    check_product(learn, fa, fb, m, n, k, way % 3 == 0);
                }
                free(a);
                free(b);
                free(half);
            }
            close_learn(learn);
        }
    }
}

/* Larger than what is packed at once. */
static void test_product_in_chunks(void **state)
{
    (void)state;
    enum { M = 9000, N = 8300, K = 3 };
    Learn *learn = open_learn(2, 2, LEARN_FASTEST, true);
    if (learn == NULL)
        learn = open_learn(0, 2, LEARN_FASTEST, true);
    float *a = filled((size_t)M * K, 1), *b = filled((size_t)N * K, 2);
    float *out = malloc((size_t)M * N * sizeof *out);
    Factor fa = {a, K, false, false}, fb = {b, K, false, false};
    learn->product(learn, fa, fb, M, N, K, false, out, N);
    bool rounded = strncmp(learn->precision, "bf16", 4) == 0;
    for (int i = 0; i < M; i += 97) {
        for (int j = 0; j < N; j += 89) {
            double sum = 0;
            for (int k = 0; k < K; k++)
                sum += element(&fa, i, k, rounded) * element(&fb, j, k, rounded);
            assert_true(fabs((double)out[(size_t)i * N + (size_t)j] - sum) < 1e-5);
        }
    }
    free(a);
    free(b);
    free(out);
    close_learn(learn);
}

/* --- gradients --- */

/* An operation as a function of up to four inputs, to a number: sum of outputs times made-up
 * weights. The gradients are those of this number. */
typedef struct Case {
    const char *name;
    int n; /* inputs */
    size_t size[4], out;
    void (*forward)(Learn *learn, float *const in[4], float *out);
    void (*backward)(Learn *learn, float *const in[4], const float *dout, float *const grad[4]);
} Case;

static void norm_forward(Learn *l, float *const in[4], float *out)
{
    l->norm(l, in[0], in[1], 1e-3f, ROWS, COLS, out);
}

static void norm_backward(Learn *l, float *const in[4], const float *dout, float *const grad[4])
{
    l->norm_back(l, in[0], in[1], 1e-3f, ROWS, COLS, dout, grad[0], grad[1]);
}

static void bias_forward(Learn *l, float *const in[4], float *out)
{
    memcpy(out, in[0], sizeof *out * ROWS * COLS);
    l->bias(l, out, in[1], ROWS, COLS);
}

static void bias_backward(Learn *l, float *const in[4], const float *dout, float *const grad[4])
{
    (void)in;
    l->add(l, grad[0], dout, ROWS * COLS);
    l->bias_back(l, dout, ROWS, COLS, grad[1]);
}

static void rope_forward(Learn *l, float *const in[4], float *out)
{
    memcpy(out, in[0], sizeof *out * ROWS * HEADS * DIM);
    l->rope(l, out, &sequences, HEADS, false);
}

static void rope_backward(Learn *l, float *const in[4], const float *dout, float *const grad[4])
{
    (void)in;
    memcpy(grad[0], dout, sizeof *dout * ROWS * HEADS * DIM);
    l->rope(l, grad[0], &sequences, HEADS, true);
}

static void attention_forward(Learn *l, float *const in[4], float *out)
{
    l->attention(l, in[0], in[1], in[2], &sequences, out);
}

static void attention_backward(Learn *l, float *const in[4], const float *dout,
                               float *const grad[4])
{
    l->attention_back(l, in[0], in[1], in[2], &sequences, dout, grad[0], grad[1], grad[2]);
}

static void swiglu_forward(Learn *l, float *const in[4], float *out)
{
    l->swiglu(l, in[0], in[1], ROWS * COLS, out);
}

static void swiglu_backward(Learn *l, float *const in[4], const float *dout, float *const grad[4])
{
    memcpy(grad[0], in[0], sizeof *dout * ROWS * COLS);
    memcpy(grad[1], in[1], sizeof *dout * ROWS * COLS);
    l->swiglu_back(l, grad[0], grad[1], dout, ROWS * COLS);
}

static int row_ids[ROWS]; /* with doubles */

static void rows_forward(Learn *l, float *const in[4], float *out)
{
    for (int i = 0; i < ROWS; i++)
        row_ids[i] = i * i % 11;
    l->rows(l, in[0], false, row_ids, ROWS, COLS, out);
}

static void rows_backward(Learn *l, float *const in[4], const float *dout, float *const grad[4])
{
    (void)in;
    l->rows_back(l, dout, row_ids, ROWS, COLS, grad[0]);
}

/* x w^T: both gradients are products. */
static void product_forward(Learn *l, float *const in[4], float *out)
{
    l->product(l, (Factor){in[0], COLS, false, false}, (Factor){in[1], COLS, false, false}, ROWS,
               VOCAB, COLS, false, out, VOCAB);
}

static void product_backward(Learn *l, float *const in[4], const float *dout, float *const grad[4])
{
    l->product(l, (Factor){dout, VOCAB, false, false}, (Factor){in[1], COLS, true, false}, ROWS,
               COLS, VOCAB, true, grad[0], COLS);
    l->product(l, (Factor){dout, VOCAB, true, false}, (Factor){in[0], COLS, true, false}, VOCAB,
               COLS, ROWS, true, grad[1], COLS);
}

static const Case cases[] = {
    {"norm", 2, {ROWS * COLS, COLS}, ROWS *COLS, norm_forward, norm_backward},
    {"bias", 2, {ROWS * COLS, COLS}, ROWS *COLS, bias_forward, bias_backward},
    {"rope", 1, {ROWS * HEADS * DIM}, ROWS *HEADS *DIM, rope_forward, rope_backward},
    {"attention",
     3,
     {ROWS * HEADS * DIM, ROWS *KV_HEADS *DIM, ROWS *KV_HEADS *DIM},
     ROWS *HEADS *DIM,
     attention_forward,
     attention_backward},
    {"swiglu", 2, {ROWS * COLS, ROWS *COLS}, ROWS *COLS, swiglu_forward, swiglu_backward},
    {"rows", 1, {11 * COLS}, ROWS *COLS, rows_forward, rows_backward},
    {"product", 2, {ROWS * COLS, VOCAB *COLS}, ROWS *VOCAB, product_forward, product_backward},
};

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Along random directions, one input at a time. */
static void check_case(Learn *learn, const Case *c)
{
    enum { DIRECTIONS = 8 };
    const float step = 1.0f / 64;
    float *in[4] = {0}, *grad[4] = {0}, *out = malloc(c->out * sizeof *out);
    float *dout = filled(c->out, 99);
    for (int i = 0; i < c->n; i++) {
        in[i] = filled(c->size[i], (uint32_t)i + 1);
        grad[i] = calloc(c->size[i], sizeof *grad[i]);
    }
    c->forward(learn, in, out);
    c->backward(learn, in, dout, grad);
    for (int d = 0; d < DIRECTIONS * c->n; d++) {
        int i = d / DIRECTIONS;
        float *direction = filled(c->size[i], (uint32_t)(1000 + d)), *kept = in[i];
        double value[2];
        in[i] = malloc(c->size[i] * sizeof *in[i]);
        for (int side = 0; side < 2; side++) {
            for (size_t j = 0; j < c->size[i]; j++)
                in[i][j] = kept[j] + (side ? step : -step) * direction[j];
            c->forward(learn, in, out);
            value[side] = dot(out, dout, c->out);
        }
        double expected = (value[1] - value[0]) / (2 * (double)step);
        double got = dot(grad[i], direction, c->size[i]);
        double size = sqrt(dot(grad[i], grad[i], c->size[i]));
        if (!(fabs(got - expected) < 2e-3 * size))
            fail_msg("%s, input %d: %g, by differences %g", c->name, i, got, expected);
        free(direction);
        free(in[i]);
        in[i] = kept;
    }
    for (int i = 0; i < c->n; i++) {
        free(in[i]);
        free(grad[i]);
    }
    free(out);
    free(dout);
}

static void test_gradients(void **state)
{
    (void)state;
    for (int isa = 0; isa < ISAS; isa++) {
        Learn *learn = open_learn(isa, 2, LEARN_FLOATS, isa == 0);
        for (size_t c = 0; learn && c < sizeof cases / sizeof *cases; c++)
            check_case(learn, &cases[c]);
        if (learn)
            close_learn(learn);
    }
}

/* The loss turns logits into its gradient, so its differences are taken by hand. */
static void test_loss(void **state)
{
    (void)state;
    Learn *learn = open_learn(0, 1, LEARN_FLOATS, true);
    int places[ROWS * TOP];
    float weights[ROWS * TOP], loss[ROWS], again[ROWS];
    for (int i = 0; i < ROWS * TOP; i++) {
        places[i] = i * 17 % VOCAB;
        weights[i] = i / TOP == 4 ? 0 : (float)(i % TOP + 1) / 7; /* row 4 says nothing */
    }
    float *logits = filled(ROWS * VOCAB, 3), *moved = malloc(sizeof *moved * ROWS * VOCAB);
    float *grad = filled(ROWS * VOCAB, 3);
    for (int i = 0; i < ROWS * VOCAB; i++)
        grad[i] = logits[i] *= 5;
    learn->loss(learn, grad, ROWS, VOCAB, TOP, places, weights, 0.5f, loss);
    for (int i = 0; i < ROWS; i++) {
        double sum = 0, expected = 0;
        for (int v = 0; v < VOCAB; v++)
            sum += exp((double)logits[i * VOCAB + v]);
        for (int t = i * TOP; t < (i + 1) * TOP; t++)
            expected += (double)weights[t] * (log(sum) - (double)logits[i * VOCAB + places[t]]);
        assert_true(fabs((double)loss[i] - expected) < 1e-5);
    }
    for (int d = 0; d < 8; d++) {
        float *direction = filled(ROWS * VOCAB, (uint32_t)(10 + d));
        double value[2] = {0};
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < ROWS * VOCAB; i++)
                moved[i] = logits[i] + (side ? 1 : -1) * direction[i] / 128;
            learn->loss(learn, moved, ROWS, VOCAB, TOP, places, weights, 0, again);
            for (int i = 0; i < ROWS; i++)
                value[side] += 0.5 * (double)again[i];
        }
        double expected = (value[1] - value[0]) * 64;
        assert_true(fabs(dot(grad, direction, ROWS * VOCAB) - expected) < 2e-3);
        free(direction);
    }
    for (int v = 0; v < VOCAB; v++)
        assert_true(grad[4 * VOCAB + v] == 0);
    free(logits);
    free(moved);
    free(grad);
    close_learn(learn);
}

/* Against the formulas of the paper, in double. */
static void test_adamw(void **state)
{
    (void)state;
    enum { N = 100 };
    Learn *learn = open_learn(0, 1, LEARN_FLOATS, true);
    AdamW a = {.rate = 0.01f, .beta1 = 0.9f, .beta2 = 0.99f, .epsilon = 1e-8f, .decay = 0.1f};
    float *w = filled(N, 1), *mean = calloc(N, sizeof *mean), *square = calloc(N, sizeof *square);
    double v[N], m[N] = {0}, s[N] = {0};
    for (int i = 0; i < N; i++)
        v[i] = (double)w[i];
    for (a.step = 1; a.step <= 5; a.step++) {
        float *g = filled(N, (uint32_t)a.step + 7), *given = filled(N, (uint32_t)a.step + 7);
        a.scale = 1.0f / (float)a.step;
        learn->adamw(learn, &a, w, g, mean, square, N);
        for (int i = 0; i < N; i++) {
            double gi = (double)given[i] / a.step, rate = (double)a.rate;
            m[i] = 0.9 * m[i] + 0.1 * gi;
            s[i] = 0.99 * s[i] + 0.01 * gi * gi;
            v[i] -= rate *
                    (m[i] / (1 - pow(0.9, a.step)) / (sqrt(s[i] / (1 - pow(0.99, a.step))) + 1e-8) +
                     0.1 * v[i]);
            assert_true(fabs((double)w[i] - v[i]) < 1e-5);
            assert_true(g[i] == 0);
        }
        free(g);
        free(given);
    }
    assert_true(fabs(learn->squares(learn, mean, N) - dot(mean, mean, N)) < 1e-6);
    free(w);
    free(mean);
    free(square);
    close_learn(learn);
}

/* --- the same bits --- */

static void run_all(Learn *learn, float *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *c = &cases[i];
        float *in[4] = {0}, *grad[4] = {0}, *dout = filled(c->out, 99);
        for (int j = 0; j < c->n; j++) {
            in[j] = filled(c->size[j], (uint32_t)j + 1);
            grad[j] = out + used;
            used += c->size[j];
        }
        c->forward(learn, in, out + used);
        used += c->out;
        c->backward(learn, in, dout, grad);
        for (int j = 0; j < c->n; j++)
            free(in[j]);
        free(dout);
        assert_true(used <= size);
    }
}

static void test_same_bits(void **state)
{
    (void)state;
    enum { SIZE = 100000 };
    float *expected = calloc(SIZE, sizeof *expected), *got = calloc(SIZE, sizeof *got);
    for (int products = LEARN_FASTEST; products <= LEARN_FLOATS; products++) {
        /* bf16 takes AVX-512, and the fastest is something else only with AMX. */
        int first_isa = products == LEARN_FLOATS ? 0 : products == LEARN_VECTORS ? 2 : 3;
        Learn *first = open_learn(first_isa, 1, products, true);
        if (first == NULL)
            continue;
        memset(expected, 0, SIZE * sizeof *expected);
        run_all(first, expected, SIZE);
        for (int isa = first_isa; isa < ISAS; isa++) {
            for (int threads = 1; threads < 4; threads++) {
                Learn *learn = open_learn(isa, threads, products, true);
                if (learn == NULL)
                    continue;
                memset(got, 0, SIZE * sizeof *got);
                run_all(learn, got, SIZE);
                assert_memory_equal(got, expected, SIZE * sizeof *got);
                close_learn(learn);
            }
        }
        close_learn(first);
    }
    free(expected);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product),   cmocka_unit_test(test_product_in_chunks),
        cmocka_unit_test(test_gradients), cmocka_unit_test(test_loss),
        cmocka_unit_test(test_adamw),     cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
