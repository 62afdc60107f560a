/* test_cuda_rows.c - the CUDA backend's other kernels on the host, against the CPU's: what is fused
 * with products, prompts, embedding, norm, rope, keys and values, scans of logits. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/decode/sample.h"
#include "tests/support/cuda_twin.h"
#include "tests/support/weights.h"

static Kernels *open_twin(bool has_gemm, bool reverse)
{
    return twin_kernels(
        &(TwinOptions){.memory = (size_t)4 << 30, .has_gemm = has_gemm, .reverse = reverse});
}

/* A buffer of the backend's with these values. */
static float *device(Kernels *k, const float *values, size_t n)
{
    float *buffer = k->buffer_alloc(k, n);
    assert_non_null(buffer);
    if (values)
        k->upload(k, buffer, values, n);
    return buffer;
}

enum { COLS = 512, ROWS = 50, N = 11 };

/* One Linear on the CPU's reference path and on the twin; out: [2][n * ROWS] */
typedef struct Both {
    Kernels *k[2];
    Weights w[3];
    Matrix *m[2][3];
    float x[N * COLS], norm[COLS], bias[3][ROWS], old[N * ROWS];
} Both;

static void both_open(Both *b, bool has_gemm, const QuantType types[3])
{
    b->k[0] = isa_open(0, 1, true);
    b->k[1] = open_twin(has_gemm, false);
    random_fill(b->x, N * COLS, 1);
    random_fill(b->norm, COLS, 2);
    random_fill(b->old, N * ROWS, 3);
    for (int j = 0; j < 3; j++) {
        random_fill(b->bias[j], ROWS, (uint32_t)j + 4);
        b->w[j] = weights_make(types[j], ROWS, COLS, (uint32_t)j + 7);
        for (int i = 0; i < 2; i++)
            b->m[i][j] = weights_open(b->k[i], &b->w[j]);
    }
}

static void both_close(Both *b)
{
    for (int j = 0; j < 3; j++) {
        for (int i = 0; i < 2; i++)
            b->k[i]->matrix_close(b->k[i], b->m[i][j]);
        weights_free(&b->w[j]);
    }
    for (int i = 0; i < 2; i++)
        b->k[i]->close(b->k[i]);
}

static void both_run(Both *b, LinearMode mode, int count, bool prompt, int n, bool normed,
                     float out[2][3][N * ROWS])
{
    for (int i = 0; i < 2; i++) {
        Kernels *k = b->k[i];
        Linear linear = {.count = count, .mode = mode, .prompt = prompt, .norm_eps = 1e-5f};
        float *x = device(k, b->x, (size_t)(n * COLS)), *norm = device(k, b->norm, COLS);
        float *bias[3], *y[3];
        linear.norm = normed ? norm : NULL;
        for (int j = 0; j < 3; j++) {
            bias[j] = device(k, b->bias[j], ROWS);
            y[j] = device(k, b->old, (size_t)(n * ROWS));
            linear.matrix[j] = b->m[i][j];
            linear.bias[j] = j == 1 ? NULL : bias[j];
            linear.out[j] = y[j];
        }
        k->linear(k, &linear, x, n);
        for (int j = 0; j < 3; j++) {
            k->download(k, out[i][j], y[j], (size_t)(n * ROWS));
            k->buffer_free(k, y[j]);
            k->buffer_free(k, bias[j]);
        }
        k->buffer_free(k, x);
        k->buffer_free(k, norm);
    }
}

/* Sums of 512 products of size up to 1 whose factors are rounded to 11 bits: six standard
 * deviations are 0.01. Of SwiGLU's two factors each can be some ten. */
enum { ONE_SUM = 15, TWO_SUMS = 150 }; /* thousandths */

static void assert_near(float out[2][3][N * ROWS], int count, int n, int bound)
{
    for (int j = 0; j < count; j++) {
        for (int i = 0; i < n * ROWS; i++)
            assert_float_equal(out[0][j][i], out[1][j][i], bound * 1e-3);
    }
}

static void fusions_agree_with_the_cpu(void **state)
{
    static const QuantType types[][3] = {
        {QUANT_Q4_K, QUANT_Q4_K, QUANT_Q6_K},
        {QUANT_Q8_0, QUANT_F16, QUANT_BF16},
        {QUANT_F32, QUANT_BF16, QUANT_Q5_1},
    };
    static Both b;
    static float out[2][3][N * ROWS];
    (void)state;
    for (int t = 0; t < 3; t++) {
        for (int gemm = 0; gemm < 2; gemm++) {
            both_open(&b, gemm, types[t]);
            for (int prompt = 0; prompt < 2; prompt++) {
                both_run(&b, LINEAR_SET, 3, prompt, N, true, out);
                assert_near(out, 3, N, ONE_SUM);
                both_run(&b, LINEAR_ADD, 1, prompt, 3, false, out);
                assert_near(out, 3, 3, ONE_SUM);
                both_run(&b, LINEAR_SWIGLU, 2, prompt, N, true, out);
                assert_near(out, 1, N, TWO_SUMS);
                both_run(&b, LINEAR_SWIGLU, 2, prompt, 1, false, out);
                assert_near(out, 1, 1, TWO_SUMS);
            }
            both_close(&b);
        }
    }
}

/* A prompt's row does not depend on how many others there are. */
static void prompts_do_not_depend_on_their_batch(void **state)
{
    static const QuantType types[3] = {QUANT_Q4_K, QUANT_Q4_K, QUANT_F32};
    static Both b;
    static float all[2][3][N * ROWS], some[2][3][N * ROWS];
    (void)state;
    both_open(&b, true, types);
    both_run(&b, LINEAR_SET, 3, true, N, true, all);
    both_run(&b, LINEAR_SET, 3, true, 4, true, some);
    for (int j = 0; j < 3; j++)
        assert_memory_equal(all[1][j], some[1][j], 4 * ROWS * sizeof(float));
    both_close(&b);
}

static void embedding_is_exact(void **state)
{
    (void)state;
    Kernels *k = open_twin(false, true);
    for (int t = 0; t < QUANT_TYPES; t++) {
        int cols = quant_types[t].block == 256 ? 768 : 416, ids[] = {36, 0, 15, 16, 8};
        Weights w = weights_make(quant_types[t].type, 37, cols, 3);
        Matrix *m = weights_open(k, &w);
        float *out = malloc((size_t)(5 * cols) * sizeof *out), *y = device(k, NULL, 5 * 768);
        k->embed(k, m, ids, 5, 1, y);
        k->download(k, out, y, (size_t)(5 * cols));
        for (int i = 0; i < 5; i++)
            assert_memory_equal(out + i * cols, w.values + ids[i] * cols,
                                (size_t)cols * sizeof *out);
        free(out);
        k->buffer_free(k, y);
        k->matrix_close(k, m);
        weights_free(&w);
    }
    k->close(k);
}

static void norm_agrees_with_the_cpu(void **state)
{
    enum { WIDTH = 601 };
    static float x[N * WIDTH], weight[WIDTH], out[2][N * WIDTH];
    (void)state;
    random_fill(x, N * WIDTH, 1);
    random_fill(weight, WIDTH, 2);
    for (int i = 0; i < 2; i++) {
        Kernels *k = i ? open_twin(false, false) : isa_open(0, 1, true);
        float *a = device(k, x, N * WIDTH), *w = device(k, weight, WIDTH);
        k->norm(k, a, w, 1e-6f, N, 1, WIDTH, a); /* in place */
        k->download(k, out[i], a, N * WIDTH);
        k->buffer_free(k, a);
        k->buffer_free(k, w);
        k->close(k);
    }
    for (int i = 0; i < N * WIDTH; i++)
        assert_float_equal(out[0][i], out[1][i], 1e-5);
}

/* As rows of the batch before, as others, as none. */
static void silu_agrees_with_the_cpu(void **state)
{
    enum { WIDTH = 601 };
    static const size_t counts[] = {0, 1, N * WIDTH, WIDTH, N * WIDTH - 1};
    static float x[N * WIDTH], old[N * WIDTH], out[2][N * WIDTH];
    (void)state;
    random_fill(x, N * WIDTH, 1);
    random_fill(old, N * WIDTH, 2);
    for (int i = 0; i < N * WIDTH; i++)
        x[i] *= i % 5 ? 4 : 120;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (int form = 0; form < 3; form++) { /* 1: after a batch of N rows */
            for (int i = 0; i < 2; i++) {
                Kernels *k = i ? open_twin(false, form == 2) : isa_open(0, 1, true);
                float *a = device(k, x, N * WIDTH), *b = device(k, old, N * WIDTH);
                float *normed = device(k, NULL, N * WIDTH);
                if (form == 1)
                    k->norm(k, a, a, 1e-6f, N, 1, WIDTH, normed);
                k->silu_add(k, a, counts[c], b);
                k->download(k, out[i], b, N * WIDTH);
                float *all[] = {a, b, normed};
                for (int j = 0; j < 3; j++)
                    k->buffer_free(k, all[j]);
                k->close(k);
            }
            for (size_t i = 0; i < N * WIDTH; i++)
                assert_float_equal(out[0][i], out[1][i], 1e-5);
            assert_memory_equal(out[1] + counts[c], old + counts[c],
                                (N * WIDTH - counts[c]) * sizeof *old);
        }
    }
}

static void rope_agrees_with_the_cpu(void **state)
{
    enum { H = 3, D = 20 };
    static float q[N * H * D], factors[D / 2], out[2][2][N * H * D];
    int slot[N] = {0}, prefix[N];
    uint64_t mask[N];
    (void)state;
    random_fill(q, N * H * D, 1);
    for (int i = 0; i < D / 2; i++)
        factors[i] = 1 + (float)i / 4;
    for (int i = 0; i < N; i++) {
        prefix[i] = i * i * 30;
        mask[i] = 0x91u >> (i % 4) | 1;
    }
    Batch batch = {.n = N, .slot = slot, .prefix = prefix, .mask = mask, .base = 10};
    for (int form = 0; form < 8; form++) {
        Kernels *k = NULL;
        for (int i = 0; i < 2; i++) {
            k = i ? open_twin(false, form & 1) : isa_open(0, 1, true);
            float *a = device(k, q, N * H * D), *b = device(k, q, N * H * D);
            float *f = device(k, factors, D / 2);
            /* Two that follow each other: queries and keys, the keys with fewer heads. */
            const Rope rope = {1e4f, form & 1, form & 4 ? D - 8 : D, form & 4 ? 1.3f : 1,
                               form & 2 ? f : NULL};
            k->rope(k, a, &batch, H, D, &rope);
            k->rope(k, b, &batch, 1, D, &rope);
            k->download(k, out[i][0], a, N * H * D);
            k->download(k, out[i][1], b, N * H * D);
            k->buffer_free(k, a);
            k->buffer_free(k, b);
            k->buffer_free(k, f);
            if (i == 0)
                k->close(k);
        }
        /* Of a device's sines the last bit may differ. */
        bool exact = twin_counts(twin_of(k)) != NULL;
        const float *cpu = &out[0][0][0], *got = &out[1][0][0];
        for (int i = 0; i < 2 * N * H * D; i++)
            assert_float_equal(cpu[i], got[i], exact ? 0 : 1e-6);
        k->close(k);
    }
}

enum { KV_HEADS = 2, KV_DIM = 84, KV_SIZE = KV_HEADS * KV_DIM, KV_LAYERS = 3, KV_SLOTS = 64 };

/* Writes every slot of every layer, moves some, and reads every slot of a layer. */
static void write_move_read(Kernels *k, KvType type, int layer, float out[KV_SLOTS][2][KV_SIZE])
{
    static const int from[] = {41, 42, 47, 50, 51};
    static float key[KV_SIZE], value[KV_SIZE];
    KvCache *kv = k->kv_open(k, type, KV_LAYERS, KV_HEADS, KV_DIM, KV_SLOTS);
    assert_non_null(kv);
    for (int i = 0; i < KV_SLOTS * KV_LAYERS; i++) {
        int slot = i / KV_LAYERS, zero = 0;
        uint64_t none = 0;
        Batch batch = {.n = 1, .slot = &slot, .prefix = &zero, .mask = &none};
        random_fill(key, KV_SIZE, (uint32_t)(2 * i));
        random_fill(value, KV_SIZE, (uint32_t)(2 * i + 1));
        for (int e = 0; e < KV_SIZE && slot == 50; e++)
            key[e] = value[e] = e < 32 ? 0 : e < 64 ? NAN : e < 80 ? -1e30f : 1e-35f;
        float *a = device(k, key, KV_SIZE), *b = device(k, value, KV_SIZE);
        k->kv_write(k, kv, i % KV_LAYERS, &batch, a, b);
        k->wait(k);
        k->buffer_free(k, a);
        k->buffer_free(k, b);
    }
    k->kv_move(k, kv, 1, 3, from, 5, 40);
    for (int slot = 0; slot < KV_SLOTS; slot++)
        k->kv_read(k, kv, layer, slot, out[slot][0], out[slot][1]);
    k->kv_close(k, kv);
}

static void caches_hold_and_move_what_the_cpus_do(void **state)
{
    static float out[2][KV_SLOTS][2][KV_SIZE];
    (void)state;
    for (KvType type = KV_F16; type <= KV_Q8; type++) {
        for (int layer = 0; layer < KV_LAYERS; layer += 2) {
            for (int i = 0; i < 2; i++) {
                Kernels *k = i ? open_twin(false, layer > 0) : isa_open(0, 1, false);
                assert_true(k->kv_bytes(k, type, KV_LAYERS, KV_HEADS, KV_DIM, KV_SLOTS) >=
                            2 * KV_LAYERS * KV_SLOTS * KV_HEADS * kv_slot_bytes(type, KV_DIM));
                write_move_read(k, type, layer, out[i]);
                k->close(k);
            }
            const float *a = &out[0][0][0][0], *b = &out[1][0][0][0];
            for (int i = 0; i < KV_SLOTS * 2 * KV_SIZE; i++)
                assert_true(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])));
        }
    }
}

static void top_is_the_cpus(void **state)
{
    enum { ROWS_TOP = 3 };
    static const int vocabs[] = {1, 7, 2048, 5001}, counts[] = {1, 5, TOP_MAX};
    (void)state;
    for (size_t c = 0; c < sizeof vocabs / sizeof *vocabs; c++) {
        int vocab = vocabs[c];
        float *logits = malloc((size_t)(ROWS_TOP * vocab) * sizeof *logits);
        random_logits(logits, ROWS_TOP, vocab);
        for (size_t j = 0; j < 3 && counts[j] <= vocab; j++) {
            int count = counts[j], ids[2][ROWS_TOP * TOP_MAX];
            float values[2][ROWS_TOP * TOP_MAX], sum[2][ROWS_TOP];
            for (int i = 0; i < 2; i++) {
                Kernels *k = i ? open_twin(false, j == 1) : isa_open(0, 1, true);
                float *a = device(k, logits, (size_t)(ROWS_TOP * vocab));
                k->top(k, a, ROWS_TOP, vocab, count, ids[i], values[i], sum[i]);
                k->buffer_free(k, a);
                k->close(k);
            }
            assert_memory_equal(ids[0], ids[1], (size_t)(ROWS_TOP * count) * sizeof(int));
            assert_memory_equal(values[0], values[1], (size_t)(ROWS_TOP * count) * sizeof(float));
        }
        free(logits);
    }
}

static void log_sum_is_the_softmaxs(void **state)
{
    enum { VOCAB = 5003 };
    static float logits[VOCAB];
    float value[2], sum[2];
    int id[2];
    (void)state;
    random_fill(logits, VOCAB, 8);
    for (int i = 0; i < VOCAB; i++)
        logits[i] = logits[i] * 30 - 1000;
    for (int i = 0; i < 2; i++) {
        Kernels *k = i ? open_twin(false, false) : isa_open(0, 1, true);
        float *a = device(k, logits, VOCAB);
        k->top(k, a, 1, VOCAB, 1, &id[i], &value[i], &sum[i]);
        k->buffer_free(k, a);
        k->close(k);
    }
    assert_int_equal(id[0], id[1]);
    assert_float_equal(sum[0], sum[1], 1e-3);
}

enum { VOCAB = 96, B = 5 };

/* A head, and the logits [B, VOCAB] that it gave, in the device's memory. */
typedef struct HeadRun {
    Kernels *k;
    Weights w;
    Matrix *m;
    float *in, *out;
} HeadRun;

static HeadRun head_run_open(void)
{
    enum { WIDTH = 64 };
    static float x[B * WIDTH];
    HeadRun run = {.k = open_twin(false, false), .w = weights_make(QUANT_Q8_0, VOCAB, WIDTH, 1)};
    run.m = weights_open(run.k, &run.w);
    random_fill(x, B * WIDTH, 2);
    run.in = device(run.k, x, B * WIDTH);
    run.out = device(run.k, NULL, B * VOCAB);
    Linear linear = {.count = 1, .matrix = {run.m}, .out = {run.out}};
    run.k->linear(run.k, &linear, run.in, B);
    return run;
}

static void head_run_close(HeadRun *run)
{
    run->k->buffer_free(run->k, run->in);
    run->k->buffer_free(run->k, run->out);
    run->k->matrix_close(run->k, run->m);
    weights_free(&run->w);
    run->k->close(run->k);
}

/* Rows of one head's logits are found together: one trip, however many are asked for. */
static void rows_of_a_head_cost_one_trip(void **state)
{
    static float logits[B * VOCAB], value[3], sum;
    int id[3], best[3];
    (void)state;
    HeadRun run = head_run_open();
    Kernels *k = run.k;
    float *out = run.out;
    uint64_t copies = k->back_copies;
    k->top(k, out + 2 * VOCAB, 1, VOCAB - 3, 3, id, value, &sum);
    for (int i = 0; i < B; i++)
        k->top(k, out + i * VOCAB, 1, VOCAB - 3, 1 + i % 3, best, value, NULL);
    assert_int_equal(k->back_copies - copies, 1);
    k->top(k, out + 2 * VOCAB, 1, VOCAB - 3, 3, best, value, NULL);
    assert_memory_equal(id, best, sizeof id);
    k->download(k, logits, out, B * VOCAB);
    for (int i = 0; i < VOCAB - 3; i++)
        assert_true(logits[2 * VOCAB + i] <= logits[2 * VOCAB + id[0]]);
    /* Changed logits are looked at again. */
    for (int i = 0; i < VOCAB; i++)
        logits[2 * VOCAB + i] = (float)i;
    k->upload(k, out + 2 * VOCAB, logits + 2 * VOCAB, VOCAB);
    k->top(k, out + 2 * VOCAB, 1, VOCAB - 3, 1, best, value, NULL);
    assert_int_equal(best[0], VOCAB - 4);
    head_run_close(&run);
}

/* Tokens with noise as well, with the best without it. */
static void a_draw_costs_one_trip(void **state)
{
    static float score[B * 2], value, sum;
    int place[B * 2], found[B], best, position[B] = {0};
    (void)state;
    HeadRun run = head_run_open();
    Kernels *k = run.k;
    float *out = run.out;
    uint64_t copies = k->back_copies;
    Draw how = {.temperature = 0.01f, .top_p = 1};
    k->draw(k, out, B, VOCAB, VOCAB - 3, &how, position, 2, place, score, found);
    for (int i = 0; i < B; i++)
        k->top(k, out + i * VOCAB, 1, VOCAB - 3, 1, &best, &value, &sum);
    assert_int_equal(k->back_copies - copies, 1);
    assert_int_equal(best, place[2 * (B - 1)]); /* nearly without noise */
    head_run_close(&run);
}

/* Draws of three rows, and the same of the middle row alone; out: of the CPU, of the device. */
typedef struct Drawn {
    int found[4], ids[4][RANKED_MAX];
    float scores[4][RANKED_MAX];
} Drawn;

static void draw_rows(Kernels *k, const float *logits, int vocab, const int *tokens,
                      const Sampling *sampling, int limit, int count, Drawn *out)
{
    Sampler sampler;
    Draws draws;
    assert_int_equal(sampler_open(&sampler, vocab, NULL), 0);
    float *a = device(k, logits, (size_t)(3 * vocab)), *b = NULL;
    if (tokens)
        b = device(k, (const float *)tokens, (size_t)vocab);
    sampler.tokens = tokens;
    sampler.device_tokens = (const int *)b;
    DrawRows rows = {.logits = a,
                     .n = 3,
                     .stride = vocab,
                     .vocab = vocab,
                     .limit = limit,
                     .count = count,
                     .position = {11, 900, 0}};
    draws_open(&draws, &sampler, k, &rows, sampling);
    for (int i = 0; i < 3; i++)
        out->found[i] = sample_ranked(&draws, i, out->ids[i], out->scores[i]);
    rows.logits += vocab;
    rows.position[0] = 900;
    rows.n = 1;
    draws_open(&draws, &sampler, k, &rows, sampling);
    out->found[3] = sample_ranked(&draws, 0, out->ids[3], out->scores[3]);
    k->buffer_free(k, a);
    if (b)
        k->buffer_free(k, b);
    sampler_close(&sampler);
}

/* Peaked, flat, and so wide that cuts are looked for in the whole row. */
static void draw_logits(float *logits, int vocab, int kind)
{
    random_fill(logits, (size_t)(3 * vocab), (uint32_t)(vocab + kind));
    for (int i = 0; i < 3 * vocab; i++)
        logits[i] = kind == 0 ? logits[i] * 14 : kind == 1 ? floorf(logits[i] * 3) : logits[i];
    logits[vocab / 2] = -INFINITY;
}

static void draws_are_the_cpus(void **state)
{
    static const Sampling samplings[] = {
        {0.7f, 0, 1, 3},
        {1, 5, 1, 3},
        {1, 0, 0.9f, 4},
        {1.8f, 40, 0.6f, 5},
        {0.3f, 0, 0.3f, 6},
        {1, 12, 0.95f, 7},
        {5, 0, 0.9999f, 8},
        {1, 1, 0.5f, 9},
        {1e-7f, 0, 1, 3},
        {0x1p-149f, 9, 1, 4},
        {1e-30f, 0, 0.5f, 5},
        {10, 0, 0, 6},
        {10, INT_MAX, 0x1p-149f, 7},
        {1e-38f, INT_MAX, 0.99999994f, 8},
    };
    static const int vocabs[] = {1, 7, 2049, 20011};
    static Drawn out[2];
    (void)state;
    Kernels *k[2] = {isa_open(0, 1, true), open_twin(false, true)};
    for (int c = 0; c < 4 * 3; c++) {
        int vocab = vocabs[c / 3];
        float *logits = malloc((size_t)(3 * vocab) * sizeof *logits);
        int *tokens = malloc((size_t)vocab * sizeof *tokens);
        draw_logits(logits, vocab, c % 3);
        for (int i = 0; i < vocab; i++)
            tokens[i] = 3 * i + i % 2;
        for (size_t j = 0; j < sizeof samplings / sizeof *samplings; j++) {
            int count = j % 2 ? RANKED_MAX : 1, limit = j % 3 ? 0 : 2 * vocab;
            for (int i = 0; i < 2; i++)
                draw_rows(k[i], logits, vocab, j % 3 == 1 ? NULL : tokens, &samplings[j], limit,
                          count, &out[i]);
            for (int r = 0; r < 4; r++) {
                assert_int_equal(out[0].found[r], out[1].found[r]);
                for (int e = 0; e < out[0].found[r]; e++) {
                    assert_int_equal(out[0].ids[r][e], out[1].ids[r][e]);
                    assert_float_equal(out[0].scores[r][e], out[1].scores[r][e], 1e-5);
                }
            }
            assert_memory_equal(out[1].ids[1], out[1].ids[3], (size_t)out[1].found[3] * 4);
            assert_memory_equal(out[1].scores[1], out[1].scores[3], (size_t)out[1].found[3] * 4);
        }
        free(logits);
        free(tokens);
    }
    k[0]->close(k[0]);
    k[1]->close(k[1]);
}

/* Rows without a finite largest logit have no token. */
static void a_draw_from_no_number_finds_nothing(void **state)
{
    float logits[3 * 9], score[3];
    int place[3], found[3], position[3] = {1, 2, 3};
    (void)state;
    for (int i = 0; i < 27; i++)
        logits[i] = i < 9 ? NAN : i < 18 ? -INFINITY : i == 20 ? INFINITY : 1.0f;
    Kernels *k = open_twin(false, false);
    float *a = device(k, logits, 27);
    Draw how = {.temperature = 1, .top_p = 0.9f, .seed = 1};
    k->draw(k, a, 3, 9, 9, &how, position, 1, place, score, found);
    for (int i = 0; i < 3; i++)
        assert_int_equal(found[i], 0);
    k->buffer_free(k, a);
    k->close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fusions_agree_with_the_cpu),
        cmocka_unit_test(prompts_do_not_depend_on_their_batch),
        cmocka_unit_test(embedding_is_exact),
        cmocka_unit_test(norm_agrees_with_the_cpu),
        cmocka_unit_test(silu_agrees_with_the_cpu),
        cmocka_unit_test(rope_agrees_with_the_cpu),
        cmocka_unit_test(caches_hold_and_move_what_the_cpus_do),
        cmocka_unit_test(top_is_the_cpus),
        cmocka_unit_test(log_sum_is_the_softmaxs),
        cmocka_unit_test(rows_of_a_head_cost_one_trip),
        cmocka_unit_test(draws_are_the_cpus),
        cmocka_unit_test(a_draw_from_no_number_finds_nothing),
        cmocka_unit_test(a_draw_costs_one_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
