/* pane_chat.c - the conversation: who said what, each token in the colour of the exit that proposed
 * it.
 *
 * Only the lines in sight are drawn; heights of the other items are cached in them. When the person
 * has scrolled up, the text stands still while the answer grows below.
 */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

#include "ui/panes/chat_items.h"

enum { LINE_COLUMNS = 78 }; /* longer lines are hard to read */

typedef struct Drawing {
    const View *view;
    Cells *cells;
    Rect rect;
    int y; /* of the next line; may lie above or below the rectangle */
    int end_x;
    int code;     /* number of the last block of code that began */
    int in_reach; /* the block that `y` copies; 0 = that is not offered here */
    const Item *item;
    bool ghost;                   /* stands in the line that was drawn last */
    bool marked;                  /* the marked words are in sight, */
    bool above;                   /* or have been passed already */
    unsigned long first, nearest; /* rounds with words in sight: the first, the last */
} Drawing;

static bool in_sight(const Drawing *d)
{
    return d->y >= d->rect.y && d->y < d->rect.y + d->rect.height;
}

/* "┌ c ──── #3 y copies": what follows the language. */
static void draw_code_number(const Drawing *d, int x, int right)
{
    char text[32];
    int n =
        snprintf(text, sizeof text, " #%d%s ", d->code, d->code == d->in_reach ? " y copies" : "");
    if (x + n + 1 > right)
        return;
    for (x++; x < right - n; x++)
        cells_glyph(d->cells, d->y, x, GLYPH_HORIZONTAL, STYLE_BORDER);
    cells_text(d->cells, d->y, right - n, n, text, (size_t)n, STYLE_DIM);
}

/* Returns the columns used. */
static int draw_piece(Drawing *d, int x, int columns, const char *text, size_t n, int attr)
{
    if (!(attr & ATTR_RULE))
        return cells_text(d->cells, d->y, x, columns, text, n, attr);
    int used = 0;
    for (; used < columns && used < (int)n; used++)
        cells_glyph(d->cells, d->y, x + used,
                    text[used] == '-'   ? GLYPH_HORIZONTAL
                    : text[used] == '|' ? GLYPH_VERTICAL
                                        : GLYPH_CROSS,
                    attr & ~ATTR_RULE);
    return used;
}

/* Behind the line in which plain decoding would be now. */
static void draw_ghost(const Drawing *d, int x, int right)
{
    const char *mark = d->cells->unicode ? "\u25c4" : "<";
    bool over = d->view->state != VIEW_GENERATING;
    if (right - x >= 16)
        cells_print(d->cells, d->y, x, right - x, STYLE_WARN, "%s plain %s here", mark,
                    over ? "was" : "is");
    else if (right - x >= 7)
        cells_print(d->cells, d->y, x, right - x, STYLE_WARN, "%s plain", mark);
    else if (right - x >= 1)
        cells_print(d->cells, d->y, x, right - x, STYLE_WARN, "%s", mark);
}

/* Which rounds are in sight, where that is asked for. */
static void note_rounds(Drawing *d, const Line *line)
{
    const TextMarks *marks = &d->view->marks;
    if (d->item->id == marks->item && line->to > (size_t)marks->from &&
        line->from < (size_t)marks->to)
        *(in_sight(d) ? &d->marked : &d->above) = d->y < d->rect.y + d->rect.height;
    if (!d->view->from_words || !in_sight(d) || d->item->kind != ITEM_ANSWER || line->to == 0)
        return;
    unsigned long serial = rounds_at(&d->view->kept, d->item->id, (int)line->to - 1);
    if (serial > 0) {
        d->first = d->first > 0 ? d->first : serial;
        d->nearest = serial;
    }
}

static void draw_line(void *user, const Line *line)
{
    Drawing *d = user;
    d->code += line->begins_code;
    d->ghost = false;
    note_rounds(d, line);
    if (in_sight(d)) {
        int x = d->rect.x, right = d->rect.x + d->rect.width;
        static const struct {
            Glyph glyph;
            int attr;
        } leads[] = {
            [LEAD_BULLET] = {GLYPH_BULLET, STYLE_DIM},
            [LEAD_CODE] = {GLYPH_VERTICAL, STYLE_BORDER},
            [LEAD_CODE_BEGIN] = {GLYPH_CORNER_TL, STYLE_BORDER},
            [LEAD_CODE_END] = {GLYPH_CORNER_BL, STYLE_BORDER},
        };
        if (line->lead != LEAD_NONE)
            cells_glyph(d->cells, d->y, x + line->indent - 2, leads[line->lead].glyph,
                        leads[line->lead].attr);
        x += line->indent;
        for (size_t from = 0, to; from < line->bytes; from = to) {
            to = from + 1;
            while (to < line->bytes && line->attrs[to] == line->attrs[from])
                to++;
            /* A combining mark belongs to the character before it, whoever proposed it. */
            while (to < line->bytes) {
                uint32_t ch;
                size_t step = text_decode(line->text + to, line->bytes - to, &ch);
                if (text_char_width(ch) != 0)
                    break;
                to += step;
            }
            int attr = line->attrs[from];
            if (attr & ATTR_GHOST) {
                d->ghost = true;
                attr = STYLE_WARN | ATTR_BOLD | ATTR_REVERSE;
            }
            x += draw_piece(d, x, right - x, line->text + from, to - from, attr);
        }
        if (line->lead == LEAD_CODE_BEGIN)
            draw_code_number(d, x, right);
        d->end_x = x;
        if (d->ghost)
            draw_ghost(d, x + 2, right);
    }
    d->y++;
}

static void draw_figures(Drawing *d, const Item *item)
{
    size_t skip, n = strlen(item->figures);
    for (size_t at = 0; at < n; at += skip, d->y++) {
        size_t length = text_wrap(item->figures + at, n - at, d->rect.width - 2, &skip);
        if (in_sight(d))
            cells_text(d->cells, d->y, d->rect.x + 2, d->rect.width - 2, item->figures + at, length,
                       STYLE_DIM);
        at += length;
    }
}

static void draw_item(const View *view, Drawing *d, const Item *item)
{
    const char *prefix = chat_prefix(item);
    int attr = item->kind == ITEM_USER      ? STYLE_USER | ATTR_BOLD
               : item->kind == ITEM_ANSWER  ? STYLE_TITLE | ATTR_BOLD
               : item->kind == ITEM_WARNING ? STYLE_WARN | ATTR_BOLD
               : item->kind == ITEM_ERROR   ? STYLE_BAD | ATTR_BOLD
                                            : STYLE_DIM;
    d->item = item;
    if (in_sight(d))
        cells_text(d->cells, d->y, d->rect.x, d->rect.width, prefix, strlen(prefix), attr);
    markdown_lines(view, item, d->rect.width, (int)strlen(prefix), item->kind == ITEM_ANSWER,
                   draw_line, d);
    if (item->kind == ITEM_SWITCH) {
        d->y--;
        if (in_sight(d))
            cells_print(d->cells, d->y, d->end_x, d->rect.x + d->rect.width - d->end_x, STYLE_DIM,
                        " --");
        d->y++;
    }
    if (item->open && view->state == VIEW_GENERATING) {
        d->y--;
        if (in_sight(d) && d->end_x < d->rect.x + d->rect.width)
            cells_text(d->cells, d->y, d->end_x, 1, "_", 1, STYLE_TITLE | ATTR_BOLD);
        d->y++;
    }
    draw_figures(d, item);
}

/* What an empty chat says. */
static void draw_welcome(const View *view, Cells *cells, Rect rect)
{
    static const char *const lines[] = {
        "s2d: speculative decoding, live",     "",
        "A draft model guesses tokens ahead,", "the target checks them in one pass:",
        "its own text, only sooner.",          "",
        "Type a message and press Enter.",     "F1 shows keys and commands.",
    };
    int n = (int)(sizeof lines / sizeof lines[0]), y = rect.y + (rect.height - n) / 2;
    if (view->state == VIEW_STARTING && view->loading[0] == '\0')
        n -= 2;
    for (int i = 0; i < n && rect.height >= n; i++)
        cells_print(cells, y + i, rect.x + 2, rect.width - 2,
                    i == 0 ? STYLE_TITLE | ATTR_BOLD : STYLE_DIM, "%s", lines[i]);
}

typedef struct CodeInSight {
    int y, top, bottom; /* of the next line; the rows that are in sight */
    int code, last;     /* as Drawing; the last block with a line in sight */
} CodeInSight;

static void look_for_code(void *user, const Line *line)
{
    CodeInSight *sight = user;
    sight->code += line->begins_code;
    if (line->code && sight->y >= sight->top && sight->y < sight->bottom)
        sight->last = sight->code;
    sight->y++;
}

/* Finds the last answer and the last block of code in sight, when the first item's first row is
 * `y`. */
static void look_what_is_in_sight(View *view, Rect rect, int y)
{
    const Scrollback *scrollback = &view->scrollback;
    CodeInSight sight = {
        .y = y, .top = rect.y, .bottom = rect.y + rect.height, .code = scrollback->codes_gone};
    for (int i = 0; i < scrollback->n_items && sight.y < sight.bottom; i++) {
        const Item *item = &scrollback->items[i];
        y = sight.y + chat_gap(scrollback, i);
        if (item->kind == ITEM_ANSWER && y + item->height > rect.y) {
            sight.y = y;
            if (y < sight.bottom)
                view->answer_in_reach = item->id;
            markdown_lines(view, item, rect.width, (int)strlen(chat_prefix(item)), true,
                           look_for_code, &sight);
        } else {
            sight.code += item->codes;
        }
        sight.y = y + item->height;
    }
    view->code_in_reach = sight.last;
}

/* ---- words and rounds ---- */

static void set_marks(View *view, bool focused)
{
    TextMarks *marks = &view->marks;
    *marks = (TextMarks){0};
    const RoundFacts *facts = rounds_facts(&view->kept, view_round_serial(view));
    if (facts != NULL && (view->explaining || focused)) {
        marks->item = facts->item;
        marks->from = facts->from;
        marks->to = facts->to;
    }
    if (!view_ghost(view, &marks->ghost_item, &marks->ghost_at))
        marks->ghost_item = 0;
}

typedef struct Finding {
    size_t at; /* byte of the item */
    int row, found;
} Finding;

static void find_line(void *user, const Line *line)
{
    Finding *finding = user;
    if (finding->found < 0 && line->to > finding->at)
        finding->found = finding->row;
    finding->row++;
}

/* The row of the marked words, from the top of all text; -1 = there are none. */
static int marked_row(const View *view, int width)
{
    const Scrollback *scrollback = &view->scrollback;
    int index = view->marks.item > 0 ? scrollback_find(scrollback, view->marks.item) : -1, row = 0;
    if (index < 0)
        return -1;
    for (int i = 0; i < index; i++)
        row += chat_gap(scrollback, i) + scrollback->items[i].height;
    const Item *item = &scrollback->items[index];
    Finding finding = {.at = (size_t)view->marks.from, .found = -1};
    markdown_lines(view, item, width, (int)strlen(chat_prefix(item)), item->kind == ITEM_ANSWER,
                   find_line, &finding);
    return row + chat_gap(scrollback, index) +
           (finding.found >= 0 ? finding.found : finding.row - 1);
}

/* Scrolls to the marked words where they are out of sight. most: lines that do not fit */
static void show_words(View *view, Rect rect, int most)
{
    int row = marked_row(view, rect.width), top = most - view->scroll;
    view->to_words = false;
    if (row < 0 || (row >= top && row < top + rect.height))
        return;
    top = row - rect.height / 2;
    top = top < 0 ? 0 : top > most ? most : top;
    view->scroll = most - top;
}

/* After scrolling: the round shown is one of those whose words are in sight. */
static void follow_words(View *view, const Drawing *d)
{
    unsigned long serial = d->above ? d->first : d->nearest;
    view->from_words = false;
    if (!d->marked && serial > 0)
        view_browse_to(view, serial);
}

static void chat_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    Scrollback *scrollback = &view->scrollback;
    if (!view->bare) {
        rect.width--; /* a blank column before the divider */
        if (rect.width > LINE_COLUMNS)
            rect.width = LINE_COLUMNS;
    }
    if (scrollback->n_items == 0) {
        draw_welcome(view, cells, rect);
        return;
    }
    int total = 0;
    for (int i = 0; i < scrollback->n_items; i++)
        total += chat_gap(scrollback, i) + chat_height(view, &scrollback->items[i], rect.width);
    if (view->scroll > 0 && view->chat_width == rect.width)
        view->scroll += total - view->chat_lines;
    int most = total > rect.height ? total - rect.height : 0;
    view->scroll = view->scroll > most ? most : view->scroll < 0 ? 0 : view->scroll;
    view->chat_lines = total;
    view->chat_width = rect.width;
    view->chat_rows = rect.height;
    set_marks(view, focused);
    if (view->to_words)
        show_words(view, rect, most);

    int top = rect.y - (most - view->scroll);
    look_what_is_in_sight(view, rect, top);
    Drawing d = {
        .view = view, .cells = cells, .rect = rect, .y = top, .code = scrollback->codes_gone};
    d.in_reach = focused ? view->code_in_reach : 0;
    for (int i = 0; i < scrollback->n_items && d.y < rect.y + rect.height; i++) {
        d.y += chat_gap(scrollback, i);
        if (d.y + scrollback->items[i].height <= rect.y) {
            d.y += scrollback->items[i].height;
            d.code += scrollback->items[i].codes;
            d.above = d.above || scrollback->items[i].id == view->marks.item;
        } else {
            draw_item(view, &d, &scrollback->items[i]);
        }
    }
    if (view->from_words)
        follow_words(view, &d);
}

static void chat_title(const View *view, char *out, size_t bytes)
{
    const EventReady *ready = &view->ready;
    int n = snprintf(out, bytes, "CHAT"), waiting = view->held.rounds;
    if (view->holding && !view->led) {
        snprintf(out + n, bytes - (size_t)n, "  !held, %d round%s wait%s, . steps", waiting,
                 waiting == 1 ? "" : "s", waiting == 1 ? "s" : "");
        return;
    }
    if (view->search.shown && view->search.n_hits > 0)
        n += snprintf(out + n, bytes - (size_t)n, "  /%.24s %d of %d", view->search.pattern,
                      view->search.number, view->search.n_hits);
    if (view->marks.item > 0)
        n += snprintf(out + n, bytes - (size_t)n, "  %s",
                      view->explaining ? "the round's words are marked" : "round marked, t why");
    if (view->state != VIEW_STARTING)
        n += snprintf(out + n, bytes - (size_t)n, "  temp %g", (double)ready->temperature);
    if (view->state != VIEW_STARTING && ready->temperature > 0 && ready->top_k > 0)
        n += snprintf(out + n, bytes - (size_t)n, "  top_k %d", ready->top_k);
    if (view->state != VIEW_STARTING && ready->temperature > 0 && ready->top_p < 1)
        n += snprintf(out + n, bytes - (size_t)n, "  top_p %g", (double)ready->top_p);
    if (view->state != VIEW_STARTING)
        n += snprintf(out + n, bytes - (size_t)n, "  seed %d", ready->seed);
    if (view->scroll > 0)
        n += snprintf(out + n, bytes - (size_t)n, "  %d line%s below", view->scroll,
                      view->scroll == 1 ? "" : "s");
    if (view->session[0] != '\0')
        snprintf(out + n, bytes - (size_t)n, "  session %.40s", view->session);
}

static PaneKey chat_key(View *view, const Key *key, UiAction *action)
{
    (void)action;
    switch (key->code) {
    case KB_UP:
        view->scroll++;
        break;
    case KB_DOWN:
        view->scroll--;
        break;
    case KB_PAGE_UP:
        view->scroll += 10;
        break;
    case KB_PAGE_DOWN:
        view->scroll -= 10;
        break;
    case KB_HOME:
        view->scroll = view->chat_lines;
        break;
    case KB_END:
        view->scroll = 0;
        break;
    case KB_LEFT:
    case KB_RIGHT:
        view_browse(view, key->code == KB_LEFT ? -1 : 1);
        view->to_words = true;
        return PANE_TAKEN;
    default:
        return PANE_IGNORED;
    }
    if (view->scroll < 0)
        view->scroll = 0;
    view->from_words = true;
    view->changes++;
    return PANE_TAKEN;
}

const Pane pane_chat = {
    .wish = {.place = PLACE_LEFT, .grows = true, .rows = 3},
    .tab = "CHAT",
    .title = chat_title,
    .draw = chat_draw,
    .key = chat_key,
};
