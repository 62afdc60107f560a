/* page_compare.c - two settings side by side that answer one prompt in turn, and what may be said of
 * their difference.
 *
 * Below its figures each side has its text, as far as it is when the other one, or it, has said all that is
 * there: a race at the mean speeds of both. Of one target the two texts are one, which both say; of two
 * each says its own. Every figure is of the blocks that count, the first pair warmed up.
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
    char name[256];
    int y = rect.y;
    bool two = view->comparison.last.two_texts;
    snprintf(name, sizeof name, "%c  %s%s%s", 'A' + which, two ? side->target : "", two ? "  " : "",
             side->name);
    draw_words(cells, rect, NAME_ROWS, name, STYLE_TITLE | ATTR_BOLD);
    y += NAME_ROWS;
    if (side->rounds == 0 || side->ms <= 0) {
        cells_print(cells, y, rect.x, rect.width, STYLE_DIM, "warming up");
        return;
    }
    cells_print(cells, y++, rect.x, rect.width, STYLE_TEXT, "%d token%s  %d round%s", side->tokens,
                plural(side->tokens), side->rounds, plural(side->rounds));
    cells_print(cells, y++, rect.x, rect.width, STYLE_TEXT, "%.1f t/s  MAT %.2f  %.1f ms a round",
                speed(side), (double)side->tokens / side->rounds, side->ms / side->rounds);
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

/* A side's text in a column. */
typedef struct Column {
    Cells *cells;
    Rect rect;
    const char *text;
    size_t bytes, place; /* as far as the side is in the race */
    bool over;           /* what it said beyond is shown as well */
} Column;

/* Calls draw_line for each line, from number `first` on; returns how many there are up to the place, and
 * *all of them. */
static int wrap_column(const Column *c, int first, int rows, int *all)
{
    size_t at = 0;
    int line = 0, to_place = 0;
    while (at < c->bytes && (at < c->place || c->over)) {
        size_t skip, end = c->over ? c->bytes : c->place;
        size_t n = text_wrap(c->text + at, end - at, c->rect.width, &skip);
        size_t before = c->place > at ? c->place - at : 0;
        before = before < n ? before : n;
        int y = c->rect.y + line - first, x = c->rect.x;
        if (line >= first && line < first + rows) {
            cells_text(c->cells, y, x, c->rect.width, c->text + at, before, STYLE_TEXT);
            int used = text_width(c->text + at, before);
            cells_text(c->cells, y, x + used, c->rect.width - used, c->text + at + before,
                       n - before, STYLE_DIM);
            used = text_width(c->text + at, n);
            if (c->over && c->place < c->bytes && at < c->place && at + n + skip >= c->place &&
                used + 2 <= c->rect.width)
                cells_print(c->cells, y, x + used + 1, 1, STYLE_WARN, "%s",
                            c->cells->unicode ? "\u25c4" : "<");
        }
        line++;
        to_place = at < c->place ? line : to_place;
        at += n + skip;
    }
    *all = line;
    return to_place;
}

static void draw_column(const View *view, Cells *cells, Rect rect, int which)
{
    const Comparison *c = &view->comparison;
    const SideText *text = comparison_of(c, which);
    CompareRace race = comparison_race(c);
    int said = c->last.sides[which].said > 0 ? c->last.sides[which].said : c->last.checked;
    size_t pieces = text->n;
    if (race.known && said > 0) /* a piece is a token, but for those that are part of a character */
        pieces = (size_t)((double)text->n * race.at[which] / said + 0.5);
    if (rect.height < 1 || text->n == 0)
        return;
    pieces = pieces < text->n ? pieces : text->n;
    Column column = {.cells = cells,
                     .rect = rect,
                     .text = text->text,
                     .bytes = text->bytes,
                     .place = pieces > 0 ? text->ends[pieces - 1] : 0,
                     .over = !c->open};
    int all, to_place = wrap_column(&column, 0, 0, &all);
    int last = column.over ? to_place + rect.height / 2 : to_place;
    last = last < all ? last : all;
    wrap_column(&column, last > rect.height ? last - rect.height : 0, rect.height, &all);
}

static void draw_race(const View *view, Cells *cells, int y, int width)
{
    CompareRace race = comparison_race(&view->comparison);
    if (!race.known)
        return;
    if (race.ahead < 0)
        cells_print(cells, y, 1, width, STYLE_TEXT, "race: side by side");
    else
        cells_print(cells, y, 1, width, STYLE_TEXT,
                    "race: %c is ahead by %d token%s = %.1f s at %c's speed", 'A' + race.ahead,
                    race.tokens, plural(race.tokens), race.ms / 1e3, 'B' - race.ahead);
}

static void rule(Cells *cells, int y, int width, int half, Glyph cross)
{
    for (int x = 0; x < width; x++)
        cells_glyph(cells, y, x, x == half ? cross : GLYPH_HORIZONTAL, STYLE_BORDER);
}

/* Figures above the texts, the race and the verdict below. */
static void draw_sides(const View *view, Cells *cells, Rect rect)
{
    enum { BELOW = 5 }; /* race, verdict in one or two rows, texts */
    int half = rect.width / 2, y = rect.y, rows = rect.height - SIDE_ROWS - 2 - BELOW;
    Rect left = {y, 1, SIDE_ROWS, half - 2};
    Rect right = {y, half + 2, SIDE_ROWS, rect.width - half - 3};
    draw_side(view, cells, left, 0);
    draw_side(view, cells, right, 1);
    for (int i = 0; i < SIDE_ROWS; i++)
        cells_glyph(cells, y + i, half, GLYPH_VERTICAL, STYLE_BORDER);
    y += SIDE_ROWS;
    if (rows > 0) {
        rule(cells, y++, rect.width, half, GLYPH_CROSS);
        left.y = right.y = y;
        left.height = right.height = rows;
        draw_column(view, cells, left, 0);
        draw_column(view, cells, right, 1);
        for (int i = 0; i < rows; i++)
            cells_glyph(cells, y + i, half, GLYPH_VERTICAL, STYLE_BORDER);
        y += rows;
    }
    rule(cells, y++, rect.width, half, GLYPH_TEE_UP);
    draw_race(view, cells, y++, rect.width - 2);
    draw_verdict(view, cells, (Rect){y, 1, 1, rect.width - 2});
}

static void compare_draw(View *view, Cells *cells, Rect rect)
{
    if (!view->comparison.any)
        draw_words(
            cells, (Rect){rect.y, 1, 1, rect.width - 2}, rect.height,
            "Nothing was compared yet. /ab plain answers the last question again, by what is "
            "set and plainly in turn; /ab SETTING SETTING takes any two.",
            STYLE_TEXT);
    else if (rect.height < SIDE_ROWS + 4) /* only what matters */
        draw_verdict(view, cells, (Rect){rect.y, 1, 1, rect.width - 2});
    else
        draw_sides(view, cells, rect);
}

static void compare_title(const View *view, int columns, char *out, size_t bytes)
{
    (void)view;
    snprintf(out, bytes, "A/B  %s",
             columns >= 62 ? "blocks of rounds in turn   /ab compares others   Esc chat"
                           : "rounds in turn   Esc chat");
}

const Page page_compare = {.title = compare_title, .draw = compare_draw};
