/* test_frame.c - whole screens, drawn into memory from a made-up chat.
 *
 * Goldens are tests/golden/NAME.txt; `test_frame write` writes them anew, for a look at the
 * difference.
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

#include "tests/support/golden.h"
#include "tests/support/scene.h"
#include "ui/frame.h"
#include "ui/panes/pane.h"
#include "ui/shortcuts.h"

static bool write_goldens;

static void draw_at(Scene *scene, Frame *frame, Cells *cells, Layout *layout, int width, int height,
                    bool unicode)
{
    assert_int_equal(cells_open(cells, width, height, unicode), 0);
    frame_draw(frame, &scene->view, cells, layout);
}

static Frame new_frame(void)
{
    return (Frame){.focus = FOCUS_INPUT,
                   .front = PANE_TREE,
                   .commands = "/help   this\n/quit   leave",
                   .prompt = "> ",
                   .line = "/target 2",
                   .line_bytes = 9,
                   .point = 9};
}

static const ViewFound found[] = {
    {.name = "qwen2.5-coder-1.5b", .about = "qwen2 1.8B Q4_K 1.1 GB"},
    {.name = "qwen3:4b", .about = "qwen3 4.0B Q4_K 2.6 GB"},
    {.name = "SmolLM2-360M-Instruct-Q8_0", .about = "llama 362M Q8_0 386 MB", .other_words = true},
    {.name = "Qwen2.5-72B-Instruct-Q4_K_M", .about = "qwen2 73B Q4_K 47 GB", .too_large = true},
};
static int n_found; /* of these, in the scenes of check_golden */

static void check_golden(const char *name, Frame *frame, int width, int height, bool unicode)
{
    Scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    Cells cells;
    Layout layout;
    scene_open(scene);
    scene_demo(scene);
    scene->view.bare = frame->alone;
    view_set_found(&scene->view, found, n_found);
    draw_at(scene, frame, &cells, &layout, width, height, unicode);
    char *text = cells_dump(&cells);
    assert_non_null(text);
    golden_check(name, text, write_goldens);
    free(text);
    cells_close(&cells);
    scene_close(scene);
    free(scene);
}

static void test_goldens(void **state)
{
    (void)state;
    Frame frame = new_frame();
    check_golden("chat-100x30", &frame, 100, 30, true);
    check_golden("chat-80x24", &frame, 80, 24, true);
    check_golden("chat-60x15", &frame, 60, 15, true);
    check_golden("chat-40x8", &frame, 40, 8, true);
    check_golden("chat-39x8", &frame, 39, 8, true);
    check_golden("chat-100x30-ascii", &frame, 100, 30, false);
    frame.alone = true;
    check_golden("alone-80x24", &frame, 80, 24, true);
    frame.alone = false;
    frame.focus = frame.front = PANE_THRESHOLDS;
    check_golden("thresholds-60x15", &frame, 60, 15, true);
    frame.focus = frame.front = PANE_TREE;
    check_golden("why-120x40", &frame, 120, 40, true);
    check_golden("why-100x30", &frame, 100, 30, true);
    check_golden("why-100x30-ascii", &frame, 100, 30, false);
    check_golden("why-80x24", &frame, 80, 24, true);
    check_golden("why-60x15", &frame, 60, 15, true);
    check_golden("why-160x45", &frame, 160, 45, true);
    frame.focus = FOCUS_INPUT;
    check_golden("tree-120x40", &frame, 120, 40, true);
    frame.focus = PANE_TREE;
    frame.overlay = OVERLAY_HELP;
    check_golden("help-100x30", &frame, 100, 30, true);
    frame.overlay = OVERLAY_TARGETS;
    check_golden("targets-80x24", &frame, 80, 24, true);
    n_found = 4;
    frame.choice = 3;
    check_golden("targets-found-80x24", &frame, 80, 24, true);
    check_golden("targets-found-60x15", &frame, 60, 15, true);
    frame.choice = 0;
    snprintf(frame.filter, sizeof frame.filter, "QWEN3");
    check_golden("targets-filter-80x24", &frame, 80, 24, true);
    frame.filter[0] = '\0';
    n_found = 0;
    frame.overlay = OVERLAY_SESSIONS;
    frame.choice = 1;
    check_golden("sessions-80x24", &frame, 80, 24, true);
    frame.deleting = true;
    check_golden("sessions-60x15", &frame, 60, 15, true);
}

static const Cell *cell_at(const Cells *cells, int y, int x)
{
    return &cells->cells[y * cells->width + x];
}

/* Whatever the size, every cell is printable and wide characters are whole. */
static void test_any_size(void **state)
{
    Scene *scene = *state;
    scene_demo(scene);
    for (int width = 1; width < 220; width += width < 45 ? 1 : width < 130 ? 7 : 19)
        for (int height = 1; height < 50; height += height < 18 ? 1 : 5) {
            Frame frame = new_frame();
            Cells cells;
            Layout layout;
            frame.focus = (width + height) % (PANE_COUNT + 1);
            frame.front = (PaneId)(height % PANE_COUNT);
            frame.overlay = (Overlay)(width % 4);
            frame.hidden = height % 3 == 0 ? (unsigned)(width * height) : 0;
            frame.zoom = (PaneId)(width % 4 == 0 ? height % PANE_COUNT : PANE_CHAT);
            scene->view.colours = (ViewColours)(height % 2);
            frame.alone = scene->view.bare = width % 5 == 0;
            frame.only = (PaneId)(height % PANE_COUNT);
            draw_at(scene, &frame, &cells, &layout, width, height, height % 2 == 0);
            for (int i = 0; i < width * height; i++) {
                const Cell *cell = &cells.cells[i];
                assert_true(cell->width <= 2);
                if (cell->width == 0)
                    assert_true(i % width > 0 && cell[-1].width == 2);
                else
                    assert_int_equal(text_char_width(cell->ch), cell->width);
            }
            assert_true(cells.cursor_x < width && cells.cursor_y < height);
            cells_close(&cells);
        }
}

/* Wide and combining characters, escape sequences and tabs at every column leave the divider where
 * it is. */
static void test_borders_stand(void **state)
{
    Scene *scene = *state;
    scene_ready(scene);
    for (int i = 0; i < 60; i++) {
        char text[256];
        snprintf(text, sizeof text, "%.*s%s", i,
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                 "\u65e5\u672c\U0001F468\u200d\U0001F469\ufe0f e\u0301\t\033[10Cz\u202e\ufeff");
        view_note(&scene->view, ITEM_NOTE, text);
    }
    for (int scroll = 0; scroll < 60; scroll += 20) {
        Frame frame = new_frame();
        Cells cells;
        Layout layout;
        scene->view.scroll = scroll;
        draw_at(scene, &frame, &cells, &layout, 100, 30, true);
        for (int y = 1; y < layout.rule.y; y++) {
            uint32_t ch = cell_at(&cells, y, layout.divider_x)->ch;
            assert_true(ch == 0x2502 || ch == 0x251C || ch == 0x252C);
        }
        cells_close(&cells);
    }
}

/* Finds text on the screen and returns its first cell's attributes; -1 = not there. */
static int attr_of(const Cells *cells, const char *text)
{
    for (int y = 0; y < cells->height; y++)
        for (int x = 0; x + (int)strlen(text) <= cells->width; x++) {
            size_t i = 0;
            while (text[i] != '\0' && cell_at(cells, y, x + (int)i)->ch == (uint32_t)text[i])
                i++;
            if (text[i] == '\0')
                return cell_at(cells, y, x)->attr;
        }
    return -1;
}

static void test_tokens_have_their_exits_colour(void **state)
{
    Scene *scene = *state;
    scene_demo(scene);
    scene->view.race_off = true; /* no ghost */
    Frame frame = new_frame();
    Cells cells;
    Layout layout;
    draw_at(scene, &frame, &cells, &layout, 140, 60, true);
    assert_int_equal(attr_of(&cells, "Every kept"), STYLE_EXIT | ATTR_DRAFTED);
    assert_int_equal(attr_of(&cells, "kept token"), (STYLE_EXIT + 1) | ATTR_DRAFTED);
    assert_int_equal(attr_of(&cells, "token is"), (STYLE_EXIT + 2) | ATTR_DRAFTED);
    assert_int_equal(attr_of(&cells, "target_"), STYLE_TEXT);
    assert_int_equal(attr_of(&cells, "several"), STYLE_EXIT | ATTR_DRAFTED | ATTR_BOLD);
    assert_int_equal(attr_of(&cells, "exits untrained"), STYLE_WARN);
    cells_close(&cells);
    strcpy(scene->view.ready.adapter, "coder.gguf");
    scene->view.ready.exits_trained = true;
    draw_at(scene, &frame, &cells, &layout, 140, 60, true);
    assert_int_equal(attr_of(&cells, "exits untrained"), -1);
    assert_int_not_equal(attr_of(&cells, "exits trained"), -1);
    assert_int_equal(attr_of(&cells, "**"), -1);
    assert_int_equal(attr_of(&cells, "[31m"), -1);
    cells_close(&cells);
}

static void test_markdown(void **state)
{
    Scene *scene = *state;
    scene_ready(scene);
    view_answer(&scene->view,
                "# Title\n"
                "plain **bold** and `code`, 2 ** 3, a*b\n"
                "1. first item that is long enough to wrap\n"
                "  - nested\n",
                "", false);
    view_answer(&scene->view, "```py\nx = **1**\n```\nend", "2 tok", false);
    view_user(&scene->view, "- as **typed**");
    Cells cells;
    assert_int_equal(cells_open(&cells, 41, 20, false), 0);
    pane_chat.draw(&scene->view, &cells, (Rect){0, 0, 20, 41}, false);
    char *text = cells_dump(&cells);
    assert_string_equal(text, "s2d> Title\n"
                              "plain bold and `code`, 2 ** 3, a*b\n"
                              "1. first item that is long enough to\n"
                              "   wrap\n"
                              "  - nested\n"
                              "\n"
                              "s2d>\n"
                              "+ py ------------------------------- #1\n"
                              "| x = **1**\n"
                              "+\n"
                              "end\n"
                              "  2 tok\n"
                              "\n"
                              "you> - as **typed**\n"
                              "\n\n\n\n\n\n");
    assert_true(attr_of(&cells, "bold") & ATTR_BOLD);
    assert_false(attr_of(&cells, "plain") & ATTR_BOLD);
    free(text);
    cells_close(&cells);
}

/* Two meanings of colours: who proposed a token, or what a piece of code is. The legend says which. */
static void test_colours_of_code(void **state)
{
    Scene *scene = *state;
    static const char *const words[] = {"So",     " `x`:\n",     "```",      "c\n",
                                        "return", " 42; /* a\n", "b */ x\n", "```\n"};
    scene_ready(scene);
    scene_say(scene, "x");
    scene_round(scene, words, 8, 0);
    Frame frame = new_frame();
    Cells cells;
    Layout layout;
    draw_at(scene, &frame, &cells, &layout, 100, 30, true);
    assert_int_equal(attr_of(&cells, "return") & 0xFF, STYLE_EXIT);
    assert_int_not_equal(attr_of(&cells, "BY EXIT e6 e12"), -1);
    assert_int_equal(attr_of(&cells, "e12 e18 e24 ng target"), (STYLE_EXIT + 1) | ATTR_DRAFTED);
    cells_close(&cells);
    view_next_colours(&scene->view);
    draw_at(scene, &frame, &cells, &layout, 100, 30, true);
    assert_int_equal(attr_of(&cells, "So `"), STYLE_TEXT);
    assert_int_equal(attr_of(&cells, "return"), STYLE_KEYWORD);
    assert_int_equal(attr_of(&cells, "42;"), STYLE_NUMBER);
    assert_int_equal(attr_of(&cells, "/* a"), STYLE_COMMENT);
    assert_int_equal(attr_of(&cells, "b */"), STYLE_COMMENT);
    assert_int_equal(attr_of(&cells, "BY EXIT"), -1);
    assert_int_not_equal(attr_of(&cells, " CODE keyword"), -1);
    assert_int_equal(attr_of(&cells, "comment number"), STYLE_COMMENT);
    cells_close(&cells);
}

/* Lines of the chat can be read, whatever room there is. */
static void test_lines_end_at_78(void **state)
{
    Scene *scene = *state;
    scene_ready(scene);
    for (int i = 0; i < 40; i++)
        scene_text(scene, "seven7 ", SOURCE_TARGET);
    Frame frame = new_frame();
    frame.hidden = ~0U;
    static const int widths[] = {100, 140, 200};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        Cells cells;
        Layout layout;
        draw_at(scene, &frame, &cells, &layout, widths[i], 30, true);
        for (int y = 2; y < layout.rule.y; y++)
            for (int x = 78; x < widths[i]; x++)
                assert_int_equal(cell_at(&cells, y, x)->ch, ' ');
        cells_close(&cells);
    }
}

/* 80 columns have room for the draft's name, whatever it takes. */
static void test_header_keeps_the_draft(void **state)
{
    Scene *scene = *state;
    scene_ready(scene);
    scene->view.draft_kept = true;
    Frame frame = new_frame();
    Cells cells;
    Layout layout;
    draw_at(scene, &frame, &cells, &layout, 80, 24, true);
    assert_int_not_equal(attr_of(&cells, "DRAFT 0.5b  "), -1);
    cells_close(&cells);
    strcpy(scene->view.ready.target, "qwen2.5-coder-1.5b-instruct");
    strcpy(scene->view.ready.draft, "qwen2.5-coder-0.5b-instruct");
    draw_at(scene, &frame, &cells, &layout, 80, 24, true);
    assert_int_not_equal(attr_of(&cells, "0.5b-instruct  "), -1);
    cells_close(&cells);
}

/* Only the mark that opened a block, as often, closes it. */
static void test_fences(void **state)
{
    Scene *scene = *state;
    scene_ready(scene);
    view_answer(&scene->view,
                "~~~py\nx = **1**\n```\n~~~\n"
                "````md\n```\n**2**\n```\n````\n"
                "```` **``` ````\n**end**",
                "", false);
    Cells cells;
    assert_int_equal(cells_open(&cells, 41, 14, false), 0);
    pane_chat.draw(&scene->view, &cells, (Rect){0, 0, 14, 41}, false);
    char *text = cells_dump(&cells);
    assert_string_equal(text, "s2d>\n"
                              "+ py ------------------------------- #1\n"
                              "| x = **1**\n"
                              "| ```\n"
                              "+\n"
                              "+ md ------------------------------- #2\n"
                              "| ```\n"
                              "| **2**\n"
                              "| ```\n"
                              "+\n"
                              "```` **``` ````\n"
                              "end\n"
                              "\n\n");
    free(text);
    cells_close(&cells);
}

static void test_scrolled_text_stands_still(void **state)
{
    Scene *scene = *state;
    scene_demo(scene);
    for (int i = 0; i < 30; i++)
        view_note(&scene->view, ITEM_NOTE, "a note");
    Frame frame = new_frame();
    Cells cells;
    Layout layout;
    Key page_up = {.code = KB_PAGE_UP};
    UiAction action;
    draw_at(scene, &frame, &cells, &layout, 100, 30, true);
    cells_close(&cells);
    assert_int_equal(pane_chat.key(&scene->view, &page_up, &action), PANE_TAKEN);
    draw_at(scene, &frame, &cells, &layout, 100, 30, true);
    Cell before = *cell_at(&cells, 5, 3);
    Cell row[50];
    memcpy(row, cell_at(&cells, 5, 0), sizeof row);
    cells_close(&cells);
    assert_int_equal(scene->view.scroll, 10);
    view_note(&scene->view, ITEM_ERROR, "one more\nand another");
    draw_at(scene, &frame, &cells, &layout, 100, 30, true);
    assert_int_equal(scene->view.scroll, 12);
    assert_memory_equal(row, cell_at(&cells, 5, 0), sizeof row);
    assert_int_equal(before.ch, cell_at(&cells, 5, 3)->ch);
    cells_close(&cells);
    /* Past the beginning there is nothing. */
    scene->view.scroll = 1 << 20;
    draw_at(scene, &frame, &cells, &layout, 100, 30, true);
    assert_true(scene->view.scroll < 200);
    assert_int_equal(attr_of(&cells, "you> "), STYLE_USER | ATTR_BOLD);
    cells_close(&cells);
}

static void test_long_input(void **state)
{
    Scene *scene = *state;
    scene_ready(scene);
    enum { BYTES = 300000 };
    char *paste = malloc(BYTES + 1);
    assert_non_null(paste);
    for (int i = 0; i < BYTES; i++)
        paste[i] = i % 61 == 60 ? '\n' : (char)('a' + i % 26);
    paste[BYTES] = '\0';
    Frame frame = new_frame();
    frame.line = paste;
    frame.line_bytes = BYTES;
    static const size_t points[] = {0, 1, 61, BYTES / 2, BYTES};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        Cells cells;
        Layout layout;
        frame.point = points[i];
        draw_at(scene, &frame, &cells, &layout, 80, 24, true);
        assert_int_equal(layout.input.height, INPUT_ROWS);
        assert_true(cells.cursor_y >= layout.input.y &&
                    cells.cursor_y < layout.input.y + layout.input.height);
        cells_close(&cells);
    }
    free(paste);
}

static void test_cursor_by_width(void **state)
{
    Scene *scene = *state;
    scene_ready(scene);
    Frame frame = new_frame();
    Cells cells;
    Layout layout;
    frame.line = "a\u65e5\u672ce\u0301\tz";
    frame.line_bytes = frame.point = strlen(frame.line);
    draw_at(scene, &frame, &cells, &layout, 80, 24, true);
    assert_int_equal(cells.cursor_x, 2 + 1 + 4 + 1 + 2 + 1);
    cells_close(&cells);
}

/* The target's own token stands behind the accepted path; what it refused is a "no". */
static void test_tree_tells_what_became_of_nodes(void **state)
{
    Scene *scene = *state;
    static const char *const words[] = {" yes", " indeed"};
    scene_ready(scene);
    scene_say(scene, "x");
    scene_round(scene, words, 2, 3);
    Cells cells;
    assert_int_equal(cells_open(&cells, 60, 8, false), 0);
    pane_tree.draw(&scene->view, &cells, (Rect){0, 0, 8, 60}, false);
    char *text = cells_dump(&cells);
    assert_non_null(strstr(text, "ROUND 1  drafted 4  accepted 1 +1"));
    char *yes = strstr(text, "' yes'"), *fix = strstr(text, "> ' indeed' target\n");
    assert_non_null(yes);
    assert_non_null(strstr(yes, "ok\n"));
    assert_non_null(fix);
    assert_true(fix > yes);
    assert_non_null(strstr(fix, "no\n"));
    free(text);
    cells_close(&cells);
}

static void test_copies_show_where_a_device_makes_them(void **state)
{
    Scene *scene = *state;
    char text[128];
    scene_demo(scene);
    pane_speed.title(&scene->view, text, sizeof text);
    assert_null(strstr(text, "copies"));
    scene->view.stats.back_copies = 5; /* in one round */
    pane_speed.title(&scene->view, text, sizeof text);
    assert_non_null(strstr(text, "5.0 copies/round"));
}

static void test_sliders_make_actions(void **state)
{
    Scene *scene = *state;
    UiAction action = {0};
    Key up = {.code = KB_TEXT, .n = 1, .bytes = "]"},
        down = {.code = KB_TEXT, .n = 1, .bytes = "["};
    Key next = {.code = KB_TEXT, .n = 1, .bytes = "."},
        other = {.code = KB_TEXT, .n = 1, .bytes = "q"};
    assert_int_equal(pane_thresholds.key(&scene->view, &up, &action),
                     PANE_IGNORED); /* no exits yet */
    scene_ready(scene);
    assert_int_equal(pane_thresholds.key(&scene->view, &up, &action), PANE_ACTION);
    assert_int_equal(action.type, UI_THRESHOLDS);
    assert_int_equal(action.n_thresholds, 4);
    assert_float_equal(action.thresholds[0], 0.75, 1e-6);
    assert_float_equal(action.thresholds[1], 0.55, 1e-6);
    assert_int_equal(pane_thresholds.key(&scene->view, &next, &action), PANE_TAKEN);
    for (int i = 0; i < 30; i++)
        assert_int_equal(pane_thresholds.key(&scene->view, &down, &action), PANE_ACTION);
    assert_float_equal(action.thresholds[1], 0, 1e-6);
    assert_int_equal(pane_thresholds.key(&scene->view, &other, &action), PANE_IGNORED);
}

static void test_automatic_thresholds(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    UiAction action = {0};
    Key a = {.code = KB_TEXT, .n = 1, .bytes = "a"}, up = {.code = KB_TEXT, .n = 1, .bytes = "]"};
    char text[64];
    scene_ready(scene);
    assert_int_equal(pane_thresholds.key(view, &a, &action), PANE_ACTION);
    assert_true(action.type == UI_AUTO && action.on);
    pane_thresholds.title(view, text, sizeof text);
    assert_string_equal(text, "THRESHOLDS  profile [ ] adjust  a auto"); /* nothing was said yet */
    view->ready.auto_thresholds = true;
    pane_thresholds.title(view, text, sizeof text);
    assert_string_equal(text, "THRESHOLDS  auto  [ ] adjust  a stop");
    assert_int_equal(pane_thresholds.key(view, &a, &action), PANE_ACTION);
    assert_true(action.type == UI_AUTO && !action.on);
    assert_int_equal(pane_thresholds.key(view, &up, &action), PANE_ACTION);
    assert_int_equal(action.type, UI_THRESHOLDS);
}

/* From 85 % on, in words, however narrow the header is. */
static void test_context_gauge(void **state)
{
    Scene *scene = *state;
    static const struct {
        int used, width;
        bool warns;
    } cases[] = {{3400, 120, false}, {3482, 120, true}, {4000, 60, true}, {4000, 200, true}};
    scene_demo(scene);
    Frame frame = new_frame();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Cells cells;
        Layout layout;
        char full[16];
        scene->view.ctx_used = cases[i].used;
        snprintf(full, sizeof full, "%.0f%% FULL", 100.0 * cases[i].used / 4096);
        draw_at(scene, &frame, &cells, &layout, cases[i].width, 24, true);
        int attr = attr_of(&cells, full);
        assert_true((attr != -1) == cases[i].warns);
        if (cases[i].warns)
            assert_int_equal(attr & 0xFF, STYLE_WARN);
        cells_close(&cells);
    }
}

/* A key is one thing's, and both footer and help name it. */
static void test_function_keys(void **state)
{
    Scene *scene = *state;
    scene_ready(scene);
    for (int id = 0; id < PANE_COUNT; id++) {
        const FunctionKey *key = &pane_get((PaneId)id)->function;
        if (key->number != 0)
            assert_ptr_equal(shortcut_key(key->number), key);
    }
    Frame frame = new_frame();
    Cells cells;
    Layout layout;
    frame.overlay = OVERLAY_HELP;
    draw_at(scene, &frame, &cells, &layout, 140, 60, true);
    for (int number = 1; number <= SHORTCUT_MOST; number++) {
        const FunctionKey *key = shortcut_key(number);
        char text[32];
        if (key == NULL)
            continue;
        snprintf(text, sizeof text, " F%d%s", number, key->label);
        assert_int_not_equal(attr_of(&cells, text), -1);
        if (key->help != NULL)
            assert_int_not_equal(attr_of(&cells, key->help), -1);
    }
    cells_close(&cells);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    write_goldens = argc > 1 && strcmp(argv[1], "write") == 0;
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        TEST(test_any_size),
        TEST(test_borders_stand),
        TEST(test_tokens_have_their_exits_colour),
        TEST(test_markdown),
        TEST(test_fences),
        TEST(test_colours_of_code),
        TEST(test_lines_end_at_78),
        TEST(test_header_keeps_the_draft),
        TEST(test_scrolled_text_stands_still),
        TEST(test_long_input),
        TEST(test_cursor_by_width),
        TEST(test_tree_tells_what_became_of_nodes),
        TEST(test_copies_show_where_a_device_makes_them),
        TEST(test_sliders_make_actions),
        TEST(test_automatic_thresholds),
        TEST(test_context_gauge),
        TEST(test_function_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
