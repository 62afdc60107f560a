/* test_view.c - what the screen shows follows from events: figures, transcript, rounds, state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/scene.h"
#include "ui/figures_text.h"
#include "ui/view.h"

static const char *const four[] = {" one", " two", " three", " four"};
static const char *const two[] = {" five", " six"};

static Item *last_item(Scene *scene)
{
    Scrollback *scrollback = &scene->view.scrollback;
    assert_true(scrollback->n_items > 0);
    return &scrollback->items[scrollback->n_items - 1];
}

static int setup(void **state)
{
    Scene *scene = malloc(sizeof *scene);
    if (scene == NULL)
        return -1;
    scene_open(scene);
    scene_ready(scene);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

static void test_figures_follow_from_rounds(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    scene_say(scene, "hi");
    scene_round(scene, four, 4, 2); /* 3 accepted of 5 */
    scene_round(scene, two, 2, 1);  /* 1 accepted of 2 */
    scene_plain(scene, " x", "probe", 0);
    assert_int_equal(view->n_rounds, 3);
    assert_int_equal(view->drafted, 7);
    assert_int_equal(view->accepted, 4);
    assert_float_equal(view_mat(view), 7.0 / 3, 1e-9);
    /* Reached by depth sums to accepted, so its shares sum to MAT - 1. */
    int sum = 0;
    for (int d = 0; d < DEPTH_MAX; d++)
        sum += view->reached[d];
    assert_int_equal(sum, view->accepted);
    assert_int_equal(view->reached[0], 2);
    assert_int_equal(view->reached[1], 1);
    assert_int_equal(view->reached[2], 1);
    sum = 0;
    for (int i = 0; i <= EXITS_MAX; i++)
        sum += view->accepted_by[i];
    assert_int_equal(sum, view->accepted);
    assert_int_equal(view->accepted_by[0], 2); /* the first of each round */
    assert_int_equal(view->n_strip, 7);
    assert_int_equal(view->strip[0].source, 6);
    assert_int_equal(view->strip[3].source, SOURCE_TARGET);
    assert_float_equal(view->draft_ms + view->verify_ms, 14 + 72, 1e-9);
    assert_int_equal(view->n_history, 3);
    assert_float_equal(view->history[0].tokens_per_s, 4 * 1000.0 / 35, 1e-3);
}

/* What a drafter reads within an answer is no reading of the prompt. */
static void test_a_drafter_that_reads_shows_nothing(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    Event event = {.type = EVENT_PREFILL, .turn = 1};
    event.u.prefill.done = event.u.prefill.total = 43;
    event.u.prefill.draft_ms = 2;
    scene_say(scene, "hi");
    view_event(view, &event);
    assert_int_equal(view->prefill_total, 40);
    scene_round(scene, four, 4, 2);
    view_event(view, &event);
    assert_int_equal(view->state, VIEW_GENERATING);
}

static void test_counters_start_with_each_answer(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    scene_say(scene, "hi");
    scene_round(scene, four, 4, 0);
    scene_done(scene, "eos");
    assert_int_equal(view->n_rounds, 1); /* still seen while the next prompt is read */
    scene_say(scene, "more");
    assert_int_equal(view->state, VIEW_PREFILL);
    scene_round(scene, two, 2, 0);
    assert_int_equal(view->state, VIEW_GENERATING);
    assert_int_equal(view->n_rounds, 1);
    assert_int_equal(view->accepted, 1);
    assert_int_equal(view->n_strip, 6); /* the strip goes on */
}

static void test_answer_keeps_sources(void **state)
{
    Scene *scene = *state;
    scene_say(scene, "hi");
    scene_round(scene, four, 4, 0);
    scene_round(scene, two, 2, 0);
    Item *item = last_item(scene);
    assert_string_equal(item->text, " one two three four five six");
    assert_true(item->open);
    static const Span expected[] = {{0, 6}, {4, 12}, {8, 18}, {14, 0}, {19, 6}, {24, 0}};
    assert_int_equal(item->n_spans, 6);
    assert_memory_equal(item->spans, expected, sizeof expected);
    scene_done(scene, "eos");
    assert_false(last_item(scene)->open);
    assert_string_equal(last_item(scene)->figures,
                        "MAT 3.00  103.4 t/s x2.57  6 tok / 2 rounds  target qwen2.5-coder-1.5b"
                        "  saved 0.1 s");
}

static void test_stopped_answers_say_so(void **state)
{
    Scene *scene = *state;
    scene_say(scene, "hi");
    view_stop_asked(&scene->view);
    assert_true(scene->view.stop_asked);
    scene_done(scene, "stopped");
    assert_false(scene->view.stop_asked);
    assert_int_equal(scene->view.state, VIEW_IDLE);
    assert_string_equal(last_item(scene)->figures, "stopped");
}

static void test_escape_sequences_stay_out(void **state)
{
    Scene *scene = *state;
    scene_say(scene, "hi\033[2J");
    scene_text(scene, "red \033[3", 6);
    scene_text(scene, "1mcut\033]0;ti", 12);
    scene_text(scene, "tle\007 end", 0);
    assert_string_equal(last_item(scene)->text, "red cut end");
    assert_string_equal(scene->view.scrollback.items[0].text, "hi");
    view_note(&scene->view, ITEM_NOTE, "a\033[31mb");
    assert_string_equal(last_item(scene)->text, "ab");
}

static void test_notes_stand_below_a_growing_answer(void **state)
{
    Scene *scene = *state;
    scene_say(scene, "hi");
    scene_round(scene, two, 2, 0);
    view_note(&scene->view, ITEM_NOTE, "thresholds set");
    scene_round(scene, two, 2, 0);
    Scrollback *scrollback = &scene->view.scrollback;
    assert_int_equal(scrollback->n_items, 3);
    assert_string_equal(scrollback->items[1].text, " five six five six");
}

static void test_switch_marks_its_place(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    scene_say(scene, "hi");
    scene_round(scene, two, 2, 0);
    scene_switch(scene, SWITCH_LOAD, 1, 0.5f);
    assert_true(view->switching);
    assert_string_equal(view->ready.target, "qwen2.5-coder-1.5b"); /* not before it is done */
    scene_switch(scene, SWITCH_DONE, 1, 1);
    assert_false(view->switching);
    assert_string_equal(view->ready.target, "qwen2.5-coder-0.5b");
    assert_int_equal(view->ready.target_index, 1);
    assert_true(view->draft_kept);
    assert_float_equal(view->wanted[0], 0.6, 1e-6);
    scene_round(scene, four, 4, 0);
    scene_done(scene, "eos");
    Scrollback *scrollback = &view->scrollback;
    assert_int_equal(scrollback->n_items, 4);
    assert_int_equal(scrollback->items[2].kind, ITEM_SWITCH);
    assert_string_equal(scrollback->items[2].text,
                        "target qwen2.5-coder-1.5b > qwen2.5-coder-0.5b (0.4 s), draft kept");
    assert_true(scrollback->items[3].continued);
    /* Each target has what it wrote. */
    assert_string_equal(scrollback->items[1].figures,
                        "MAT 2.00  74.1 t/s x1.85  2 tok / 1 round  target qwen2.5-coder-1.5b");
    assert_string_equal(scrollback->items[3].figures,
                        "MAT 4.00  129.0 t/s x3.20  4 tok / 1 round  target qwen2.5-coder-0.5b"
                        "  saved 0.1 s");
    assert_int_equal(view->n_rounds, 1);
    assert_int_equal(view->accepted, 3);
    assert_int_equal(view->last_round, 2); /* and all rounds can be browsed */
    view_browse(view, -1);
    assert_int_equal(view_round(view)->round, 1);
}

static void test_failed_switch_changes_nothing(void **state)
{
    Scene *scene = *state;
    scene_switch(scene, SWITCH_CHECK, 1, 0);
    scene_switch(scene, SWITCH_FAILED, 1, 0);
    assert_false(scene->view.switching);
    assert_string_equal(scene->view.ready.target, "qwen2.5-coder-1.5b");
    assert_int_equal(last_item(scene)->kind, ITEM_ERROR);
    assert_string_equal(last_item(scene)->text, "target stays qwen2.5-coder-1.5b: "
                                                "no memory: 3.1 GB wanted, 2.0 GB free");
}

static void assert_spec(const Scene *scene, const char *expected)
{
    char text[80];
    view_spec_text(&scene->view, text, sizeof text);
    assert_string_equal(text, expected);
}

static void test_speculation_is_never_off_silently(void **state)
{
    Scene *scene = *state;
    assert_spec(scene, "auto");
    scene_say(scene, "hi");
    scene_round(scene, two, 2, 0);
    assert_spec(scene, "auto: on");
    scene_plain(scene, " x", "probe", 0); /* measuring plain is not being off */
    assert_spec(scene, "auto: on");
    scene_plain(scene, " x", "plain", 0.9f);
    assert_spec(scene, "auto: off, does not pay now (forecast x0.90)");
    scene_plain(scene, " x", "plain", 0);
    assert_spec(scene, "auto: off, does not pay now");
    scene->view.ready.spec = SPEC_ON;
    assert_spec(scene, "on, nothing drafted");
    scene->view.ready.spec = SPEC_OFF;
    assert_spec(scene, "off");
    scene->view.ready.spec = SPEC_AUTO;
    strcpy(scene->view.ready.drafter, "plain");
    scene->view.ready.drafts = false;
    assert_spec(scene, "auto: off, drafter is plain");
}

static void test_rounds_can_be_browsed(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    assert_null(view_round(view));
    scene_say(scene, "hi");
    for (int i = 0; i < 10; i++)
        scene_round(scene, two, 2, 0);
    assert_int_equal(view_round(view)->round, 10);
    view_browse(view, -1);
    view_browse(view, -1);
    assert_int_equal(view_round(view)->round, 8);
    scene_round(scene, two, 2, 0); /* stays while more come */
    assert_int_equal(view_round(view)->round, 8);
    view_browse(view, -100);
    assert_int_equal(view_round(view)->round, 1);
    view_browse(view, 100);
    assert_int_equal(view_round(view)->round, 11);
    /* The oldest go, and a browsed one with them. */
    view_browse(view, -100);
    view->kept.most = view->kept.bytes;
    for (int i = 0; i < 11; i++)
        scene_round(scene, two, 2, 0);
    assert_int_equal(view_round(view)->round, 12);
    assert_int_equal(rounds_dropped(&view->kept), 11);
}

static void test_sliders_wait_for_the_engine(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    scene_say(scene, "hi");
    view->wanted[0] = 0.8f;
    view->adjusted = true;
    scene_round(scene, two, 2, 0); /* still with the old ones */
    assert_true(view->adjusted);
    assert_float_equal(view->wanted[0], 0.8, 1e-6);
    view->ready.thresholds[0] = 0.8f; /* the scene's rounds repeat these */
    scene_round(scene, two, 2, 0);
    assert_false(view->adjusted);
    view->ready.thresholds[0] = 0.35f; /* the engine moves one */
    scene_round(scene, two, 2, 0);
    assert_false(view->adjusted);
    assert_float_equal(view->wanted[0], 0.35, 1e-6);
}

static void test_lost_worker(void **state)
{
    Scene *scene = *state;
    scene_say(scene, "hi");
    scene_round(scene, two, 2, 0);
    scene_error(scene, "the engine died: killed by signal 9", true);
    assert_int_equal(scene->view.state, VIEW_LOST);
    assert_string_equal(scene->view.scrollback.items[1].text, " five six");
    assert_false(scene->view.scrollback.items[1].open);
    assert_int_equal(last_item(scene)->kind, ITEM_ERROR);
    scene_ready(scene);
    assert_int_equal(scene->view.state, VIEW_IDLE);
}

static void test_undo_and_drop(void **state)
{
    Scene *scene = *state;
    Scrollback *scrollback = &scene->view.scrollback;
    scene_say(scene, "one");
    scene_round(scene, two, 2, 0);
    scene_done(scene, "eos");
    scene_say(scene, "two");
    scene_round(scene, two, 2, 0);
    scene_done(scene, "eos");
    view_drop_answer(&scene->view);
    assert_int_equal(scrollback->n_items, 3);
    assert_int_equal(last_item(scene)->kind, ITEM_USER);
    view_undo(&scene->view);
    assert_int_equal(scrollback->n_items, 2);
    view_clear(&scene->view);
    assert_int_equal(scrollback->n_items, 0);
    assert_int_equal(scrollback->bytes, 0);
    view_undo(&scene->view);
    view_drop_answer(&scene->view);
}

static void nothing_is_left_of_what_is_taken_back(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    scene_say(scene, "one");
    scene_round(scene, four, 4, 0);
    scene_done(scene, "eos");
    unsigned strip = view->n_strip, history = view->n_history;
    int ctx = view->ctx_used;
    scene_say(scene, "two");
    scene_round(scene, two, 2, 0);
    scene_round(scene, two, 2, 0);
    scene_done(scene, "eos");
    view_undo(view);
    assert_int_equal(view->n_rounds, 0);
    assert_int_equal(view_round_serial(view), 1); /* of the answer before */
    assert_false(view->has_stats);
    assert_int_equal(view->n_strip, strip);
    assert_int_equal(view->n_history, history);
    assert_int_equal(view->ctx_used, ctx);
    view_undo(view);
    assert_int_equal(view->n_strip, 0);
    assert_int_equal(view->ctx_used, 0);
    /* An answer without a round shows none of the last one's. */
    scene_say(scene, "three");
    scene_round(scene, two, 2, 0);
    scene_done(scene, "eos");
    scene_say(scene, "four");
    memset(&scene->stats, 0, sizeof scene->stats);
    scene_done(scene, "error");
    assert_int_equal(view->n_rounds, 0);
    assert_string_equal(last_item(scene)->figures, "error");
}

static void another_drafter_keeps_what_tokens_were(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    scene_say(scene, "one");
    scene_round(scene, four, 4, 0);
    StripToken first = view->strip[0];
    assert_int_equal(first.exit, 0);
    Event event = {.type = EVENT_READY, .turn = scene->turn};
    event.u.ready = view->ready;
    event.u.ready.n_exits = 1;
    event.u.ready.exits[0] = 24;
    view_event(view, &event);
    assert_memory_equal(&view->strip[0], &first, sizeof first);
    int sum = 0;
    for (int i = 0; i <= VIEW_BY_ANOTHER; i++)
        sum += view->accepted_by[i];
    assert_int_equal(sum, view->accepted);
    assert_int_equal(view->accepted_by[VIEW_BY_ANOTHER], 3);
}

static void gains_in_words(void **state)
{
    static const struct {
        float gain, low, high;
        const char *text;
    } cases[] = {{1.5f, 1.49f, 1.52f, "x1.50"},
                 {0.97f, 0.97f, 0.97f, "x0.97"},
                 {1.5f, 1.3f, 1.9f, "x1.3-1.9"},
                 {0, 0, 0, ""}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        EventStats stats = {
            .gain = cases[i].gain, .gain_low = cases[i].low, .gain_high = cases[i].high};
        figures_gain(&stats, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void shares_add_up(void **state)
{
    (void)state;
    srand(3);
    for (int round = 0; round < 1000; round++) {
        int counts[6], percents[6], sum = 0, all = 0;
        for (int i = 0; i < 6; i++)
            all += counts[i] = rand() % 3 == 0 ? 0 : rand() % 1000000;
        figures_percents(counts, 6, percents);
        for (int i = 0; i < 6; i++) {
            sum += percents[i];
            assert_true(all == 0 || abs(percents[i] - (int)(100LL * counts[i] / all)) <= 1);
        }
        assert_int_equal(sum, all > 0 ? 100 : 0);
    }
}

static void test_memory_is_bounded(void **state)
{
    Scene *scene = *state;
    Scrollback *scrollback = &scene->view.scrollback;
    enum { PIECE = 1 << 20 };
    char *big = malloc(PIECE);
    assert_non_null(big);
    memset(big, 'x', PIECE - 1);
    big[PIECE - 1] = '\0';
    for (int i = 0; i < 40; i++)
        view_note(&scene->view, ITEM_NOTE, big);
    assert_true(scrollback->bytes <= SCROLLBACK_BYTES + 2 * PIECE);
    for (int i = 0; i < SCROLLBACK_ITEMS + 10; i++)
        view_note(&scene->view, ITEM_NOTE, "y");
    assert_true(scrollback->n_items <= SCROLLBACK_ITEMS);
    free(big);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_figures_follow_from_rounds),
        TEST(test_a_drafter_that_reads_shows_nothing),
        TEST(test_counters_start_with_each_answer),
        TEST(test_answer_keeps_sources),
        TEST(test_stopped_answers_say_so),
        TEST(test_escape_sequences_stay_out),
        TEST(test_notes_stand_below_a_growing_answer),
        TEST(test_switch_marks_its_place),
        TEST(test_failed_switch_changes_nothing),
        TEST(test_speculation_is_never_off_silently),
        TEST(test_rounds_can_be_browsed),
        TEST(test_sliders_wait_for_the_engine),
        TEST(test_lost_worker),
        TEST(test_undo_and_drop),
        TEST(nothing_is_left_of_what_is_taken_back),
        TEST(another_drafter_keeps_what_tokens_were),
        TEST(gains_in_words),
        TEST(shares_add_up),
        TEST(test_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
