/* test_rate.c - what intervals of speeds promise, by simulation: rounds of drafting on a machine
 * that is busy in bursts, from a fixed seed, so that every run sees the same.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/common/rate.h"

/* ---- a machine ---- */

typedef struct Machine {
    uint64_t state;
    int burst;   /* rounds that the other load goes on for */
    double load; /* what it makes of a round's time */
    double hard; /* how hard the text is here, -1 … 1, slowly changing */
} Machine;

static double uniform(Machine *m)
{
    m->state = m->state * 6364136223846793005u + 1442695040888963407u;
    return (double)(m->state >> 11) / 9007199254740992.0;
}

/* One in forty rounds a burst begins, of some twenty rounds, which take up to three times as long. */
static double load_of(Machine *m)
{
    if (m->burst > 0) {
        m->burst--;
    } else if (uniform(m) < 1 / 40.0) {
        m->burst = (int)(40 * uniform(m));
        m->load = 1 + 2 * uniform(m);
    } else {
        m->load = 1;
    }
    return m->load * (0.97 + 0.06 * uniform(m));
}

/* Tokens of a round: right guesses in a row, at most 7, and one more. */
static int tokens_of(Machine *m, double right)
{
    int n = 1;
    m->hard = 0.95 * m->hard + 0.05 * (2 * uniform(m) - 1);
    while (n < 8 && uniform(m) < right - 0.6 * m->hard)
        n++;
    return n;
}

/* ---- one speed ---- */

static void test_parts(void **state)
{
    (void)state;
    Rate rate = {0};
    assert_true(rate_per_s(&rate) == 0 && rate_half(&rate) == 0);
    for (int i = 1; i <= 1000; i++) {
        rate_add(&rate, 2, 40);
        assert_int_equal(rate.rounds, i);
        assert_true(rate.parts <= RATE_PARTS);
        assert_int_equal(rate_known(&rate), i >= RATE_EACH * RATE_KNOWN);
    }
    assert_true(fabs(rate_per_s(&rate) - 50) < 1e-6);
    assert_true(rate_half(&rate) < 1e-3); /* all alike */
    double tokens = 0;
    for (int i = 0; i < rate.parts; i++)
        tokens += (double)rate.tokens[i];
    assert_int_equal((int)tokens, 2 * (rate.rounds - rate.under_way));
}

/* Of a steady machine's rounds the interval holds the true speed nearly as often as it says. */
static void test_interval(void **state)
{
    (void)state;
    enum { RUNS = 400, ROUNDS = 96 };
    Machine m = {.state = 7};
    int holds = 0;
    for (int run = 0; run < RUNS; run++) {
        Rate rate = {0};
        for (int i = 0; i < ROUNDS; i++)
            rate_add(&rate, 1 + (uniform(&m) < 0.5), 30 + 20 * uniform(&m));
        holds += fabs(rate_per_s(&rate) - 1e3 * 1.5 / 40) <= rate_half(&rate);
    }
    assert_true(holds > RUNS * 92 / 100);
    assert_true(holds < RUNS * 99 / 100); /* and is no wider than it has to be */
}

static void add_rounds(Rate *rate, Machine *m, double ms, int n)
{
    for (int i = 0; i < n; i++)
        rate_add(rate, 1 + (uniform(m) < 0.5), ms * (0.8 + 0.4 * uniform(m)));
}

static void test_compare(void **state)
{
    (void)state;
    Machine m = {.state = 11};
    Rate slow = {0}, fast = {0}, few = {0}, again = {0};
    add_rounds(&slow, &m, 50, 100);
    add_rounds(&again, &m, 50, 100);
    add_rounds(&fast, &m, 35, 100);
    add_rounds(&few, &m, 20, RATE_EACH * RATE_KNOWN - 1);
    assert_int_equal(rate_compare(&fast, &slow), RATE_FASTER);
    assert_int_equal(rate_compare(&slow, &fast), RATE_SLOWER);
    assert_int_equal(rate_compare(&slow, &again), RATE_SAME);
    assert_int_equal(rate_compare(&few, &slow), RATE_TOO_FEW);
    assert_int_equal(rate_compare(&slow, &few), RATE_TOO_FEW);
}

/* ---- two in turn ---- */

/* Blocks as session_compare makes them: rounds until there are `least` tokens, from the same place. */
static DuelResult duel(Machine *m, int blocks, const double right[2], const double ms[2])
{
    enum { LEAST = 16 };
    Duel d = {0};
    for (int b = 0; b < blocks; b++) {
        double tokens[2] = {0}, took[2] = {0};
        for (int turn = 0; turn < 2; turn++)
            for (int side = duel_first(b) ^ turn; tokens[side] < LEAST;) {
                tokens[side] += tokens_of(m, right[side]);
                took[side] += ms[side] * load_of(m);
            }
        duel_add(&d, tokens, took);
    }
    return duel_result(&d);
}

/* A setting against itself, on a machine with bursts of other load: no difference, in at least 95 of
 * 100 runs; whatever the answer's length. */
static void test_same(void **state)
{
    (void)state;
    enum { RUNS = 1000 };
    static const int blocks[] = {RATE_KNOWN, 16, 40, 150};
    static const double right[] = {0.6, 0.6}, ms[] = {50, 50};
    for (int length = 0; length < 4; length++) {
        Machine m = {.state = 42};
        int same = 0;
        for (int run = 0; run < RUNS; run++) {
            DuelResult r = duel(&m, blocks[length], right, ms);
            assert_true(r.low <= r.ratio && r.ratio <= r.high);
            same += r.verdict == RATE_SAME;
        }
        print_message("%d blocks: %d of %d the same\n", blocks[length], same, RUNS);
        assert_true(same >= RUNS * 95 / 100);
    }
}

/* One that is a fifth faster is told from the other in most runs, and never taken for the slower. */
static void test_faster(void **state)
{
    (void)state;
    enum { RUNS = 300 };
    static const double right[] = {0.6, 0.6}, ms[] = {40, 50};
    Machine m = {.state = 5};
    int faster = 0;
    for (int run = 0; run < RUNS; run++) {
        DuelResult r = duel(&m, 40, right, ms);
        assert_int_not_equal(r.verdict, RATE_SLOWER);
        faster += r.verdict == RATE_FASTER;
    }
    print_message("a fifth faster: told in %d of %d\n", faster, RUNS);
    assert_true(faster > RUNS / 2);
}

static void test_few_blocks(void **state)
{
    (void)state;
    Machine m = {.state = 3};
    static const double right[] = {0.6, 0}, ms[] = {50, 50};
    DuelResult r = duel(&m, RATE_KNOWN - 1, right, ms);
    assert_int_equal(r.verdict, RATE_TOO_FEW);
    assert_true(r.ratio > 1 && r.low == 0);
    assert_true(duel(&m, 0, right, ms).ratio == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),   cmocka_unit_test(test_interval),
        cmocka_unit_test(test_compare), cmocka_unit_test(test_same),
        cmocka_unit_test(test_faster),  cmocka_unit_test(test_few_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
