/* pane_thresholds.c - a slider per exit: the confidence from which a draft token is taken there.
 *
 * Moving one makes an action for the app at once; until a READY or ROUND carries the new values,
 * the title says that they wait for the next round. While they are automatic, the engine's events
 * move them.
 */
#include "ui/panes/pane.h"

#include <math.h>
#include <stdio.h>

#include "ui/sliders.h"

#define ADJUST_KEYS "[ ] adjust" /* in the title */

static int column_count(int width)
{
    return width >= 36 ? 2 : 1;
}

static int thresholds_rows(const View *view, int columns)
{
    int per_row = column_count(columns), rows = (view->ready.n_exits + per_row - 1) / per_row;
    return rows < 1 ? 1 : rows > 4 ? 4 : rows;
}

static void thresholds_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    int n = view->ready.n_exits, per_row = column_count(rect.width);
    int column_width = rect.width / per_row;
    char value[8];
    if (n == 0)
        cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM, "this drafter has no exits");
    for (int i = 0; i < n && i / per_row < rect.height; i++) {
        int y = rect.y + i / per_row, x = rect.x + i % per_row * column_width;
        bool selected = focused && i == view->slider;
        char exit[12];
        cells_print(cells, y, x, 4, (STYLE_EXIT + i) | ATTR_BOLD, "%s",
                    pane_exit_name(view, view->ready.exits[i], exit));
        cells_print(cells, y, x + 4, 4, selected ? STYLE_TEXT | ATTR_BOLD : STYLE_TEXT, "%s",
                    pane_fraction(view->wanted[i], value));
        int track = column_width - 8 - 2 - 2; /* between the ends */
        if (track < 3)
            continue;
        int knob = (int)lroundf(view->wanted[i] * (float)(track - 1));
        knob = knob < 0 ? 0 : knob >= track ? track - 1 : knob;
        cells_glyph(cells, y, x + 8, cells->unicode ? GLYPH_TEE_RIGHT : GLYPH_VERTICAL, STYLE_DIM);
        for (int c = 0; c < track; c++)
            cells_glyph(cells, y, x + 9 + c, GLYPH_TRACK, STYLE_DIM);
        cells_glyph(cells, y, x + 9 + track, cells->unicode ? GLYPH_TEE_LEFT : GLYPH_VERTICAL,
                    STYLE_DIM);
        cells_glyph(cells, y, x + 9 + knob, GLYPH_KNOB, (STYLE_EXIT + i) | ATTR_BOLD);
        if (selected)
            cells_mark(cells, y, x, column_width - 2, ATTR_REVERSE);
    }
}

static void thresholds_title(const View *view, char *out, size_t bytes)
{
    snprintf(out, bytes, "THRESHOLDS  %s",
             view->adjusted                ? "!from the next round on"
             : view->ready.auto_thresholds ? "auto  " ADJUST_KEYS "  a stop"
                                           : ADJUST_KEYS "  a auto");
}

static PaneKey thresholds_key(View *view, const Key *key, UiAction *action)
{
    int n = view->ready.n_exits;
    char ch = key->code == KB_TEXT ? key->bytes[0] : '\0';
    if (n == 0 || n > EXITS_MAX)
        return PANE_IGNORED;
    int select = ch == ',' || key->code == KB_LEFT || key->code == KB_UP      ? -1
                 : ch == '.' || key->code == KB_RIGHT || key->code == KB_DOWN ? 1
                                                                              : 0;
    if (select != 0) {
        sliders_select(view, select);
        return PANE_TAKEN;
    }
    if (ch == 'a') {
        *action = (UiAction){.type = UI_AUTO, .on = !view->ready.auto_thresholds};
        return PANE_ACTION;
    }
    if (ch != '[' && ch != ']')
        return PANE_IGNORED;
    sliders_step(view, ch == ']' ? 1 : -1, 20, action);
    return PANE_ACTION;
}

const Pane pane_thresholds = {
    .wish = {.place = PLACE_RIGHT, .priority = 3},
    .rows = thresholds_rows,
    .tab = "TAU",
    .title = thresholds_title,
    .draw = thresholds_draw,
    .key = thresholds_key,
};
