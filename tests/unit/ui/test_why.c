/* test_why.c - a round explained: every figure of it is recomputed here from the event; rounds that
 * were; holding the screen; the race.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/scene.h"
#include "ui/frame.h"
#include "ui/panes/pane.h"
#include "ui/why.h"

enum { REVERS = 10, ES, THE, STRING, DOT, BIG_THE, IN, INT, WORD };

/* " reverses the string in": four guesses right, one wrong, one not read. */
static const EventRound drawn = {
    .round = 1,
    .target = "qwen2.5-coder-1.5b",
    .n_nodes = 6,
    .nodes =
        {
            {1,
             0,
             1,
             REVERS,
             " revers",
             0.99f,
             18,
             true,
             3,
             {{6, INT, 0.43f}, {12, INT, 0.39f}, {18, REVERS, 0.99f}}},
            {2, 1, 2, ES, "es", 1.0f, 6, true, 2, {{6, ES, 1.0f}, {12, ES, 0.9f}}},
            {3, 2, 3, THE, " the", 0.93f, 6, true, 1, {{6, THE, 0.93f}}},
            {4,
             3,
             4,
             STRING,
             " string",
             0.83f,
             12,
             true,
             2,
             {{6, WORD, 0.42f}, {12, STRING, 0.83f}}},
            {5,
             4,
             5,
             DOT,
             ".",
             0.83f,
             18,
             false,
             3,
             {{6, IN, 0.31f}, {12, DOT, 0.55f}, {18, DOT, 0.83f}}},
            {6, 5, 6, BIG_THE, " The", 0.98f, 24, false, 1, {{24, BIG_THE, 0.98f}}},
        },
    .accepted = 4,
    .bonus_token = IN,
    .bonus_text = " in",
    .draft_ms = 15.1,
    .verify_ms = 51.0,
    .accept_ms = 0.3,
    .other_ms = 0.4,
    .n_exit_times = 3,
    .exit_times = {{6, 7, 7.7}, {12, 5, 4.5}, {18, 3, 2.7}},
    .ctx_used = 60,
    .n_thresholds = 4,
    .thresholds = {0.7f, 0.8f, 0.8f, 0.2f},
    .mode = "spec",
    .n_words = 2,
    .words = {{INT, " int"}, {WORD, " word"}},
};

static const char *const two[] = {" five", " six"};

static void send_round(Scene *scene, const EventRound *round)
{
    static Event event;
    memset(&event, 0, sizeof event);
    event.type = EVENT_ROUND;
    event.turn = scene->turn;
    event.u.round = *round;
    view_event(&scene->view, &event);
    for (int i = 0; i < round->n_nodes; i++)
        if (round->nodes[i].accepted)
            scene_text(scene, round->nodes[i].text, round->nodes[i].exit);
    scene_text(scene, round->bonus_text, SOURCE_TARGET);
}

static void send_stats(Scene *scene, const EventStats *stats)
{
    Event event = {.type = EVENT_STATS, .turn = scene->turn, .u.stats = *stats};
    view_event(&scene->view, &event);
}

/* As the engine would tell after that round alone. */
static EventStats stats_of(const EventRound *round, double plain_ms)
{
    double ms = round->draft_ms + round->verify_ms + round->accept_ms + round->other_ms;
    double speed = 1000 * (round->accepted + 1) / ms;
    float gain = (float)(speed * plain_ms / 1000);
    return (EventStats){.tokens = round->accepted + 1,
                        .tokens_per_s = (float)speed,
                        .gain = gain,
                        .gain_low = gain,
                        .gain_high = gain,
                        .rounds = 1,
                        .drafted = round->n_nodes,
                        .accepted = round->accepted,
                        .draft_ms = round->draft_ms,
                        .verify_ms = round->verify_ms,
                        .accept_ms = round->accept_ms,
                        .other_ms = round->other_ms,
                        .plain_rounds = plain_ms > 0 ? 4 : 0,
                        .plain_tokens_per_s = plain_ms > 0 ? (float)(1000 / plain_ms) : 0};
}

static int setup(void **state)
{
    Scene *scene = malloc(sizeof *scene);
    if (scene == NULL)
        return -1;
    scene_open(scene);
    scene_ready(scene);
    scene_say(scene, "hi");
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

static RoundFacts facts_of_scene(void)
{
    return (RoundFacts){.answer = 1, .n_exits = 4, .exits = {6, 12, 18, 24}, .drafter = "s2d"};
}

/* ---- what follows from the event ---- */

static void test_where_each_place_left(void **state)
{
    (void)state;
    RoundFacts facts = facts_of_scene();
    static const int left[] = {18, 6, 6, 12, 18, 24};
    for (int i = 0; i < drawn.n_nodes; i++)
        assert_int_equal(why_left(&facts, &drawn, &drawn.nodes[i]), left[i]);
    /* A deeper exit that was asked along with others proposed one more. */
    EventRound round = drawn;
    round.nodes[1].exit = 12;
    assert_int_equal(why_left(&facts, &round, &round.nodes[1]), 6);
    /* At the root the last one leaves without confidence. */
    round.nodes[0].visited[2].p = 0.1f;
    assert_int_equal(why_left(&facts, &round, &round.nodes[0]), 18);
    round.nodes[0].exit = round.nodes[0].n_visited = 0;
    assert_int_equal(why_left(&facts, &round, &round.nodes[0]), 0);
}

static void test_order_and_fates(void **state)
{
    (void)state;
    WhyTree tree;
    why_tree(&tree, &drawn);
    assert_int_equal(tree.n, 6);
    assert_int_equal(tree.n_path, 4);
    assert_int_equal(tree.last, 4);
    static const WhyFate fates[] = {WHY_ACCEPTED, WHY_ACCEPTED, WHY_ACCEPTED,
                                    WHY_ACCEPTED, WHY_REFUSED,  WHY_UNREAD};
    for (int i = 0; i < 6; i++)
        assert_int_equal(why_fate(&tree, &drawn.nodes[tree.order[i]]), fates[i]);
    EventRound round = drawn;
    round.nodes[4].token = IN; /* the answer ended with it */
    why_tree(&tree, &round);
    assert_int_equal(why_fate(&tree, &round.nodes[4]), WHY_END);
}

static void test_time_adds_up(void **state)
{
    (void)state;
    WhyTime time = why_time(&drawn, 53);
    assert_float_equal(time.sum, 15.1 + 51 + 0.3 + 0.4, 1e-4);
    assert_float_equal(time.drafting_rest, 15.1 - 7.7 - 4.5 - 2.7, 1e-4);
    assert_float_equal(time.rest, 0.7, 1e-4);
    assert_float_equal(time.plain, 5 * 53, 1e-4);
    assert_float_equal(time.saved, 5 * 53 - 66.8, 1e-4);
    assert_true(time.gains);
    /* Not measured, or nothing drafted: nothing is claimed. */
    time = why_time(&drawn, 0);
    assert_true(!time.gains && time.plain == 0 && time.saved == 0);
    EventRound plain = {.verify_ms = 50, .mode = "plain"};
    time = why_time(&plain, 53);
    assert_true(!time.gains && time.saved == 0);
    /* An older trace tells the sum alone. */
    EventRound old = drawn;
    old.n_exit_times = 0;
    assert_float_equal(why_time(&old, 53).drafting_rest, 15.1, 1e-4);
}

static void check_if(const WhyIf *one, int exit, bool right, int tokens, bool at_least, bool exact)
{
    assert_int_equal(one->exit, exit);
    assert_int_equal(one->right, right);
    assert_int_equal(one->tokens, tokens);
    assert_int_equal(one->at_least, at_least);
    assert_int_equal(one->exact, exact);
}

static void test_what_had_come_otherwise(void **state)
{
    (void)state;
    RoundFacts facts = facts_of_scene();
    WhyTree tree;
    WhyIf ifs[WHY_IFS];
    why_tree(&tree, &drawn);
    /* " revers": both other exits had another word, and at the root something is always proposed. */
    assert_int_equal(why_ifs(&facts, &tree, &drawn.nodes[0], ifs), 2);
    check_if(&ifs[0], 6, false, 1, false, false);
    check_if(&ifs[1], 12, false, 1, false, false);
    /* "es": the deeper exit says the same. Without a guess the round ends there, for certain. */
    assert_int_equal(why_ifs(&facts, &tree, &drawn.nodes[1], ifs), 2);
    check_if(&ifs[0], 12, true, 5, false, false);
    check_if(&ifs[1], 0, false, 2, false, true);
    /* " string": e6 had " word", three tokens before that stay, one of them the target's. */
    assert_int_equal(why_ifs(&facts, &tree, &drawn.nodes[3], ifs), 2);
    check_if(&ifs[0], 6, false, 4, false, false);
    assert_string_equal(why_word(&drawn, ifs[0].token), " word");
    check_if(&ifs[1], 0, false, 4, false, true);
    /* ".": the target said " in", which e6 knew: one more at least. */
    assert_int_equal(why_ifs(&facts, &tree, &drawn.nodes[4], ifs), 3);
    check_if(&ifs[0], 6, true, 6, true, false);
    check_if(&ifs[1], 12, false, 5, false, false);
    check_if(&ifs[2], 0, false, 5, false, true);
    /* N-grams might have proposed the same. */
    strcpy(facts.drafter, "ngram+s2d");
    why_ifs(&facts, &tree, &drawn.nodes[1], ifs);
    check_if(&ifs[1], 0, false, 2, false, false);
    /* What is not read changes nothing. */
    EventRound round = drawn;
    round.nodes[5].n_visited = 2;
    round.nodes[5].visited[0] = (EventVisit){6, IN, 0.4f};
    round.nodes[5].visited[1] = (EventVisit){24, BIG_THE, 0.98f};
    why_tree(&tree, &round);
    assert_int_equal(why_ifs(&facts, &tree, &round.nodes[5], ifs), 1);
    assert_true(ifs[0].unread && ifs[0].tokens == 5);
    /* Where tokens are drawn, exits do not tell what they would have drawn. */
    facts.temperature = 0.7f;
    assert_int_equal(why_ifs(&facts, &tree, &drawn.nodes[3], ifs), 0);
}

/* ---- on the screen ---- */

static char *draw(Scene *scene, int focus, int width, int height, Cells *cells)
{
    Frame frame = {.focus = focus, .front = PANE_TREE, .prompt = "> ", .line = "", .commands = ""};
    Layout layout;
    assert_int_equal(cells_open(cells, width, height, true), 0);
    frame_draw(&frame, &scene->view, cells, &layout);
    char *text = cells_dump(cells);
    assert_non_null(text);
    return text;
}

static void press(Scene *scene, const Pane *pane, KeyCode code)
{
    UiAction action;
    Key key = {.code = code};
    assert_int_equal(pane->key(&scene->view, &key, &action), PANE_TAKEN);
}

static void assert_shows(const char *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void assert_shows(const char *screen, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (strstr(screen, text) == NULL)
        fail_msg("\"%s\" is not on the screen:\n%s", text, screen);
}

/* What stands reversed within the chat, row by row without a break. */
static void marked_text(const Cells *cells, int width, char *out)
{
    size_t n = 0;
    for (int y = 2; y < cells->height - 4; y++)
        for (int x = 0; x < width; x++) {
            const Cell *cell = &cells->cells[y * cells->width + x];
            if (cell->attr & ATTR_REVERSE && (cell->attr & 0xFF) != STYLE_WARN)
                out[n++] = (char)cell->ch;
        }
    out[n] = '\0';
}

static void test_every_figure_of_the_round(void **state)
{
    Scene *scene = *state;
    EventStats stats = stats_of(&drawn, 53);
    send_round(scene, &drawn);
    send_stats(scene, &stats);
    scene->view.race_off = true; /* no ghost among the words */
    static const int sizes[][2] = {{100, 30}, {120, 40}, {160, 45}, {200, 50}, {80, 24}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        Cells cells;
        char *text = draw(scene, PANE_TREE, sizes[i][0], sizes[i][1], &cells), marked[256];
        const EventRound *r = &drawn;
        double sum = r->draft_ms + r->verify_ms + r->accept_ms + r->other_ms;
        assert_shows(text, "ROUND 1 of 1  %d tokens in %.1f ms", r->accepted + 1, sum);
        assert_shows(text, "target said ' in'");
        assert_shows(text, ".43*");
        assert_shows(text, ">.83");
        assert_shows(text, ">1.0 +.90");
        assert_shows(text, "%.1f", r->verify_ms);
        for (int e = 0; e < r->n_exit_times; e++)
            assert_shows(text, "%.1f", r->exit_times[e].ms);
        assert_shows(text, "plain: 5 x 53.0 = %.1f ms", 5 * 53.0);
        assert_shows(text, "this round saved %.1f ms  x%.2f", 5 * 53 - sum, 5 * 53 / sum);
        assert_shows(text, "IF ' revers' HAD LEFT ELSEWHERE");
        assert_shows(text, "e6  .43 ' int'");
        assert_shows(text, "no: 1 token est");
        /* Its words, and only those, are marked in the chat. */
        marked_text(&cells, 35, marked);
        assert_string_equal(marked, "reverses the string in");
        free(text);
        cells_close(&cells);
    }
}

/* Whatever the window, a shown part is whole: no row of the pane is written over its edge, and the
 * target's word is never cut. */
static void test_the_targets_word_is_whole(void **state)
{
    Scene *scene = *state;
    EventRound round = drawn;
    strcpy(round.bonus_text, " incomprehensibilities and more");
    send_round(scene, &round);
    static const int sizes[][2] = {{60, 15}, {70, 24}, {80, 24}, {100, 30}, {140, 40}};
    for (int focus = PANE_TREE; focus <= FOCUS_INPUT; focus += FOCUS_INPUT - PANE_TREE)
        for (size_t i = focus == PANE_TREE ? 0 : 2; i < sizeof sizes / sizeof *sizes; i++) {
            Cells cells;
            scene->view.tree_cursor = 0;
            if (sizes[i][1] < 24) /* few rows: they go with the cursor */
                scene->view.tree_cursor = 3;
            char *text = draw(scene, focus, sizes[i][0], sizes[i][1], &cells);
            if (strstr(text, "' incomprehensibilities and more'") == NULL)
                fail_msg("cut at %dx%d:\n%s", sizes[i][0], sizes[i][1], text);
            free(text);
            cells_close(&cells);
        }
}

/* A tree that has no room says how much of it is below, and goes along with the cursor. */
static void test_a_large_tree(void **state)
{
    Scene *scene = *state;
    enum { N = 30 };
    EventRound round = {.round = 1,
                        .n_nodes = N,
                        .bonus_token = IN,
                        .bonus_text = " in",
                        .draft_ms = 5,
                        .verify_ms = 50,
                        .mode = "spec"};
    for (int i = 0; i < N; i++) {
        round.nodes[i] = (EventNode){.id = i + 1, .depth = 1, .token = 100 + i, .exit = 6};
        round.nodes[i].p = 1 - 0.01f * (float)i;
        snprintf(round.nodes[i].text, TOKEN_TEXT, "word%d.", i);
    }
    send_round(scene, &round);
    Cells cells;
    char *text = draw(scene, PANE_TREE, 100, 30, &cells);
    int shown = 0;
    for (const char *at = text; (at = strstr(at, "'word")) != NULL; at++)
        shown++;
    shown--; /* in the heading, too */
    assert_true(shown > 3 && shown < N);
    assert_shows(text, "target said ' in'");
    assert_shows(text, "and %d more below", N - shown);
    free(text);
    cells_close(&cells);
    for (int i = 1; i < N; i++)
        press(scene, &pane_tree, KB_DOWN);
    text = draw(scene, PANE_TREE, 100, 30, &cells);
    assert_shows(text, "'word%d.'", N - 1);
    assert_shows(text, "IF 'word%d.'", N - 1);
    assert_null(strstr(text, "more below"));
    free(text);
    cells_close(&cells);
}

static void test_old_traces_show_the_sum(void **state)
{
    Scene *scene = *state;
    EventRound old = drawn;
    old.n_exit_times = old.n_words = 0;
    send_round(scene, &old);
    Cells cells;
    char *text = draw(scene, PANE_TREE, 100, 30, &cells);
    assert_shows(text, "drafting ");
    assert_shows(text, "%.1f", old.draft_ms);
    assert_null(strstr(text, "7 x "));
    assert_shows(text, "no gain is known for it");
    assert_null(strstr(text, "saved"));
    assert_shows(text, "e6  .43 another token");
    free(text);
    cells_close(&cells);
}

/* Where only the text itself proposed. */
static void test_ngrams_alone(void **state)
{
    Scene *scene = *state;
    EventRound round = drawn;
    round.n_exit_times = round.n_words = 0;
    for (int i = 0; i < round.n_nodes; i++)
        round.nodes[i].exit = round.nodes[i].n_visited = 0;
    send_round(scene, &round);
    static const int widths[] = {80, 100, 160};
    for (int i = 0; i < 3; i++) {
        Cells cells;
        char *text = draw(scene, PANE_TREE, widths[i], 30, &cells);
        assert_shows(text, "n-gram .99 ok");
        assert_shows(text, "n-gram .83 no");
        assert_shows(text, "an n-gram: no exit was asked");
        free(text);
        cells_close(&cells);
    }
}

/* ---- rounds that were ---- */

static void test_rounds_of_earlier_answers(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    send_round(scene, &drawn);
    scene_done(scene, "eos");
    for (int answer = 0; answer < 2; answer++) {
        scene_say(scene, "more");
        for (int i = 0; i < 12; i++)
            scene_round(scene, two, 2, 0);
        scene_done(scene, "eos");
    }
    assert_int_equal(view_round(view)->round, 12);
    press(scene, &pane_tree, KB_HOME);
    assert_int_equal(view_round(view)->round, 1);
    assert_string_equal(view_round(view)->bonus_text, " in");
    assert_int_equal(view_round(view)->n_words, 2);
    assert_memory_equal(view_round(view)->nodes, drawn.nodes, sizeof drawn.nodes[0] * 6);
    assert_memory_equal(view_round(view), &drawn, sizeof drawn);
    Cells cells;
    char *text = draw(scene, PANE_TREE, 100, 30, &cells);
    assert_shows(text, "2 answers ago");
    free(text);
    cells_close(&cells);
    press(scene, &pane_tree, KB_RIGHT);
    assert_int_equal(rounds_of_answer(&view->kept, view_round_serial(view)), 12);
    /* What is taken back takes its rounds along. */
    view_undo(view);
    assert_int_equal(rounds_last(&view->kept), 13);
    view_clear(view);
    assert_null(view_round(view));
    assert_int_equal(view->kept.bytes, 0);
}

static void test_the_oldest_go_first_and_that_is_said(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    for (int i = 0; i < 20; i++)
        scene_round(scene, two, 2, 0);
    view->kept.most = view->kept.bytes / 2;
    scene_round(scene, two, 2, 0);
    assert_true(view->kept.bytes <= view->kept.most);
    unsigned long dropped = rounds_dropped(&view->kept);
    assert_true(dropped >= 10 && dropped + (unsigned long)view->kept.n == 21);
    press(scene, &pane_tree, KB_HOME);
    assert_int_equal(view_round(view)->round, (int)dropped + 1);
    Cells cells;
    char *text = draw(scene, PANE_TREE, 100, 30, &cells);
    assert_shows(text, "oldest kept: %lu before it are gone", dropped);
    free(text);
    cells_close(&cells);
}

/* From a round to its words, wherever they stand, and by scrolling to the round of what is in
 * sight. */
static void test_between_rounds_and_words(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    char marked[256];
    Cells cells;
    view->race_off = true; /* no ghost among the words */
    send_round(scene, &drawn);
    scene_done(scene, "eos");
    for (int i = 0; i < 40; i++)
        view_note(view, ITEM_NOTE, "a note");
    scene_say(scene, "more");
    scene_round(scene, two, 2, 0);
    press(scene, &pane_tree, KB_HOME);
    free(draw(scene, PANE_TREE, 100, 30, &cells));
    marked_text(&cells, 55, marked);
    assert_string_equal(marked, ""); /* out of sight */
    cells_close(&cells);
    view->to_words = true;
    free(draw(scene, PANE_CHAT, 100, 30, &cells));
    marked_text(&cells, 55, marked);
    assert_string_equal(marked, "reverses the string in");
    cells_close(&cells);
    press(scene, &pane_chat, KB_END);
    free(draw(scene, PANE_CHAT, 100, 30, &cells));
    cells_close(&cells);
    assert_int_equal(view_round(view)->n_nodes, 1); /* the newest's words are in sight now */
    free(draw(scene, PANE_CHAT, 100, 30, &cells));
    marked_text(&cells, 55, marked);
    assert_string_equal(marked, "five six");
    cells_close(&cells);
    press(scene, &pane_chat, KB_LEFT); /* the round before, and its words come along */
    free(draw(scene, PANE_CHAT, 100, 30, &cells));
    marked_text(&cells, 55, marked);
    assert_string_equal(marked, "reverses the string in");
    cells_close(&cells);
}

/* ---- holding ---- */

static void test_held_rounds_come_one_by_one(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    Cells cells;
    scene_round(scene, two, 2, 0);
    view_hold(view);
    char *before = draw(scene, PANE_TREE, 100, 30, &cells);
    cells_close(&cells);
    /* While it is held the scene counts on, as the engine does. */
    for (int i = 0; i < 3; i++)
        scene_round(scene, two, 2, 0);
    scene_done(scene, "eos");
    assert_int_equal(view->held.rounds, 3);
    assert_int_equal(view->n_rounds, 1);
    assert_int_equal(view->state, VIEW_GENERATING);
    char *held = draw(scene, PANE_TREE, 100, 30, &cells);
    assert_shows(held, "held, 3 rounds wait");
    assert_string_equal(strchr(before + 120, '\n'),
                        strchr(held + 120, '\n')); /* below the titles */
    free(before);
    free(held);
    cells_close(&cells);
    assert_true(view_step(view));
    assert_int_equal(view->n_rounds, 2);
    assert_string_equal(view->scrollback.items[1].text, " five six five six");
    assert_int_equal(view->stats.rounds, 2);
    assert_true(view_step(view));
    assert_true(view_step(view));
    assert_int_equal(view->state, VIEW_GENERATING); /* the end is no round */
    assert_false(view_step(view));
    assert_int_equal(view->state, VIEW_IDLE);
    view_go_on(view);
    assert_int_equal(view->n_rounds, 4);
    assert_int_equal(view->held.bytes, 0);
}

/* A round is shown with its words, or not yet. */
static void test_a_round_waits_for_its_words(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    view_hold(view);
    send_round(scene, &drawn);
    assert_false(view_step(view));
    EventStats stats = stats_of(&drawn, 53);
    send_stats(scene, &stats);
    assert_true(view_step(view));
    assert_int_equal(view->n_rounds, 1);
}

/* What is held is bounded: the screen moves on by as much as there is too much. */
static void test_held_rounds_are_bounded(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    view_hold(view);
    int sent = 0;
    for (; view->n_rounds == 0 && sent < 5000; sent++)
        scene_round(scene, two, 2, 0);
    assert_true(view->n_rounds > 0 && view->holding);
    assert_true(view->held.bytes < HELD_BYTES + (1 << 20));
    view_go_on(view);
    assert_int_equal(view->n_rounds, sent);
}

/* Of a trace: it waits as answers do, though what a person says ends holding. */
static void test_held_questions_are_copied(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    char question[] = "and now?";
    Event event = {.type = EVENT_QUESTION, .u.question.text = question};
    view_hold(view);
    scene_round(scene, two, 2, 0);
    scene_done(scene, "eos");
    view_event(view, &event);
    memset(question, '!', sizeof question - 1);
    assert_true(view->holding);
    view_go_on(view);
    const Scrollback *scrollback = &view->scrollback;
    assert_string_equal(scrollback->items[scrollback->n_items - 1].text, "and now?");
    assert_int_equal(view->state, VIEW_PREFILL);
    assert_null(held_first(&view->held));
}

static void test_what_ends_holding(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    view_hold(view);
    scene_round(scene, two, 2, 0);
    scene_done(scene, "eos");
    scene_say(scene, "more"); /* what is said comes behind what was answered */
    assert_false(view->holding);
    assert_int_equal(view->scrollback.n_items, 3);
    view_hold(view);
    scene_round(scene, two, 2, 0);
    scene_error(scene, "the engine died", true);
    assert_false(view->holding);
    assert_int_equal(view->state, VIEW_LOST);
}

/* ---- the race ---- */

static void test_race_waits_for_plain(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    unsigned long item;
    int at, answers;
    EventStats stats = stats_of(&drawn, 0);
    send_round(scene, &drawn);
    send_stats(scene, &stats);
    assert_false(race_known(&view->race));
    assert_false(view_ghost(view, &item, &at));
    race_chat_ms(&view->race, &answers);
    assert_int_equal(answers, 0);
    stats.plain_tokens_per_s = 20;
    stats.plain_rounds = 4; /* measured, but not so that a gain could be told */
    send_stats(scene, &stats);
    assert_false(race_known(&view->race));
    stats.gain_low = 1.2f;
    stats.gain = stats.gain_high = 1.4f;
    send_stats(scene, &stats);
    assert_true(race_known(&view->race));
}

static void test_race_by_measured_plain(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    unsigned long item;
    int at, answers;
    double sum = 15.1 + 51 + 0.7;
    EventStats stats = stats_of(&drawn, 25);
    stats.draft_prefill_ms = 4; /* plain decoding has no draft that reads */
    send_round(scene, &drawn);
    send_stats(scene, &stats);
    assert_float_equal(race_ms(&view->race), sum + 4, 1e-3);
    assert_float_equal(race_plain_tokens(&view->race), (sum + 4) / 25, 1e-3);
    assert_float_equal(race_saved_ms(&view->race), 5 * 25 - sum - 4, 1e-3);
    /* Two tokens would be there, so the third is next: " the". */
    assert_true(view_ghost(view, &item, &at));
    assert_int_equal(item, view->scrollback.items[1].id);
    assert_int_equal(strncmp(view->scrollback.items[1].text + at, " the", 4), 0);
    Cells cells;
    char *text = draw(scene, FOCUS_INPUT, 100, 30, &cells);
    assert_shows(text, "reverses the string in_ \u25c4 plain is here");
    assert_shows(text, "RACE  ahead by %d tokens", 5 - 2);
    assert_shows(text, "saved %.1f s", (5 * 25 - sum - 4) / 1000);
    free(text);
    cells_close(&cells);
    /* The person may not want to see it. */
    view->race_off = true;
    text = draw(scene, FOCUS_INPUT, 100, 30, &cells);
    assert_null(strstr(text, "plain is here"));
    assert_null(strstr(text, "RACE"));
    free(text);
    cells_close(&cells);
    view->race_off = false;
    /* The next answer begins at nothing; what was saved is the chat's. */
    scene->stats = stats;
    scene_done(scene, "eos");
    assert_shows(view->scrollback.items[1].figures, "  saved 0.1 s");
    double first = race_chat_ms(&view->race, &answers);
    scene_say(scene, "more");
    scene_plain(scene, " x", "plain", 0);
    assert_false(race_known(&view->race)); /* nothing is drafted: nothing is claimed */
    assert_float_equal(race_chat_ms(&view->race, &answers), first, 1e-3);
    assert_int_equal(answers, 1);
}

/* So many tokens of one target's rounds, where plain decoding would take so long for each. */
static EventStats leg_stats(int tokens, double ms, double plain_ms)
{
    float speed = (float)(1000 * tokens / ms), gain = (float)(tokens * plain_ms / ms);
    return (EventStats){.tokens = tokens,
                        .rounds = tokens / 2,
                        .drafted = 2 * tokens,
                        .verify_ms = ms,
                        .tokens_per_s = speed,
                        .gain = gain,
                        .gain_low = gain,
                        .gain_high = gain};
}

/* Each target's tokens against its own plain decoding; totals begin anew with it. */
static void test_race_over_a_switch(void **state)
{
    (void)state;
    Race race = {0};
    EventStats stats = leg_stats(10, 100, 20);
    race_begin(&race);
    race_stats(&race, &stats);
    race_switch(&race, &stats);
    assert_float_equal(race_saved_ms(&race), 10 * 20 - 100, 1e-3);
    stats = leg_stats(6, 30, 10);
    race_stats(&race, &stats);
    assert_float_equal(race_saved_ms(&race), 100 + 6 * 10 - 30, 1e-3);
    assert_float_equal(race_plain_tokens(&race), 100 / 20.0 + 30 / 10.0, 1e-3);
    assert_int_equal(race_tokens(&race), 16);
    /* Of one of the two it is not known: nor is it of the whole. */
    stats.gain_low = 0;
    race_stats(&race, &stats);
    assert_false(race_known(&race));
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_where_each_place_left),
        TEST(test_order_and_fates),
        TEST(test_time_adds_up),
        TEST(test_what_had_come_otherwise),
        TEST(test_every_figure_of_the_round),
        TEST(test_the_targets_word_is_whole),
        TEST(test_a_large_tree),
        TEST(test_old_traces_show_the_sum),
        TEST(test_ngrams_alone),
        TEST(test_rounds_of_earlier_answers),
        TEST(test_the_oldest_go_first_and_that_is_said),
        TEST(test_between_rounds_and_words),
        TEST(test_held_rounds_come_one_by_one),
        TEST(test_a_round_waits_for_its_words),
        TEST(test_held_rounds_are_bounded),
        TEST(test_held_questions_are_copied),
        TEST(test_what_ends_holding),
        TEST(test_race_waits_for_plain),
        TEST(test_race_by_measured_plain),
        TEST(test_race_over_a_switch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
