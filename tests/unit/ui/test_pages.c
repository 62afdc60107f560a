/* test_pages.c - the pages in place of the chat: what they count, what their keys do, and that nothing
 * is cut. Goldens as in test_frame.c; `test_pages write` writes them anew.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h"
#include "tests/support/allowed.h"
#include "tests/support/golden.h"
#include "tests/support/scene.h"
#include "ui/frame.h"
#include "ui/pages/page.h"

static bool write_goldens;
static FILE *compared_to; /* where COMPARE events go as well, a line each; NULL = nowhere */

static void tell_compare(Scene *scene, const Event *event)
{
    view_event(&scene->view, event);
    char *line = compared_to ? event_to_line(event) : NULL;
    if (line)
        fprintf(compared_to, "%s\n", line);
    free(line);
}

static const char *const words[] = {" one", " two", " three", " four", " five", " six"};

static void rounds(Scene *scene, int n)
{
    for (int i = 0; i < n; i++)
        scene_round(scene, words, 1 + (i * 7 + i / 3) % 5, i % 4);
}

static void set_thresholds(Scene *scene, float first, float second)
{
    scene->view.ready.thresholds[0] = scene->view.wanted[0] = first;
    scene->view.ready.thresholds[1] = scene->view.wanted[1] = second;
}

/* Three settings and plain decoding, of which two may be believed; automatic thresholds have moved. */
static void play(Scene *scene)
{
    static const float found[] = {0.45f, 0.55f, 0.5f, 0.2f};
    scene_ready(scene);
    scene_say(scene, "Explain speculative decoding.");
    scene_plain(scene, "A", "probe", 0);
    scene_plain(scene, " draft", "probe", 0);
    rounds(scene, 41);
    set_thresholds(scene, 0.85f, 0.8f);
    rounds(scene, 37);
    scene_forecast(scene, found, true);
    set_thresholds(scene, 0.45f, 0.55f);
    rounds(scene, 9);
    scene_forecast(scene, NULL, false);
}

static Frame new_frame(void)
{
    return (Frame){
        .focus = FOCUS_PAGE, .page = PAGE_TUNE, .front = PANE_TREE, .prompt = "> ", .line = ""};
}

static char *drawn(Scene *scene, const Frame *frame, int width, int height, bool unicode)
{
    Cells cells;
    Layout layout;
    assert_int_equal(cells_open(&cells, width, height, unicode), 0);
    frame_draw(frame, &scene->view, &cells, &layout);
    char *text = cells_dump(&cells);
    assert_non_null(text);
    cells_close(&cells);
    return text;
}

/* A side's block counts. The one that drafts spends a fifth of its time on that. */
static void add_block(EventCompareSide *s, bool drafts)
{
    s->tokens += s->block_tokens;
    s->rounds += s->block_rounds;
    s->ms += s->block_ms;
    s->draft_ms += drafts ? 0.2 * s->block_ms : 0;
    s->verify_ms += (drafts ? 0.79 : 0.99) * s->block_ms;
}

/* So many pairs of two settings, the second of which takes `slower` times as long; `equal` at the end. */
static void play_compare(Scene *scene, int pairs, double slower, bool equal)
{
    static Event event;
    EventCompare *c = &event.u.compare;
    event = (Event){.type = EVENT_COMPARE, .turn = scene->turn};
    c->equal = true;
    strcpy(c->sides[0].name, "ngram+s2d tree auto e6 0.70 e12 0.55 e18 0.50 e24 0.20");
    strcpy(c->sides[1].name, "plain");
    tell_compare(scene, &event);
    for (int i = 0; i <= pairs; i++) {
        for (int side = 0; side < 2; side++) {
            EventCompareSide *s = &c->sides[side];
            s->block_tokens = 16 + (side == 0 ? i % 3 : 0);
            s->block_rounds = side == 0 ? 5 : 16;
            s->block_ms = (side == 0 ? 1 : slower) * s->block_tokens * (20 + i * 7 % 5 + side);
            if (i == 0)
                continue;
            add_block(s, side == 0);
        }
        c->pairs = i;
        c->first = i % 2;
        c->checked += 16;
        c->equal = equal || i < pairs;
        c->ctx_used = 40 + c->checked;
        tell_compare(scene, &event);
        scene_text(scene, " Both sides say the same, whatever drafts for them.", 0);
    }
}

/* Two targets, whose texts part after five tokens; the second one is faster, and is over before the first. */
static void play_targets(Scene *scene, bool over)
{
    static Event event;
    static const char *const texts[2] = {" A pivot splits the list in two.",
                                         " A pivot splits them, and so on."};
    EventCompare *c = &event.u.compare;
    event = (Event){.type = EVENT_COMPARE, .turn = scene->turn};
    c->two_texts = c->equal = true;
    for (int side = 0; side < 2; side++) {
        strcpy(c->sides[side].target, side == 0 ? "qwen2.5-coder-1.5b" : "qwen2.5-coder-0.5b");
        strcpy(c->sides[side].name, side == 0 ? "s2d e6 0.70 e12 0.80" : "plain");
        c->sides[side].said = side == 0;
    }
    tell_compare(scene, &event);
    for (int i = 0; i <= 10; i++) {
        for (int side = 0; side < 2; side++) {
            EventCompareSide *s = &c->sides[side];
            s->block_tokens = 16;
            s->block_rounds = side == 0 ? 4 : 16;
            s->block_ms = (side == 0 ? 40 : 25) * s->block_tokens + i % 3;
            s->said += s->block_tokens + (i == 0 && side == 1);
            for (int token = 0; token < 2; token++) {
                Event text = {.type = side == 0 ? EVENT_TEXT : EVENT_OTHER_TEXT,
                              .turn = scene->turn,
                              .u.text = {.text = texts[side]}};
                view_event(&scene->view, &text);
            }
            if (i == 0)
                continue;
            add_block(s, side == 0);
        }
        c->pairs = i;
        c->checked = 5;
        c->parted = 6;
        c->equal = false;
        tell_compare(scene, &event);
    }
    if (!over)
        return;
    c->sides[0].block_tokens = c->sides[1].block_tokens = 0; /* the first goes on alone */
    c->sides[0].said += 16;
    c->sides[1].over = true;
    tell_compare(scene, &event);
    Event done = {.type = EVENT_DONE, .turn = scene->turn};
    strcpy(done.u.done.reason, "eos");
    view_event(&scene->view, &done);
}

static void test_goldens(void **state)
{
    static const struct {
        const char *name;
        int width, height;
        bool unicode;
    } sizes[] = {{"tune-140x40", 140, 40, true},
                 {"tune-100x30", 100, 30, true},
                 {"tune-80x24", 80, 24, true},
                 {"tune-60x15", 60, 15, true},
                 {"tune-80x24-ascii", 80, 24, false}};
    Scene *scene = *state;
    play(scene);
    Frame frame = new_frame();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = drawn(scene, &frame, sizes[i].width, sizes[i].height, sizes[i].unicode);
        golden_check(sizes[i].name, text, write_goldens);
        free(text);
    }
    scene_say(scene, "And why is it lossless?");
    play_compare(scene, 12, 1.4, true);
    frame.page = PAGE_COMPARE;
    char *text = drawn(scene, &frame, 100, 30, true);
    golden_check("compare-100x30", text, write_goldens);
    free(text);
    text = drawn(scene, &frame, 80, 24, true);
    golden_check("compare-80x24", text, write_goldens);
    free(text);
    for (int over = 0; over < 2; over++) {
        scene_say(scene, "And with another target?");
        play_targets(scene, over);
        text = drawn(scene, &frame, 160, 45, true);
        golden_check(over ? "compare-targets-over-160x45" : "compare-targets-160x45", text,
                     write_goldens);
        free(text);
    }
}

/* Blocks of one comparison, added up by this test alone. */
typedef struct Recount {
    int pairs, tokens[2], rounds[2];
    double ms[2], draft_ms[2], verify_ms[2];
    Duel duel;
} Recount;

/* The event's own sums, which the page shows, are those of the blocks that count. */
static void recount(Recount *own, const EventCompare *event)
{
    double tokens[2], ms[2];
    if (event->pairs <= own->pairs)
        return;
    own->pairs = event->pairs;
    for (int side = 0; side < 2; side++) {
        const EventCompareSide *s = &event->sides[side];
        own->tokens[side] += s->block_tokens;
        own->rounds[side] += s->block_rounds;
        own->ms[side] += s->block_ms;
        own->draft_ms[side] = s->draft_ms;
        own->verify_ms[side] = s->verify_ms;
        tokens[side] = s->block_tokens;
        ms[side] = s->block_ms;
        assert_int_equal(own->tokens[side], s->tokens);
        assert_int_equal(own->rounds[side], s->rounds);
        assert_float_equal(own->ms[side], s->ms, 1e-6 * s->ms);
    }
    duel_add(&own->duel, tokens, ms);
}

/* The words and figures that stand on the page, by the blocks. said: tokens of each side's text. */
static void allow_compared(Allowed *allowed, const Recount *own, const EventCompare *last,
                           const int said[2])
{
    double pace[2], first;
    DuelResult result = duel_result(&own->duel);
    for (int side = 0; side < 2; side++) {
        double ms = own->ms[side];
        pace[side] = own->tokens[side] / ms;
        allow(allowed, "%d tokens %d rounds", own->tokens[side], own->rounds[side]);
        allow(allowed, "%.1f t/s MAT %.2f %.1f ms a round", 1e3 * pace[side],
              (double)own->tokens[side] / own->rounds[side], ms / own->rounds[side]);
        allow(allowed, "draft %.0f %% check %.0f %%", 100 * own->draft_ms[side] / ms,
              100 * own->verify_ms[side] / ms);
    }
    first = fmin(said[0] / pace[0], said[1] / pace[1]);
    int at[2] = {(int)lround(fmin(said[0], first * pace[0])),
                 (int)lround(fmin(said[1], first * pace[1]))};
    int ahead = at[1] > at[0];
    allow(allowed, "race: %c is ahead by %d tokens = %.1f s at %c's speed", "AB"[ahead],
          abs(at[0] - at[1]), abs(at[0] - at[1]) / pace[1 - ahead] / 1e3, "BA"[ahead]);
    allow(allowed, "A is x%.2f of B, between x%.2f and x%.2f (99 %%)", result.ratio, result.low,
          result.high);
    allow(allowed, "same text: yes, %d tokens that both said", last->checked);
    allow(allowed, "texts part at token %d", last->parted);
    allow(allowed, "%d pairs of blocks", own->pairs);
}

/* What a page of a comparison says is what its blocks come to, figure by figure. */
static void test_compared_figures(void **state)
{
    Scene *scene = *state;
    static const char *const names[] = {"compare-100x30", "compare-80x24", "compare-targets-160x45",
                                        "compare-targets-over-160x45"};
    for (int i = 0; i < 4; i++) {
        Allowed allowed = {0};
        char path[96], *trace = NULL, *golden;
        size_t bytes;
        static Recount own;
        static EventCompare last;
        own = (Recount){0};
        scene_teardown(state);
        assert_int_equal(scene_setup(state), 0);
        scene = *state;
        scene_ready(scene);
        compared_to = open_memstream(&trace, &bytes);
        scene_say(scene, "Why?");
        if (i < 2)
            play_compare(scene, 12, 1.4, true);
        else
            play_targets(scene, i == 3);
        fclose(compared_to);
        compared_to = NULL;
        for (char *rest = trace, *line; (line = strsep(&rest, "\n")) && *line;) {
            Event event;
            assert_int_equal(event_from_line(&event, line, strlen(line), NULL), 0);
            last = event.u.compare;
            recount(&own, &last);
            event_free(&event);
        }
        int said[2] = {last.checked, last.checked};
        for (int side = 0; side < 2 && last.two_texts; side++)
            said[side] = last.sides[side].said;
        allow_compared(&allowed, &own, &last, said);
        snprintf(path, sizeof path, "tests/golden/%s.txt", names[i]);
        golden = read_golden(path);
        const char *title = strstr(golden, "A/B"), *below = strstr(golden, "\n>");
        assert_true(title != NULL && below != NULL);
        char *page = strndup(title, (size_t)(below - title));
        single_blanks(page);
        for (int side = 0; side < 2; side++)
            allow(&allowed, "%s", last.sides[side].target[0] ? last.sides[side].target : "A/B");
        for (int e = 0; e < 4; e++) /* the settings' names, wherever they are wrapped */
            for (int n = 0; n < 2; n++)
                allow(&allowed, n ? "e%d" : "e%d 0.", 6 * (e + 1));
        static const char *const values[] = {"0.70", "0.55", "0.50", "0.20", "0.80", "s2d",
                                             "70",   "55",   "50",   "20",   "80"};
        for (size_t v = 0; v < sizeof values / sizeof *values; v++)
            allow(&allowed, "%s", values[v]);
        check_figures(&allowed, names[i], page);
        allowed_close(&allowed);
        free(page);
        free(golden);
        free(trace);
    }
}

/* What the page says of the difference is what the pairs say. */
static void test_verdicts(void **state)
{
    static const struct {
        int pairs;
        double slower;
        bool equal;
        const char *says;
    } cases[] = {{5, 1.4, true, "too few pairs yet: 5 of 8"},
                 {12, 1.4, true, "A is faster.  A is x1.4"},
                 {12, 0.6, true, "B is faster.  A is x0.6"},
                 {12, 1 / 1.045, true, "no difference.  A is x1.00 of B, between x"},
                 {12, 1.4, false, "same text: NO"}};
    Scene *scene = *state;
    Frame frame = new_frame();
    frame.page = PAGE_COMPARE;
    scene_ready(scene);
    char *text = drawn(scene, &frame, 100, 30, true);
    assert_non_null(strstr(text, "Nothing was compared yet."));
    free(text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene_say(scene, "Why?");
        play_compare(scene, cases[i].pairs, cases[i].slower, cases[i].equal);
        text = drawn(scene, &frame, 100, 30, true);
        if (!strstr(text, cases[i].says))
            fail_msg("not \"%s\":\n%s", cases[i].says, text);
        assert_non_null(strstr(text, "same text: "));
        free(text);
        assert_int_equal(scene->view.comparison.duel.pairs, cases[i].pairs);
    }
}

/* The numbers of a row's text, wherever they stand. */
static void test_figures_are_whole(void **state)
{
    Scene *scene = *state;
    play(scene);
    Frame frame = new_frame();
    const Trial *trial = &scene->view.trials.list[1];
    char speed[32], half[32], value[32];
    snprintf(speed, sizeof speed, " %.1f", rate_per_s(&trial->rate));
    snprintf(half, sizeof half, "\u00b1%.1f", rate_half(&trial->rate));
    snprintf(value, sizeof value, "%.2f %.2f", (double)trial->thresholds[0],
             (double)trial->thresholds[1]);
    for (int width = 60; width < 200; width += 3)
        for (int height = 24; height < 60; height += 9) {
            char *text = drawn(scene, &frame, width, height, true);
            assert_non_null(strstr(text, speed));
            assert_non_null(strstr(text, half));
            assert_non_null(strstr(text, value));
            free(text);
        }
}

static void test_any_size(void **state)
{
    Scene *scene = *state;
    for (int step = 0; step < 2; step++) {
        for (int width = 1; width < 130; width += 3)
            for (int height = 1; height < 40; height += 2) {
                Frame frame = new_frame();
                frame.page = width % 2 ? PAGE_TUNE : PAGE_COMPARE;
                free(drawn(scene, &frame, width, height, height % 4 < 2));
            }
        if (step == 0) {
            play(scene);
            play_compare(scene, 9, 1.2, true);
        }
    }
}

/* ---- what is counted ---- */

static void test_evidence(void **state)
{
    (void)state;
    static const int exits[] = {6, 12};
    Evidence evidence[2] = {0};
    static EventRound round;
    /* The root left at 6, and right; its child went on to 12, and wrong; a node beside says nothing of
     * its own, nor does one behind a wrong one, nor an n-gram. */
    round = (EventRound){.n_nodes = 5,
                         .accepted = 1,
                         .bonus_token = 9,
                         .nodes = {
                             {.id = 1,
                              .depth = 1,
                              .token = 7,
                              .exit = 6,
                              .accepted = true,
                              .n_visited = 1,
                              .visited = {{6, 7, 0.92f}}},
                             {.id = 2,
                              .depth = 1,
                              .token = 8,
                              .exit = 6,
                              .n_visited = 1,
                              .visited = {{6, 7, 0.92f}}},
                             {.id = 3,
                              .parent = 1,
                              .depth = 2,
                              .token = 5,
                              .exit = 12,
                              .n_visited = 2,
                              .visited = {{6, 4, 0.31f}, {12, 5, 0.66f}}},
                             {.id = 4,
                              .parent = 3,
                              .depth = 3,
                              .token = 5,
                              .exit = 6,
                              .n_visited = 1,
                              .visited = {{6, 5, 0.99f}}},
                             {.id = 5, .parent = 1, .depth = 2, .token = 6, .exit = 0},
                         }};
    evidence_add(evidence, exits, 2, &round, true);
    EvidenceSums first = evidence_sums(&evidence[0]), second = evidence_sums(&evidence[1]);
    assert_int_equal(first.taken, 1);
    assert_int_equal(first.refused, 0);
    assert_int_equal(first.stayed, 1);
    assert_int_equal(evidence[0].taken[18], 1);
    assert_int_equal(evidence[0].stayed[6], 1);
    assert_int_equal(second.taken + second.stayed, 0);
    assert_int_equal(evidence[1].refused[13], 1);
    /* Drawn, the guess that counts is the one that was proposed. */
    round.nodes[2].token = round.bonus_token;
    round.nodes[2].accepted = false;
    evidence_add(evidence, exits, 2, &round, false);
    assert_int_equal(evidence_sums(&evidence[1]).taken, 1);
}

static void test_trials(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    play(scene);
    assert_int_equal(view->trials.n, 4);
    assert_true(view->trials.list[0].plain);
    assert_int_equal(view->trials.list[0].rate.rounds, 2);
    assert_int_equal(view->trials.list[1].rate.rounds, 41);
    assert_int_equal(view->trials.now, 4);
    assert_ptr_equal(trials_base(&view->trials, &view->ready), &view->trials.list[1]);
    set_thresholds(scene, 0.85f, 0.8f); /* back to one of them: its row goes on */
    rounds(scene, 5);
    assert_int_equal(view->trials.n, 4);
    assert_int_equal(view->trials.list[2].rate.rounds, 42);
    assert_int_equal(view->trials.now, 3);
    for (int i = 0; i < 2 * TRIALS_MAX; i++) { /* the one that was longest out of use goes */
        set_thresholds(scene, (float)i / 100, 0.1f);
        rounds(scene, 1);
    }
    assert_int_equal(view->trials.n, TRIALS_MAX);
    assert_int_equal(view->trials.list[TRIALS_MAX - 1].number, 4 + 2 * TRIALS_MAX);
    assert_null(trials_base(&view->trials, &view->ready));
}

/* A round in which an exit was asked and had nothing to say counts for its thresholds. */
static void test_nothing_drafted(void **state)
{
    (void)state;
    Trials *trials = calloc(1, sizeof *trials);
    assert_non_null(trials);
    EventReady ready = {.n_exits = 1, .exits = {6}, .drafter = "s2d"};
    EventRound *round = calloc(1, sizeof *round);
    assert_non_null(round);
    *round = (EventRound){.round = 1, .n_thresholds = 1, .thresholds = {0.9f}, .mode = "plain"};
    round->verify_ms = 20;
    round->draft_ms = 0.01;
    trials_add(trials, &ready, round);
    assert_true(trials->list[0].plain);
    round->draft_ms = 3;
    trials_add(trials, &ready, round);
    assert_int_equal(trials->n, 2);
    assert_false(trials->list[1].plain);
    free(round);
    free(trials);
}

/* ---- keys ---- */

static PaneKey press(Scene *scene, char ch, UiAction *action, PageNotice *notice)
{
    Key key = {.code = KB_TEXT, .n = 1, .bytes = {ch}};
    *notice = (PageNotice){0};
    return page_tune.key(&scene->view, &key, action, notice);
}

static void test_keys(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    UiAction action = {0};
    PageNotice notice;
    assert_int_equal(press(scene, '[', &action, &notice), PANE_IGNORED); /* no exits yet */
    scene_ready(scene);
    assert_int_equal(press(scene, 'u', &action, &notice), PANE_TAKEN);
    assert_non_null(strstr(notice.text, "nothing to undo"));
    assert_int_equal(press(scene, ']', &action, &notice), PANE_ACTION);
    assert_float_equal(action.thresholds[0], 0.75, 1e-6);
    press(scene, '}', &action, &notice);
    assert_float_equal(action.thresholds[0], 0.76, 1e-6);
    press(scene, '{', &action, &notice);
    press(scene, '{', &action, &notice);
    assert_float_equal(action.thresholds[0], 0.74, 1e-6);
    press(scene, '[', &action, &notice); /* onto the grid of .05 */
    assert_float_equal(action.thresholds[0], 0.70, 1e-6);
    Key down = {.code = KB_DOWN};
    assert_int_equal(page_tune.key(view, &down, &action, &notice), PANE_TAKEN);
    assert_int_equal(press(scene, '.', &action, &notice), PANE_TAKEN); /* .82 */
    press(scene, '8', &action, &notice);
    assert_float_equal(action.thresholds[1], 0.8, 1e-6);
    press(scene, '2', &action, &notice);
    assert_float_equal(action.thresholds[1], 0.82, 1e-6);
    press(scene, 'u', &action, &notice); /* all that was typed is one change */
    assert_float_equal(action.thresholds[1], 0.55, 1e-6);
    press(scene, '1', &action, &notice);
    press(scene, '0', &action, &notice);
    press(scene, '0', &action, &notice);
    assert_float_equal(action.thresholds[1], 1, 1e-6);
    assert_int_equal(press(scene, 'r', &action, &notice), PANE_ACTION);
    assert_float_equal(action.thresholds[0], 0.70, 1e-6);
    assert_float_equal(action.thresholds[1], 0.55, 1e-6);
    assert_int_equal(press(scene, 's', &action, &notice), PANE_ACTION);
    assert_int_equal(action.type, UI_KEEP);
    assert_int_equal(press(scene, 'a', &action, &notice), PANE_ACTION);
    assert_true(action.type == UI_AUTO && action.on);
    assert_int_equal(press(scene, 'x', &action, &notice), PANE_IGNORED);
    assert_int_equal(press(scene, 'b', &action, &notice), PANE_ACTION);
    assert_int_equal(action.type, UI_SEND);
    assert_string_equal(action.text, "/ab now 6=0.70,12=1.00,18=0.50,24=0.20");
    free((char *)action.text);
    while (view->n_before > 0)
        press(scene, 'u', &action, &notice);
    assert_float_equal(action.thresholds[0], 0.70, 1e-6);
    press(scene, 'b', &action, &notice); /* nothing was changed: against plain decoding */
    assert_string_equal(action.text, "/ab now plain");
    free((char *)action.text);
    for (int i = 0; i < 3 * VIEW_UNDO; i++)
        press(scene, i % 2 ? '[' : ']', &action, &notice);
    assert_int_equal(view->n_before, VIEW_UNDO);
}

/* Answers that come late take no later step back; an error does. */
static void test_steps_in_a_row(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    UiAction action = {0};
    PageNotice notice;
    scene_ready(scene);
    press(scene, ']', &action, &notice);
    press(scene, ']', &action, &notice);
    Event *event = calloc(1, sizeof *event);
    assert_non_null(event);
    *event = (Event){.type = EVENT_READY, .u.ready = view->ready};
    event->u.ready.thresholds[0] = 0.75f; /* of the first */
    view_event(view, event);
    assert_true(view->adjusted);
    press(scene, ']', &action, &notice);
    assert_float_equal(action.thresholds[0], 0.85, 1e-6);
    event->u.ready.thresholds[0] = 0.85f;
    view_event(view, event);
    assert_false(view->adjusted);
    press(scene, ']', &action, &notice);
    scene_error(scene, "not now", false);
    assert_false(view->adjusted);
    assert_float_equal(view->wanted[0], 0.85, 1e-6);
    free(event);
}

/* What automatic thresholds did is said with its reason, and can be undone. */
static void test_automatic(void **state)
{
    Scene *scene = *state;
    UiAction action = {0};
    PageNotice notice;
    play(scene);
    Frame frame = new_frame();
    char *text = drawn(scene, &frame, 100, 30, true);
    assert_non_null(strstr(text, "e6 .85 > .45  e12 .80 > .55: forecast +12.0 %, 96 tokens"));
    free(text);
    press(scene, 'u', &action, &notice);
    assert_float_equal(action.thresholds[0], 0.85, 1e-6);
    scene_forecast(scene, action.thresholds, false);
    text = drawn(scene, &frame, 100, 30, true);
    assert_non_null(strstr(text, "best found +1.0 %, 96 tokens: stays"));
    free(text);
}

static Trial trial_of(int rounds, double ms, double plain_ms, double low, double high, double pass)
{
    static Trials trials;
    static EventReady ready;
    trials = (Trials){0};
    ready = (EventReady){.n_exits = 1, .exits = {6}};
    for (int i = 0; i < rounds; i++) {
        EventRound round = {.mode = "spec", .accepted = 3, .n_thresholds = 1};
        round.draft_ms = 0.2 * ms;
        round.verify_ms = 0.8 * ms;
        round.plain_ms = plain_ms;
        round.plain_low_ms = low;
        round.plain_high_ms = high;
        round.pass_ms = pass;
        trials_add(&trials, &ready, &round);
    }
    return trials.list[0];
}

/* A setting's gain is that of its rounds over the plain ones of their time, never more than MAT and passes
 * permit, and none where it cannot be right. */
static void test_gain_of_a_setting(void **state)
{
    (void)state;
    Trial trial = trial_of(64, 50, 25, 25, 25, 40);
    Speedup gain = trial_gain(&trial);
    assert_float_equal(gain.gain, 4 * 25.0 / 50, 1e-6);
    trial = trial_of(64, 50, 25, 20, 30, 40);
    gain = trial_gain(&trial);
    assert_float_equal(gain.low, 4 * 20.0 / 50, 1e-6);
    assert_float_equal(gain.high, 4 * 30.0 / 50, 1e-6);
    trial = trial_of(64, 50, 25, 20, 30, 24); /* 4 tokens of 24 ms each in 50 */
    gain = trial_gain(&trial);
    assert_float_equal(gain.gain, 4 * 24.0 / 50, 1e-6);
    assert_float_equal(gain.high, gain.gain, 1e-6);
    trial = trial_of(64, 50, 25, 25, 25, 15); /* plain was measured while others used the machine */
    assert_true(trial_gain(&trial).gain == 0);
    trial = trial_of(64, 50, 25, 15, 40, 40);
    assert_true(trial_gain(&trial).gain == 0);
    trial = trial_of(64, 50, 0, 0, 0, 0);
    assert_true(trial_gain(&trial).gain == 0);
    trial = trial_of(4 * RATE_KNOWN - 1, 50, 25, 25, 25, 40);
    assert_true(trial_gain(&trial).gain == 0);
    for (double ms = 10; ms < 200; ms *= 1.1) {
        trial = trial_of(64, ms, 25, 24, 26, 24);
        gain = trial_gain(&trial);
        assert_true(gain.high <= 4 * 24 / ms + 1e-9);
        assert_true(gain.low <= gain.gain && gain.gain <= gain.high);
    }
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    write_goldens = argc > 1 && strcmp(argv[1], "write") == 0;
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_goldens),
        TEST(test_figures_are_whole),
        TEST(test_any_size),
        TEST(test_verdicts),
        cmocka_unit_test_setup_teardown(test_compared_figures, scene_setup, scene_teardown),
        cmocka_unit_test(test_gain_of_a_setting),
        cmocka_unit_test(test_evidence),
        TEST(test_trials),
        cmocka_unit_test(test_nothing_drafted),
        TEST(test_keys),
        TEST(test_automatic),
        TEST(test_steps_in_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
