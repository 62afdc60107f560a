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

/* A bar up to the value, in eighths of a column: other values, other bars. Where there are no eighths
 * a knob tells as much as it can. */
static void draw_knob(Cells *cells, int y, int x, int track, float value, int attr)
{
    int knob = (int)lroundf(value * (float)(track - 1));
    knob = knob < 0 ? 0 : knob >= track ? track - 1 : knob;
    if (cells->unicode)
        cells_bar(cells, y, x, track, value, attr & ~ATTR_BOLD);
    else
        cells_glyph(cells, y, x + knob, GLYPH_KNOB, attr);
}

static void thresholds_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    int n = view->ready.n_exits, per_row = column_count(rect.width);
    int column_width = rect.width / per_row;
    char value[8];
    if (n == 0)
        cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM,
                    view->state == VIEW_STARTING ? "not loaded yet" : "this drafter has no exits");
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
        cells_glyph(cells, y, x + 8, cells->unicode ? GLYPH_TEE_RIGHT : GLYPH_VERTICAL, STYLE_DIM);
        for (int c = 0; c < track; c++)
            cells_glyph(cells, y, x + 9 + c, GLYPH_TRACK, STYLE_DIM);
        cells_glyph(cells, y, x + 9 + track, cells->unicode ? GLYPH_TEE_LEFT : GLYPH_VERTICAL,
                    STYLE_DIM);
        draw_knob(cells, y, x + 9, track, view->wanted[i], (STYLE_EXIT + i) | ATTR_BOLD);
        if (selected)
            cells_mark(cells, y, x, 7, ATTR_REVERSE);
    }
}

static void thresholds_title(const View *view, char *out, size_t bytes)
{
    static const char *const from[] = {[THRESHOLDS_PROFILE] = "profile",
                                       [THRESHOLDS_TUNED] = "tuned",
                                       [THRESHOLDS_HAND] = "by hand",
                                       [THRESHOLDS_AUTO] = "by auto"};
    const EventReady *ready = &view->ready;
    if (ready->n_exits == 0)
        snprintf(out, bytes, "THRESHOLDS");
    else if (view->adjusted)
        snprintf(out, bytes, "THRESHOLDS  !from the next round on");
    else if (ready->auto_thresholds)
        snprintf(out, bytes, "THRESHOLDS  auto  " ADJUST_KEYS "  a stop");
    else
        snprintf(out, bytes, "THRESHOLDS  %s " ADJUST_KEYS "  a auto",
                 from[ready->thresholds_from]);
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
    .wish = {.place = PLACE_RIGHT, .third = true, .priority = 3},
    .rows = thresholds_rows,
    .tab = "TAU",
    .title = thresholds_title,
    .draw = thresholds_draw,
    .key = thresholds_key,
};
