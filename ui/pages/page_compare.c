/* page_compare.c - two settings side by side that answer one prompt in turn, and what may be said of
 * their difference.
 *
 * The text is one: both sides say the same, and the page tells of how many tokens that was checked.
 * Every figure is of the blocks that count, the first pair warmed up.
 */
#include <stdio.h>
#include <string.h>

#include "ui/pages/page.h"

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

static double speed(const EventCompareSide *side)
{
    return side->ms > 0 ? 1e3 * side->tokens / side->ms : 0;
}

/* Whole words over rows; returns the rows used, at most `rows`. */
static int draw_words(Cells *cells, Rect rect, int rows, const char *text, int attr)
{
    size_t n = strlen(text);
    int used = 0;
    while (n > 0 && used < rows) {
        size_t skip, bytes = text_wrap(text, n, rect.width, &skip);
        cells_text(cells, rect.y + used++, rect.x, rect.width, text, bytes, attr);
        text += bytes + skip;
        n -= bytes + skip;
    }
    return used;
}

enum { NAME_ROWS = 3, SIDE_ROWS = NAME_ROWS + 4 };

static void draw_side(const View *view, Cells *cells, Rect rect, int which)
{
    const EventCompareSide *side = &view->comparison.last.sides[which];
    char name[160];
    int y = rect.y;
    snprintf(name, sizeof name, "%c  %s", 'A' + which, side->name);
    draw_words(cells, rect, NAME_ROWS, name, STYLE_TITLE | ATTR_BOLD);
    y += NAME_ROWS;
    if (side->rounds == 0 || side->ms <= 0) {
        cells_print(cells, y, rect.x, rect.width, STYLE_DIM, "warming up");
        return;
    }
    cells_print(cells, y++, rect.x, rect.width, STYLE_TEXT, "%d token%s  %d round%s", side->tokens,
                plural(side->tokens), side->rounds, plural(side->rounds));
    cells_print(cells, y++, rect.x, rect.width, STYLE_TEXT, "%.1f t/s  MAT %.2f", speed(side),
                (double)side->tokens / side->rounds);
    cells_print(cells, y++, rect.x, rect.width, STYLE_TEXT, "draft %.0f %%  check %.0f %%",
                100 * side->draft_ms / side->ms, 100 * side->verify_ms / side->ms);
    unsigned kept = view->n_blocks < VIEW_BLOCKS ? view->n_blocks : VIEW_BLOCKS;
    unsigned shown = kept < (unsigned)rect.width ? kept : (unsigned)rect.width;
    float most = 0; /* of both: one scale */
    for (unsigned i = 0; i < shown; i++)
        for (int s = 0; s < 2; s++) {
            float value = view->blocks[s][(view->n_blocks - shown + i) % VIEW_BLOCKS];
            most = value > most ? value : most;
        }
    for (unsigned i = 0; i < shown && most > 0; i++)
        cells_spark(
            cells, y, rect.x + (int)i,
            (double)(view->blocks[which][(view->n_blocks - shown + i) % VIEW_BLOCKS] / most),
            STYLE_GOOD);
}

/* Returns the rows used. */
static int draw_verdict(const View *view, Cells *cells, Rect rect)
{
    const Comparison *c = &view->comparison;
    RateVerdict verdict = duel_result(&c->duel).verdict;
    bool differs = verdict == RATE_FASTER || verdict == RATE_SLOWER;
    char line[200];
    int y = rect.y;
    comparison_verdict(c, line, sizeof line);
    if (view->state == VIEW_GENERATING && verdict != RATE_TOO_FEW)
        strcat(line, ", so far");
    y += draw_words(cells, (Rect){y, rect.x, 1, rect.width}, 2, line,
                    differs ? STYLE_GOOD | ATTR_BOLD : STYLE_DIM);
    comparison_equality(c, line, sizeof line);
    y += draw_words(cells, (Rect){y, rect.x, 1, rect.width}, 2, line,
                    c->last.equal ? STYLE_TEXT : STYLE_BAD | ATTR_BOLD);
    return y - rect.y;
}

/* The end of the answer, as far as there are rows. */
static void draw_text(const View *view, Cells *cells, Rect rect)
{
    const Item *answer = NULL;
    for (int i = view->scrollback.n_items - 1; i >= 0 && answer == NULL; i--)
        if (view->scrollback.items[i].kind == ITEM_ANSWER)
            answer = &view->scrollback.items[i];
    if (answer == NULL || answer->text == NULL || rect.height < 1)
        return;
    int lines = 0;
    for (int pass = 0; pass < 2; pass++) {
        const char *text = answer->text;
        size_t n = answer->bytes;
        for (int line = 0; n > 0; line++) {
            size_t skip, bytes = text_wrap(text, n, rect.width, &skip);
            int y = rect.y + line - (lines > rect.height ? lines - rect.height : 0);
            if (pass == 1 && y >= rect.y && y < rect.y + rect.height)
                cells_text(cells, y, rect.x, rect.width, text, bytes, STYLE_TEXT);
            text += bytes + skip;
            n -= bytes + skip;
            lines += pass == 0;
        }
    }
}

static void compare_draw(View *view, Cells *cells, Rect rect)
{
    int half = rect.width / 2, y = rect.y;
    if (!view->comparison.any) {
        draw_words(
            cells, (Rect){y, 1, 1, rect.width - 2}, rect.height,
            "Nothing was compared yet. /ab plain answers the last question again, by what is "
            "set and plainly in turn; /ab SETTING SETTING takes any two.",
            STYLE_TEXT);
        return;
    }
    if (rect.height < SIDE_ROWS) /* only what matters */
        y += draw_verdict(view, cells, (Rect){y, 1, 1, rect.width - 2});
    else {
        draw_side(view, cells, (Rect){y, 1, SIDE_ROWS, half - 2}, 0);
        draw_side(view, cells, (Rect){y, half + 2, SIDE_ROWS, rect.width - half - 3}, 1);
        for (int i = 0; i < SIDE_ROWS; i++)
            cells_glyph(cells, y + i, half, GLYPH_VERTICAL, STYLE_BORDER);
        y += SIDE_ROWS;
        for (int x = 0; x < rect.width; x++)
            cells_glyph(cells, y, x, x == half ? GLYPH_TEE_UP : GLYPH_HORIZONTAL, STYLE_BORDER);
        y++;
        y += draw_verdict(view, cells, (Rect){y, 1, 1, rect.width - 2});
    }
    y++;
    draw_text(view, cells, (Rect){y, 1, rect.y + rect.height - y, rect.width - 2});
}

static void compare_title(const View *view, int columns, char *out, size_t bytes)
{
    (void)view;
    snprintf(out, bytes, "A/B  %s",
             columns >= 62 ? "blocks of rounds in turn   /ab compares others   Esc chat"
                           : "rounds in turn   Esc chat");
}

const Page page_compare = {.title = compare_title, .draw = compare_draw};
