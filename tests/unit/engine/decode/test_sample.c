/* test_sample.c - the seeded draw: it is the distribution it claims to be, and a pure function of
 * its inputs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/decode/sample.h"
#include "kernels/noise.h"

enum { V = 8, DRAWS = 205000 };

typedef struct Fixture {
    Kernels *kernels;
    Sampler sampler;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    KernelsOptions options = {.device = "cpu", .threads = 1};
    *state = f;
    return kernels_open(&f->kernels, &options, NULL) || sampler_open(&f->sampler, 1000, NULL);
}

static int teardown(void **state)
{
    Fixture *f = *state;
    sampler_close(&f->sampler);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

static int draw(Fixture *f, const float *logits, int vocab, Sampling sampling, int position)
{
    return sample_token(&f->sampler, f->kernels, logits, vocab, 0, &sampling, position);
}

/* The `count` best of one row. */
static int ranked(Sampler *sampler, Kernels *kernels, const float *logits, int vocab, int limit,
                  const Sampling *sampling, int position, int count, int *ids, float *scores)
{
    Draws draws;
    DrawRows row = {.logits = logits,
                    .n = 1,
                    .stride = vocab,
                    .vocab = vocab,
                    .limit = limit,
                    .count = count,
                    .position = {position}};
    draws_open(&draws, sampler, kernels, &row, sampling);
    return sample_ranked(&draws, 0, ids, scores);
}

static void test_known_answer(void **state)
{
    (void)state;
    /* Noise depends on every one of its inputs. */
    uint32_t base = noise_bits(1, 2, 3);
    assert_int_equal(base, noise_bits(1, 2, 3));
    assert_int_not_equal(base, noise_bits(2, 2, 3));
    assert_int_not_equal(base, noise_bits(1, 3, 3));
    assert_int_not_equal(base, noise_bits(1, 2, 2));
    assert_true(noise_gumbel(0) > -3.2f && noise_gumbel(UINT32_MAX) < 22.9f);
    assert_true(noise_gumbel(NOISE_FAR_BITS) < NOISE_FAR);
}

static void test_greedy_takes_lowest_of_equals(void **state)
{
    float logits[V] = {0, 3, 1, 3, 2, 3, -1, 0};
    assert_int_equal(draw(*state, logits, V, (Sampling){.temperature = 0, .top_p = 1}, 5), 1);
}

/* Chi-square over 8 cells against the exact distribution; 205,000 draws see a total variation of
 * 0.01. */
static double chi_square(Fixture *f, const float *logits, Sampling sampling, const double *p)
{
    int count[V] = {0};
    for (int i = 0; i < DRAWS; i++)
        count[draw(f, logits, V, sampling, i)]++;
    double chi = 0;
    for (int i = 0; i < V; i++) {
        if (p[i] == 0) {
            assert_int_equal(count[i], 0);
            continue;
        }
        double expected = p[i] * DRAWS, difference = count[i] - expected;
        chi += difference * difference / expected;
    }
    return chi;
}

static void softmax(const float *logits, double temperature, const bool *kept, double *p)
{
    double sum = 0;
    for (int i = 0; i < V; i++)
        sum += p[i] = kept[i] ? exp(logits[i] / temperature) : 0;
    for (int i = 0; i < V; i++)
        p[i] /= sum;
}

static const float LOGITS[V] = {1.0f, 0.2f, -0.5f, 2.0f, 0.0f, 1.5f, -1.0f, 0.7f};
static const double LIMIT = 29.9; /* 7 degrees of freedom, one in ten thousand */

static void test_distribution(void **state)
{
    double p[V];
    const bool all[V] = {1, 1, 1, 1, 1, 1, 1, 1};
    static const float temperatures[] = {0.5f, 0.8f, 1.0f, 1.7f};
    for (int i = 0; i < 4; i++) {
        softmax(LOGITS, temperatures[i], all, p);
        Sampling sampling = {.temperature = temperatures[i], .top_p = 1, .seed = 7u + (unsigned)i};
        assert_true(chi_square(*state, LOGITS, sampling, p) < LIMIT);
    }
}

static void test_top_k(void **state)
{
    double p[V];
    const bool best3[V] = {1, 0, 0, 1, 0, 1, 0, 0};
    softmax(LOGITS, 1.0, best3, p);
    Sampling sampling = {.temperature = 1, .top_k = 3, .top_p = 1, .seed = 3};
    assert_true(chi_square(*state, LOGITS, sampling, p) < LIMIT);
}

static void test_top_p(void **state)
{
    /* Untempered: .391 .237 .144 …: 0.7 needs the best three. */
    double p[V];
    const bool best3[V] = {1, 0, 0, 1, 0, 1, 0, 0};
    softmax(LOGITS, 1.3, best3, p);
    Sampling sampling = {.temperature = 1.3f, .top_p = 0.7f, .seed = 4};
    assert_true(chi_square(*state, LOGITS, sampling, p) < LIMIT);
}

/* A wrong rule must not pass: without noise of its own for each position the counts are far off. */
static void test_chi_square_can_fail(void **state)
{
    double p[V];
    const bool all[V] = {1, 1, 1, 1, 1, 1, 1, 1};
    softmax(LOGITS, 1.1, all, p);
    Sampling sampling = {.temperature = 1.0f, .top_p = 1, .seed = 9};
    assert_true(chi_square(*state, LOGITS, sampling, p) > LIMIT);
}

/* Ids far below the best are settled without a logarithm: the winner must be the one of the plain
 * formula. */
static void test_shortcut_is_exact(void **state)
{
    enum { N = 1000 };
    static float logits[N];
    for (int t = 0; t < 2000; t++) {
        for (int i = 0; i < N; i++)
            logits[i] = 20.0f * (float)(noise_bits(99, (uint32_t)t, (uint32_t)i) * 0x1p-32) - 12.0f;
        int best = -1;
        float best_score = -INFINITY;
        for (int i = 0; i < N; i++) {
            float score = logits[i] + noise_gumbel(noise_bits(5, (uint32_t)t, (uint32_t)i));
            if (score > best_score) {
                best_score = score;
                best = i;
            }
        }
        assert_int_equal(
            draw(*state, logits, N, (Sampling){.temperature = 1, .top_p = 1, .seed = 5}, t), best);
    }
}

static void test_ranked(void **state)
{
    Fixture *f = *state;
    int ids[4];
    float scores[4];
    Sampling sampling = {.temperature = 1, .top_p = 1, .seed = 11};
    int n = ranked(&f->sampler, f->kernels, LOGITS, V, 0, &sampling, 3, 4, ids, scores);
    assert_int_equal(n, 4);
    for (int i = 1; i < n; i++)
        assert_true(scores[i - 1] >= scores[i]);
    assert_int_equal(ids[0], draw(f, LOGITS, V, sampling, 3));
    n = ranked(&f->sampler, f->kernels, LOGITS, V, 2, &sampling, 3, 4, ids, scores);
    assert_int_equal(n, 2); /* the limit hides the other ids */
    assert_true(ids[0] < 2 && ids[1] < 2);
}

/* A row of some ids only: each keeps the noise of its id, so it wins as it would among all. */
static void test_short_row(void **state)
{
    Fixture *f = *state;
    enum { N = 40, SHORT = 13 };
    float all[N], some[SHORT], scores[2][3];
    int tokens[SHORT], ids[2][3];
    for (int i = 0; i < N; i++)
        all[i] = -INFINITY;
    for (int i = 0; i < SHORT; i++) {
        tokens[i] = 3 * i + 1;
        all[tokens[i]] = some[i] = (float)(i % 5);
    }
    Sampler row = f->sampler;
    row.tokens = tokens;
    for (int t = 0; t < 200; t++) {
        Sampling sampling = {.temperature = (float)(t % 3), .top_k = t % 4 ? 0 : 6, .seed = 9};
        sampling.top_p = t % 5 ? 1 : 0.8f;
        int limit = t % 2 ? 0 : 20;
        int n = ranked(&f->sampler, f->kernels, all, N, limit, &sampling, t, 3, ids[0], scores[0]);
        assert_int_equal(
            ranked(&row, f->kernels, some, SHORT, limit, &sampling, t, 3, ids[1], scores[1]), n);
        for (int i = 0; i < n; i++) {
            assert_int_equal(ids[0][i], ids[1][i]);
            assert_true(scores[0][i] == scores[1][i]);
        }
    }
    assert_int_equal(sampler_places(&row, SHORT, 20), 7); /* 1, 4 … 19 */
    assert_int_equal(sampler_places(&row, SHORT, 1), 0);
    assert_int_equal(sampler_places(&row, SHORT, 1000), SHORT);
    assert_int_equal(sampler_places(&f->sampler, N, 20), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test(test_greedy_takes_lowest_of_equals),
        cmocka_unit_test(test_distribution),
        cmocka_unit_test(test_top_k),
        cmocka_unit_test(test_top_p),
        cmocka_unit_test(test_chi_square_can_fail),
        cmocka_unit_test(test_shortcut_is_exact),
        cmocka_unit_test(test_ranked),
        cmocka_unit_test(test_short_row),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
