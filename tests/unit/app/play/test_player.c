/* test_player.c - a trace, alone and with a script, played to any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/play/player.h"
#include "app/protocol/event_json.h"
#include "tests/support/small_trace.h"
#include "ui/frame.h"

static const char yaml[] = "steps:\n"
                           "  - caption: one\n"
                           "  - hold: 2\n"
                           "  - say: What is a tree?\n"
                           "  - wait: 2 rounds\n"
                           "  - caption: two\n"
                           "  - focus: thresholds\n"
                           "  - hold: 3\n"
                           "  - wait: answer\n"
                           "  - set: tau 6 0.25\n"
                           "  - caption: three\n"
                           "  - say: \"And a leaf?\\nBriefly \u65e5.\"\n"
                           "  - switch: 2\n"
                           "  - caption: four\n"
                           "  - browse: -1\n"
                           "  - wait: answer\n";

static void open_script(Script *script, const char *text)
{
    Err err = {0};
    if (script_parse(script, text, strlen(text), "s.yaml", &err) != 0)
        fail_msg("%s", err.text);
}

static void open_player(Player *player, Timeline *timeline, bool questions, const Script *script)
{
    Err err = {0};
    if (timeline_open(timeline, small_trace_file(questions), "t.jsonl", script, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(player_open(player, timeline, &err), 0);
}

static void close_player(Player *player, Timeline *timeline)
{
    player_close(player);
    timeline_close(timeline);
}

/* The whole screen, the bar with it; free it. */
static char *screen(Player *player)
{
    Cells cells;
    Layout layout;
    Frame frame = {.focus = player->focus < 0 ? FOCUS_INPUT : player->focus,
                   .front = PANE_TREE,
                   .prompt = "",
                   .line = ""};
    player_bar(player, &frame.play);
    assert_int_equal(cells_open(&cells, 100, 30, true), 0);
    frame_draw(&frame, &player->view, &cells, &layout);
    char *text = cells_dump(&cells);
    cells_close(&cells);
    return text;
}

static void assert_shows(Player *player, const char *text, bool shown)
{
    char *now = screen(player);
    if ((strstr(now, text) != NULL) != shown)
        fail_msg("\"%s\" %s:\n%s", text, shown ? "is missing" : "is there", now);
    free(now);
}

/* Loading takes no time, a person's nine seconds are a pause, and rounds are as long as they were. */
static void pauses_are_cut(void **state)
{
    (void)state;
    Timeline timeline;
    Player player;
    Err err = {0};
    open_player(&player, &timeline, true, NULL);
    double load = 2 * LOAD_MS, answer = 100 + SMALL_TRACE_ROUNDS * 50 + 10;
    double second = load + PAUSE_MS + answer + LOAD_MS + PAUSE_MS;
    assert_int_equal(timeline.answers, 2);
    assert_true(fabs(timeline.end_ms - (second + answer + LOAD_MS + 200)) < 1e-6);

    assert_int_equal(player_go(&player, load + PAUSE_MS, &err), 0);
    assert_shows(&player, "you> What is a tree?", true);
    assert_shows(&player, "answer 1 of 2", true);
    assert_int_equal(player_go(&player, load + PAUSE_MS + 100 + 149, &err), 0);
    assert_int_equal(player.round, 2);
    close_player(&player, &timeline);
}

/* What the screen shows depends on the moment alone, not on how one came there. */
static void going_back_shows_what_was_there(void **state)
{
    (void)state;
    Timeline timeline;
    Player player;
    Script script;
    Err err = {0};
    open_script(&script, yaml);
    for (int scripted = 0; scripted < 2; scripted++) {
        open_player(&player, &timeline, true, scripted ? &script : NULL);
        enum { MOMENTS = 23 };
        char *first[MOMENTS];
        for (int i = 0; i < MOMENTS; i++) {
            assert_int_equal(player_go(&player, timeline.end_ms * i / (MOMENTS - 1), &err), 0);
            first[i] = screen(&player);
            assert_non_null(strstr(first[i], "RECORDED"));
        }
        assert_true(player_at_end(&player));
        unsigned changes = player.view.changes;
        for (int i = MOMENTS - 1; i >= 0; i--) {
            assert_int_equal(player_go(&player, timeline.end_ms * i / (MOMENTS - 1), &err), 0);
            char *again = screen(&player);
            assert_string_equal(again, first[i]);
            free(again);
            free(first[i]);
        }
        assert_true(player.view.changes > changes); /* the screen is drawn anew */
        close_player(&player, &timeline);
    }
    script_close(&script);
}

static void the_clock_is_paced_and_held(void **state)
{
    (void)state;
    Timeline timeline;
    Player player;
    Err err = {0};
    PlayBar bar;
    open_player(&player, &timeline, true, NULL);
    double now = 5000;
    assert_int_equal(player_tick(&player, now, &err), 0);
    assert_true(player.at_ms == 0);
    assert_int_equal(player_tick(&player, now += 100, &err), 0);
    assert_true(player.at_ms == 100);
    player_pace(&player, 1);
    player_pace(&player, 1);
    assert_int_equal(player_tick(&player, now += 100, &err), 0);
    assert_true(player.at_ms == 500);
    player_hold(&player);
    assert_int_equal(player_wait_ms(&player), -1);
    assert_int_equal(player_tick(&player, now += 900, &err), 0);
    assert_true(player.at_ms == 500);
    player_hold(&player);
    for (int i = 0; i < 9; i++)
        player_pace(&player, -1);
    player_bar(&player, &bar);
    assert_true(bar.pace == 0.25f);
    assert_int_equal(player_wait_ms(&player), 4 * 500 + 1); /* the bar's next second */
    assert_int_equal(player_tick(&player, now += 400, &err), 0);
    assert_true(player.at_ms == 600);
    /* The process was stopped for an hour: the trace waited. */
    assert_int_equal(player_tick(&player, now += 3600e3, &err), 0);
    assert_true(player.at_ms == 850);
    for (int i = 0; i < 9; i++)
        player_pace(&player, 1);
    player_bar(&player, &bar);
    assert_true(bar.pace == 16);
    assert_int_equal(player_tick(&player, now += 900, &err), 0);
    assert_true(player_at_end(&player) && player_wait_ms(&player) == -1);
    assert_shows(&player, "END", true);
    close_player(&player, &timeline);
}

static void steps_go_round_by_round(void **state)
{
    (void)state;
    Timeline timeline;
    Player player;
    Err err = {0};
    open_player(&player, &timeline, true, NULL);
    for (int i = 1; i <= 2 * SMALL_TRACE_ROUNDS; i++) {
        assert_int_equal(player_step(&player, 1, &err), 0);
        assert_true(player.held);
        assert_int_equal(player.round, (i - 1) % SMALL_TRACE_ROUNDS + 1);
        assert_int_equal(player.answer, 1 + (i - 1) / SMALL_TRACE_ROUNDS);
    }
    assert_shows(&player, " w6 t", true); /* the words of the round are there with it */
    assert_int_equal(rounds_last(&player.view.kept), 2 * SMALL_TRACE_ROUNDS);
    view_next_colours(&player.view);
    assert_int_equal(player_step(&player, -1, &err), 0);
    assert_int_equal(player.round, SMALL_TRACE_ROUNDS - 1);
    assert_shows(&player, "ROUND 5", true);
    assert_shows(&player, " 30/", true);
    for (int i = 0; i < 99; i++)
        assert_int_equal(player_step(&player, 1, &err), 0);
    assert_true(player.next == timeline.n_cues);
    for (int i = 0; i < 99; i++)
        assert_int_equal(player_step(&player, -1, &err), 0);
    assert_int_equal(player.next, 0);
    /* Nothing stays of what was shown, but for how the person looks at it. */
    assert_int_equal(rounds_last(&player.view.kept), 0);
    assert_int_equal(race_tokens(&player.view.race), 0);
    assert_int_equal(player.view.colours, COLOURS_BY_CODE);
    close_player(&player, &timeline);
}

/* With questions they are where an answer begins; without, in older traces, its first event. */
static void answers_are_found(void **state)
{
    (void)state;
    Timeline timeline;
    Player player;
    Err err = {0};
    for (int questions = 0; questions < 2; questions++) {
        open_player(&player, &timeline, questions, NULL);
        assert_int_equal(timeline.answers, 2);
        assert_int_equal(player_answer(&player, 1, &err), 0);
        assert_int_equal(player.answer, 1);
        assert_shows(&player, "you>", questions);
        assert_int_equal(player_answer(&player, 1, &err), 0);
        assert_int_equal(player.answer, 2);
        assert_shows(&player, "\u65e5", questions);
        assert_int_equal(player_answer(&player, 1, &err), 0);
        assert_true(player_at_end(&player));
        assert_int_equal(player_answer(&player, -1, &err), 0);
        assert_int_equal(player.answer, questions ? 1 : 0); /* it is a short one */
        assert_int_equal(player_answer(&player, -1, &err), 0);
        assert_int_equal(player_answer(&player, -1, &err), 0);
        assert_int_equal(player.next, 0);
        close_player(&player, &timeline);
    }
}

static void captions_stand_with_their_moments(void **state)
{
    (void)state;
    Timeline timeline;
    Player player;
    Script script;
    Err err = {0};
    open_script(&script, yaml);
    open_player(&player, &timeline, true, &script);
    assert_true(timeline.captions);
    double start = 2 * LOAD_MS;
    assert_int_equal(player_go(&player, start, &err), 0);
    assert_string_equal(player.caption, "one");
    assert_int_equal(player_go(&player, start + 1999, &err), 0);
    assert_shows(&player, "you>", false);
    double two = start + 2000 + PAUSE_MS + 100 + 2 * 50;
    assert_int_equal(player_go(&player, two, &err), 0);
    assert_string_equal(player.caption, "two");
    assert_int_equal(player.focus, PANE_THRESHOLDS);
    assert_shows(&player, " w2 t", true); /* the words of the round that was waited for */
    assert_int_equal(player_go(&player, two + 2999, &err), 0);
    assert_int_equal(player.round, 2); /* the trace stands still */
    assert_int_equal(player_go(&player, timeline.end_ms, &err), 0);
    assert_string_equal(player.caption, "four");
    assert_true(fabsf(player.view.ready.thresholds[0] - 0.25f) < 1e-6f);
    assert_true(player.view.browsed > 0);
    close_player(&player, &timeline);
    script_close(&script);
}

static void a_script_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"steps:\n  - say: What is a house?\n",
         "s.yaml:2:10: say: the trace t.jsonl has another question here"},
        {"steps:\n  - switch: 2\n  - switch: 1\n",
         "s.yaml:3:13: switch: the trace t.jsonl ends before this"},
        {"steps:\n  - switch: 2\n  - set: spec off\n",
         "s.yaml:3:10: set: the trace t.jsonl ends before this"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        Timeline timeline;
        Script script;
        Err err = {0};
        open_script(&script, cases[i].yaml);
        assert_int_equal(timeline_open(&timeline, small_trace_file(true), "t.jsonl", &script, &err),
                         -1);
        assert_string_equal(err.text, cases[i].message);
        script_close(&script);
    }
}

static FILE *file_of(const char *text)
{
    FILE *file = tmpfile();
    fputs(text, file);
    rewind(file);
    return file;
}

static void what_is_no_trace_is_refused(void **state)
{
    (void)state;
    Timeline timeline;
    Err err = {0};
    assert_int_equal(timeline_open(&timeline, file_of(""), "t.jsonl", NULL, &err), -1);
    assert_string_equal(err.text, "t.jsonl: no events in it; is it a trace?");
    char *lines = small_trace(true), *text = NULL;
    err = (Err){0};
    assert_true(asprintf(&text, "%s{}\n", lines) > 0);
    assert_int_equal(timeline_open(&timeline, file_of(text), "t.jsonl", NULL, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_true(strncmp(err.text, "t.jsonl: line ", 14) == 0);
    free(text);
    err = (Err){0};
    /* An editor's mark at the beginning is none of the trace. */
    assert_true(asprintf(&text, "\xef\xbb\xbf%s", lines) > 0);
    assert_int_equal(timeline_open(&timeline, file_of(text), "t.jsonl", NULL, &err), 0);
    Player player;
    assert_int_equal(player_open(&player, &timeline, &err), 0);
    assert_int_equal(player_go(&player, timeline.end_ms, &err), 0);
    close_player(&player, &timeline);
    free(text);
    free(lines);
}

/* A third answer, by two settings in turn, and the question after it. */
static FILE *compared_trace(void)
{
    char *text = small_trace(true);
    FILE *file = tmpfile();
    fputs(text, file);
    free(text);
    Event events[] = {{.type = EVENT_PREFILL, .turn = 3, .u.prefill = {9, 9, 100, 0, 5}},
                      {.type = EVENT_COMPARE, .turn = 3, .u.compare = {.first = 1}},
                      {.type = EVENT_TEXT, .turn = 3, .u.text = {" x", 6}},
                      {.type = EVENT_COMPARE, .turn = 3, .u.compare = {.pairs = 1}},
                      {.type = EVENT_DONE, .turn = 3},
                      {.type = EVENT_QUESTION, .turn = 4, .u.question = {"more"}},
                      {.type = EVENT_PREFILL, .turn = 4, .u.prefill = {9, 9, 100, 0, 5}}};
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
        events[i].t_ms = 1e5 + 500 * (double)i;
        char *line = event_to_line(&events[i]);
        fprintf(file, "%s\n", line);
        free(line);
    }
    rewind(file);
    return file;
}

static void a_comparison_lasts_until_the_next_question(void **state)
{
    (void)state;
    Timeline timeline;
    Player player;
    Script script;
    Err err = {0};
    open_script(&script, "steps:\n"
                         "  - ab: plain\n"
                         "  - caption: in turn\n"
                         "  - wait: answer\n"
                         "  - caption: judged\n");
    if (timeline_open(&timeline, compared_trace(), "t.jsonl", &script, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(timeline.answers, 4);
    assert_int_equal(player_open(&player, &timeline, &err), 0);
    static const char *const captions[] = {"", "in turn", "judged"};
    int seen = 0;
    for (double at = 0; !player_at_end(&player); at += 100) {
        assert_int_equal(player_go(&player, at, &err), 0);
        assert_int_equal(player.compares, player.answer == 3 && player.caption[0] != '\0');
        if (seen < 2 && strcmp(player.caption, captions[seen + 1]) == 0)
            seen++;
        assert_string_equal(player.caption, captions[seen]);
    }
    assert_int_equal(seen, 2);
    assert_int_equal(player_go(&player, 0, &err), 0);
    assert_false(player.compares);
    close_player(&player, &timeline);
    script_close(&script);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_are_cut),
        cmocka_unit_test(going_back_shows_what_was_there),
        cmocka_unit_test(the_clock_is_paced_and_held),
        cmocka_unit_test(steps_go_round_by_round),
        cmocka_unit_test(answers_are_found),
        cmocka_unit_test(captions_stand_with_their_moments),
        cmocka_unit_test(a_script_that_does_not_fit_is_refused),
        cmocka_unit_test(what_is_no_trace_is_refused),
        cmocka_unit_test(a_comparison_lasts_until_the_next_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
