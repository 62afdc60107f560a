/* frame.c - see frame.h. */
#include "ui/frame.h"

#include <stdio.h>
#include <string.h>

#include "ui/legend.h"
#include "ui/line.h"
#include "ui/overlay.h"
#include "ui/pages/page.h"
#include "ui/panes/pane.h"
#include "ui/shortcuts.h"

enum { LABEL_COLUMNS = 7 }; /* of a key in the footer, where there is room */

static void horizontal(Cells *cells, int y, int from, int to, int attr)
{
    for (int x = from; x < to; x++)
        cells_glyph(cells, y, x, GLYPH_HORIZONTAL, attr);
}

/* A remark ends the title; "!" makes it a warning. What is parted by two blanks is there whole or not
 * at all, the last parts go first. Returns the columns used. */
static int remark(Cells *cells, int y, int x, int columns, const char *text)
{
    char line[160];
    bool warning = text[0] == '!';
    snprintf(line, sizeof line, " %s ", text + warning);
    for (char *last; text_width(line, strlen(line)) > columns; last[1] = '\0') {
        char *part = strstr(line + 1, "  ");
        for (last = part; part != NULL; part = strstr(part + 1, "  "))
            last = part;
        if (last == NULL)
            break;
    }
    text_truncate(line, columns);
    return cells_print(cells, y, x, columns, warning ? STYLE_WARN : STYLE_DIM, "%s", line);
}

/* " TITLE  remark " set into a border row; the focused one reversed. */
static void title(Cells *cells, int y, int x, int columns, const char *text, bool focused)
{
    const char *rest = strstr(text, "  ");
    int name = rest != NULL ? (int)(rest - text) : (int)strlen(text);
    int used =
        cells_print(cells, y, x, columns, STYLE_TITLE | ATTR_BOLD | (focused ? ATTR_REVERSE : 0),
                    " %.*s ", name, text);
    if (rest != NULL)
        remark(cells, y, x + used, columns - used, rest + 2);
}

static void draw_pane(const Frame *frame, View *view, Cells *cells, const Layout *layout, PaneId id)
{
    const Pane *pane = pane_get(id);
    if (!layout_shows(layout, id))
        return;
    bool focused = frame->focus == (int)id;
    pane->draw(view, cells, layout->panes[id], focused);
}

static void draw_title(const Frame *frame, const View *view, Cells *cells, const Layout *layout,
                       PaneId id)
{
    char text[128];
    Rect at = layout->titles[id];
    if (at.width == 0)
        return;
    pane_get(id)->title(view, text, sizeof text);
    horizontal(cells, at.y, at.x, at.x + at.width, STYLE_BORDER);
    title(cells, at.y, at.x + 2, at.width - 3, text, frame->focus == (int)id);
}

/* Is there a title in row y that begins at x, or ends before it? */
static bool title_meets(const Layout *layout, int y, int x, bool begins)
{
    for (int id = 0; id < PANE_COUNT; id++) {
        const Rect *at = &layout->titles[id];
        if (at->width > 0 && at->y == y && (begins ? at->x : at->x + at->width) == x)
            return true;
    }
    return false;
}

static void draw_divider(Cells *cells, const Layout *layout, int x)
{
    if (x < 0)
        return;
    for (int y = 1; y < layout->rule.y; y++) {
        bool left = title_meets(layout, y, x, false), right = title_meets(layout, y, x, true);
        Glyph glyph = !left && !right ? GLYPH_VERTICAL
                      : y == 1        ? GLYPH_TEE_DOWN
                      : !left         ? GLYPH_TEE_RIGHT
                      : !right        ? GLYPH_TEE_LEFT
                                      : GLYPH_CROSS;
        cells_glyph(cells, y, x, glyph, STYLE_BORDER);
    }
    cells_glyph(cells, layout->rule.y, x, GLYPH_TEE_UP, STYLE_BORDER);
}

/* The tab row: all names, the shown one as a title, then its remark. */
static void draw_tabs(const Frame *frame, const View *view, Cells *cells, const Layout *layout,
                      const PaneWish wishes[PANE_COUNT])
{
    char text[128];
    if (layout->tab == PANE_COUNT)
        return;
    Rect at = layout->titles[layout->tab];
    int x = at.x + 2, right = at.x + at.width - 1;
    horizontal(cells, at.y, at.x, at.x + at.width, STYLE_BORDER);
    for (int id = 0; id < PANE_COUNT; id++) {
        if (pane_get((PaneId)id)->wish.place != PLACE_RIGHT || (frame->hidden >> id & 1) != 0 ||
            !layout_offers(&wishes[id]))
            continue;
        bool shown = id == (int)layout->tab;
        int attr = shown ? STYLE_TITLE | ATTR_BOLD : STYLE_DIM;
        if (shown && frame->focus == id)
            attr |= ATTR_REVERSE;
        x += cells_print(cells, at.y, x, right - x, attr, shown ? "[%s]" : " %s ",
                         pane_get(id)->tab);
    }
    pane_get(layout->tab)->title(view, text, sizeof text);
    const char *rest = strstr(text, "  ");
    if (rest != NULL && right - x > 12)
        remark(cells, at.y, x + 1, right - x - 1, rest + 2);
}

/* Columns that the keys take when each label has LABEL_COLUMNS. */
static int keys_width(const View *view)
{
    int width = 0, blanks = 0;
    for (int number = 1; number <= SHORTCUT_MOST; number++) {
        const char *label = shortcut_label(number, view);
        if (label == NULL)
            continue;
        int length = (int)strlen(label);
        width += blanks + (number < 10 ? 3 : 4) + length; /* " F1Help" */
        blanks = length < LABEL_COLUMNS ? LABEL_COLUMNS - length : 0;
    }
    return width;
}

static bool leads_to_pane(int number)
{
    PaneId pane;
    return shortcut_action(number, &pane) == SHORTCUT_PANE;
}

/* Columns of the keys, one close to the other. */
static int close_width(const View *view)
{
    int width = 0;
    for (int number = 1; number <= SHORTCUT_MOST; number++) {
        const char *label = shortcut_label(number, view);
        if (label != NULL)
            width += (number < 10 ? 2 : 3) + (int)strlen(label);
    }
    return width;
}

/* Where they do not fit, those of the panes are left out: Shift-Tab leads there, too. */
static void draw_keys(const View *view, Cells *cells, Rect rect)
{
    bool wide = rect.width >= keys_width(view), all = rect.width >= close_width(view);
    int x = rect.x, right = rect.x + rect.width;
    for (int number = 1; number <= SHORTCUT_MOST; number++) {
        const char *label = shortcut_label(number, view);
        if (label == NULL || (!all && leads_to_pane(number)))
            continue;
        x += cells_print(cells, rect.y, x, right - x, STYLE_TEXT, wide ? " F%d" : "F%d", number);
        x += cells_print(cells, rect.y, x, right - x, STYLE_LABEL, "%-*s", wide ? LABEL_COLUMNS : 0,
                         label);
    }
}

/* Completions in rows above the rule, in columns. */
static void draw_choices(const Frame *frame, Cells *cells, int bottom)
{
    int widest = 1;
    for (int i = 0; i < frame->n_choices; i++) {
        int width = text_width(frame->choices[i], strlen(frame->choices[i]));
        widest = width > widest ? width : widest;
    }
    int columns = cells->width / (widest + 2) > 0 ? cells->width / (widest + 2) : 1;
    int rows = (frame->n_choices + columns - 1) / columns;
    rows = rows > bottom ? bottom : rows;
    Rect rect = {bottom - rows, 0, rows, cells->width};
    cells_fill(cells, rect, ' ', STYLE_TEXT | ATTR_REVERSE);
    for (int i = 0; i < frame->n_choices && i < rows * columns; i++)
        cells_print(cells, rect.y + i / columns, 1 + i % columns * (widest + 2), widest,
                    STYLE_TEXT | ATTR_REVERSE, "%s", frame->choices[i]);
}

/* The page has the rows of chat and panes. */
static void draw_page(const Frame *frame, View *view, Cells *cells, const Layout *layout)
{
    const Page *page = page_get(frame->page);
    char text[160];
    int width = layout->width;
    page->title(view, width - 5, text, sizeof text);
    horizontal(cells, 1, 0, width, STYLE_BORDER);
    title(cells, 1, 2, width - 3, text, frame->focus == FOCUS_PAGE);
    page->draw(view, cells, (Rect){2, 0, layout->rule.y - 2, width});
}

static void draw_panes(const Frame *frame, View *view, Cells *cells, const Layout *layout,
                       const PaneWish wishes[PANE_COUNT])
{
    for (int id = 0; id < PANE_COUNT; id++)
        draw_pane(frame, view, cells, layout, id);
    /* Titles after the panes: drawing the chat finds out how far it is scrolled. */
    for (int id = 0; id < PANE_COUNT; id++)
        draw_title(frame, view, cells, layout, id);
    draw_divider(cells, layout, layout->divider_x);
    draw_divider(cells, layout, layout->third_x);
    legend_draw(view, cells,
                (Rect){layout->rule.y, 0, 1,
                       layout->divider_x >= 0 ? layout->divider_x : layout->rule.width});
    if (layout->mode == LAYOUT_TABS)
        draw_tabs(frame, view, cells, layout, wishes);
}

static void draw_message(Cells *cells)
{
    static const char text[] = "s2d needs a window of 40x8";
    int width = cells->width, y = cells->height / 2;
    int x = width > (int)sizeof text ? (width - (int)sizeof text + 1) / 2 : 0;
    cells_print(cells, y, x, width - x, STYLE_WARN | ATTR_BOLD, "%s", text);
    if (cells->height > 2)
        cells_print(cells, y + 1, x, width - x, STYLE_DIM, "this one is %dx%d", width,
                    cells->height);
}

/* Whether a bar has the place of the input line; what is searched for is typed there all the same. */
static bool play_stands(const Frame *frame)
{
    return frame->play.shown && !frame->asking;
}

/* What was recorded says so over whatever else is there. */
static void draw_play(const Frame *frame, Cells *cells, Rect rect)
{
    if (!frame->play.shown)
        return;
    cells_fill(cells, rect, ' ', STYLE_TEXT);
    play_bar_draw(&frame->play, cells, rect);
}

/* The tree pane tells why while it has the focus, and while its words are looked for in the chat. */
static void choose_form(const Frame *frame, View *view)
{
    if (frame->focus == PANE_TREE)
        view->explaining = true;
    else if (frame->focus != PANE_CHAT)
        view->explaining = false;
}

void frame_draw(const Frame *frame, View *view, Cells *cells, Layout *layout)
{
    cells_clear(cells);
    choose_form(frame, view);
    LineBox box = {frame->prompt, frame->line, frame->line_bytes, frame->point};
    int rows = play_stands(frame) ? play_bar_rows(&frame->play) : line_rows(&box, cells->width);
    PaneWish wishes[PANE_COUNT];
    pane_wishes(view, cells->width, wishes);
    for (int id = 0; id < PANE_COUNT; id++)
        wishes[id].hidden = (frame->hidden >> id & 1) != 0;
    wishes[frame->zoom].zoomed = true;
    rows = rows < INPUT_ROWS ? rows : INPUT_ROWS;
    if (!frame->alone || !layout_alone(layout, cells->width, cells->height, rows, frame->only))
        layout_make(layout, cells->width, cells->height, rows, wishes, frame->front);
    if (layout->mode == LAYOUT_MESSAGE) {
        draw_message(cells);
        draw_play(frame, cells, (Rect){cells->height - 1, 0, 1, cells->width});
        return;
    }
    if (layout->mode != LAYOUT_ALONE)
        horizontal(cells, layout->rule.y, 0, cells->width, STYLE_BORDER);
    if (frame->page != PAGE_NONE && layout->mode != LAYOUT_SMALL)
        draw_page(frame, view, cells, layout);
    else
        draw_panes(frame, view, cells, layout, wishes);
    if (layout->mode == LAYOUT_SMALL) {
        status_figures(view, cells, layout->figures, frame->notice);
    } else if (layout->mode == LAYOUT_ALONE) {
        status_line(view, cells, layout->status, frame->notice, true);
    } else {
        status_header(view, cells, layout->header);
        status_line(view, cells, layout->status, frame->notice, !layout_shows(layout, PANE_SPEED));
        draw_keys(view, cells, layout->keys);
    }
    if (play_stands(frame))
        play_bar_draw(&frame->play, cells, layout->input);
    else
        line_draw(&box, cells, layout->input, frame->focus == FOCUS_INPUT || frame->asking);
    if (frame->n_choices > 0)
        draw_choices(frame, cells, layout->rule.y);
    if (frame->overlay != OVERLAY_NONE)
        cells->cursor_y = cells->cursor_x = -1;
    if (frame->overlay == OVERLAY_HELP)
        overlay_help(frame, cells);
    else if (frame->overlay == OVERLAY_LOG)
        overlay_log(frame, view, cells);
    else if (frame->overlay != OVERLAY_NONE)
        overlay_list(frame, view, cells);
    if (frame->overlay != OVERLAY_NONE) {
        Rect last = layout->input;
        last.y += last.height - 1;
        last.height = 1;
        draw_play(frame, cells, last);
    }
}
