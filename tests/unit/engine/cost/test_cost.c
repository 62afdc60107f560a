/* test_cost.c - curves, calibration and the choice between drafting and plain rounds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/cost/cost.h"

static void near(double a, double b)
{
    assert_true(fabs(a - b) < 1e-3 * (1 + fabs(b)));
}

static void test_curve(void **state)
{
    (void)state;
    Curve curve = {0};
    near(curve_at(&curve, 3), 0);
    curve_add(&curve, 1, 10);
    near(curve_at(&curve, 1), 10);
    curve_add(&curve, 4, 16);
    near(curve_at(&curve, 4), 16);
    near(curve_at(&curve, 3), 14); /* straight between the known points */
    near(curve_at(&curve, 8), 24); /* and on */
    curve_add(&curve, 6, 22);      /* the line through 4 and 6 meets 8 at 28 */
    near(curve_at(&curve, 8), 28);
    for (int i = 0; i < 200; i++)
        curve_add(&curve, 8, 40);
    near(curve_at(&curve, 8), 40); /* the average follows */
    Curve slow = {0};              /* as measured while the machine was busy */
    curve_add(&slow, 4, 60);
    curve_add(&slow, 8, 100);
    for (int i = 0; i < 200; i++)
        curve_add(&slow, 5, 6);
    near(curve_at(&slow, 5), 6);
    assert_true(curve_at(&slow, 4) > 0);
}

static void test_calibration(void **state)
{
    (void)state;
    Calibration c = {0};
    near(calibration_at(&c, 1, 0.85f), 0.85);
    for (int i = 0; i < 1000; i++)
        calibration_add(&c, 1, 0.85f, i % 4 == 0);
    assert_true(fabs(calibration_at(&c, 1, 0.85f) - 0.25) < 0.05);
    near(calibration_at(&c, 1, 0.35f), 0.35); /* other bins know nothing of it */
    assert_true(fabs(calibration_at(&c, 3, 0.85f) - 0.25) < 0.05); /* other depths believe it … */
    for (int i = 0; i < 100; i++)
        calibration_add(&c, 4, 0.85f, i % 2 == 0);
    assert_true(fabs(calibration_at(&c, 3, 0.85f) - 0.5) < 0.05); /* … until they know better */
    assert_true(fabs(calibration_at(&c, 1, 0.85f) - 0.25) < 0.05);
}

/* What was counted before shapes the start and is soon outweighed. */
static void test_calibration_starts(void **state)
{
    (void)state;
    Calibration counted = {0}, c = {0};
    for (int i = 0; i < 300; i++)
        calibration_add(&counted, i % 6 + 1, 0.95f, i % 5 == 0); /* says .95, is right in a fifth */
    calibration_add(&counted, 1, 0.55f, true);
    calibration_start(&c, &counted);
    for (int depth = 1; depth <= 6; depth++)
        assert_true(calibration_at(&c, depth, 0.95f) < 0.4f);
    near(calibration_at(&c, 1, 0.35f), 0.35); /* a bin that was empty is */
    near(c.at[0].tries[5], 1);                /* few observations are no more than they were */
    near(c.at[0].hits[9] / c.at[0].tries[9], counted.at[0].hits[9] / counted.at[0].tries[9]);
    for (int i = 0; i < 60; i++)
        calibration_add(&c, 1, 0.95f, true);
    assert_true(calibration_at(&c, 1, 0.95f) > 0.7f);
}

/* Plays `rounds` rounds with a drafter that costs `spec_ms` a round for `tokens`; returns drafting
 * rounds. */
static Cost fresh(void)
{
    Cost cost = {0};
    cost_reset_draft(&cost);
    return cost;
}

static int play(Cost *cost, int rounds, int tokens, double spec_ms, double *total_ms,
                int *total_tokens)
{
    int spec = 0;
    for (int i = 0; i < rounds; i++) {
        RoundMode mode = cost_next(cost);
        bool drafts = mode == ROUND_SPEC;
        cost_round(cost, mode, drafts ? tokens : 1, drafts ? spec_ms : 10.0);
        *total_ms += drafts ? spec_ms : 10.0;
        *total_tokens += drafts ? tokens : 1;
        spec += drafts;
    }
    return spec;
}

static void test_never_loses(void **state)
{
    (void)state;
    double ms = 0;
    int tokens = 0;
    Cost bad = fresh();
    int spec = play(&bad, 2000, 2, 40, &ms, &tokens); /* half of plain's speed */
    assert_true(spec < 60);
    assert_true(tokens / ms > 0.97 / 10);
    assert_true(spec > 6); /* but it goes on looking */

    Cost good = fresh();
    ms = 0, tokens = 0;
    spec = play(&good, 2000, 3, 15, &ms, &tokens); /* twice plain's */
    assert_true(spec > 1950);
    assert_true(good.plain_rounds >= 20); /* plain is measured now and then */
    assert_true(tokens / ms > 0.98 * 3 / 15);
}

/* What takes no time to guess is verified as long as that does not lose. */
static void test_free_rounds(void **state)
{
    (void)state;
    Cost cost = fresh();
    assert_false(cost_may_try_ngram(&cost)); /* plain's time is not known */
    int guessed[2] = {0};
    for (int i = 0; i < 4000; i++) {
        bool wins = i >= 2000;
        RoundMode mode = cost.plain_rounds < 2 ? ROUND_PROBE : ROUND_PLAIN;
        mode = cost_may_try_ngram(&cost) ? ROUND_NGRAM : mode;
        guessed[wins] += mode == ROUND_NGRAM;
        cost_round(&cost, mode, mode == ROUND_NGRAM && wins ? 2 : 1, mode == ROUND_NGRAM ? 13 : 10);
    }
    assert_true(guessed[0] > 2 && guessed[0] < 100);
    assert_true(guessed[1] > 1900);
    assert_int_equal(cost.spec_rounds, 0); /* of drafting proper they say nothing */
    assert_false(cost.judged);
}

/* Verification nearly free, and a draft of that speed. */
static Cost measured(double draft_ms)
{
    Cost cost = fresh();
    for (int n = 1; n <= 32; n *= 2)
        curve_add(&cost.verify, n, 10 + 0.1 * n);
    curve_add(&cost.draft, 1, draft_ms);
    return cost;
}

/* A draft as slow as its target gets one round, whatever it guessed. */
static void test_hopeless_draft(void **state)
{
    (void)state;
    double ms = 0;
    int tokens = 0;
    Cost cost = measured(9.5);
    int spec = play(&cost, 30, 2, 20, &ms, &tokens);
    assert_int_equal(spec, 1);
    cost_reset_draft(&cost);
    for (int i = 0; i < 20; i++)
        curve_add(&cost.draft, 1, 3);
    spec = play(&cost, 30, 2, 14, &ms, &tokens);
    assert_true(spec > 25);
}

static void test_comes_back(void **state)
{
    (void)state;
    double ms = 0;
    int tokens = 0;
    Cost cost = fresh();
    play(&cost, 300, 1, 25, &ms, &tokens);
    int spec = play(&cost, 2000, 4, 15, &ms, &tokens); /* the text got easier */
    assert_true(spec > 1000);
}

/* A pass over a long context takes longer, by row. */
static void test_context(void **state)
{
    (void)state;
    Cost cost = fresh();
    curve_add(&cost.verify, 1, 10);
    curve_add(&cost.verify, 4, 12);
    cost.context_ms = 0.001f;
    cost.context = 1000;
    near(cost_verify_ms(&cost, 4), 16);
    near(cost_plain_ms(&cost), 11);
    for (int i = 0; i < 100; i++)
        cost_verify(&cost, 4, 18); /* measured here, it is as much slower without context */
    cost.context = 0;
    near(cost_verify_ms(&cost, 4), 14);
}

/* A long text is read when the tokens that it may win are worth it, or when it costs next to
 * nothing. */
static void test_reading(void **state)
{
    (void)state;
    double ms = 0;
    int tokens = 0;
    Cost cost = measured(2);
    cost.read_ms = 1;
    assert_true(cost_may_read(&cost, 50, 100));
    assert_false(cost_may_read(&cost, 1000, 20));
    assert_true(cost_may_read(&cost, 1000, 2000));
    cost_prefill(&cost, 20000, 200000); /* 1 % of that is more than the reading takes */
    assert_true(cost_may_read(&cost, 1000, 20));
    cost_read(&cost, 1500, 1500); /* once */
    assert_false(cost_may_read(&cost, 1000, 20));

    Cost bad = fresh();
    bad.read_ms = 1;
    play(&bad, 500, 1, 20, &ms, &tokens);
    assert_false(cost_may_read(&bad, 1000, 100000)); /* nothing to win */
}

static void test_gain(void **state)
{
    (void)state;
    Cost cost = {0};
    near(cost_gain(&cost, 3, 4, 5), 0); /* nothing measured, no forecast */
    curve_add(&cost.verify, 1, 10);
    curve_add(&cost.verify, 4, 12);
    near(cost_gain(&cost, 3, 4, 8), 3.0 / 20 * 10);
    cost_round(&cost, ROUND_PLAIN, 1, 11);
    near(cost_gain(&cost, 3, 4, 8), 3.0 / 20 * 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curve),
        cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_calibration_starts),
        cmocka_unit_test(test_never_loses),
        cmocka_unit_test(test_free_rounds),
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_hopeless_draft),
        cmocka_unit_test(test_gain),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
