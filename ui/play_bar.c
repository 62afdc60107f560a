/* play_bar.c - see play_bar.h. */
#include "ui/play_bar.h"

#include <stdio.h>
#include <string.h>

#include "ui/text.h"

enum { TRACK_COLUMNS = 16 };

typedef struct Row {
    Cells *cells;
    int y, x, right;
    bool full; /* a field was left out, and so is all behind it */
} Row;

static void add(Row *row, const char *text, int attr)
{
    int need = text_width(text, strlen(text));
    row->full = row->full || row->x + need > row->right;
    if (!row->full)
        row->x += cells_print(row->cells, row->y, row->x, row->right - row->x, attr, "%s", text);
}

/* How much of it is over. */
static void add_track(Row *row, const PlayBar *bar)
{
    if (bar->end_s <= 0 || row->full || row->x + TRACK_COLUMNS + 2 > row->right)
        return;
    double part = bar->at_s < bar->end_s ? (double)bar->at_s / bar->end_s : 1;
    row->x += 2;
    for (int i = 0; i < TRACK_COLUMNS; i++)
        cells_glyph(row->cells, row->y, row->x + i, GLYPH_TRACK, STYLE_DIM);
    cells_bar(row->cells, row->y, row->x, TRACK_COLUMNS, part, STYLE_WARN);
    row->x += TRACK_COLUMNS;
}

static void draw_row(const PlayBar *bar, Cells *cells, Rect rect)
{
    Row row = {cells, rect.y, rect.x, rect.x + rect.width, false};
    char text[64];
    int mark = STYLE_WARN | ATTR_BOLD | ATTR_REVERSE;
    add(&row, bar->recorded ? " RECORDED " : " LIVE ", mark);
    if (bar->at_end)
        add(&row, " ends here", STYLE_WARN | ATTR_BOLD);
    else if (bar->held)
        add(&row, " HELD", STYLE_WARN | ATTR_BOLD);
    if (bar->pace > 0) {
        snprintf(text, sizeof text, "  x%g", (double)bar->pace);
        add(&row, text, STYLE_TEXT);
    }
    if (bar->end_s > 0) {
        snprintf(text, sizeof text, "  %d:%02d of %d:%02d", bar->at_s / 60, bar->at_s % 60,
                 bar->end_s / 60, bar->end_s % 60);
        add(&row, text, STYLE_TEXT | ATTR_BOLD);
    }
    if (bar->step > 0) {
        snprintf(text, sizeof text, "  step %d of %d", bar->step, bar->steps);
        add(&row, text, STYLE_TEXT);
    }
    if (bar->answer > 0) {
        snprintf(text, sizeof text, "  answer %d of %d", bar->answer, bar->answers);
        add(&row, text, STYLE_TEXT);
    }
    if (bar->round > 0) {
        snprintf(text, sizeof text, "  round %d", bar->round);
        add(&row, text, STYLE_TEXT);
    }
    add_track(&row, bar);
    if (bar->keys != NULL) {
        add(&row, "  ", STYLE_DIM);
        add(&row, bar->keys, STYLE_DIM);
    }
}

static void draw_caption(const PlayBar *bar, Cells *cells, Rect rect)
{
    const char *s = bar->caption;
    size_t left = strlen(s), skip;
    for (int i = 0; i < rect.height && left > 0; i++) {
        size_t n = text_wrap(s, left, rect.width - 2, &skip);
        bool cut = i == rect.height - 1 && n + skip < left;
        int used = cells_text(cells, rect.y + i, rect.x + 1, rect.width - (cut ? 3 : 2), s, n,
                              STYLE_TEXT | ATTR_BOLD);
        if (cut)
            cells_glyph(cells, rect.y + i, rect.x + 1 + used, GLYPH_MORE, STYLE_TEXT);
        s += n + skip;
        left -= n + skip;
    }
}

int play_bar_rows(const PlayBar *bar)
{
    return bar->captions ? PLAY_CAPTION_ROWS + 1 : 1;
}

void play_bar_draw(const PlayBar *bar, Cells *cells, Rect rect)
{
    if (rect.height < 1 || rect.width < 3)
        return;
    draw_caption(bar, cells, (Rect){rect.y, rect.x, rect.height - 1, rect.width});
    draw_row(bar, cells, (Rect){rect.y + rect.height - 1, rect.x, 1, rect.width});
}
