/* test_cuda_attention.c - the CUDA backend's attention on the host: right, and the same bits
 * however rows are batched and wherever a tree's slots lie. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/cuda_twin.h"
#include "tests/support/weights.h"

enum { SLOTS = 512, BASE = 440, ROWS = 9 };

typedef struct Shape {
    int heads, kv_heads, dim;
} Shape;

static const Shape shapes[] = {{12, 2, 128}, {9, 3, 64}, {10, 1, 20}, {2, 1, 272}};

static const int prefixes[ROWS] = {0, 1, 64, 127, 128, 191, 192, 300, 430};

static uint64_t mask_of(int i)
{
    return (0x9e3779b97f4a7c15u * (uint64_t)(i + 1)) & (i % 3 ? ~(uint64_t)0 : 0x8000000000000003u);
}

/* Position i of one random sequence to slots[i]; every other slot holds NaN. */
static void fill(Kernels *k, KvCache *kv, const Shape *s, const int *slots, int count)
{
    size_t size = (size_t)(s->kv_heads * s->dim);
    float *key = malloc(SLOTS * size * sizeof *key), *value = malloc(SLOTS * size * sizeof *value);
    float *a = k->buffer_alloc(k, ROWS_MAX * size), *b = k->buffer_alloc(k, ROWS_MAX * size);
    int slot[ROWS_MAX], zero[ROWS_MAX] = {0};
    uint64_t none[ROWS_MAX] = {0};
    for (size_t i = 0; i < SLOTS * size; i++)
        key[i] = value[i] = NAN;
    for (int i = 0; i < count; i++) {
        random_fill(key + (size_t)slots[i] * size, size, (uint32_t)i * 2 + 1);
        random_fill(value + (size_t)slots[i] * size, size, (uint32_t)i * 2 + 2);
    }
    for (int at = 0; at < SLOTS; at += ROWS_MAX) {
        for (int i = 0; i < ROWS_MAX; i++)
            slot[i] = at + i;
        Batch batch = {.n = ROWS_MAX, .slot = slot, .prefix = zero, .mask = none};
        k->upload(k, a, key + (size_t)at * size, ROWS_MAX * size);
        k->upload(k, b, value + (size_t)at * size, ROWS_MAX * size);
        k->kv_write(k, kv, 1, &batch, a, b);
        k->wait(k);
    }
    k->buffer_free(k, a);
    k->buffer_free(k, b);
    free(key);
    free(value);
}

/* Of outputs below 1. The twin rounds each mma's sum to a float; a device cuts it off. */
static double allowed_error(Kernels *k)
{
    return twin_counts(twin_of(k)) ? 2e-6 : 1e-5;
}

/* Not what is usual. */
static float scale_of(const Shape *s)
{
    return 1.25f / sqrtf((float)s->dim);
}

/* Slots 0 … length-1 as seen from one row, in double, with what the cache holds. */
static void reference(Kernels *k, const KvCache *kv, const Shape *s, int length, const float *q,
                      double *out)
{
    int size = s->kv_heads * s->dim;
    float *key = malloc((size_t)(length * size) * sizeof *key);
    float *value = malloc((size_t)(length * size) * sizeof *value);
    for (int i = 0; i < length; i++)
        k->kv_read(k, kv, 1, i, key + i * size, value + i * size);
    attention_reference(s->heads, s->kv_heads, s->dim, (double)scale_of(s), length, key, value, q,
                        out);
    free(key);
    free(value);
}

static void attend(Kernels *k, KvCache *kv, const Shape *s, const Batch *batch, const float *q,
                   float *out)
{
    size_t size = (size_t)(batch->n * s->heads * s->dim);
    float *a = k->buffer_alloc(k, size), *b = k->buffer_alloc(k, size);
    k->upload(k, a, q, size);
    const Attention how = {.scale = scale_of(s)};
    k->attention(k, kv, 1, batch, a, s->heads, &how, b);
    k->download(k, out, b, size);
    k->buffer_free(k, a);
    k->buffer_free(k, b);
}

/* Row i as a prefix with a tree's path behind it: its positions, and then in which slots. */
static int tree_slots(int i, int *slots)
{
    int n = 0;
    for (; n < prefixes[i]; n++)
        slots[n] = n;
    for (uint64_t m = mask_of(i); m; m &= m - 1)
        slots[n++] = BASE + __builtin_ctzll(m);
    return n;
}

static void check_row(Kernels *k, KvCache *kv, const Shape *s, int i, const float *q, float *out)
{
    int size = s->heads * s->dim, slots[SLOTS], scattered[SLOTS], zero = 0;
    int length = tree_slots(i, scattered);
    uint64_t none = 0;
    double *expected = malloc((size_t)size * sizeof *expected);
    float *inputs = malloc((size_t)(41 * size) * sizeof *q),
          *got = malloc((size_t)(41 * size) * sizeof *q);
    for (int j = 0; j < length; j++)
        slots[j] = j;
    /* In one piece: plain decoding. */
    fill(k, kv, s, slots, length);
    Batch alone = {.n = 1, .slot = &zero, .prefix = &length, .mask = &none};
    attend(k, kv, s, &alone, q, out);
    reference(k, kv, s, length, q, expected);
    for (int j = 0; j < size; j++)
        assert_true(fabs(out[j] - expected[j]) < allowed_error(k));
    /* The same positions as prefix and scattered tree, alone and among rows of NaN. */
    fill(k, kv, s, scattered, length);
    for (int n = 1; n <= 41; n += 20) {
        int at = i * 5 % n, prefix[41], slot[41] = {0};
        uint64_t mask[41];
        for (int j = 0; j < n; j++) {
            prefix[j] = j == at ? prefixes[i] : (j * 37 + 5) % BASE;
            mask[j] = j == at ? mask_of(i) : mask_of(j);
            for (int e = 0; e < size; e++)
                inputs[j * size + e] = j == at ? q[e] : NAN;
        }
        Batch batch = {.n = n, .slot = slot, .prefix = prefix, .mask = mask, .base = BASE};
        attend(k, kv, s, &batch, inputs, got);
        assert_memory_equal(got + at * size, out, (size_t)size * sizeof *out);
    }
    free(expected);
    free(inputs);
    free(got);
}

static void check_type(KvType type)
{
    for (size_t c = 0; c < sizeof shapes / sizeof *shapes; c++) {
        const Shape *s = &shapes[c];
        size_t size = (size_t)(s->heads * s->dim);
        float *q = malloc(size * sizeof *q), *out = malloc(size * sizeof *q);
        Kernels *k = twin_kernels(&(TwinOptions){.memory = (size_t)4 << 30, .reverse = c % 2});
        KvCache *kv = k->kv_open(k, type, 2, s->kv_heads, s->dim, SLOTS);
        assert_non_null(kv);
        for (int i = (int)c % 2; i < ROWS; i += c == 0 ? 1 : 2) {
            random_fill(q, size, 99 + (uint32_t)i);
            check_row(k, kv, s, i, q, out);
        }
        k->kv_close(k, kv);
        k->close(k);
        free(q);
        free(out);
    }
}

static void halves_are_right_and_the_same_bits_everywhere(void **state)
{
    (void)state;
    check_type(KV_F16);
}

static void bytes_are_right_and_the_same_bits_everywhere(void **state)
{
    (void)state;
    check_type(KV_Q8);
}

/* One row of many behind a text of which the device takes fewer rows at a time; out: [dim] */
static void attend_long(Kernels *k, int n, int at, float *out)
{
    enum { LONG = 33000, DIM = 16 };
    int slot[ROWS_MAX] = {0}, prefix[ROWS_MAX] = {0};
    uint64_t none[ROWS_MAX] = {0};
    float x[ROWS_MAX * DIM];
    KvCache *kv = k->kv_open(k, KV_F16, 1, 1, DIM, LONG);
    float *a = k->buffer_alloc(k, ROWS_MAX * DIM), *b = k->buffer_alloc(k, ROWS_MAX * DIM);
    assert_true(kv && a && b);
    for (int from = 0; from < LONG; from += ROWS_MAX) {
        Batch batch = {.slot = slot, .prefix = prefix, .mask = none};
        batch.n = LONG - from < ROWS_MAX ? LONG - from : ROWS_MAX;
        for (int i = 0; i < batch.n; i++)
            slot[i] = from + i;
        random_fill(x, ROWS_MAX * DIM, (uint32_t)from + 1);
        k->upload(k, a, x, ROWS_MAX * DIM);
        k->kv_write(k, kv, 0, &batch, a, a);
        k->wait(k);
    }
    random_fill(x, DIM, 7);
    for (int i = 0; i < n; i++) {
        prefix[i] = i == at ? LONG : 1 + i * 800;
        if (i > 0)
            memcpy(x + i * DIM, x, DIM * sizeof *x);
    }
    k->upload(k, a, x, (size_t)(n * DIM));
    Batch batch = {.n = n, .slot = slot, .prefix = prefix, .mask = none};
    k->attention(k, kv, 0, &batch, a, 1, &(Attention){.scale = 0.25f}, b);
    k->download(k, out, b + at * DIM, DIM);
    k->buffer_free(k, a);
    k->buffer_free(k, b);
    k->kv_close(k, kv);
}

static void a_long_text_takes_fewer_rows_at_a_time(void **state)
{
    float out[3][16];
    (void)state;
    Kernels *cpu = isa_open(0, 1, false), *k = twin_kernels(&(TwinOptions){.memory = 4UL << 30});
    attend_long(cpu, 1, 0, out[0]);
    attend_long(k, 1, 0, out[1]);
    attend_long(k, 41, 40, out[2]);
    for (int i = 0; i < 16; i++)
        assert_float_equal(out[0][i], out[1][i], 1e-5);
    assert_memory_equal(out[1], out[2], sizeof out[1]);
    cpu->close(cpu);
    k->close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_right_and_the_same_bits_everywhere),
        cmocka_unit_test(bytes_are_right_and_the_same_bits_everywhere),
        cmocka_unit_test(a_long_text_takes_fewer_rows_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
