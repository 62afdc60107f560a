/* test_cast.c - asciicasts: what a terminal shows that plays one is what the screen showed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/play/cast.h"
#include "app/play/player.h"
#include "tests/support/small_trace.h"
#include "tests/support/temp.h"
#include "ui/ansi.h"
#include "ui/frame.h"
#include "ui/look.h"
#include "ui/text.h"

/* A terminal that knows what a cast may hold, and nothing else. */
typedef struct Terminal {
    Cells cells;
    int y, x;
} Terminal;

static const char *obey(Terminal *terminal, const char *s)
{
    int n = 0, y, x;
    char last;
    if (strncmp(s, "\033[?25l", 6) == 0)
        return s + 6;
    if (strncmp(s, "\033[2J", 4) == 0) {
        cells_clear(&terminal->cells);
        return s + 4;
    }
    if (sscanf(s, "\033[%d;%dH%n", &y, &x, &n) == 2 && n > 0) {
        terminal->y = y - 1;
        terminal->x = x - 1;
        return s + n;
    }
    if (sscanf(s, "\033[%*[0-9;]%c%n", &last, &n) == 1 && last == 'm')
        return s + n;
    fail_msg("what is %.20s?", s + 1);
    return s;
}

static void feed(Terminal *terminal, const char *s)
{
    while (*s) {
        if (*s == '\033') {
            s = obey(terminal, s);
            continue;
        }
        uint32_t ch;
        size_t n = text_decode(s, strlen(s), &ch);
        assert_true(ch >= 0x20 && ch != 0x7f && (ch < 0x80 || ch >= 0xa0));
        int width = text_char_width(ch);
        assert_in_range(terminal->x, 0, terminal->cells.width - (width > 0));
        if (width == 0)
            cells_combine(&terminal->cells, terminal->y, terminal->x - 1, ch);
        else
            terminal->x += cells_text(&terminal->cells, terminal->y, terminal->x, width, s, n, 0);
        s += n;
    }
}

static Timeline timeline;
static char folder[TEMP_BYTES], path[TEMP_BYTES + 16];

static void open_timeline(void)
{
    Err err = {0};
    if (timeline_open(&timeline, small_trace_file(true), "t.jsonl", NULL, &err) != 0)
        fail_msg("%s", err.text);
}

static void assert_last_frame(Terminal *terminal, CastSize size)
{
    Player player;
    Frame frame = {.focus = FOCUS_INPUT, .front = PANE_TREE, .prompt = "", .line = ""};
    Layout layout;
    Cells cells;
    Err err = {0};
    assert_int_equal(player_open(&player, &timeline, &err), 0);
    assert_int_equal(player_go(&player, timeline.end_ms, &err), 0);
    player_bar(&player, &frame.play);
    frame.play.keys = NULL;
    assert_int_equal(cells_open(&cells, size.width, size.height, true), 0);
    frame_draw(&frame, &player.view, &cells, &layout);
    char *expected = cells_dump(&cells), *shown = cells_dump(&terminal->cells);
    assert_string_equal(shown, expected);
    free(expected);
    free(shown);
    cells_close(&cells);
    player_close(&player);
}

static void a_terminal_that_plays_it_shows_the_screen(void **state)
{
    (void)state;
    static const CastSize sizes[] = {{100, 30}, {60, 15}, {160, 45}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        Err err = {0};
        Terminal terminal = {.y = 0};
        char *line = NULL;
        size_t room = 0;
        double last = -1;
        int frames = 0;
        open_timeline();
        if (cast_save(path, &timeline, sizes[i], "a \"title\"", &err) != 0)
            fail_msg("%s", err.text);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_true(getline(&line, &room, file) > 0);
        json_t *header = json_loads(line, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(header, "version")), 2);
        assert_int_equal(json_integer_value(json_object_get(header, "width")), sizes[i].width);
        assert_int_equal(json_integer_value(json_object_get(header, "height")), sizes[i].height);
        assert_string_equal(json_string_value(json_object_get(header, "title")), "a \"title\"");
        json_decref(header);
        assert_int_equal(cells_open(&terminal.cells, sizes[i].width, sizes[i].height, true), 0);
        for (; getline(&line, &room, file) > 0; frames++) {
            double at;
            const char *kind, *text;
            json_t *event = json_loads(line, 0, NULL);
            assert_int_equal(json_unpack(event, "[F,s,s!]", &at, &kind, &text), 0);
            assert_string_equal(kind, "o");
            /* Never faster than a frame in CAST_FRAME_MS, but that the end comes when it comes. */
            bool is_end = at * 1000 > timeline.end_ms - 1;
            assert_true(frames == 0 ? at == 0 : is_end || at - last >= CAST_FRAME_MS / 1e3 - 1e-3);
            last = at;
            feed(&terminal, text);
            json_decref(event);
        }
        assert_true(frames > 10 && last * 1000 <= timeline.end_ms + 1);
        assert_last_frame(&terminal, sizes[i]);
        fclose(file);
        free(line);
        cells_close(&terminal.cells);
        timeline_close(&timeline);
        unlink(path);
    }
}

/* An existing file is somebody's. */
static void a_file_is_not_replaced(void **state)
{
    (void)state;
    Err err = {0};
    open_timeline();
    assert_int_equal(cast_save(path, &timeline, (CastSize){80, 24}, "", &err), 0);
    assert_int_equal(cast_save(path, &timeline, (CastSize){80, 24}, "", &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    timeline_close(&timeline);
    unlink(path);
}

/* Halves of wide characters, marks, and what changes between two frames, at any place. */
static void changes_are_all_that_is_written(void **state)
{
    (void)state;
    Cells cells[2];
    Terminal terminal = {.y = 0};
    static const char *const texts[] = {"plain",   "\u65e5\u672c\u8a9e", "x\u65e5y",
                                        "e\u0301", "\U0001F642 ",        "          "};
    unsigned noise = 1;
    assert_int_equal(cells_open(&cells[0], 24, 3, true), 0);
    assert_int_equal(cells_open(&cells[1], 24, 3, true), 0);
    assert_int_equal(cells_open(&terminal.cells, 24, 3, true), 0);
    cells_clear(&cells[0]);
    for (int i = 0; i < 500; i++) {
        Cells *now = &cells[i % 2], *before = &cells[1 - i % 2];
        if (i > 0)
            memcpy(now->cells, before->cells, 24 * 3 * sizeof(Cell));
        for (int k = 0; k < 3; k++) {
            noise = noise * 1103515245 + 12345;
            const char *text = texts[(noise >> 16) % 6];
            int attr = (noise >> 8) % STYLE_COUNT | ((noise >> 20) & 7) << 8;
            cells_text(now, (int)(noise >> 24) % 3, (int)(noise >> 12) % 24, 24, text, strlen(text),
                       attr);
        }
        char *out = NULL;
        size_t bytes = 0;
        FILE *stream = open_memstream(&out, &bytes);
        ansi_write(stream, now, i > 0 ? before : NULL);
        fclose(stream);
        feed(&terminal, out);
        char *expected = cells_dump(now), *shown = cells_dump(&terminal.cells);
        assert_string_equal(shown, expected);
        free(expected);
        free(shown);
        free(out);
        stream = open_memstream(&out, &bytes);
        ansi_write(stream, now, now);
        fclose(stream);
        assert_int_equal(bytes, 0);
        free(out);
    }
    cells_close(&cells[0]);
    cells_close(&cells[1]);
    cells_close(&terminal.cells);
}

/* Those of the dark theme, on its own ground. */
static void colours_are_the_themes(void **state)
{
    (void)state;
    Cells cells;
    char *out = NULL, expected[64];
    size_t bytes = 0;
    assert_int_equal(cells_open(&cells, 8, 1, true), 0);
    cells_clear(&cells);
    cells_text(&cells, 0, 0, 8, "x", 1, STYLE_GOOD | ATTR_BOLD | ATTR_ITALIC);
    FILE *stream = open_memstream(&out, &bytes);
    ansi_write(stream, &cells, NULL);
    fclose(stream);
    const Theme *theme = look_theme(THEME_DARK);
    snprintf(expected, sizeof(expected), "\033[0;1;3;38;5;%d;48;5;%dmx",
             theme->colours[STYLE_GOOD].of_256, theme->ground.of_256);
    assert_non_null(strstr(out, expected));
    free(out);
    cells_close(&cells);
}

static void sizes_are_read_strictly(void **state)
{
    (void)state;
    CastSize size;
    Err err = {0};
    assert_int_equal(cast_size("40x8", &size, &err), 0);
    assert_int_equal(cast_size("400x200", &size, &err), 0);
    assert_true(size.width == 400 && size.height == 200);
    static const char *const wrong[] = {"",        "100",    "100x",    "x30",
                                        "39x30",   "100x7",  "401x30",  "100x30x",
                                        " 100x30", "100X30", "-100x30", "99999999999x30"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_int_equal(cast_size(wrong[i], &size, &err), -1);
}

static int setup(void **state)
{
    (void)state;
    setlocale(LC_CTYPE, "C.UTF-8");
    temp_folder_make(folder);
    snprintf(path, sizeof(path), "%s/t.cast", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_that_plays_it_shows_the_screen),
        cmocka_unit_test(a_file_is_not_replaced),
        cmocka_unit_test(changes_are_all_that_is_written),
        cmocka_unit_test(colours_are_the_themes),
        cmocka_unit_test(sizes_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
