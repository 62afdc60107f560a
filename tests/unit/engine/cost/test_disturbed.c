/* test_disturbed.c - times that say nothing of what passes cost: of a process that was stopped, of a
 * busy machine, of one that becomes slower. No clock runs here: a machine is played.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/cost/cost.h"
#include "engine/tune/tuner.h"

/* Where everything takes `slow` times as long as at the start. */
typedef struct Machine {
    Cost cost;
    double slow;
    double draft_ms; /* of a round, at the start */
    int tokens;      /* that a drafting round brings */
    double ms;       /* that rounds took, */
    int made;        /* and what they brought */
} Machine;

enum { ROWS = 5 };
static const double PLAIN_MS = 10, STOP_MS = 5000;

static double verify_ms(const Machine *m, int rows)
{
    return m->slow * (PLAIN_MS - 0.1 + 0.1 * rows);
}

/* Drafting doubles the speed. */
static Machine machine(void)
{
    Machine m = {.slow = 1, .draft_ms = 4.6, .tokens = 3};
    cost_reset_draft(&m.cost);
    for (int n = 1; n <= 32; n *= 2)
        curve_add(&m.cost.verify, n, verify_ms(&m, n));
    curve_add(&m.cost.draft, 1, m.draft_ms / (ROWS - 1));
    return m;
}

/* One round, in which the verification takes `more` ms more. */
static RoundMode play(Machine *m, double more)
{
    RoundMode mode = cost_next(&m->cost);
    bool drafts = round_drafts(mode);
    int rows = drafts ? ROWS : 1, tokens = drafts ? m->tokens : 1;
    double verify = verify_ms(m, rows) + more;
    double ms = verify + (drafts ? m->slow * m->draft_ms : 0);
    cost_verify(&m->cost, rows, verify);
    cost_round(&m->cost, mode, tokens, ms);
    m->ms += ms;
    m->made += tokens;
    return mode;
}

/* Plays undisturbed rounds; returns how many of them drafted. */
static int play_rounds(Machine *m, int rounds)
{
    int drafted = 0;
    for (int i = 0; i < rounds; i++)
        drafted += round_drafts(play(m, 0));
    return drafted;
}

static void check_plain(const Machine *m, double within)
{
    double plain = cost_plain_ms(&m->cost), right = m->slow * PLAIN_MS;
    if (fabs(plain - right) > within * right)
        fail_msg("plain rounds take %.2f ms, and are said to take %.2f", right, plain);
}

static void one_stop_is_one_slow_round(void **state)
{
    (void)state;
    for (int at = 0; at < 120; at++) { /* also the first ones, and those that measure plain */
        Machine m = machine();
        play_rounds(&m, at);
        play(&m, STOP_MS);
        int drafted = play_rounds(&m, 40);
        if (drafted < 36)
            fail_msg("stopped in round %d: of the next 40 only %d drafted", at, drafted);
        check_plain(&m, 0.05);
        assert_true(cost_speedup(&m.cost) > 1.6 && cost_speedup(&m.cost) < 2.2);
    }
}

static void every_twentieth_round_is_stopped(void **state)
{
    (void)state;
    Machine m = machine();
    int drafted = 0;
    for (int i = 0; i < 20; i++) {
        play(&m, STOP_MS);
        drafted += play_rounds(&m, 19);
    }
    assert_true(drafted > 340);
    check_plain(&m, 0.05);
}

/* Time in which nothing was done is no time of which drafting may lose a share. */
static void an_hour_of_a_stop_pays_no_debts(void **state)
{
    (void)state;
    Machine m = machine();
    m.tokens = 1; /* all of drafting is lost */
    play_rounds(&m, 100);
    play(&m, 3600e3);
    cost_prefill(&m.cost, 100, 3600e3);
    cost_read(&m.cost, 100, 3600e3);
    assert_true(play_rounds(&m, 400) < 12);
}

static void busy_while_plain_was_measured(void **state)
{
    (void)state;
    for (int busy = 1; busy < 40; busy++) {
        Machine m = machine();
        m.slow = 1.9;
        play_rounds(&m, busy);
        m.slow = 1;
        play_rounds(&m, 40);
        check_plain(&m, 0.05);
    }
}

static void stopped_while_loading(void **state)
{
    (void)state;
    for (int n = 1; n <= 32; n *= 2) {
        Machine m = machine();
        m.cost.verify = (Curve){0};
        for (int i = 1; i <= 32; i *= 2)
            curve_add(&m.cost.verify, i, verify_ms(&m, i) + (i == n ? STOP_MS : 0));
        play_rounds(&m, 2);
        check_plain(&m, 0.05);
        assert_true(play_rounds(&m, 40) >= 36);
        assert_true(curve_at(&m.cost.verify, ROWS) < 1.3 * verify_ms(&m, ROWS));
    }
}

static void another_speed_is_noticed(void **state)
{
    static const double SPEEDS[] = {0.3, 0.5, 0.7, 1.5, 2, 3, 6};
    (void)state;
    for (int i = 0; i < 7; i++) {
        Machine m = machine();
        play_rounds(&m, 200);
        m.slow = SPEEDS[i];
        int drafted = play_rounds(&m, 64);
        check_plain(&m, 0.1);
        assert_true(drafted >= 40);
        assert_true(play_rounds(&m, 40) >= 36);
        check_plain(&m, 0.05);
    }
}

/* A machine that gets hot, and cools down again. */
static void slow_drifts_are_followed(void **state)
{
    (void)state;
    Machine m = machine();
    play_rounds(&m, 100);
    for (int way = 0; way < 2; way++) {
        int drafted = 0;
        for (int i = 0; i < 300; i++) {
            m.slow *= way == 0 ? 1.005 : 1 / 1.005;
            drafted += round_drafts(play(&m, 0));
            if (i >= 100)
                check_plain(&m, 0.4);
        }
        assert_true(drafted > 240);
        play_rounds(&m, 96); /* until plain is measured next */
        check_plain(&m, 0.25);
    }
}

static uint32_t random_next(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Promise 2 where a tenth of the rounds take three times as long. */
static void drafting_does_not_lose_on_a_busy_machine(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed < 20; seed++) {
        uint32_t random = seed;
        Machine m = machine();
        m.draft_ms = 30;
        m.tokens = 2; /* half of plain's speed */
        double plain_ms = 0;
        for (int i = 0; i < 3000; i++) {
            int before = m.made;
            double more = random_next(&random) % 10 == 0 ? 2 * PLAIN_MS : 0;
            play(&m, more);
            plain_ms += (m.made - before) * (PLAIN_MS + 0.1 * 2 * PLAIN_MS);
        }
        if (m.ms > 1.05 * plain_ms)
            fail_msg("with random numbers from %u: %.2f of plain decoding's time", seed,
                     m.ms / plain_ms);
    }
}

/* Programs that keep other threads waiting, but not the caller, for a while: 64 rounds later no more is
 * left of it than a difference that counts as none. */
static void bursts_are_forgotten(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed < 30; seed++) {
        uint32_t random = seed;
        Machine m = machine();
        play_rounds(&m, 60);
        for (int burst = 0; burst < 20; burst++) {
            int rounds = 5 + (int)(random_next(&random) % 40);
            for (int i = 0; i < rounds; i++) {
                m.slow = 1.2 + random_next(&random) % 300 * 0.01;
                play(&m, 0);
            }
            m.slow = 1;
            play_rounds(&m, 64);
            check_plain(&m, 0.25);
            int drafted = play_rounds(&m, 20);
            if (drafted < 17)
                fail_msg("random numbers from %u, burst %d: only %d drafted", seed, burst, drafted);
        }
    }
}

static void stopped_while_reading(void **state)
{
    (void)state;
    Cost cost = machine().cost;
    cost_prefill(&cost, 128, 128);
    cost_prefill(&cost, 128, 128 + STOP_MS);
    cost_prefill(&cost, 128, 128);
    assert_true(fabs(recent_median(&cost.prefill) - 1) < 1e-3);
    assert_true(cost.total_ms < 4 * 128 * PLAIN_MS);
    cost_read(&cost, 100, 50);
    cost_read(&cost, 100, 50 + STOP_MS);
    cost_read(&cost, 100, 50);
    assert_true(fabs(cost.read_ms - 0.5) < 1e-3);
    assert_true(cost.debt_ms < 250);

    Cost first = machine().cost; /* nothing to compare it with but plain rounds */
    cost_prefill(&first, 128, 128 + STOP_MS);
    assert_true(recent_median(&first.prefill) <= PLAIN_MS);
    cost_read(&first, 10, 5 + STOP_MS);
    assert_true(first.debt_ms <= 4 * 10 * PLAIN_MS + 1);
}

static void stopped_while_thresholds_are_searched(void **state)
{
    static Tuner tuner;
    (void)state;
    tuner_reset(&tuner, 0);
    tuner_spent(&tuner, STOP_MS, PLAIN_MS);
    for (int i = 0; i < 3; i++)
        tuner_spent(&tuner, 5, PLAIN_MS);
    assert_true(tuner_may(&tuner, 10 * STOP_MS, PLAIN_MS));
    tuner_spent(&tuner, STOP_MS, PLAIN_MS);
    assert_true(tuner.spent_ms < 1000);
}

static void recent_times(void **state)
{
    (void)state;
    Recent r = {0};
    assert_true(recent_median(&r) == 0);
    assert_true(recent_add(&r, 100, 40) == 40); /* a first one */
    assert_true(recent_add(&r, 10, 40) == 10);
    assert_true(recent_median(&r) == 10);
    assert_true(recent_add(&r, 1000, 40) == 80);
    assert_true(recent_median(&r) == 40);
    for (int i = 0; i < RECENT; i++)
        recent_add(&r, 12 + i, 0);
    assert_true(recent_median(&r) == 16);
    assert_true(recent_add(&r, 1e6, 0) == 40); /* true after all: it comes again */
    assert_true(recent_add(&r, 1e6, 0) == 80);
    assert_true(recent_add(&r, 90, 0) == 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recent_times),
        cmocka_unit_test(one_stop_is_one_slow_round),
        cmocka_unit_test(every_twentieth_round_is_stopped),
        cmocka_unit_test(an_hour_of_a_stop_pays_no_debts),
        cmocka_unit_test(busy_while_plain_was_measured),
        cmocka_unit_test(stopped_while_loading),
        cmocka_unit_test(another_speed_is_noticed),
        cmocka_unit_test(slow_drifts_are_followed),
        cmocka_unit_test(drafting_does_not_lose_on_a_busy_machine),
        cmocka_unit_test(bursts_are_forgotten),
        cmocka_unit_test(stopped_while_reading),
        cmocka_unit_test(stopped_while_thresholds_are_searched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
