/* test_bench_figures.c - what the benchmarks reckon with: ratios and their intervals, numbers in
 * texts, bars, published figures, and cells made of known samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <string.h>

#include "app/bench/bars.h"
#include "app/bench/bench_spec.h"
#include "app/bench/last_number.h"
#include "app/bench/paired.h"
#include "app/bench/project.h"

static void near(double value, double wanted)
{
    if (fabs(value - wanted) > 1e-6 * fabs(wanted) + 1e-9)
        fail_msg("%.9g is not %.9g", value, wanted);
}

/* By hand: the ratio is 1.5; residuals .25, 0, -.25 have deviation .25; t of two degrees 4.303. */
static void ratios_have_intervals(void **state)
{
    (void)state;
    const double base[] = {1, 2, 3}, own[] = {1.75, 3, 4.25};
    Ratio ratio = paired_ratio(own, base, 3);
    near(ratio.value, 1.5);
    near(ratio.half, 4.303 * 0.25 / sqrt(3) / 2);

    /* What both have in common cancels. */
    const double swing[] = {1, 10, 100}, twice[] = {2, 20, 200};
    ratio = paired_ratio(twice, swing, 3);
    near(ratio.value, 2);
    near(ratio.half, 0);

    ratio = paired_ratio(own, base, 1);
    near(ratio.value, 1.75);
    near(ratio.half, 0);
    const double none[] = {0, 0};
    near(paired_ratio(own, none, 2).value, 0);
}

static void numbers_end_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double number;
    } cases[] = {
        {"The answer is 18.", 18},
        {"so $1,000.50 in total", 1000.5},
        {"from 3 to -2", -2},
        {"3-2", 2},
        {"**42**", 42},
        {"1,23", 23},
        {"12,345,678", 12345678},
        {"\\boxed{7}", 7},
        {"5 %", 5},
        {"on 2024-05", 5},
        {"3.5.", 3.5},
        {"1.2.3", 3},
        {"000000000000000000000000000000000000000000000000000000000000000000000001", 0},
    };
    double number;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(last_number(cases[i].text, &number));
        near(number, cases[i].number);
    }
    assert_false(last_number("none, - and .", &number));
    assert_false(last_number("", &number));
    assert_true(reference_number("<<1+1=2>>2\n#### 1,002", &number));
    near(number, 1002);
    assert_false(reference_number("the answer is 2", &number));
}

static void bars_fill_their_columns(void **state)
{
    (void)state;
    char text[4 * 4 + 1];
    bar_text(text, 1, 2, 4);
    assert_string_equal(text, "██");
    bar_text(text, 1.25, 2, 4);
    assert_string_equal(text, "██▌");
    bar_text(text, 9, 2, 4);
    assert_string_equal(text, "████");
    bar_text(text, -1, 2, 4);
    assert_string_equal(text, "");
}

static void published_rows_are_found(void **state)
{
    (void)state;
    const PublishedRow *row = published_find(PUBLISHED_S2D, PUBLISHED_LAYERS, true);
    assert_string_equal(row->name, "SoFT+S2D");
    near(row->at[1][PUBLISHED_13B].mat, 3.79f);
    assert_null(published_find(PUBLISHED_SOFT, 7, false));
    PublishedTarget target;
    assert_int_equal(published_target("70b", &target), 0);
    assert_int_equal(target, PUBLISHED_70B);
    assert_int_equal(published_target("8b", &target), -1);
    /* 70B was published for chains at T = 0 alone, 7B for all. */
    int n;
    const PublishedRow *rows = published_rows(&n);
    for (int i = 0; i < n; i++) {
        assert_true((rows[i].at[0][PUBLISHED_70B].mat > 0) == !rows[i].tree);
        assert_true(rows[i].at[0][PUBLISHED_7B].mat > 0 && rows[i].at[1][PUBLISHED_7B].mat > 0);
    }
}

/* Two questions, two repeats, three methods, of which the last one has a plain of its own. */
static void cells_pair_questions_and_repeats(void **state)
{
    (void)state;
    enum { N = 2, REPEATS = 2, METHODS = 4 };
    /* tokens per second; the second repeat is slower for all */
    static const double speeds[N * REPEATS * METHODS] = {10, 20, 12, 18, 5,  10, 6, 9,
                                                         20, 20, 16, 32, 10, 10, 8, 16};
    Sample samples[N * REPEATS * METHODS];
    for (int i = 0; i < N * REPEATS * METHODS; i++)
        samples[i] = (Sample){.tokens = 100,
                              .seconds = 100 / speeds[i],
                              .rounds = 40,
                              .in_rounds = 99,
                              .answers = 1,
                              .scored = true,
                              .correct = i % 2};
    Question list[N] = {{.category = 0}, {.category = 1}};
    char *categories[] = {"writing", "rag"};
    Questions questions = {.list = list, .n = N, .n_categories = 2};
    memcpy(questions.categories, categories, sizeof categories);
    double scratch[2 * N];
    BenchResult result = {.questions = &questions,
                          .methods = {{.plain = 0}, {.plain = 0}, {.plain = 2}, {.plain = 2}},
                          .n_methods = METHODS,
                          .repeats = REPEATS,
                          .samples = samples,
                          .scratch = scratch,
                          .n_done = N};
    Cell cell = bench_cell(&result, GROUP_ALL, 1);
    assert_int_equal(cell.questions, 2);
    assert_int_equal(cell.answers, 4);
    assert_true(cell.scored == 4 && cell.correct == 4);
    near(cell.speed, 15);
    near(cell.mat, 99 / 40.0);
    near(cell.speedup.value, 15 / 11.25);
    near(cell.speedup.half, 12.706 * 5 / 11.25); /* residuals +5 and -5, t of one degree */
    cell = bench_cell(&result, GROUP_ALL, 3);
    near(cell.speedup.value, (13.5 + 24) / (9 + 12));
    cell = bench_cell(&result, GROUP_ALL, 2);
    near(cell.speedup.value, 1);
    near(cell.mat, 1);
    assert_int_equal(cell.correct, 0);
    /* One question: its repeats are the pairs, and they agree. */
    cell = bench_cell(&result, 0, 1);
    near(cell.speedup.value, 2);
    near(cell.speedup.half, 0);
    near(bench_cell(&result, GROUP_MT_BENCH, 1).speedup.value, 2);
    assert_int_equal(bench_cell(&result, GROUP_MT_BENCH, 1).questions, 1);
    /* Counts that only a worker that lies can have. */
    for (int i = 0; i < N * REPEATS * METHODS; i++)
        samples[i].drafted = samples[i].accepted = INT_MAX;
    cell = bench_cell(&result, GROUP_ALL, 1);
    assert_true(cell.drafted == 4LL * INT_MAX && cell.accepted == 4LL * INT_MAX);
}

/* Passes of 2 + 3 layers ms at one row, twice that at two. */
static void rounds_are_projected(void **state)
{
    (void)state;
    const Curve few = {.ms = {5, 10}}, many = {.ms = {14, 28}}; /* 1 and 4 layers */
    ProjectShape shape = project_shape(&few, 1, &many, 4);
    near(project_pass(&shape, 1, 1), 5);
    near(project_pass(&shape, 10, 1), 32);
    near(project_pass(&shape, 10, 2), 64);
    /* Two drafted tokens, a target of 30 layers: T(1) = 92, T(3) = 276 by the slope. */
    TreeShape chain = {.depth = 2, .width = 1, .nodes = 2};
    Projection p = project_round(&shape, 6, 1, &shape, 30, &chain, 1.8);
    near(p.draft_ms, 2 * 20);
    near(p.verify_ms, 276);
    near(p.speedup, 1.8 * 92 / (40 + 276));
    /* The second step over two rows, and three heads a step. */
    TreeShape tree = {.depth = 2, .width = 2, .nodes = 1};
    p = project_round(&shape, 6, 3, &shape, 30, &tree, 1.8);
    near(p.draft_ms, 24 + 48);
    near(p.verify_ms, 184);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_have_intervals),
        cmocka_unit_test(numbers_end_texts),
        cmocka_unit_test(bars_fill_their_columns),
        cmocka_unit_test(published_rows_are_found),
        cmocka_unit_test(cells_pair_questions_and_repeats),
        cmocka_unit_test(rounds_are_projected),
    };
    return cmocka_run_group_tests_name("bench_figures", tests, NULL, NULL);
}
