/* test_rows.c - norm and the scans of logits: right, and the same bits on every instruction set. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/noise.h"
#include "tests/support/weights.h"

static void norm_divides_by_the_root_mean_square(void **state)
{
    static const int widths[] = {1, 15, 16, 17, 576, 1001};
    float x[21 * 1001], weight[1001], expected[21 * 1001], out[21 * 1001];
    (void)state;
    random_fill(x, 21 * 1001, 1);
    random_fill(weight, 1001, 2);
    for (size_t c = 0; c < sizeof widths / sizeof *widths; c++) {
        int cols = widths[c];
        size_t row = (size_t)cols * sizeof *x;
        for (int isa = 0; isa < ISAS; isa++) {
            Kernels *k = isa_open(isa, 2, false);
            if (!k)
                continue;
            k->norm(k, x, weight, 1e-6f, 21, 1, cols, out);
            if (isa == 0)
                memcpy(expected, out, sizeof out);
            assert_memory_equal(out, expected, 21 * row);
            k->norm(k, x + 20 * cols, weight, 1e-6f, 1, 1, cols, out);
            assert_memory_equal(out, expected + 20 * cols, row);
            memcpy(out, x, sizeof x);
            k->norm(k, out, weight, 1e-6f, 3, 1, cols, out); /* in place */
            assert_memory_equal(out, expected, 3 * row);
            k->close(k);
        }
        for (int i = 0; i < 21; i++) {
            double sum = 0;
            for (int j = 0; j < cols; j++)
                sum += (double)x[i * cols + j] * x[i * cols + j];
            for (int j = 0; j < cols; j++)
                assert_float_equal(expected[i * cols + j],
                                   x[i * cols + j] / sqrt(sum / cols + 1e-6) * weight[j], 1e-5);
        }
    }
}

static void silu_is_added(void **state)
{
    enum { MOST = 40003 };
    static const size_t counts[] = {0, 1, 15, 16, 17, 577, MOST};
    static float x[MOST], before[MOST], expected[MOST], out[MOST];
    (void)state;
    random_fill(x, MOST, 1);
    random_fill(before, MOST, 2);
    for (int i = 0; i < MOST; i++)
        x[i] *= i % 5 ? 4 : 120; /* exp(-x) as good as 0, or more than there is */
    for (int isa = 0; isa < ISAS; isa++) {
        for (int threads = 1; threads < 4; threads++) {
            Kernels *k = isa_open(isa, threads, false);
            for (size_t c = 0; k && c < sizeof counts / sizeof *counts; c++) {
                memcpy(out, before, sizeof out);
                k->silu_add(k, x, counts[c], out);
                if (isa == 0 && threads == 1)
                    memcpy(expected, out, sizeof out);
                if (counts[c] == MOST)
                    assert_memory_equal(out, expected, sizeof out);
                for (size_t i = 0; i < MOST; i++)
                    assert_float_equal(
                        out[i], before[i] + (i < counts[c] ? x[i] / (1 + exp((double)-x[i])) : 0),
                        1e-5);
            }
            if (k)
                k->close(k);
        }
    }
}

static void top_is_sorted_and_ties_go_to_the_lowest_id(void **state)
{
    enum { N = 3 };
    static const int vocabs[] = {1, 7, 16, 33, 1000, 5001}, counts[] = {1, 2, 5, 40};
    (void)state;
    for (size_t c = 0; c < sizeof vocabs / sizeof *vocabs; c++) {
        int vocab = vocabs[c];
        float *logits = malloc((size_t)(N * vocab) * sizeof *logits);
        random_logits(logits, N, vocab);
        for (int isa = 0; isa < ISAS; isa++) {
            Kernels *k = isa_open(isa, 2, false);
            for (size_t j = 0; k && j < sizeof counts / sizeof *counts && counts[j] <= vocab; j++) {
                int count = counts[j], ids[N * 40];
                float values[N * 40];
                k->top(k, logits, N, vocab, count, ids, values, NULL);
                for (int i = 0; i < N * count; i++) {
                    /* As many better ones as its rank says. */
                    const float *row = logits + i / count * vocab;
                    float v = isnan(row[ids[i]]) ? -INFINITY : row[ids[i]];
                    int better = 0;
                    for (int id = 0; id < vocab; id++) {
                        float other = isnan(row[id]) ? -INFINITY : row[id];
                        better += other > v || (other == v && id < ids[i]);
                    }
                    assert_true(values[i] == v);
                    assert_int_equal(better, i % count);
                }
            }
            if (k)
                k->close(k);
        }
        free(logits);
    }
}

static void log_sum_is_the_softmaxs(void **state)
{
    enum { VOCAB = 3003, N = 2 };
    float logits[N * VOCAB], value[N], first[N], log_sum[N];
    int id[N];
    (void)state;
    random_fill(logits, N * VOCAB, 8);
    for (int i = 0; i < N * VOCAB; i++)
        logits[i] = logits[i] * 30 - (i < VOCAB ? 1000 : 0);
    for (int isa = 0; isa < ISAS; isa++) {
        Kernels *k = isa_open(isa, 1 + isa, false);
        if (!k)
            continue;
        k->top(k, logits, N, VOCAB, 1, id, value, log_sum);
        if (isa == 0)
            memcpy(first, log_sum, sizeof first);
        assert_memory_equal(log_sum, first, sizeof first);
        k->top(k, logits + VOCAB, 1, VOCAB, 1, id, value, log_sum); /* alone */
        assert_memory_equal(log_sum, first + 1, sizeof *first);
        k->close(k);
    }
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int j = 0; j < VOCAB; j++)
            sum += exp((double)logits[i * VOCAB + j] + (i ? 0 : 1000));
        assert_float_equal(first[i], (float)(log(sum) - (i ? 0 : 1000)), i ? 1e-5 : 1e-3);
    }
}

static void above_finds_all_in_order(void **state)
{
    enum { VOCAB = 777 };
    float logits[VOCAB], values[VOCAB];
    int ids[VOCAB];
    (void)state;
    random_logits(logits, 1, VOCAB);
    for (int isa = 0; isa < ISAS; isa++) {
        Kernels *k = isa_open(isa, 1, false);
        static const float floors[] = {-INFINITY, -20, 0, 19.5f, 19.96f, 100};
        for (size_t f = 0; k && f < sizeof floors / sizeof *floors; f++) {
            int count = k->above(k, logits, VOCAB, floors[f], ids, values, VOCAB), at = 0;
            for (int id = 0; id < VOCAB; id++) {
                if (logits[id] >= floors[f]) {
                    assert_int_equal(ids[at], id);
                    assert_true(values[at] == logits[id]);
                    at++;
                }
            }
            assert_int_equal(count, at);
            ids[3] = -7;
            assert_int_equal(k->above(k, logits, VOCAB, floors[f], ids, values, 3), count);
            assert_int_equal(ids[3], -7);
        }
        if (k)
            k->close(k);
    }
}

static uint32_t noise_at(const Draw *how, int position, int place)
{
    return noise_bits(how->seed, (uint32_t)position,
                      (uint32_t)(how->tokens ? how->tokens[place] : place));
}

/* One row's draw by the rule alone: all entries, none of them left out unseen. */
static int draw_plainly(const float *row, int vocab, float floor, const Draw *how, int position,
                        int *places, float *scores)
{
    float inverse = 1.0f / how->temperature;
    int n = 0, best = 0;
    for (int i = 1; i < vocab; i++)
        best = row[i] > row[best] ? i : best;
    float bar = noise_gumbel(noise_at(how, position, best)); /* scores count from the largest */
    for (int i = 0; i < vocab; i++) {
        uint32_t noise = noise_at(how, position, i);
        float plain = (row[i] - row[best]) * inverse, score = plain + noise_gumbel(noise);
        if (row[i] < floor || (bar - plain > NOISE_FAR && noise < NOISE_FAR_BITS))
            continue;
        int at = n++;
        for (; at > 0 && score > scores[at - 1]; at--) {
            places[at] = places[at - 1];
            scores[at] = scores[at - 1];
        }
        places[at] = i;
        scores[at] = score;
    }
    return n;
}

/* Stretches of consecutive ids, whose noise is made together, between others. */
static void make_ids(int *ids, int n)
{
    for (int i = 0, id = 0; i < n; i++) {
        ids[i] = id;
        id += i % 300 < 200 ? 1 : i % 300 == 299 ? 4 - id % 4 : 3;
    }
}

static void a_draw_is_the_best_by_logit_and_noise(void **state)
{
    enum { VOCAB = 2001, COUNT = 16 };
    static const float temperatures[] = {0.2f, 1, 3};
    float *logits = malloc(VOCAB * sizeof *logits), *expected = malloc(VOCAB * sizeof *logits);
    int *ids = malloc(VOCAB * sizeof *ids), *order = malloc(VOCAB * sizeof *order), lifted = 0;
    (void)state;
    make_ids(ids, VOCAB);
    random_fill(logits, VOCAB, 3);
    for (int i = 0; i < VOCAB; i++)
        logits[i] = 9 * logits[i] - (i % 7 ? 6 : 0);
    for (int t = 0; t < 60; t++) {
        Draw how = {.temperature = temperatures[t % 3], .seed = 5, .tokens = t % 2 ? ids : NULL};
        float floor = t % 5 ? -INFINITY : 2;
        int n = draw_plainly(logits, VOCAB, floor, &how, t, order, expected);
        for (int i = 0; i < n; i++)
            lifted += (9 - logits[order[i]]) / how.temperature > 2 * NOISE_FAR;
        for (int isa = 0; isa < ISAS; isa++) {
            Kernels *k = isa_open(isa, 1, false);
            int places[COUNT], most = t % 4 ? COUNT : 1;
            float scores[COUNT];
            if (!k)
                continue;
            int found = k->draw_row(k, logits, VOCAB, floor, &how, t, most, places, scores);
            assert_int_equal(found, n < most ? n : most);
            assert_memory_equal(places, order, (size_t)found * sizeof *places);
            assert_memory_equal(scores, expected, (size_t)found * sizeof *scores);
            k->close(k);
        }
    }
    assert_true(lifted > 0); /* else noise alone has brought nothing in */
    free(logits);
    free(expected);
    free(ids);
    free(order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norm_divides_by_the_root_mean_square),
        cmocka_unit_test(silu_is_added),
        cmocka_unit_test(top_is_sorted_and_ties_go_to_the_lowest_id),
        cmocka_unit_test(log_sum_is_the_softmaxs),
        cmocka_unit_test(above_finds_all_in_order),
        cmocka_unit_test(a_draw_is_the_best_by_logit_and_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
