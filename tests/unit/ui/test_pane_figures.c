/* test_pane_figures.c - what panes draw of figures at any width: whole, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/scene.h"
#include "ui/panes/pane.h"

/* Row y as text; free it. */
static char *row_of(const Cells *cells, int y)
{
    char *all = cells_dump(cells), *at = all;
    for (; y > 0; y--)
        at = strchr(at, '\n') + 1;
    char *row = strndup(at, strcspn(at, "\n"));
    free(all);
    return row;
}

/* At any width a share is there whole or not at all, and those of no room are the smallest. */
static void test_shares_are_never_cut(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    scene_ready(scene);
    scene_say(scene, "x");
    view->n_rounds = 30;
    view->accepted = 70;
    view->accepted_by[0] = 31;
    view->accepted_by[1] = 2;
    view->accepted_by[2] = 1;
    view->accepted_by[3] = 1;
    view->accepted_by[VIEW_BY_NO_MODEL] = 35;
    for (int width = 8; width < 80; width++) {
        Cells cells;
        assert_int_equal(cells_open(&cells, width, 2, true), 0);
        pane_exits.draw(view, &cells, (Rect){0, 0, 2, width}, false);
        char *row = row_of(&cells, 1);
        int signs = 0;
        for (const char *c = row; *c; c++) {
            if (*c != '%')
                continue;
            const char *from = c;
            while (from > row && isdigit((unsigned char)from[-1]))
                from--;
            int share = atoi(from);
            signs++;
            if (from == row || from[-1] != ' ' ||
                (share != 31 && share != 2 && share != 1 && share != 30 && share != 35))
                fail_msg("%d columns: %s", width, row);
        }
        if (width >= 24 && !strstr(row, "35%"))
            fail_msg("%d columns: %s", width, row);
        if (strpbrk(row, "0123456789") && signs == 0)
            fail_msg("%d columns, half a figure: %s", width, row);
        free(row);
        cells_close(&cells);
    }
}

/* So for gain, plain and stages; a title's parts are whole as well. */
static void test_speed_is_never_cut(void **state)
{
    Scene *scene = *state;
    scene_demo(scene);
    scene->view.stats.gain_low = 1.3f;
    scene->view.stats.gain_high = 1.9f;
    for (int width = 20; width < 80; width++) {
        Cells cells;
        assert_int_equal(cells_open(&cells, width, 2, true), 0);
        pane_speed.draw(&scene->view, &cells, (Rect){0, 0, 2, width}, false);
        char *plain = row_of(&cells, 0), *stages = row_of(&cells, 1);
        size_t n = strlen(plain);
        if (strstr(plain, " x") && strcmp(plain + n - 8, "x1.3-1.9") != 0)
            fail_msg("%d columns: %s", width, plain);
        if (strstr(plain, "plain") && !strstr(plain, "plain 40.0"))
            fail_msg("%d columns: %s", width, plain);
        if (strpbrk(stages, "0123456789") && stages[strlen(stages) - 1] != '%')
            fail_msg("%d columns: %s", width, stages);
        free(plain);
        free(stages);
        cells_close(&cells);
    }
}

static void test_sliders_differ_where_values_do(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    char before[256] = "";
    scene_ready(scene);
    for (int step = 0; step <= 20; step++) {
        Cells cells;
        view->wanted[0] = (float)step / 20;
        assert_int_equal(cells_open(&cells, 38, 2, true), 0);
        pane_thresholds.draw(view, &cells, (Rect){0, 0, 2, 38}, true);
        char *row = row_of(&cells, 0);
        const char *slider = strstr(row, "\u251c");
        assert_non_null(slider);
        assert_string_not_equal(slider, before);
        snprintf(before, sizeof before, "%s", slider);
        /* The selected one is marked, and its bar is as it was. */
        assert_true(cells.cells[0].attr & ATTR_REVERSE);
        for (int x = 8; x < 38; x++)
            assert_false(cells.cells[x].attr & ATTR_REVERSE);
        free(row);
        cells_close(&cells);
    }
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_shares_are_never_cut),
        TEST(test_speed_is_never_cut),
        TEST(test_sliders_differ_where_values_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
