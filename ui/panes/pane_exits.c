/* pane_exits.c - who proposed each of the latest tokens, one character a token (row by row, the newest
 * at the end), and the shares of the exits, the target and n-grams in all tokens of this answer's
 * rounds: they add up to 100 %.
 */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

#include "ui/figures_text.h"

enum { STRIP_ROWS = 4 }; /* most rows of tokens, where panes have rows to spare */

static void draw_strip(const View *view, Cells *cells, Rect rect)
{
    unsigned kept = view->n_strip < VIEW_STRIP ? view->n_strip : VIEW_STRIP;
    unsigned width = (unsigned)rect.width, room = width * (unsigned)(rect.height - 1);
    unsigned shown = kept < room ? kept : room;
    for (unsigned i = 0; i < shown; i++) {
        int attr;
        char mark = pane_token_mark(view->strip[(view->n_strip - shown + i) % VIEW_STRIP], &attr);
        cells_text(cells, rect.y + (int)(i / width), rect.x + (int)(i % width), 1, &mark, 1,
                   attr | ATTR_BOLD);
    }
    if (shown == 0)
        cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM, "no tokens yet");
}

enum { SHARES_MAX = EXITS_MAX + 3 };

/* ". e6 61%": whole or not at all. */
typedef struct Share {
    StripToken token; /* for its mark */
    const char *name;
    int count, percent;
    char text[32];
} Share;

static void add_share(Share *shares, int *n, StripToken token, const char *name, int count)
{
    shares[(*n)++] = (Share){.token = token, .name = name, .count = count};
}

/* Exits in their order, the target, and what else wrote something. */
static int make_shares(const View *view, Share shares[SHARES_MAX], char names[EXITS_MAX][12])
{
    const EventReady *ready = &view->ready;
    int n = 0, counts[SHARES_MAX], percents[SHARES_MAX];
    for (int i = 0; i < ready->n_exits; i++)
        add_share(shares, &n, (StripToken){(short)ready->exits[i], (signed char)i},
                  ready->head[0] != '\0' ? ready->drafter
                                         : pane_exit_name(view, ready->exits[i], names[i]),
                  view->accepted_by[i]);
    add_share(shares, &n, (StripToken){SOURCE_TARGET, -1}, "target", view->n_rounds);
    if (view->accepted_by[VIEW_BY_NO_MODEL] > 0)
        add_share(shares, &n, (StripToken){SOURCE_FREE, -1}, "ngram",
                  view->accepted_by[VIEW_BY_NO_MODEL]);
    if (view->accepted_by[VIEW_BY_ANOTHER] > 0)
        add_share(shares, &n, (StripToken){1, -1}, "before", view->accepted_by[VIEW_BY_ANOTHER]);
    for (int i = 0; i < n; i++)
        counts[i] = shares[i].count;
    figures_percents(counts, n, percents);
    for (int i = 0; i < n; i++)
        shares[i].percent = percents[i];
    return n;
}

/* Writes the texts; returns the columns that all take, the mark in each and what parts them. */
static int write_shares(Share *shares, int n, bool counted, bool narrow)
{
    int width = 0;
    for (int i = 0; i < n; i++) {
        char *text = shares[i].text;
        bool named = !narrow || shares[i].token.exit >= 0; /* else the mark says enough */
        int used = snprintf(text, sizeof shares[i].text, "%s%s", narrow ? "" : " ",
                            named ? shares[i].name : "");
        if (counted)
            used += snprintf(text + used, sizeof shares[i].text - (size_t)used, " %d%%",
                             shares[i].percent);
        width += 1 + used + (i > 0 ? (narrow ? 1 : 2) : 0);
    }
    return width;
}

/* Removes the field that is needed least: the smallest share, of equal ones the last. */
static int drop_share(Share *shares, int n)
{
    int least = 0;
    for (int i = 1; i < n; i++)
        if (shares[i].count <= shares[least].count)
            least = i;
    memmove(shares + least, shares + least + 1, (size_t)(n - least - 1) * sizeof *shares);
    return n - 1;
}

static void draw_shares(const View *view, Cells *cells, Rect rect)
{
    Share shares[SHARES_MAX];
    char names[EXITS_MAX][12];
    int n = make_shares(view, shares, names), x = rect.x, y = rect.y + rect.height - 1;
    bool counted = view->n_rounds > 0, narrow = false;
    if (write_shares(shares, n, counted, false) > rect.width) {
        narrow = true;
        while (n > 0 && write_shares(shares, n, counted, true) > rect.width)
            n = drop_share(shares, n);
    }
    for (int i = 0; i < n; i++) {
        int attr;
        char mark = pane_token_mark(shares[i].token, &attr);
        x += i > 0 ? (narrow ? 1 : 2) : 0;
        x += cells_text(cells, y, x, 1, &mark, 1, attr | ATTR_BOLD);
        x += cells_print(cells, y, x, rect.x + rect.width - x, STYLE_TEXT, "%s", shares[i].text);
    }
}

/* As many as the tokens fill, and the shares. */
static int exits_most(const View *view, int columns)
{
    unsigned rows = view->n_strip / (unsigned)(columns > 0 ? columns : 1) + 1;
    return 1 + (int)(rows < STRIP_ROWS ? rows : STRIP_ROWS);
}

static void exits_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    (void)focused;
    draw_strip(view, cells, rect);
    if (view->state != VIEW_STARTING)
        draw_shares(view, cells, rect);
}

static void exits_title(const View *view, char *out, size_t bytes)
{
    const EventReady *ready = &view->ready;
    snprintf(out, bytes, "EXIT per token%s",
             ready->head[0] != '\0'   ? "  a head of the target"
             : !ready->exits_in_use   ? ""
             : !ready->exits_trained  ? "  !exits untrained"
             : ready->adapter[0] != 0 ? "  exits trained"
                                      : "");
}

const Pane pane_exits = {
    .wish = {.place = PLACE_RIGHT, .rows = 2, .priority = 2},
    .most = exits_most,
    .function = {4, "Exits", "exit of each token"},
    .tab = "EXITS",
    .title = exits_title,
    .draw = exits_draw,
};
