/* test_gain.c - a gain is what the measured times permit, or none. No clock runs here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/cost/gain.h"

enum { ROWS = 8 };
static const double PLAIN_MS = 10, VERIFY_MS = 12, DRAFT_MS = 4;

/* A machine on which a pass over one row takes PLAIN_MS, over ROWS rows VERIFY_MS; plain rounds
 * were measured when all took `then` times as long. */
static Cost measured(int plain_rounds, double then)
{
    Cost cost = {0};
    curve_add(&cost.plain_curve, ROWS, then * VERIFY_MS);
    curve_add(&cost.verify, 1, PLAIN_MS);
    curve_add(&cost.verify, ROWS, VERIFY_MS);
    cost.rows = ROWS;
    for (int i = 0; i < plain_rounds; i++)
        recent_add(&cost.plain, then * PLAIN_MS, 0);
    return cost;
}

static RoundSums rounds_of(int tokens, int rounds)
{
    RoundSums sums = {.tokens = tokens, .rounds = rounds, .drafted = 4 * rounds};
    sums.draft_ms = DRAFT_MS * rounds;
    sums.verify_ms = VERIFY_MS * rounds;
    sums.all_ms = sums.draft_ms + sums.verify_ms;
    return sums;
}

static void check_order(const Gain *g)
{
    assert_true(g->low <= g->gain && g->gain <= g->high);
}

static void speed_over_plain(void **state)
{
    (void)state;
    Cost cost = measured(5, 1);
    RoundSums sums = rounds_of(40, 10);
    Gain g = gain_of(&cost, &sums);
    assert_float_equal(g.gain, 40 * PLAIN_MS / 160, 1e-6);
    assert_float_equal(g.low, g.gain, 1e-6);
    assert_float_equal(g.high, g.gain, 1e-6);
    assert_float_equal(g.plain_ms, PLAIN_MS, 1e-6);
    assert_int_equal(g.plain_rounds, 5);
    for (int i = 0; i < 100; i++) /* the median is that of the last ones */
        recent_add(&cost.plain, PLAIN_MS, 0);
    assert_int_equal(gain_of(&cost, &sums).plain_rounds, RECENT);
}

static void none_without_grounds(void **state)
{
    (void)state;
    RoundSums sums = rounds_of(40, 10);
    Cost cost = measured(0, 1);
    Gain g = gain_of(&cost, &sums);
    assert_true(g.gain == 0 && g.plain_ms == 0); /* T(1) at load is no plain round */
    cost = measured(1, 1);
    assert_true(gain_of(&cost, &sums).high == 0);
    cost = measured(5, 1);
    sums.drafted = 0;
    g = gain_of(&cost, &sums);
    assert_true(g.gain == 0 && g.high == 0 && g.plain_ms > 0);
    sums = (RoundSums){0}; /* a question that was refused */
    assert_true(gain_of(&cost, &sums).high == 0);
}

/* Whatever was measured: at most MAT * T(1) / (draft + verify), and T(1) is at most a pass. */
static void never_more_than_permitted(void **state)
{
    (void)state;
    srand(1);
    int known = 0;
    for (int i = 0; i < 20000; i++) {
        double then = 0.6 + rand() % 80 / 100.0;
        int n = 1 + rand() % 40, mat = 1 + rand() % 9;
        Cost cost = measured(1 + rand() % 12, then);
        RoundSums sums = rounds_of(mat * n, n);
        sums.verify_ms *= 0.3 + rand() % 300 / 100.0;
        sums.all_ms = (sums.draft_ms + sums.verify_ms) * (1 + rand() % 20 / 100.0);
        sums.lost_ms = rand() % 3 == 0 ? sums.all_ms * (rand() % 100) / 100 : 0;
        Gain g = gain_of(&cost, &sums);
        if (g.high == 0)
            continue;
        known++;
        check_order(&g);
        double ran = gain_ran(&sums);
        double one = fmin(PLAIN_MS, ran * sums.verify_ms / n);
        double most = mat * n * one / (ran * (sums.draft_ms + sums.verify_ms));
        if (g.high > most * (1 + 1e-6))
            fail_msg("x%.3f where x%.3f is permitted", g.high, most);
        assert_true(g.high < mat * (1 + 1e-6));
    }
    assert_true(known > 1000);
}

/* Plain measured while all took twice as long: its gain would be twice what it is. */
static void busy_while_plain_was_measured(void **state)
{
    (void)state;
    Cost cost = measured(5, 2);
    RoundSums sums = rounds_of(40, 10);
    Gain g = gain_of(&cost, &sums);
    assert_true(g.high == 0);
    cost = measured(5, 1.2); /* less so: the truth lies between the bounds */
    g = gain_of(&cost, &sums);
    check_order(&g);
    assert_true(g.low <= 2.5 + 1e-6 && g.high >= 2.5 - 1e-6);
}

static void busy_since_plain_was_measured(void **state)
{
    (void)state;
    Cost cost = measured(5, 1);
    cost.verify = (Curve){0};
    curve_add(&cost.verify, 1, 1.5 * PLAIN_MS);
    curve_add(&cost.verify, ROWS, 1.5 * VERIFY_MS);
    RoundSums sums = rounds_of(40, 10);
    sums.draft_ms *= 1.5;
    sums.verify_ms *= 1.5;
    sums.all_ms *= 1.5;
    Gain g = gain_of(&cost, &sums);
    check_order(&g);
    assert_true(g.low < 2.5 / 1.4 && g.high > 2.5 - 1e-6);
    sums = rounds_of(40, 10); /* kept waiting for a third of the time */
    sums.all_ms *= 1.5;
    sums.draft_ms *= 1.5;
    sums.verify_ms *= 1.5;
    sums.lost_ms = sums.all_ms / 3;
    cost = measured(5, 1);
    g = gain_of(&cost, &sums);
    assert_true(g.low < 2.5 / 1.4 && g.high >= 2.5 - 1e-6);
    sums.lost_ms = 0.7 * sums.all_ms;
    assert_true(gain_of(&cost, &sums).high == 0);
}

static void quantiles(void **state)
{
    (void)state;
    Recent r = {0};
    assert_true(recent_quantile(&r, 0.25) == 0);
    for (int i = 5; i > 0; i--)
        recent_add(&r, i, 0);
    assert_true(recent_quantile(&r, 0) == 1 && recent_quantile(&r, 1) == 5);
    assert_true(recent_quantile(&r, 0.25) == 2 && recent_quantile(&r, 0.75) == 4);
    assert_int_equal(recent_kept(&r), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles),
        cmocka_unit_test(speed_over_plain),
        cmocka_unit_test(none_without_grounds),
        cmocka_unit_test(never_more_than_permitted),
        cmocka_unit_test(busy_while_plain_was_measured),
        cmocka_unit_test(busy_since_plain_was_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
