/* test_rivals.c - of two that may draft, which one does: made-up answers and their times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "app/worker/rivals.h"

/* Answers of 100 tokens at so many ms a token for each; returns the tokens of the slower one. */
static int answer(Rivals *r, int answers, double first_ms, double second_ms)
{
    int slower = first_ms > second_ms ? 0 : 1, tokens = 0;
    for (int i = 0; i < answers; i++) {
        r->current = rivals_choose(r);
        tokens += r->current == slower ? 100 : 0;
        rivals_note(r, 100, 100 * (r->current ? second_ms : first_ms));
    }
    return tokens;
}

static void the_faster_one_goes_on(void **state)
{
    (void)state;
    Rivals r = {.on = true};
    assert_int_equal(answer(&r, 4, 10, 20), 200); /* both are heard */
    assert_int_equal(answer(&r, 20, 10, 20), 0);
    assert_int_equal(rivals_choose(&r), 0);
    r = (Rivals){.on = true};
    assert_int_equal(answer(&r, 24, 20, 10), 200);
    assert_int_equal(rivals_choose(&r), 1);
}

/* It is asked again now and then, for a few tokens in a hundred, and a change is noticed. */
static void the_other_one_is_tried_again(void **state)
{
    (void)state;
    Rivals r = {.on = true};
    int tokens = answer(&r, 1000, 10, 20);
    assert_true(tokens > 1000 && tokens < 7000);
    answer(&r, 300, 30, 20);
    assert_int_equal(rivals_choose(&r), 1);
}

static void nothing_is_learnt_of_nothing(void **state)
{
    (void)state;
    Rivals r = {.on = true};
    rivals_note(&r, 0, 10);
    rivals_note(&r, 10, 0);
    assert_true(r.tokens[0] == 0 && r.ms[0] == 0);
    assert_int_equal(rivals_choose(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_faster_one_goes_on),
        cmocka_unit_test(the_other_one_is_tried_again),
        cmocka_unit_test(nothing_is_learnt_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
