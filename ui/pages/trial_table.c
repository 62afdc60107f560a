/* trial_table.c - a row for each setting tried: rounds, tokens a round, speed with its interval, and
 * whether it is to be told from the first of those that may be believed. */
#include <stdio.h>
#include <string.h>

#include "ui/figures_text.h"
#include "ui/pages/page_tune.h"

/* Columns that are left out, the first first, where not all fit. */
typedef enum Column {
    COLUMN_SHARES,
    COLUMN_LONG,
    COLUMN_GAIN,
    COLUMN_MAT,
    COLUMN_ROUNDS,
    COLUMN_COUNT
} Column;

static const int column_widths[COLUMN_COUNT] = {
    [COLUMN_SHARES] = 14, /* draft, check */
    [COLUMN_LONG] = 18,   /* the verdict in words, beside in signs */
    [COLUMN_GAIN] = 9,    /* over plain decoding */
    [COLUMN_MAT] = 7,     [COLUMN_ROUNDS] = 8,
};

enum { NUMBER_COLUMNS = 5, THRESHOLD_COLUMNS = 5, SPEED_COLUMNS = 16, SHORT_COLUMNS = 6 };

static int least_thresholds(const View *view)
{
    int columns = THRESHOLD_COLUMNS * view->ready.n_exits;
    return columns < 10 ? 10 : columns;
}

static void choose_columns(const View *view, int width, bool shown[COLUMN_COUNT])
{
    int need = NUMBER_COLUMNS + least_thresholds(view) + SPEED_COLUMNS + SHORT_COLUMNS;
    for (int c = 0; c < COLUMN_COUNT; c++) {
        shown[c] = true;
        need += column_widths[c];
    }
    for (int c = 0; c < COLUMN_COUNT && need > width; c++) {
        shown[c] = false;
        need -= column_widths[c];
    }
}

int table_rows(const View *view)
{
    int n = 0;
    for (int i = 0; i < view->trials.n; i++)
        n += trial_is_of(&view->trials.list[i], &view->ready);
    return n;
}

static void draw_heads(const View *view, Cells *cells, int y, const bool *shown)
{
    char exit[12];
    int x = NUMBER_COLUMNS;
    cells_print(cells, y, 1, 2, STYLE_DIM, "#");
    for (int i = 0; i < view->ready.n_exits; i++)
        cells_print(cells, y, x + i * THRESHOLD_COLUMNS, THRESHOLD_COLUMNS, STYLE_DIM, "%s",
                    pane_exit_name(view, view->ready.exits[i], exit));
    x += least_thresholds(view);
    if (shown[COLUMN_ROUNDS])
        x += cells_print(cells, y, x, 8, STYLE_DIM, "%8s", "rounds");
    if (shown[COLUMN_MAT])
        x += cells_print(cells, y, x, 7, STYLE_DIM, "%7s", "MAT");
    x += cells_print(cells, y, x, SPEED_COLUMNS, STYLE_DIM, "%8s%8s", "t/s", "95 %");
    if (shown[COLUMN_GAIN])
        x += cells_print(cells, y, x, 9, STYLE_DIM, "%9s", "gain");
    if (shown[COLUMN_SHARES])
        cells_print(cells, y, x, 14, STYLE_DIM, "%7s%7s", "draft", "check");
}

/* Returns the style. */
static int verdict(const View *view, const Trial *trial, bool words, char *out, size_t bytes)
{
    const Trial *base = trials_base(&view->trials, &view->ready);
    if (!rate_known(&trial->rate)) {
        snprintf(out, bytes, words ? "too few yet" : "few");
        return STYLE_WARN;
    }
    out[0] = '\0';
    if (base == NULL || base == trial)
        return STYLE_DIM;
    switch (rate_compare(&trial->rate, &base->rate)) {
    case RATE_FASTER:
        snprintf(out, bytes, words ? "better than %d" : "> %d", base->number);
        return STYLE_GOOD;
    case RATE_SLOWER:
        snprintf(out, bytes, words ? "worse than %d" : "< %d", base->number);
        return STYLE_BAD;
    default:
        snprintf(out, bytes, words ? "no difference to %d" : "= %d", base->number);
        return STYLE_DIM;
    }
}

static void draw_trial(const View *view, Cells *cells, int y, const Trial *trial, const bool *shown)
{
    char text[24];
    const Rate *rate = &trial->rate;
    int x = NUMBER_COLUMNS, attr = STYLE_TEXT;
    if (trial->number == view->trials.now) {
        cells_glyph(cells, y, 0, GLYPH_ARROW, STYLE_TITLE | ATTR_BOLD);
        attr |= ATTR_BOLD;
    }
    cells_print(cells, y, 1, NUMBER_COLUMNS - 2, attr, "%d", trial->number);
    if (trial->plain)
        cells_print(cells, y, x, 10, attr, "plain");
    for (int i = 0; i < trial->n_exits; i++)
        cells_print(cells, y, x + i * THRESHOLD_COLUMNS, THRESHOLD_COLUMNS, attr, "%.2f",
                    (double)trial->thresholds[i]);
    x += least_thresholds(view);
    if (shown[COLUMN_ROUNDS])
        x += cells_print(cells, y, x, 8, attr, "%8d", rate->rounds);
    if (shown[COLUMN_MAT])
        x += cells_print(cells, y, x, 7, attr, "%7.2f", rate->all_tokens / rate->rounds);
    x += cells_print(cells, y, x, 8, attr, "%8.1f", rate_per_s(rate));
    if (rate_known(rate))
        snprintf(text, sizeof text, "%s%.1f", cells->unicode ? "\u00b1" : "+-", rate_half(rate));
    else
        strcpy(text, "");
    int pad = 8 - text_width(text, strlen(text));
    cells_print(cells, y, x + (pad > 0 ? pad : 0), 8, attr, "%s", text);
    x += 8;
    if (shown[COLUMN_GAIN]) {
        Speedup gain = trial_gain(trial);
        figures_speedup(&gain, text, sizeof text);
        x += cells_print(cells, y, x, 9, attr, "%9s", text);
    }
    if (shown[COLUMN_SHARES] && trial->all_ms > 0)
        cells_print(cells, y, x, 14, attr, "%5.0f %%%5.0f %%",
                    100 * trial->draft_ms / trial->all_ms, 100 * trial->verify_ms / trial->all_ms);
    x += shown[COLUMN_SHARES] ? 14 : 0;
    int style = verdict(view, trial, shown[COLUMN_LONG], text, sizeof text);
    cells_print(cells, y, x + 2, 22, style, "%s", text);
}

int table_draw(const View *view, Cells *cells, Rect rect)
{
    bool shown[COLUMN_COUNT];
    int y = rect.y, rows = table_rows(view), room = rect.height - 2, skip = rows - room;
    for (int x = 0; x < rect.width; x++)
        cells_glyph(cells, y, x, GLYPH_HORIZONTAL, STYLE_BORDER);
    cells_print(cells, y++, 2, rect.width - 3, STYLE_TITLE | ATTR_BOLD, " SETTINGS TRIED ");
    if (rows == 0) {
        cells_print(cells, y++, 1, rect.width - 1, STYLE_DIM,
                    "none: the rounds of an answer will fill this");
        return y - rect.y;
    }
    choose_columns(view, rect.width, shown);
    draw_heads(view, cells, y++, shown);
    for (int i = 0; i < view->trials.n; i++) {
        const Trial *trial = &view->trials.list[i];
        if (!trial_is_of(trial, &view->ready) || skip-- > 0)
            continue;
        draw_trial(view, cells, y++, trial, shown);
    }
    return y - rect.y;
}

void table_history(const View *view, Cells *cells, int y, int width)
{
    enum { X = 6 };
    unsigned kept = view->n_history < VIEW_HISTORY ? view->n_history : VIEW_HISTORY;
    int columns = width - X - 1, used = 0;
    unsigned shown = 0;
    int before = 0;
    float most = 0;
    cells_print(cells, y, 1, 4, STYLE_DIM, "t/s");
    /* From the newest back: how many fit, with a column for each change. */
    while (shown < kept) {
        const SpeedPoint *point = &view->history[(view->n_history - shown - 1) % VIEW_HISTORY];
        int need = 1 + (shown > 0 && point->trial != before);
        if (used + need > columns)
            break;
        used += need;
        before = point->trial;
        most = point->tokens_per_s > most ? point->tokens_per_s : most;
        shown++;
    }
    int x = X;
    for (unsigned i = 0; i < shown && most > 0; i++) {
        const SpeedPoint *point = &view->history[(view->n_history - shown + i) % VIEW_HISTORY];
        if (i > 0 && point->trial != before)
            cells_glyph(cells, y, x++, GLYPH_VERTICAL, STYLE_TITLE);
        before = point->trial;
        cells_spark(cells, y, x++, (double)(point->tokens_per_s / most), STYLE_GOOD);
    }
}
