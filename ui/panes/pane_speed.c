/* pane_speed.c - how fast it goes: tokens per round and per second, round by round, beside measured
 * plain decoding and the stages' shares of this answer's time.
 *
 * Plain is the engine's own measurement (rounds in mode "plain" or "probe"); its speed stands here
 * only once there is one. Copies are those that the host waited for, where a device computes.
 */
#include "ui/panes/pane.h"

#include <stdio.h>

/* The newest `columns` rounds, scaled to their largest, which is returned; tokens count from 1, which
 * every round has. From row y on, `rows` high. */
static float draw_history(const View *view, Cells *cells, int y, int rows, int x, int columns,
                          bool speed)
{
    unsigned kept = view->n_history < VIEW_HISTORY ? view->n_history : VIEW_HISTORY;
    unsigned shown = kept < (unsigned)columns ? kept : (unsigned)columns;
    float most = 0;
    for (int pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < shown; i++) {
            const SpeedPoint *point = &view->history[(view->n_history - shown + i) % VIEW_HISTORY];
            float value = speed ? point->tokens_per_s : point->tokens - 1;
            if (pass == 0 && value > most)
                most = value;
            if (pass == 1)
                cells_column(cells, y, rows, x + (int)i, most > 0 ? value / most : 0,
                             speed ? STYLE_GOOD : STYLE_TITLE);
        }
    return most;
}

static void speed_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    (void)focused;
    const EventStats *stats = &view->stats;
    char text[64];
    bool wide = rect.width >= 54;
    int facts = wide ? 30 : 19, y = rect.y, x = rect.x + rect.width - facts;
    int columns = rect.width - facts - 5;
    /* With rows to spare, the figures have one of their own, and the histories are high. */
    bool high = rect.height >= 4;
    int rows = high ? (rect.height - 1) / 2 : 1, first = high ? y + 2 : y;
    if (high) {
        facts = 30 < rect.width ? 30 : rect.width;
        x = rect.x;
        columns = rect.width - 4;
        rows = (rect.height - 2) / 2;
    }
    for (int speed = 0; speed < 2; speed++) {
        int top = first + speed * rows;
        cells_print(cells, top, rect.x, 4, STYLE_DIM, speed ? "t/s" : "MAT");
        float most = draw_history(view, cells, top, rows, rect.x + 4, columns, speed);
        if (rows > 1 && most > 0) /* how high the highest is */
            cells_print(cells, top + 1, rect.x, 4, STYLE_DIM, "%.0f", speed ? most : most + 1);
    }
    if (!view->has_stats || stats->plain_tokens_per_s <= 0) {
        cells_print(cells, y, x, facts, STYLE_DIM, "plain not measured");
    } else {
        int n = snprintf(text, sizeof text, "plain %.1f ", stats->plain_tokens_per_s);
        if (wide)
            snprintf(text + n, sizeof text - (size_t)n, "(%d rounds) ", stats->plain_rounds);
        int used = cells_print(cells, y, x, facts, STYLE_TEXT, "%s", text);
        double gain = stats->tokens_per_s / stats->plain_tokens_per_s;
        cells_print(cells, y, x + used, facts - used,
                    (gain >= 1 ? STYLE_GOOD : STYLE_BAD) | ATTR_BOLD, "x%.2f", gain);
    }
    double ms = view->draft_ms + view->verify_ms + view->accept_ms + view->other_ms;
    if (ms > 0)
        cells_print(cells, y + 1, x, facts, STYLE_TEXT,
                    wide ? "draft %.0f%% verify %.0f%% other %.0f%%" : "draft %.0f%% ver %.0f%%",
                    100 * view->draft_ms / ms, 100 * view->verify_ms / ms,
                    100 * (view->accept_ms + view->other_ms) / ms);
}

static void speed_title(const View *view, char *out, size_t bytes)
{
    int n = snprintf(out, bytes, "SPEED");
    if (view->n_rounds > 0)
        n += snprintf(out + n, bytes - (size_t)n, "  MAT %.2f", view_mat(view));
    if (view->has_stats && view->stats.tokens_per_s > 0)
        n += snprintf(out + n, bytes - (size_t)n, "  %.1f t/s", view->stats.tokens_per_s);
    if (view->has_stats && view->stats.back_copies > 0 && view->stats.rounds > 0)
        snprintf(out + n, bytes - (size_t)n, "  %.1f copies/round",
                 (double)view->stats.back_copies / view->stats.rounds);
}

const Pane pane_speed = {
    .wish = {.place = PLACE_RIGHT, .third = true, .rows = 2, .most = 14, .priority = 4},
    .tab = "SPEED",
    .title = speed_title,
    .draw = speed_draw,
};
