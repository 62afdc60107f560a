/* test_layout.c - panes at every size: within the window, never over each other, the right ones
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ui/layout.h"
#include "ui/panes/pane.h"

enum { MOST = 240 };

/* The panes there are, in a window of this size, for a draft with that many exits. */
static void make(Layout *layout, int width, int height, int input_rows, int n_exits, PaneId front)
{
    View view = {.ready.n_exits = n_exits};
    PaneWish wishes[PANE_COUNT];
    pane_wishes(&view, width, wishes);
    layout_make(layout, width, height, input_rows, wishes, front);
}

/* Marks a rectangle's cells as taken; fails when one lies outside or is taken already. */
static void take(char *grid, const Layout *layout, Rect rect)
{
    if (rect.width == 0 || rect.height == 0)
        return;
    assert_true(rect.x >= 0 && rect.y >= 0 && rect.width > 0 && rect.height > 0);
    assert_true(rect.x + rect.width <= layout->width);
    assert_true(rect.y + rect.height <= layout->height);
    for (int y = rect.y; y < rect.y + rect.height; y++)
        for (int x = rect.x; x < rect.x + rect.width; x++) {
            assert_int_equal(grid[y * MOST + x], 0);
            grid[y * MOST + x] = 1;
        }
}

static void check(int width, int height, int input_rows, int n_exits, PaneId front)
{
    static char grid[MOST * MOST];
    Layout layout;
    memset(grid, 0, sizeof grid);
    make(&layout, width, height, input_rows, n_exits, front);
    take(grid, &layout, layout.header);
    take(grid, &layout, layout.figures);
    take(grid, &layout, layout.input);
    take(grid, &layout, layout.status);
    take(grid, &layout, layout.keys);
    take(grid, &layout, layout.rule);
    for (int pane = 0; pane < PANE_COUNT; pane++) {
        take(grid, &layout, layout.panes[pane]);
        take(grid, &layout, layout.titles[pane]);
    }
    if (layout.mode == LAYOUT_MESSAGE)
        return;
    assert_true(layout.input.height >= 1);
    assert_true(layout.panes[PANE_CHAT].height >= 3);
    if (layout.mode == LAYOUT_FULL)
        assert_true(layout.panes[PANE_TREE].height >= 4);
    /* Every row belongs to something. */
    for (int y = 0; y < height; y++)
        assert_non_null(memchr(grid + y * MOST, 1, MOST));
}

static void test_nothing_overlaps_at_any_size(void **state)
{
    (void)state;
    for (int width = 1; width < MOST; width += width < 85 ? 1 : 13)
        for (int height = 1; height < 70; height++)
            for (int input_rows = 1; input_rows < 30; input_rows += 5)
                check(width, height, input_rows, 4, (PaneId)(height % PANE_COUNT));
}

static void test_nothing_overlaps_with_any_exits(void **state)
{
    (void)state;
    for (int n_exits = 0; n_exits <= 8; n_exits++)
        for (int front = 0; front < PANE_COUNT; front++)
            for (int height = 15; height < 40; height++) {
                check(60, height, 1, n_exits, (PaneId)front);
                check(80, height, 1, n_exits, (PaneId)front);
                check(100, height, 6, n_exits, (PaneId)front);
            }
}

/* Three columns from 140 on: chat, the round's panes, those of speed and settings. */
static void test_three_columns(void **state)
{
    (void)state;
    static const int widths[] = {140, 141, 160, 200, 239};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        Layout layout;
        make(&layout, widths[i], 45, 1, 4, PANE_TREE);
        assert_true(layout.third_x > layout.divider_x && layout.divider_x > 0);
        assert_true(layout.divider_x <= 80);
        for (int pane = 0; pane < PANE_COUNT; pane++) {
            const PaneWish *wish = &pane_get((PaneId)pane)->wish;
            if (wish->place != PLACE_RIGHT)
                continue;
            assert_int_equal(layout.titles[pane].x,
                             wish->third ? layout.third_x : layout.divider_x);
            assert_int_equal(layout.panes[pane].width, layout_pane_columns(widths[i]));
            assert_true(layout.panes[pane].width >= 37);
        }
    }
    Layout layout;
    make(&layout, 139, 45, 1, 4, PANE_TREE);
    assert_int_equal(layout.third_x, -1);
}

/* Whatever is hidden or zoomed, nothing overlaps, no row is lost, and the chat is there. */
static void test_hidden_and_zoomed(void **state)
{
    (void)state;
    static const int sizes[][2] = {{200, 50}, {140, 24}, {100, 30}, {80, 15}, {70, 20}, {50, 10}};
    View view = {.ready.n_exits = 4};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned hidden = 0; hidden < 1U << PANE_COUNT; hidden++)
            for (int zoom = 0; zoom < PANE_COUNT; zoom++) {
                static char grid[MOST * MOST];
                PaneWish wishes[PANE_COUNT];
                Layout layout;
                pane_wishes(&view, sizes[i][0], wishes);
                for (int pane = 0; pane < PANE_COUNT; pane++)
                    wishes[pane].hidden = (hidden >> pane & 1) != 0;
                wishes[zoom].zoomed = true;
                layout_make(&layout, sizes[i][0], sizes[i][1], 1, wishes, PANE_SPEED);
                memset(grid, 0, sizeof grid);
                bool alone = wishes[zoom].place == PLACE_RIGHT && !wishes[zoom].hidden;
                for (int pane = 0; pane < PANE_COUNT; pane++) {
                    bool right = wishes[pane].place == PLACE_RIGHT;
                    take(grid, &layout, layout.panes[pane]);
                    take(grid, &layout, layout.titles[pane]);
                    if (right && (wishes[pane].hidden || (alone && pane != zoom)))
                        assert_false(layout_shows(&layout, (PaneId)pane));
                }
                assert_true(layout.panes[PANE_CHAT].height >= 3);
                if (alone && layout.mode != LAYOUT_SMALL)
                    assert_true(layout_shows(&layout, (PaneId)zoom));
            }
}

static void test_modes(void **state)
{
    (void)state;
    static const struct {
        int width, height;
        LayoutMode mode;
    } cases[] = {
        {100, 30, LAYOUT_FULL},  {80, 24, LAYOUT_FULL},   {80, 15, LAYOUT_FULL},
        {79, 24, LAYOUT_TABS},   {60, 15, LAYOUT_TABS},   {59, 15, LAYOUT_SMALL},
        {60, 14, LAYOUT_SMALL},  {200, 14, LAYOUT_SMALL}, {40, 8, LAYOUT_SMALL},
        {39, 8, LAYOUT_MESSAGE}, {40, 7, LAYOUT_MESSAGE}, {1, 1, LAYOUT_MESSAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Layout layout;
        make(&layout, cases[i].width, cases[i].height, 1, 4, PANE_TREE);
        assert_int_equal(layout.mode, cases[i].mode);
    }
}

static void test_all_panes_at_100x30(void **state)
{
    (void)state;
    Layout layout;
    make(&layout, 100, 30, 1, 4, PANE_TREE);
    for (int pane = 0; pane < PANE_COUNT; pane++)
        assert_int_equal(layout_shows(&layout, (PaneId)pane),
                         pane_get((PaneId)pane)->wish.priority >= 0);
    assert_true(layout.panes[PANE_TREE].height >= 7);
    assert_int_equal(layout.panes[PANE_THRESHOLDS].height, 2);
}

/* Where rows are short some panes go, but never the one that was asked for. */
static void test_front_pane_is_seen(void **state)
{
    (void)state;
    for (int height = 16; height < 40; height++)
        for (int front = 0; front < PANE_COUNT; front++) {
            Layout layout;
            make(&layout, 100, height, 1, 4, (PaneId)front);
            assert_true(layout_shows(&layout, (PaneId)front));
            make(&layout, 70, height, 1, 4, (PaneId)front);
            assert_true(layout_shows(&layout, (PaneId)front));
        }
}

/* Where rows are short, a pane is left out for those of a higher priority and for smaller ones. */
static void test_low_priority_goes_first(void **state)
{
    (void)state;
    View view = {.ready.n_exits = 4};
    PaneWish wishes[PANE_COUNT];
    pane_wishes(&view, 80, wishes);
    for (int height = 15; height < 40; height++) {
        Layout layout;
        layout_make(&layout, 80, height, 1, wishes, PANE_CHAT);
        for (int out = 0; out < PANE_COUNT; out++)
            for (int in = 0; in < PANE_COUNT && !layout_shows(&layout, (PaneId)out); in++)
                if (layout_shows(&layout, (PaneId)in) && !wishes[in].grows)
                    assert_true(wishes[in].priority > wishes[out].priority ||
                                wishes[in].rows < wishes[out].rows);
    }
}

/* All the window but what is needed to type and to see what happens. */
static void test_one_pane_alone(void **state)
{
    (void)state;
    for (int width = 1; width < 200; width += 13)
        for (int height = 1; height < 60; height += 3)
            for (int rows = 1; rows < 8; rows += 3) {
                Layout layout = {.width = -1};
                bool fits = layout_alone(&layout, width, height, rows, PANE_CHAT);
                assert_int_equal(fits, width >= 40 && height >= 8);
                if (!fits) {
                    assert_int_equal(layout.width, -1);
                    continue;
                }
                Rect pane = layout.panes[PANE_CHAT];
                assert_true(pane.y == 0 && pane.x == 0 && pane.width == width);
                assert_true(pane.height > 0 && layout.input.height >= 1);
                assert_int_equal(pane.height + layout.status.height + layout.input.height, height);
                assert_int_equal(layout.status.y, pane.height);
                assert_int_equal(layout.input.y, pane.height + 1);
                for (int id = 0; id < PANE_COUNT; id++)
                    assert_int_equal(layout_shows(&layout, (PaneId)id), id == PANE_CHAT);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_overlaps_at_any_size),
        cmocka_unit_test(test_nothing_overlaps_with_any_exits),
        cmocka_unit_test(test_three_columns),
        cmocka_unit_test(test_hidden_and_zoomed),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_all_panes_at_100x30),
        cmocka_unit_test(test_front_pane_is_seen),
        cmocka_unit_test(test_low_priority_goes_first),
        cmocka_unit_test(test_one_pane_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
