/* test_play_bar.c - the bar of what plays by itself: it is always there, whole fields or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/scene.h"
#include "ui/frame.h"

static Scene scene;

static PlayBar bar_of(bool held)
{
    PlayBar bar = {.shown = true,
                   .recorded = true,
                   .held = held,
                   .captions = true,
                   .pace = 0.25f,
                   .at_s = 61,
                   .end_s = 125,
                   .answer = 2,
                   .answers = 3,
                   .round = 14,
                   .keys = "Space holds"};
    strcpy(bar.caption,
           "The words that were guessed, and what the target said of each of them, "
           "which is long enough to be wrapped in any of these windows, and to be cut.");
    return bar;
}

static char *draw(int width, int height, Overlay overlay, const PlayBar *bar)
{
    Frame frame = {.focus = FOCUS_INPUT,
                   .front = PANE_TREE,
                   .overlay = overlay,
                   .prompt = "> ",
                   .line = "typed",
                   .line_bytes = 5,
                   .play = *bar};
    Cells cells;
    Layout layout;
    assert_int_equal(cells_open(&cells, width, height, true), 0);
    frame_draw(&frame, &scene.view, &cells, &layout);
    char *text = cells_dump(&cells);
    cells_close(&cells);
    return text;
}

static void what_was_recorded_always_says_so(void **state)
{
    (void)state;
    static const int sizes[][2] = {{200, 50}, {100, 30}, {80, 24}, {60, 15}, {40, 8}, {30, 5}};
    static const Overlay overlays[] = {OVERLAY_NONE, OVERLAY_HELP, OVERLAY_TARGETS};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        for (size_t k = 0; k < sizeof(overlays) / sizeof(*overlays); k++) {
            PlayBar bar = bar_of(i % 2);
            char *text = draw(sizes[i][0], sizes[i][1], overlays[k], &bar);
            if (!strstr(text, "RECORDED") || strstr(text, "> typed"))
                fail_msg("%d x %d:\n%s", sizes[i][0], sizes[i][1], text);
            free(text);
        }
}

/* A time or a number that is cut would be another one. */
static void fields_are_whole_or_left_out(void **state)
{
    (void)state;
    static const char *const fields[] = {"1:01 of 2:05", "answer 2 of 3", "round 14",
                                         "Space holds"};
    for (int width = 3; width < 120; width++) {
        PlayBar bar = bar_of(false);
        Cells cells;
        assert_int_equal(cells_open(&cells, width, 1, true), 0);
        cells_clear(&cells);
        play_bar_draw(&bar, &cells, (Rect){0, 0, 1, width});
        char *text = cells_dump(&cells);
        bool more = true;
        for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
            bool shown = strstr(text, fields[i]) != NULL;
            assert_true(more || !shown); /* the last ones go first */
            if (!shown && strstr(text, i == 0 ? ":" : i == 1 ? "ans" : i == 2 ? "rou" : "Sp"))
                fail_msg("%d columns: %s", width, text);
            more = shown;
        }
        assert_true(width < 100 || more);
        free(text);
        cells_close(&cells);
    }
}

static void captions_are_wrapped_and_keep_their_rows(void **state)
{
    (void)state;
    PlayBar bar = bar_of(false), none = bar_of(false);
    none.caption[0] = '\0';
    char *with = draw(100, 30, OVERLAY_NONE, &bar), *without = draw(100, 30, OVERLAY_NONE, &none);
    assert_non_null(strstr(with, "\n The words that were guessed"));
    assert_null(strstr(without, "The words"));
    /* Nothing above it moves when a caption comes or goes. */
    const char *rule = strstr(with, "\n\u2500\u2500");
    const char *last = rule;
    for (; rule; rule = strstr(rule + 1, "\n\u2500\u2500"))
        last = rule;
    assert_memory_equal(with, without, last - with);
    free(with);
    free(without);
}

static void held_and_live_are_said(void **state)
{
    (void)state;
    PlayBar bar = bar_of(true);
    char *text = draw(100, 30, OVERLAY_NONE, &bar);
    assert_non_null(strstr(text, " HELD "));
    assert_null(strstr(text, "x0.25"));
    free(text);
    bar = (PlayBar){.shown = true, .step = 3, .steps = 12};
    text = draw(100, 30, OVERLAY_NONE, &bar);
    assert_non_null(strstr(text, " LIVE   step 3 of 12"));
    assert_null(strstr(text, "RECORDED"));
    free(text);
}

static int setup(void **state)
{
    (void)state;
    static const char *const words[] = {"Every", " kept", " token", " is"};
    setlocale(LC_CTYPE, "C.UTF-8");
    scene_open(&scene);
    scene_ready(&scene);
    scene_say(&scene, "Why?");
    scene_round(&scene, words, 4, 2);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_recorded_always_says_so),
        cmocka_unit_test(fields_are_whole_or_left_out),
        cmocka_unit_test(captions_are_wrapped_and_keep_their_rows),
        cmocka_unit_test(held_and_live_are_said),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
