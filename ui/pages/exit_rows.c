/* exit_rows.c - a row for each exit: its slider, how right it was when it was so sure, and what a step
 * would bring; and, under the slider, what it rests on.
 */
#include <math.h>
#include <stdio.h>

#include "ui/pages/page_tune.h"

enum {
    NAME_COLUMNS = 4,
    VALUE_COLUMNS = 5,
    TRACK_X = NAME_COLUMNS + VALUE_COLUMNS + 1, /* behind the slider's end */
    RIGHT_COLUMNS = 14,                         /* "97 % of 41234" */
    STEP_COLUMNS = 12,                          /* ".65 +12.1 %" */
};

/* ---- forecasts ---- */

/* Is the forecast one of what acts? */
static bool holds(const View *view)
{
    const EventForecast *f = &view->forecast;
    bool same = f->places > 0 && f->speed > 0 && f->n_exits == view->ready.n_exits;
    for (int i = 0; i < f->n_exits && same; i++) {
        float acts = f->moved ? f->best[i] : f->thresholds[i];
        same = fabsf(acts - view->wanted[i]) < 0.005f;
    }
    return same && !f->moved;
}

static void draw_step(Cells *cells, int y, int x, float value, float speed, float now)
{
    char at[8];
    if (speed <= 0) {
        cells_print(cells, y, x, STEP_COLUMNS, STYLE_DIM, "-");
        return;
    }
    double percent = 100 * ((double)speed / (double)now - 1);
    int attr = percent >= 0.5 ? STYLE_GOOD : percent <= -0.5 ? STYLE_BAD : STYLE_DIM;
    int used =
        cells_print(cells, y, x, STEP_COLUMNS, STYLE_DIM, "%s ", pane_fraction((double)value, at));
    cells_print(cells, y, x + used, STEP_COLUMNS - used, attr, "%+.1f %%", percent);
}

/* ---- exits ---- */

static int track_columns(Rect rect)
{
    return rect.width - TRACK_X - 2 - RIGHT_COLUMNS - 2 * STEP_COLUMNS;
}

void exit_heads(const View *view, Cells *cells, Rect rect)
{
    int track = track_columns(rect), x = TRACK_X + track + 2;
    cells_print(cells, rect.y, 0, TRACK_X, STYLE_DIM, "exit  at");
    cells_print(cells, rect.y, TRACK_X, track, STYLE_DIM, "0");
    if (track > 12)
        cells_print(cells, rect.y, TRACK_X + track / 2 - 1, 2, STYLE_DIM, ".5");
    cells_print(cells, rect.y, TRACK_X + track - 1, 1, STYLE_DIM, "1");
    cells_print(cells, rect.y, x, RIGHT_COLUMNS, STYLE_DIM, "right of left");
    cells_print(cells, rect.y, x + RIGHT_COLUMNS, 2 * STEP_COLUMNS, STYLE_DIM, "%s",
                holds(view)                 ? "forecast of a step"
                : view->forecast.places > 0 ? "forecast: next round"
                                            : "no forecast yet");
}

void exit_slider(const View *view, Cells *cells, int y, Rect rect, int i)
{
    char text[16];
    int track = track_columns(rect), x = TRACK_X + track + 2;
    bool selected = i == view->slider;
    EvidenceSums sums = evidence_sums(&view->evidence[i]);
    cells_print(cells, y, 0, NAME_COLUMNS, (STYLE_EXIT + i) | ATTR_BOLD, "%s",
                pane_exit_name(view, view->ready.exits[i], text));
    if (selected && view->n_typed > 0)
        cells_print(cells, y, NAME_COLUMNS, VALUE_COLUMNS, STYLE_TEXT | ATTR_BOLD, ".%.*s_",
                    view->n_typed, view->typed);
    else
        cells_print(cells, y, NAME_COLUMNS, VALUE_COLUMNS, STYLE_TEXT | (selected ? ATTR_BOLD : 0),
                    "%.2f", (double)view->wanted[i]);
    if (track >= 3) {
        int knob = (int)lroundf(view->wanted[i] * (float)(track - 1));
        knob = knob < 0 ? 0 : knob >= track ? track - 1 : knob;
        cells_glyph(cells, y, TRACK_X - 1, cells->unicode ? GLYPH_TEE_RIGHT : GLYPH_VERTICAL,
                    STYLE_DIM);
        for (int c = 0; c < track; c++)
            cells_glyph(cells, y, TRACK_X + c, GLYPH_TRACK, STYLE_DIM);
        cells_glyph(cells, y, TRACK_X + track, cells->unicode ? GLYPH_TEE_LEFT : GLYPH_VERTICAL,
                    STYLE_DIM);
        cells_glyph(cells, y, TRACK_X + knob, GLYPH_KNOB, (STYLE_EXIT + i) | ATTR_BOLD);
    }
    if (selected)
        cells_mark(cells, y, 0, TRACK_X - 1, ATTR_REVERSE);
    int left = sums.taken + sums.refused;
    if (left > 0)
        cells_print(cells, y, x, RIGHT_COLUMNS, STYLE_TEXT, "%3.0f %% of %d",
                    100.0 * sums.taken / left, left);
    else
        cells_print(cells, y, x, RIGHT_COLUMNS, STYLE_DIM, "none left");
    if (!holds(view))
        return;
    const EventForecast *f = &view->forecast;
    draw_step(cells, y, x + RIGHT_COLUMNS, f->lower[i], f->lower_speed[i], f->speed);
    draw_step(cells, y, x + RIGHT_COLUMNS + STEP_COLUMNS, f->upper[i], f->upper_speed[i], f->speed);
}

/* Counts by stated confidence, under the slider's columns. */
static void draw_bins(Cells *cells, int y, Rect rect, const char *name, const int *bins, int most,
                      int sum, const char *what, int attr)
{
    int track = track_columns(rect);
    cells_print(cells, y, 1, TRACK_X - 2, STYLE_DIM, "%s", name);
    for (int c = 0; c < track; c++) {
        int bin = c * EVIDENCE_BINS / track;
        if (bins[bin] > 0)
            cells_spark(cells, y, TRACK_X + c, fmax((double)bins[bin] / most, 0.13), attr);
    }
    cells_print(cells, y, TRACK_X + track + 2, RIGHT_COLUMNS + 2 * STEP_COLUMNS, STYLE_DIM, "%d %s",
                sum, what);
}

static int largest(const int *a, const int *b)
{
    int most = 1;
    for (int i = 0; i < EVIDENCE_BINS; i++) {
        most = a[i] > most ? a[i] : most;
        most = b[i] > most ? b[i] : most;
    }
    return most;
}

void exit_detail(const View *view, Cells *cells, int y, Rect rect, int i)
{
    const Evidence *e = &view->evidence[i];
    EvidenceSums sums = evidence_sums(e);
    int left = largest(e->taken, e->refused), stayed = largest(e->stayed, e->stayed);
    draw_bins(cells, y, rect, "taken", e->taken, left, sums.taken, "left here, right", STYLE_GOOD);
    draw_bins(cells, y + 1, rect, "refused", e->refused, left, sums.refused, "left here, wrong",
              STYLE_BAD);
    draw_bins(cells, y + 2, rect, "stayed", e->stayed, stayed, sums.stayed, "not sure enough",
              STYLE_DIM);
}
