/* test_chat_search.c - text is found in the chat, marked, and brought into sight. */
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
#include "ui/panes/chat_items.h"
#include "ui/panes/pane.h"

enum { WIDTH = 31, ROWS = 12 };

static size_t find(const char *pattern, const char *text, size_t from)
{
    size_t length, n = strlen(text), at = search_find(pattern, text, n, from, &length);
    assert_true(at == n ? length == 0 : at + length <= n && length > 0);
    return at;
}

static void text_is_found_in_text(void **state)
{
    (void)state;
    assert_int_equal(find("b", "abcb", 0), 1);
    assert_int_equal(find("b", "abcb", 2), 3);
    assert_int_equal(find("x", "abcb", 0), 4);
    assert_int_equal(find("", "abcb", 0), 4);
    assert_int_equal(find("abcbx", "abcb", 0), 4);
    assert_int_equal(find("tree", "The TREE", 0), 4);
    assert_int_equal(find("Tree", "tree TREE Tree", 0), 10); /* a capital letter counts */
    assert_int_equal(find("\u00e4\u03c9", "\u00c4\u03a9", 0), 0);
    assert_int_equal(find("\u00c4", "\u00e4\u00c4", 0), 2);
    assert_int_equal(find("\u65e5", "a\u65e5", 0), 1);
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

/* The chat's text as it stands there; free it. */
static char *draw(Scene *scene, Cells *cells)
{
    assert_int_equal(cells_open(cells, WIDTH, ROWS, false), 0);
    pane_chat.draw(&scene->view, cells, (Rect){0, 0, ROWS, WIDTH}, true);
    return cells_dump(cells);
}

static void redraw(Scene *scene)
{
    Cells cells;
    free(draw(scene, &cells));
    cells_close(&cells);
}

/* Marked cells of the screen as text, each behind a mark: "!" in the current hit, "." in others. */
static void marked(Scene *scene, char *out, size_t bytes)
{
    Cells cells;
    size_t n = 0;
    free(draw(scene, &cells));
    for (int i = 0; i < WIDTH * ROWS; i++) {
        const Cell *cell = &cells.cells[i];
        if (!(cell->attr & ATTR_REVERSE) || n + 4 >= bytes)
            continue;
        bool current = (cell->attr & 0xFF) == STYLE_WARN;
        out[n++] = current ? '!' : '.';
        out[n++] = (char)cell->ch;
    }
    out[n] = '\0';
    cells_close(&cells);
}

/* A chat of 40 answers, each of them two rows and a gap, the needle in every tenth. */
static void fill(Scene *scene)
{
    for (int i = 0; i < 40; i++) {
        char text[64];
        snprintf(text, sizeof text, "answer %d%s\nmore", i, i % 10 == 5 ? " **nee**dle" : "");
        view_answer(&scene->view, text, "", false);
    }
    redraw(scene);
}

static int search(Scene *scene, const char *pattern, int by, bool *around)
{
    if (pattern != NULL) {
        strcpy(scene->view.search.pattern, pattern);
        scene->view.search.hit = -1;
    }
    return chat_search(&scene->view, by, scene->view.scroll, around);
}

static void assert_in_sight(Scene *scene, const char *text)
{
    Cells cells;
    char *shown = draw(scene, &cells);
    if (strstr(shown, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, shown);
    free(shown);
    cells_close(&cells);
}

static void hits_come_into_sight(void **state)
{
    Scene *scene = *state;
    bool around;
    fill(scene);
    assert_int_equal(search(scene, "needle", -1, &around), 4); /* across its markup */
    assert_false(around);
    assert_int_equal(scene->view.search.number, 4);
    assert_in_sight(scene, "answer 35 needle");
    assert_int_equal(search(scene, NULL, -1, &around), 4);
    assert_in_sight(scene, "answer 25 needle");
    search(scene, NULL, -1, &around);
    search(scene, NULL, -1, &around);
    assert_in_sight(scene, "answer 5 needle");
    assert_false(around);
    search(scene, NULL, -1, &around); /* around the end */
    assert_true(around);
    assert_in_sight(scene, "answer 35 needle");
    search(scene, NULL, 1, &around);
    assert_true(around);
    assert_int_equal(scene->view.search.number, 1);
    search(scene, NULL, 1, &around);
    assert_false(around);
    assert_in_sight(scene, "answer 15 needle");
    /* From a chat that is scrolled: upwards from what is in sight. */
    search(scene, "answer 1", -1, &around);
    assert_in_sight(scene, "answer 1");
    /* Below alone: that one. */
    scene->view.scroll = scene->view.chat_lines;
    redraw(scene);
    search(scene, "answer 39", -1, &around);
    assert_in_sight(scene, "answer 39");
}

static void what_is_not_there_moves_nothing(void **state)
{
    Scene *scene = *state;
    bool around;
    fill(scene);
    scene->view.scroll = 7;
    redraw(scene);
    assert_int_equal(search(scene, "nowhere", -1, &around), 0);
    assert_int_equal(scene->view.scroll, 7);
    assert_false(around);
    view_clear(&scene->view);
    assert_int_equal(search(scene, "answer", -1, &around), 0);
}

static void hits_are_marked_and_one_apart(void **state)
{
    Scene *scene = *state;
    char text[256];
    bool around;
    view_user(&scene->view, "ab xx ab");
    view_command(&scene->view, "/search ab"); /* is no place of it */
    view_answer(&scene->view, "- `ab`\n```\nxab\n```\nlong words up to here and ab ab", "", false);
    redraw(scene);
    assert_int_equal(search(scene, "ab", -1, &around), 6);
    marked(scene, text, sizeof text);
    assert_string_equal(text, ".a.b.a.b.a.b.a.b.a.b!a!b");
    search(scene, NULL, -1, &around);
    search(scene, NULL, -1, &around);
    marked(scene, text, sizeof text);
    assert_string_equal(text, ".a.b.a.b.a.b!a!b.a.b.a.b");
    /* It is the same hit while the chat grows. */
    scene_say(scene, "another ab");
    marked(scene, text, sizeof text);
    assert_string_equal(text, ".a.b!a!b.a.b.a.b.a.b"); /* the first rows are out of sight */
    scene->view.search.shown = false;
    marked(scene, text, sizeof text);
    assert_string_equal(text, "");
}

/* A hit may be wrapped, at a blank of its own too. */
static void hits_run_over_the_end_of_a_row(void **state)
{
    Scene *scene = *state;
    char text[256];
    bool around;
    view_answer(&scene->view, "0123456789 0123456789 one two three", "", false);
    redraw(scene);
    assert_int_equal(search(scene, "one two", -1, &around), 1);
    marked(scene, text, sizeof text);
    assert_string_equal(text, "!o!n!e!t!w!o");
    assert_int_equal(search(scene, " two", -1, &around), 1);
    marked(scene, text, sizeof text);
    assert_string_equal(text, "!t!w!o");
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_found_in_text), SCENE(hits_come_into_sight),
        SCENE(what_is_not_there_moves_nothing),  SCENE(hits_are_marked_and_one_apart),
        SCENE(hits_run_over_the_end_of_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
