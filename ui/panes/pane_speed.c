/* pane_speed.c - how fast it goes: tokens per round and per second, round by round, beside measured
 * plain decoding and the stages' shares of this answer's time.
 *
 * Plain is the engine's own measurement (rounds in mode "plain" or "probe"); its speed stands here
 * only once there is one, with the number of rounds behind it and how many rounds ago the last of them
 * was. What does not fit is left out whole. Copies are those that the host waited for, where a device
 * computes.
 */
#include "ui/panes/pane.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/figures_text.h"

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

/* Both histories, below the figures where there are rows to spare. */
static void draw_histories(const View *view, Cells *cells, Rect rect, int columns)
{
    bool high = rect.height >= 4;
    int rows = high ? (rect.height - 2) / 2 : 1, first = high ? rect.y + 2 : rect.y;
    for (int speed = 0; speed < 2; speed++) {
        int top = first + speed * rows;
        cells_print(cells, top, rect.x, 4, STYLE_DIM, speed ? "t/s" : "MAT");
        float most = draw_history(view, cells, top, rows, rect.x + 4, columns, speed);
        if (rows > 1 && most > 0) /* how high the highest is */
            cells_print(cells, top + 1, rect.x, 4, STYLE_DIM, "%.0f", speed ? most : most + 1);
    }
}

typedef struct Facts {
    char plain[80], gain[24], stages[80];
} Facts;

enum { SPARK_LEAST = 12 }; /* columns of the histories */

/* What fits so many columns: count and age of plain's rounds go first, then the gain. */
static void make_plain(const EventStats *stats, int columns, Facts *facts)
{
    char count[24], age[24];
    figures_gain(stats, facts->gain, sizeof facts->gain);
    int room = columns - (facts->gain[0] != '\0' ? (int)strlen(facts->gain) + 1 : 0);
    snprintf(count, sizeof count, " (%d", stats->plain_rounds);
    snprintf(age, sizeof age, ", %d ago", stats->plain_age);
    for (int less = 0; less < 3; less++) {
        int n = snprintf(facts->plain, sizeof facts->plain, "plain %.1f%s%s%s",
                         stats->plain_tokens_per_s, less < 2 ? count : "", less < 1 ? age : "",
                         less < 2 ? ")" : "");
        if (n <= room)
            return;
    }
    if ((int)strlen(facts->plain) > room)
        facts->gain[0] = '\0';
    if ((int)strlen(facts->plain) > columns)
        facts->plain[0] = '\0';
}

static void make_stages(const View *view, int columns, Facts *facts)
{
    double ms[] = {view->draft_ms, view->verify_ms, view->accept_ms + view->other_ms};
    int us[3], shares[3];
    for (int i = 0; i < 3; i++)
        us[i] = (int)(1000 * fmin(ms[i], INT_MAX / 1000.0));
    figures_percents(us, 3, shares);
    facts->stages[0] = '\0';
    if (ms[0] + ms[1] + ms[2] <= 0)
        return;
    if (snprintf(facts->stages, sizeof facts->stages, "draft %d%% verify %d%% other %d%%",
                 shares[0], shares[1], shares[2]) <= columns ||
        snprintf(facts->stages, sizeof facts->stages, "draft %d%% verify %d%%", shares[0],
                 shares[1]) <= columns ||
        snprintf(facts->stages, sizeof facts->stages, "draft %d%%", shares[0]) <= columns)
        return;
    facts->stages[0] = '\0';
}

static int gain_attr(const EventStats *stats)
{
    return (stats->gain_low >= 1   ? STYLE_GOOD
            : stats->gain_high < 1 ? STYLE_BAD
                                   : STYLE_TEXT) |
           ATTR_BOLD;
}

static void speed_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    (void)focused;
    const EventStats *stats = &view->stats;
    /* With rows to spare, the figures have two of their own, and the histories are high. */
    bool high = rect.height >= 4;
    Facts facts = {0};
    int most = high ? rect.width : rect.width - 5 - SPARK_LEAST; /* "MAT " and a blank */
    make_stages(view, most, &facts);
    if (view->has_stats && stats->plain_tokens_per_s > 0)
        make_plain(stats, most, &facts);
    else
        snprintf(facts.plain, sizeof facts.plain, "%s", most < 18 ? "" : "plain not measured");
    int used = (int)strlen(facts.plain), stages = (int)strlen(facts.stages);
    int top = used + (facts.gain[0] != '\0' ? (int)strlen(facts.gain) + 1 : 0);
    int columns = top > stages ? top : stages;
    int y = rect.y, x = high ? rect.x : rect.x + rect.width - columns;
    draw_histories(view, cells, rect, high ? rect.width - 4 : x - rect.x - 5);
    bool known = stats->plain_tokens_per_s > 0;
    cells_print(cells, y, x, columns, known ? STYLE_TEXT : STYLE_DIM, "%s", facts.plain);
    cells_print(cells, y, x + used + 1, columns - used - 1, gain_attr(stats), "%s", facts.gain);
    cells_print(cells, y + 1, x, columns, STYLE_TEXT, "%s", facts.stages);
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
