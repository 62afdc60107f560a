/* test_pictures.c - whole screens of a recorded answer, with their colours, at every kind of size.
 *
 * tests/golden/answer.jsonl is the trace (of `s2d run --json`, without its events of loading),
 * tests/golden/answer-SIZE.txt the screens: text, what each cell looks like, and that in three
 * themes (picture.h). `test_pictures write` writes them anew, for a look at the difference;
 * `test_pictures svg THEME COLUMNS ROWS ROUND [code]` prints one, after that round, as a
 * picture.
 */
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
#include "tests/support/picture.h"
#include "ui/frame.h"

#define TRACE "tests/golden/answer.jsonl"
#define QUESTION                                                                          \
    "Write a C function that reverses a linked list, with a comment. Then explain it in " \
    "two sentences."

enum { GOLDEN_BYTES = 1 << 18 };

static bool write_goldens;

/* The question, and the trace's events up to the end of round `last`; 0 = all. */
static void play(View *view, int last)
{
    Err err = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    bool over = false;
    FILE *file = fopen(TRACE, "r");
    assert_non_null(file);
    assert_int_equal(view_open(view, &err), 0);
    while (!over && (n = getline(&line, &room, file)) > 0) {
        Event event;
        assert_int_equal(event_from_line(&event, line, (size_t)n, &err), 0);
        over = last > 0 && event.type == EVENT_ROUND && event.u.round.round > last;
        if (!over)
            view_event(view, &event);
        if (event.type == EVENT_READY) {
            view_user(view, QUESTION);
            view_asked(view);
        }
        event_free(&event);
    }
    free(line);
    fclose(file);
}

static void draw(View *view, const Frame *frame, Cells *cells, int width, int height)
{
    Layout layout;
    assert_int_equal(cells_open(cells, width, height, true), 0);
    frame_draw(frame, view, cells, &layout);
}

static Frame new_frame(void)
{
    return (Frame){.focus = FOCUS_INPUT, .front = PANE_TREE, .prompt = "> ", .line = ""};
}

static void check_golden(View *view, const Frame *frame, int width, int height, const char *more)
{
    char path[128];
    Cells cells;
    draw(view, frame, &cells, width, height);
    char *text = picture_text(&cells);
    cells_close(&cells);
    snprintf(path, sizeof path, "tests/golden/answer-%dx%d%s.txt", width, height, more);
    FILE *file = fopen(path, write_goldens ? "w" : "r");
    if (file == NULL)
        fail_msg("%s is not there; `test_pictures write` makes it", path);
    if (write_goldens) {
        fputs(text, file);
    } else {
        char *expected = calloc(1, GOLDEN_BYTES);
        assert_non_null(expected);
        assert_true(fread(expected, 1, GOLDEN_BYTES - 1, file) > 0);
        assert_string_equal(text, expected);
        free(expected);
    }
    fclose(file);
    free(text);
}

static void test_goldens(void **state)
{
    (void)state;
    static const int sizes[][2] = {{200, 50}, {160, 45}, {120, 30}, {100, 30},
                                   {80, 24},  {60, 15},  {40, 8}};
    static View view;
    Frame frame = new_frame();
    play(&view, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        check_golden(&view, &frame, sizes[i][0], sizes[i][1], "");
    view.colours = COLOURS_BY_CODE;
    check_golden(&view, &frame, 100, 30, "-code");
    frame.focus = frame.front = frame.zoom = PANE_SPEED;
    check_golden(&view, &frame, 100, 30, "-zoom");
    frame = new_frame();
    frame.hidden = ~0U;
    check_golden(&view, &frame, 80, 24, "-hidden");
    view_close(&view);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    ThemeChoice choice;
    if ((argc == 6 || argc == 7) && strcmp(argv[1], "svg") == 0 && theme_find(argv[2], &choice) &&
        choice != THEME_AUTO && choice != THEME_NONE) {
        static View view;
        Frame frame = new_frame();
        Cells cells;
        play(&view, atoi(argv[5]));
        view.colours = argc == 7 ? COLOURS_BY_CODE : COLOURS_BY_EXIT;
        draw(&view, &frame, &cells, atoi(argv[3]), atoi(argv[4]));
        char *svg =
            picture_svg(&cells, choice, "A chat in s2d: the answer, and how it was drafted");
        fputs(svg, stdout);
        free(svg);
        cells_close(&cells);
        view_close(&view);
        return 0;
    }
    write_goldens = argc > 1 && strcmp(argv[1], "write") == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
