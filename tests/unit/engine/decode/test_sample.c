/* test_sample.c - the seeded draw: it is the distribution it claims to be, and a pure function of
 * its inputs. */
#include <float.h>
#include <limits.h>
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

static uint32_t random_bits(uint32_t *state)
{
    return noise_bits(41, 0, (*state)++);
}

static float any_of(const float *values, uint32_t n, uint32_t *state)
{
    return values[random_bits(state) % n];
}

/* What a setting can be at most and at least, down to the smallest floats. */
static Sampling extreme_sampling(uint32_t *state)
{
    static const float temperatures[] = {0x1p-149f, 1e-40f, 1e-38f, 1e-30f, 1e-20f,
                                         1e-7f,     1e-3f,  1,      10,     FLT_MAX};
    static const float masses[] = {0, 0x1p-149f, 1e-38f, 1e-7f, 0.5f, 0.99999994f, 1, 1};
    static const int counts[] = {0, 1, 2, 5, 999, 1000, INT_MAX};
    return (Sampling){.temperature = any_of(temperatures, 10, state),
                      .top_k = counts[random_bits(state) % 7],
                      .top_p = any_of(masses, 8, state),
                      .seed = random_bits(state)};
}

/* Small and large logits, close to each other and far apart; all differ. */
static void extreme_logits(float *logits, int n, uint32_t *state)
{
    static const float sizes[] = {1e-30f, 1e-7f, 1, 20, 1e4f, 1e30f};
    static const float centers[] = {0, 1, -20, 1e4f};
    float size = any_of(sizes, 6, state), center = any_of(centers, 4, state);
    for (int i = 0; i < n; i++)
        logits[i] = center + size * (float)((double)random_bits(state) * 0x1p-32 - 0.5);
}

/* Ever smaller temperatures and masses come to the likeliest token, whatever the others are. */
static void test_smallest_settings_are_greedy(void **state)
{
    enum { N = 300 };
    Fixture *f = *state;
    float logits[N], scores[4];
    uint32_t random = 0;
    for (int t = 0; t < 4000; t++) {
        Sampling sampling = extreme_sampling(&random);
        extreme_logits(logits, N, &random);
        int ids[4], best = draw(f, logits, N, (Sampling){.top_p = 1}, t);
        assert_true(ranked(&f->sampler, f->kernels, logits, N, 0, &sampling, t, 4, ids, scores) >=
                    1);
        assert_in_range(ids[0], 0, N - 1);
        if (sampling.temperature <= 1e-38f || sampling.top_p <= 1e-7f || sampling.top_k == 1)
            assert_true(logits[ids[0]] == logits[best]);
    }
}

/* The winner is that of the plain formula at every temperature. */
static void test_every_temperature_has_the_formulas_winner(void **state)
{
    enum { N = 300 };
    float logits[N];
    uint32_t random = 7;
    for (int t = 0; t < 4000; t++) {
        Sampling sampling = extreme_sampling(&random);
        sampling.top_k = 0;
        sampling.top_p = 1;
        extreme_logits(logits, N, &random);
        double score[N], most = -INFINITY, temperature = (double)sampling.temperature;
        int best = draw(*state, logits, N, (Sampling){.top_p = 1}, t);
        for (int i = 0; i < N; i++) {
            double ahead = ((double)logits[i] - (double)logits[best]) / temperature;
            uint32_t bits = noise_bits(sampling.seed, (uint32_t)t, (uint32_t)i);
            score[i] = ahead + (double)noise_gumbel(bits);
            most = fmax(most, score[i]);
        }
        assert_true(score[draw(*state, logits, N, sampling, t)] > most - 1e-4);
    }
}

/* What a model says that overflowed: no id, and nothing is looked for in front of the row. */
static void test_a_row_without_a_finite_best_has_no_token(void **state)
{
    enum { N = 40 };
    static const float rest[] = {NAN, -INFINITY, INFINITY};
    Fixture *f = *state;
    uint32_t random = 3;
    for (int t = 0; t < 600; t++) {
        float logits[N], scores[4];
        int ids[4];
        for (int i = 0; i < N; i++)
            logits[i] = t % 3 == 2 ? (float)i : rest[t % 2 ? 1 : i % 2];
        if (t % 3 == 2)
            logits[t % N] = INFINITY;
        Sampling sampling = extreme_sampling(&random);
        sampling.temperature = t % 5 ? sampling.temperature : 0;
        assert_int_equal(draw(f, logits, N, sampling, t), -1);
        assert_int_equal(
            ranked(&f->sampler, f->kernels, logits, N, 0, &sampling, t, 4, ids, scores), 0);
    }
}

/* NaN beside numbers only loses. */
static void test_nan_loses(void **state)
{
    enum { N = 40 };
    uint32_t random = 5;
    for (int t = 0; t < 600; t++) {
        float logits[N];
        for (int i = 0; i < N; i++)
            logits[i] = i % 3 == t % 3 ? (float)(i % 7) : NAN;
        int drawn = draw(*state, logits, N, extreme_sampling(&random), t);
        assert_in_range(drawn, 0, N - 1);
        assert_int_equal(drawn % 3, t % 3);
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
        cmocka_unit_test(test_smallest_settings_are_greedy),
        cmocka_unit_test(test_every_temperature_has_the_formulas_winner),
        cmocka_unit_test(test_a_row_without_a_finite_best_has_no_token),
        cmocka_unit_test(test_nan_loses),
        cmocka_unit_test(test_ranked),
        cmocka_unit_test(test_short_row),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
