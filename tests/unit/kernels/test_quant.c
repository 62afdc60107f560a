/* test_quant.c - GGUF's block types: hand-made blocks, exact repacking, bounds of rounding, halves.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/cpu/panel.h"
#include "kernels/grids.h"
#include "tests/support/weights.h"

static void table_knows_ggufs_types(void **state)
{
    static const struct {
        const char *name;
        int number, block, bytes;
    } known[] = {{"F32", 0, 1, 4},       {"F16", 1, 1, 2},         {"Q4_0", 2, 32, 18},
                 {"Q4_1", 3, 32, 20},    {"Q5_0", 6, 32, 22},      {"Q5_1", 7, 32, 24},
                 {"Q8_0", 8, 32, 34},    {"Q4_K", 12, 256, 144},   {"Q5_K", 13, 256, 176},
                 {"Q6_K", 14, 256, 210}, {"BF16", 30, 1, 2},       {"Q2_K", 10, 256, 84},
                 {"Q3_K", 11, 256, 110}, {"IQ4_NL", 20, 32, 18},   {"IQ4_XS", 23, 256, 136},
                 {"MXFP4", 39, 32, 17},  {"IQ2_XXS", 16, 256, 66}, {"IQ2_XS", 17, 256, 74},
                 {"IQ2_S", 22, 256, 82}, {"IQ3_XXS", 18, 256, 98}, {"IQ3_S", 21, 256, 110}};
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const QuantInfo *info = quant_by_name(known[i].name);
        assert_non_null(info);
        assert_ptr_equal(info, quant_info((uint32_t)known[i].number));
        assert_int_equal(info->block, known[i].block);
        assert_int_equal(info->bytes, known[i].bytes);
        assert_int_equal(quant_row_bytes(info->type, 512), 512 / known[i].block * known[i].bytes);
    }
    assert_ptr_equal(quant_by_name("q6_k"), quant_info(14));
    assert_null(quant_by_name("TQ1_0"));
    assert_null(quant_info(34));
    assert_null(quant_info(UINT32_MAX));
}

static void halves_are_exact(void **state)
{
    (void)state;
    for (int h = 0; h < 65536; h++) {
        float f = half_to_float((uint16_t)h);
        if ((h & 0x7c00) == 0x7c00 && h & 0x3ff)
            assert_true(isnan(f) && isnan(half_to_float(float_to_half(f))));
        else
            assert_int_equal(float_to_half(f), h);
    }
    assert_true(half_to_float(0x3c00) == 1.0f && half_to_float(0xc000) == -2.0f);
    assert_true(half_to_float(0x0001) == 0x1p-24f && half_to_float(0x7bff) == 65504.0f);
    assert_true(isinf(half_to_float(0xfc00)));
    /* Halfway cases go to the even neighbour. */
    assert_int_equal(float_to_half(1.0f + 0x1p-11f), 0x3c00);
    assert_int_equal(float_to_half(1.0f + 3 * 0x1p-11f), 0x3c02);
    assert_int_equal(float_to_half(0x1p-25f), 0);
    assert_int_equal(float_to_half(0x1.8p-24f), 2);
    assert_int_equal(float_to_half(65519.99f), 0x7bff);
    assert_int_equal(float_to_half(-65520.0f), 0xfc00);
    assert_int_equal(float_to_half(INFINITY), 0x7c00);
}

static void put_half(uint8_t *p, float v)
{
    uint16_t h = float_to_half(v);
    p[0] = (uint8_t)h;
    p[1] = (uint8_t)(h >> 8);
}

static void check(QuantType type, const uint8_t *block, int at, float expected)
{
    float out[256];
    quant_to_float(type, block, out, quant_info(type)->block);
    assert_true(out[at] == expected);
}

static void legacy_blocks_by_hand(void **state)
{
    uint8_t q40[18] = {0}, q41[20] = {0}, q50[22] = {0}, q51[24] = {0}, q80[34] = {0};
    (void)state;
    put_half(q40, 0.5f);
    q40[2 + 3] = 0x1f;
    check(QUANT_Q4_0, q40, 3, 0.5f * (15 - 8));
    check(QUANT_Q4_0, q40, 19, 0.5f * (1 - 8));
    check(QUANT_Q4_0, q40, 0, 0.5f * -8);

    put_half(q41, 0.25f);
    put_half(q41 + 2, -3.0f);
    q41[4 + 15] = 0xa2;
    check(QUANT_Q4_1, q41, 15, 0.25f * 2 - 3);
    check(QUANT_Q4_1, q41, 31, 0.25f * 10 - 3);

    put_half(q50, -2.0f);
    q50[2] = 0x10;     /* input 4 */
    q50[2 + 3] = 0x80; /* input 31 */
    q50[6 + 4] = 0x93;
    q50[6 + 15] = 0xc0;
    check(QUANT_Q5_0, q50, 4, -2.0f * (16 + 3 - 16));
    check(QUANT_Q5_0, q50, 20, -2.0f * (9 - 16));
    check(QUANT_Q5_0, q50, 31, -2.0f * (16 + 12 - 16));

    put_half(q51, 1.0f);
    put_half(q51 + 2, 0.5f);
    q51[4 + 2] = 0x01; /* input 16 */
    q51[8] = 0x7e;
    check(QUANT_Q5_1, q51, 0, 14.5f);
    check(QUANT_Q5_1, q51, 16, 16 + 7 + 0.5f);

    put_half(q80, 3.0f);
    q80[2] = 0x80;
    q80[33] = 0x7f;
    check(QUANT_Q8_0, q80, 0, 3.0f * -128);
    check(QUANT_Q8_0, q80, 31, 3.0f * 127);
}

static void k_blocks_by_hand(void **state)
{
    uint8_t q4[144] = {0}, q5[176] = {0}, q6[210] = {0};
    (void)state;
    put_half(q4, 0.5f);
    put_half(q4 + 2, 2.0f);
    uint8_t *scales = q4 + 4;
    scales[1] = 0x80 | 33;   /* scale 1 = 33, high bits of scale 5 = 2 */
    scales[5] = 0x40 | 7;    /* min 1 = 7, high bits of min 5 = 1 */
    scales[9] = 0x5c;        /* scale 5 low = 12, min 5 low = 5 */
    q4[16 + 9] = 0xb0;       /* input 41 (high nibble of the first 32 bytes) */
    q4[16 + 64 + 31] = 0x60; /* input 128 + 32 + 31 */
    check(QUANT_Q4_K, q4, 41, 0.5f * 33 * 11 - 2.0f * 7);
    check(QUANT_Q4_K, q4, 191, 0.5f * (32 + 12) * 6 - 2.0f * (16 + 5));
    check(QUANT_Q4_K, q4, 0, 0.0f);

    memcpy(q5, q4, 16);
    q5[16 + 31] = 1 << 5; /* high bit of input 5 * 32 + 31 */
    q5[48 + 64 + 31] = 0x60;
    check(QUANT_Q5_K, q5, 191, 0.5f * 44 * (16 + 6) - 2.0f * 21);
    check(QUANT_Q5_K, q5, 190, -2.0f * 21);

    put_half(q6 + 208, 0.25f);
    q6[192 + 8 + 6] = (uint8_t)-5; /* second half, inputs 96 … 111 of it */
    q6[64 + 32 + 2] = 0xd0;        /* low nibble of input 128 + 96 + 2 */
    q6[128 + 32 + 2] = 0xc0;       /* its high bits: 3 */
    check(QUANT_Q6_K, q6, 226, 0.25f * -5 * (48 + 13 - 32));
    check(QUANT_Q6_K, q6, 225, 0.25f * -5 * -32);
    check(QUANT_Q6_K, q6, 0, 0.0f);
}

/* What llama.cpp reads out of the same blocks, see references/README.md. */
static void values_are_llama_cpps(void **state)
{
    char *line = NULL;
    size_t room = 0;
    int lines = 0;
    (void)state;
    FILE *file = fopen("tests/references/quant_blocks.txt", "r");
    assert_non_null(file);
    for (; getline(&line, &room, file) > 0; lines++) {
        char name[16], hex[512];
        int at, used;
        uint8_t block[256];
        float out[256];
        assert_int_equal(sscanf(line, "%15s %511s%n", name, hex, &at), 2);
        const QuantInfo *info = quant_by_name(name);
        assert_true(info && strlen(hex) == 2 * (size_t)info->bytes);
        for (int i = 0; i < info->bytes; i++)
            assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &block[i]), 1);
        quant_to_float(info->type, block, out, info->block);
        for (int i = 0; i < info->block; i++, at += used) {
            float value;
            assert_int_equal(sscanf(line + at, "%f%n", &value, &used), 1);
            if (out[i] != value)
                fail_msg("%s, value %d: %a, not %a", name, i, out[i], value);
        }
    }
    assert_true(lines >= 15);
    free(line);
    fclose(file);
}

/* FNV-1a over the magnitudes of ggml-common.h's grids, one byte a value. */
static void grids_are_ggmls(void **state)
{
    static const struct {
        QuantType type;
        int count;
        uint32_t hash;
    } known[] = {{QUANT_IQ2_XXS, 256, 0x3db4a16e},
                 {QUANT_IQ2_XS, 512, 0xebeb17dd},
                 {QUANT_IQ2_S, 1024, 0x82981110},
                 {QUANT_IQ3_XXS, 256, 0x49a45035},
                 {QUANT_IQ3_S, 512, 0x71cc6c89}};
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        int count, bits = quant_codes(known[k].type) == CODES_IQ2 ? 2 : 3;
        const uint16_t *entries = grid_entries(known[k].type, &count);
        uint32_t hash = 2166136261u;
        assert_int_equal(count, known[k].count);
        for (int e = 0; e < count; e++) {
            assert_int_equal(grid_find(known[k].type, entries[e]), e);
            for (int j = 0; j < (bits == 2 ? 8 : 4); j++) {
                int level = entries[e] >> bits * j & ((1 << bits) - 1);
                hash = (hash ^ (uint32_t)(quant_number(known[k].type, level) - 128)) * 16777619u;
            }
        }
        assert_int_equal(hash, known[k].hash);
    }
    assert_null(grid_entries(QUANT_IQ4_XS, &(int){0}));
}

/* Any bytes at all survive being unpacked and packed, and a panel gives every row's floats back. It
 * takes no more bytes than the file, where codes fill the bits that they are kept in. */
static void repacking_is_exact(void **state)
{
    enum { COLS = 1280, SHORT = 1120 };
    (void)state;
    for (int t = 0; t < QUANT_TYPES; t++) {
        QuantType type = quant_types[t].type;
        int cols = quant_info(type)->block == 256 ? COLS : SHORT;
        Weights w = weights_make(type, PANEL, cols, 7);
        uint32_t seed = 5;
        for (size_t i = 0; i < PANEL * w.row_bytes; i++) {
            random_next(&seed);
            w.data[i] = (uint8_t)(seed >> 24);
            if (i % 2 && !(i % 3)) /* some exponents that are not all ones */
                w.data[i] &= 0xbf;
        }
        weights_update(&w);
        if (!quant_is_float(type)) {
            uint8_t *again = malloc(w.row_bytes);
            Group group;
            int step = quant_is_k(type) ? 8 : 5;
            for (int i = 0; i < cols; i += step * BLOCK) {
                size_t at = quant_row_bytes(type, i);
                group_from_file(&group, type, w.data + at, step);
                group_to_file(&group, type, again + at, step);
            }
            assert_memory_equal(again, w.data, w.row_bytes);
            free(again);
        }
        if (quant_is_grid(type)) /* an entry's values apart */
            assert_true(panel_size(type, cols) <= PANEL * w.row_bytes * 8 / 5);
        else if (quant_is_float(type) || quant_levels(type) == 1 << quant_bits(type))
            assert_int_equal(panel_size(type, cols), PANEL * w.row_bytes);
        uint8_t *panel = malloc(panel_size(type, cols));
        float *row = malloc((size_t)cols * sizeof *row);
        panel_pack(type, cols, w.data, panel);
        for (int r = 0; r < PANEL; r++) {
            panel_row(type, cols, panel, r, row);
            assert_memory_equal(row, w.values + r * cols, (size_t)cols * sizeof *row);
        }
        free(row);
        free(panel);
        weights_free(&w);
    }
}

/* Rounding is off by at most half a step, plus what sub-scales of a few bits and halves cost, and with
 * seven signs for eight inputs twice what turns its sign. */
static void rounding_is_bounded(void **state)
{
    static const struct {
        QuantType type;
        float bound;
    } known[] = {{QUANT_F32, 0},       {QUANT_F16, 0x1p-12f},  {QUANT_BF16, 0x1p-9f},
                 {QUANT_Q4_0, 0.13f},  {QUANT_Q4_1, 0.068f},   {QUANT_Q5_0, 0.064f},
                 {QUANT_Q5_1, 0.034f}, {QUANT_Q8_0, 0.0041f},  {QUANT_Q4_K, 0.095f},
                 {QUANT_Q5_K, 0.06f},  {QUANT_Q6_K, 0.036f},   {QUANT_Q2_K, 0.34f},
                 {QUANT_Q3_K, 0.25f},  {QUANT_IQ4_NL, 0.115f}, {QUANT_IQ4_XS, 0.112f},
                 {QUANT_MXFP4, 0.13f}, {QUANT_IQ3_S, 0.37f},   {QUANT_IQ3_XXS, 1.4f},
                 {QUANT_IQ2_S, 0.54f}, {QUANT_IQ2_XS, 1.8f},   {QUANT_IQ2_XXS, 1.8f}};
    enum { COLS = 2560 };
    float in[COLS], out[COLS], twice[COLS];
    uint8_t blocks[COLS * 4];
    (void)state;
    random_fill(in, COLS, 3);
    for (size_t t = 0; t < sizeof known / sizeof *known; t++) {
        QuantType type = known[t].type;
        float worst = 0;
        quant_from_float(type, in, blocks, COLS);
        assert_true(quant_row_finite(type, blocks, COLS));
        quant_to_float(type, blocks, out, COLS);
        for (int i = 0; i < COLS; i++)
            worst = fmaxf(worst, fabsf(in[i] - out[i]));
        assert_true(worst <= known[t].bound);
        assert_true(type == QUANT_F32 || worst > known[t].bound / 4);
        /* Values that blocks can hold come back nearly as they were. */
        quant_from_float(type, out, blocks, COLS);
        quant_to_float(type, blocks, twice, COLS);
        for (int i = 0; i < COLS; i++)
            assert_true(fabsf(twice[i] - out[i]) <= known[t].bound);
    }
    memset(in, 0, sizeof in);
    for (int t = 0; t < QUANT_TYPES; t++) {
        quant_from_float(quant_types[t].type, in, blocks, COLS);
        quant_to_float(quant_types[t].type, blocks, out, COLS);
        for (int i = 0; i < COLS; i++)
            assert_true(out[i] == 0.0f);
    }
}

static double squared_error(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)(a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/* Searched scales come closer than plain ones; the other types are plain. */
static void fitting_is_closer(void **state)
{
    enum { COLS = 2560 };
    float in[COLS], plain[COLS], fitted[COLS];
    uint8_t blocks[2][COLS * 4];
    (void)state;
    random_fill(in, COLS, 5);
    for (int i = 0; i < COLS; i++)
        in[i] *= in[i] * in[i]; /* as weights are: many small ones, few large ones */
    for (int t = 0; t < QUANT_TYPES; t++) {
        QuantType type = quant_types[t].type;
        quant_from_float(type, in, blocks[0], COLS);
        quant_fit(type, in, blocks[1], COLS);
        if (type != QUANT_Q4_0 && type != QUANT_Q5_0) {
            assert_memory_equal(blocks[0], blocks[1], quant_row_bytes(type, COLS));
            continue;
        }
        quant_to_float(type, blocks[0], plain, COLS);
        quant_to_float(type, blocks[1], fitted, COLS);
        double before = squared_error(in, plain, COLS), after = squared_error(in, fitted, COLS);
        assert_true(after < 0.97 * before && after > 0.3 * before);
        print_message("%s %g\n", quant_info(type)->name, after / before);
    }
    static const float odd[][32] = {{0}, {1e-9f}, {1}, {-3, 3}, {60000, -1}};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        quant_fit(QUANT_Q4_0, odd[i], blocks[0], 32);
        quant_to_float(QUANT_Q4_0, blocks[0], fitted, 32);
        for (int j = 0; j < 32; j++)
            assert_true(fabsf(fitted[j] - odd[i][j]) <= fabsf(odd[i][0]) / 8 + 0x1p-22f);
    }
}

static void infinite_scales_are_found(void **state)
{
    enum { COLS = 768 };
    (void)state;
    for (int t = 0; t < QUANT_TYPES; t++) {
        QuantType type = quant_types[t].type;
        const QuantInfo *info = &quant_types[t];
        Weights w = weights_make(type, 1, COLS, 11);
        int halves = quant_has_min(type) ? 2 : 1;
        for (int b = 0; b < COLS / info->block; b++) {
            for (int h = 0; h < halves; h++) {
                uint8_t *p = w.data + b * info->bytes + info->d + 2 * h, keep[4];
                size_t n = type == QUANT_F32 ? 4 : 2;
                bool power = quant_scales(type) == SCALES_E;
                float infinity = b % 2 ? NAN : -INFINITY;
                memcpy(keep, p, n);
                if (quant_is_float(type))
                    quant_from_float(type, &infinity, p, 1);
                else if (power)
                    *p = b % 2 ? 255 : 253;
                else
                    put_half(p, infinity);
                assert_false(quant_row_finite(type, w.data, COLS));
                memcpy(p, keep, n);
            }
        }
        assert_true(quant_row_finite(type, w.data, COLS));
        weights_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_knows_ggufs_types), cmocka_unit_test(halves_are_exact),
        cmocka_unit_test(legacy_blocks_by_hand),   cmocka_unit_test(k_blocks_by_hand),
        cmocka_unit_test(values_are_llama_cpps),   cmocka_unit_test(grids_are_ggmls),
        cmocka_unit_test(repacking_is_exact),      cmocka_unit_test(rounding_is_bounded),
        cmocka_unit_test(fitting_is_closer),       cmocka_unit_test(infinite_scales_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
