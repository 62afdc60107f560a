/* test_attention.c - keys, values, attention and rope: right, and the same bits however rows are
 * batched, wherever a tree's slots lie, on every instruction set. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/weights.h"

enum { SLOTS = 400, BASE = 307, ROWS = 12 };

typedef struct Shape {
    int heads, kv_heads, dim;
} Shape;

static const Shape shapes[] = {{12, 2, 128}, {14, 2, 64}, {9, 3, 64},
                               {4, 4, 80},   {3, 1, 20},  {2, 1, 32}};

/* Writes keys and values of `count` logical positions to the slots given, from one random
 * sequence. */
static void fill(Kernels *k, KvCache *kv, const Shape *s, const int *slots, int count)
{
    size_t size = (size_t)(s->kv_heads * s->dim);
    float *key = malloc(size * sizeof *key), *value = malloc(size * sizeof *value);
    for (int i = 0; i < count; i++) {
        int zero = 0;
        uint64_t none = 0;
        Batch batch = {.n = 1, .slot = &slots[i], .prefix = &zero, .mask = &none};
        random_fill(key, size, (uint32_t)i * 2 + 1);
        random_fill(value, size, (uint32_t)i * 2 + 2);
        k->kv_write(k, kv, 1, &batch, key, value);
    }
    free(key);
    free(value);
}

/* Slots that nobody may look at hold NaN. */
static void poison(Kernels *k, KvCache *kv, const Shape *s)
{
    size_t size = (size_t)(s->kv_heads * s->dim);
    float *nan = malloc(size * sizeof *nan);
    for (size_t i = 0; i < size; i++)
        nan[i] = NAN;
    for (int slot = 0; slot < SLOTS; slot++) {
        int zero = 0;
        uint64_t none = 0;
        Batch batch = {.n = 1, .slot = &slot, .prefix = &zero, .mask = &none};
        k->kv_write(k, kv, 1, &batch, nan, nan);
    }
    free(nan);
}

/* Not what is usual. */
static float scale_of(const Shape *s)
{
    return 1.25f / sqrtf((float)s->dim);
}

/* Positions 0 … length-1 as seen from one row, in double. */
static void reference(Kernels *k, const KvCache *kv, const Shape *s, const int *slots, int length,
                      const float *q, double *out)
{
    int size = s->kv_heads * s->dim;
    float *key = malloc((size_t)(length * size) * sizeof *key);
    float *value = malloc((size_t)(length * size) * sizeof *value);
    for (int i = 0; i < length; i++)
        k->kv_read(k, kv, 1, slots[i], key + i * size, value + i * size);
    attention_reference(s->heads, s->kv_heads, s->dim, (double)scale_of(s), length, key, value, q,
                        out);
    free(key);
    free(value);
}

/* A text of 300 positions and a tree of 64 nodes behind it, its slots anywhere from BASE on. Row
 * i's mask is a random path; expected: each row's output, computed alone from contiguous slots. */
static void check_shape(int isa, KvType type, const Shape *s, float *bits, bool first)
{
    Kernels *k = isa_open(isa, 1 + isa, type == KV_F32);
    if (!k)
        return;
    int size = s->heads * s->dim, slots[SLOTS], prefix[ROWS], slot[ROWS] = {0};
    const Attention how = {.scale = scale_of(s)};
    uint64_t mask[ROWS];
    float *q = malloc((size_t)(ROWS * size) * sizeof *q),
          *out = malloc((size_t)(ROWS * size) * sizeof *q);
    double *expected = malloc((size_t)size * sizeof *expected);
    KvCache *kv = k->kv_open(k, type, 2, s->kv_heads, s->dim, SLOTS);
    assert_non_null(kv);
    random_fill(q, (size_t)(ROWS * size), 99);

    for (int i = 0; i < ROWS; i++) {
        static const int prefixes[] = {0, 1, 15, 16, 17, 33, 64, 100, 255, 256, 299, 300};
        prefix[i] = prefixes[i];
        mask[i] = (0x9e3779b97f4a7c15u * (uint64_t)(i + 1)) &
                  (i % 3 ? ~(uint64_t)0 : 0x8000000000000003u);
    }
    /* Row i in one piece: its positions are slots 0 …, the tree's nodes following the prefix. */
    for (int i = 0; i < ROWS; i++) {
        int length = prefix[i] + __builtin_popcountll(mask[i]), zero = 0;
        uint64_t none = 0;
        for (int j = 0; j < length; j++)
            slots[j] = j;
        poison(k, kv, s);
        fill(k, kv, s, slots, length);
        Batch alone = {.n = 1, .slot = &zero, .prefix = &length, .mask = &none};
        k->attention(k, kv, 1, &alone, q + i * size, s->heads, &how, out + i * size);
        reference(k, kv, s, slots, length, q + i * size, expected);
        for (int j = 0; j < size; j++)
            assert_true(fabs(out[i * size + j] - expected[j]) < 2e-6);
        if (first)
            memcpy(bits + i * size, out + i * size, (size_t)size * sizeof *bits);
        assert_memory_equal(out + i * size, bits + i * size, (size_t)size * sizeof *bits);

        /* The same positions as prefix and scattered tree, alone and among other rows of NaN. */
        int n = prefix[i];
        for (uint64_t m = mask[i]; m; m &= m - 1)
            slots[n++] = BASE + __builtin_ctzll(m);
        poison(k, kv, s);
        fill(k, kv, s, slots, length);
        for (int rows_n = 1; rows_n <= 9; rows_n += 4) {
            int at = i % rows_n, prefixes[9];
            uint64_t masks[9];
            float *inputs = malloc((size_t)(9 * size) * sizeof *q),
                  *got = malloc((size_t)(9 * size) * sizeof *q);
            for (int j = 0; j < rows_n; j++) {
                prefixes[j] = j == at ? prefix[i] : (j * 37 + 5) % (BASE - 7);
                masks[j] = j == at ? mask[i] : mask[j];
                for (int e = 0; e < size; e++)
                    inputs[j * size + e] = j == at ? q[i * size + e] : NAN;
            }
            Batch batch = {
                .n = rows_n, .slot = slot, .prefix = prefixes, .mask = masks, .base = BASE};
            k->attention(k, kv, 1, &batch, inputs, s->heads, &how, got);
            assert_memory_equal(got + at * size, bits + i * size, (size_t)size * sizeof *bits);
            assert_int_equal(batch_position(&batch, at), length - 1);
            free(inputs);
            free(got);
        }
    }
    k->kv_close(k, kv);
    k->close(k);
    free(q);
    free(out);
    free(expected);
}

static void same_bits_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        float *bits = malloc((size_t)(ROWS * shapes[i].heads * shapes[i].dim) * sizeof *bits);
        for (KvType type = KV_F16; type <= KV_F32; type++) {
            for (int isa = 0; isa < ISAS; isa++)
                check_shape(isa, type, &shapes[i], bits, isa == 0);
        }
        free(bits);
    }
}

/* Writes one slot from a seed. outlier: what a dimension of each key is made larger by. */
static void write_slot(Kernels *k, KvCache *kv, int layer, int slot, int size, uint32_t seed,
                       float outlier, float *key, float *value)
{
    int zero = 0;
    uint64_t none = 0;
    Batch batch = {.n = 1, .slot = &slot, .prefix = &zero, .mask = &none};
    random_fill(key, (size_t)size, seed);
    random_fill(value, (size_t)size, seed + 500);
    for (int i = 5; i < size; i += 64)
        key[i] += outlier;
    k->kv_write(k, kv, layer, &batch, key, value);
}

static void moving_keeps_what_was_written(void **state)
{
    enum { LAYERS = 3, G = 2, D = 24, SIZE = G * D, SLOTS_HERE = 100, KEPT = 3 };
    const int from[KEPT] = {41, 43, 90};
    static float before[LAYERS][SLOTS_HERE][2][SIZE];
    float key[2][SIZE];
    (void)state;
    for (KvType type = KV_F16; type <= KV_F32; type++) {
        Kernels *k = isa_open(0, 1, type == KV_F32);
        KvCache *kv = k->kv_open(k, type, LAYERS, G, D, SLOTS_HERE);
        double bytes = type == KV_F32 ? 4 : type == KV_F16 ? 2 : 1;
        assert_true((double)k->kv_bytes(k, type, LAYERS, G, D, SLOTS_HERE) >=
                    2 * LAYERS * SIZE * SLOTS_HERE * bytes);
        for (int layer = 0; layer < LAYERS; layer++) {
            for (int slot = 0; slot < SLOTS_HERE; slot++) {
                float(*held)[SIZE] = before[layer][slot];
                write_slot(k, kv, layer, slot, SIZE, (uint32_t)(layer * 1000 + slot), 0, key[0],
                           key[1]);
                k->kv_read(k, kv, layer, slot, held[0], held[1]);
                for (int i = 0; i < SIZE; i++) {
                    for (int j = 0; j < 2 && type != KV_Q8; j++) {
                        float v = key[j][i], half = half_to_float(float_to_half(v));
                        assert_true(held[j][i] == (type == KV_F32 ? v : half));
                    }
                }
            }
        }
        k->kv_move(k, kv, 1, 3, from, KEPT, 40);
        for (int layer = 0; layer < LAYERS; layer++) {
            for (int slot = 0; slot < SLOTS_HERE; slot++) {
                int i = slot - 40, source = layer > 0 && i >= 0 && i < KEPT ? from[i] : slot;
                k->kv_read(k, kv, layer, slot, key[0], key[1]);
                assert_memory_equal(key, before[layer][source], sizeof key);
            }
        }
        k->kv_close(k, kv);
        k->close(k);
    }
}

/* A value loses at most half a step of 1/127 of the largest of its 32; a key's dimensions share
 * theirs, so that a large one takes from each of the others a part of its step only. */
static void eight_bits_are_close(void **state)
{
    enum { G = 2, D = 80, SIZE = G * D, N = 50 };
    float key[2][SIZE], value[2][SIZE];
    double error = 0, plain = 0;
    (void)state;
    Kernels *k = isa_open(0, 1, false);
    KvCache *kv = k->kv_open(k, KV_Q8, 1, G, D, N);
    assert_true(k->kv_bytes(k, KV_Q8, 1, G, D, 1600) <
                0.55 * (double)k->kv_bytes(k, KV_F16, 1, G, D, 1600));
    for (int slot = 0; slot < N; slot++) {
        write_slot(k, kv, 0, slot, SIZE, (uint32_t)slot, 100, key[0], value[0]);
        k->kv_read(k, kv, 0, slot, key[1], value[1]);
        for (int i = 0; i < SIZE; i++) {
            int first = i / D * D + i % D / 32 * 32, last = first + 32;
            double most = 0, sum = 0, large = 0;
            for (int j = first; j < last && j < (i / D + 1) * D; j++) {
                most = fmax(most, fabs(value[0][j]));
                large = fmax(large, fabs(key[0][j]));
                sum += fabs(key[0][j]);
            }
            assert_true(fabs(value[1][i] - value[0][i]) <= most / 254 * 1.01);
            assert_true(fabs(key[1][i] - key[0][i]) <= sum / 254 * 1.01);
            error += pow(key[1][i] - key[0][i], 2);
            plain += pow(large / 127, 2) / 12; /* what rounding without the turn would cost */
        }
    }
    assert_true(error < plain / 8);
    k->kv_close(k, kv);
    k->close(k);
}

/* The same text in halves and in 8 bits: what attention gives differs by little. */
static void eight_bits_attend_alike(void **state)
{
    enum { H = 4, G = 2, D = 64, N = 300 };
    float key[G * D], value[G * D], q[H * D], out[2][H * D];
    int prefix = N, slot = N - 1;
    uint64_t none = 0;
    Batch batch = {.n = 1, .slot = &slot, .prefix = &prefix, .mask = &none};
    (void)state;
    Kernels *k = isa_open(0, 1, false);
    random_fill(q, H * D, 7);
    for (KvType type = KV_F16; type <= KV_Q8; type++) {
        KvCache *kv = k->kv_open(k, type, 1, G, D, N);
        for (int i = 0; i < N; i++)
            write_slot(k, kv, 0, i, G * D, (uint32_t)i, 0, key, value);
        k->attention(k, kv, 0, &batch, q, H, &(Attention){.scale = 0.125f}, out[type]);
        k->kv_close(k, kv);
    }
    for (int i = 0; i < H * D; i++)
        assert_true(fabsf(out[0][i] - out[1][i]) < 2e-3f);
    k->close(k);
}

static void rope_turns_pairs(void **state)
{
    enum { H = 3, D = 48, B = 5, VARIANTS = 8 };
    const int prefix[B] = {1, 7, 1000, 4095, 0}, slot[B] = {0};
    const uint64_t mask[B] = {0, 0, 5, 0, 1};
    float in[B * H * D], out[B * H * D], factors[D / 2];
    (void)state;
    random_fill(in, B * H * D, 1);
    Batch batch = {.n = B, .slot = slot, .prefix = prefix, .mask = mask};
    Kernels *k = isa_open(0, 1, false);
    for (int i = 0; i < D / 2; i++)
        factors[i] = 1.0f + (float)(i % 5);
    for (int variant = 0; variant < VARIANTS; variant++) {
        bool neox = variant & 1;
        const float *f = variant & 2 ? factors : NULL;
        double base = variant & 2 ? 500000 : 10000;
        /* A part of the head, and longer than it was. */
        int dims = variant & 4 ? D / 3 * 2 : D;
        double scale = variant & 4 ? 1.3 : 1;
        const Rope rope = {(float)base, neox, dims, (float)scale, f};
        memcpy(out, in, sizeof in);
        k->rope(k, out, &batch, H, D, &rope);
        for (int i = 0; i < B * H * (dims / 2); i++) {
            int p = i % (dims / 2), head = i / (dims / 2), row = head / H;
            int a = head * D + (neox ? p : 2 * p), b = neox ? a + dims / 2 : a + 1;
            double angle =
                batch_position(&batch, row) * pow(base, -2.0 * p / dims) / (f ? f[p] : 1);
            assert_float_equal(out[a], scale * (in[a] * cos(angle) - in[b] * sin(angle)), 2e-6);
            assert_float_equal(out[b], scale * (in[a] * sin(angle) + in[b] * cos(angle)), 2e-6);
        }
        for (int i = 0; i < B * H * D; i++)
            assert_true(i % D < dims || out[i] == in[i]);
        /* A row alone, at another place in the batch. */
        float alone[H * D];
        Batch one = {.n = 1, .slot = slot, .prefix = prefix + 2, .mask = mask + 2};
        memcpy(alone, in + 2 * H * D, sizeof alone);
        k->rope(k, alone, &one, H, D, &rope);
        assert_memory_equal(alone, out + 2 * H * D, sizeof alone);
    }
    k->close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_everywhere), cmocka_unit_test(moving_keeps_what_was_written),
        cmocka_unit_test(eight_bits_are_close), cmocka_unit_test(eight_bits_attend_alike),
        cmocka_unit_test(rope_turns_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
