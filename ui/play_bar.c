/* play_bar.c - see play_bar.h. */
#include "ui/play_bar.h"

#include <stdio.h>
#include <string.h>

#include "ui/text.h"

enum { TRACK_LEAST = 6, TRACK_MOST = 40 };

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

/* How much of it is over, in what is left of the row. */
static void draw_track(const Row *row, const PlayBar *bar)
{
    int x = row->x + 2, columns = row->right - 1 - x;
    columns = columns < TRACK_MOST ? columns : TRACK_MOST;
    if (bar->end_s <= 0 || columns < TRACK_LEAST)
        return;
    for (int i = 0; i < columns; i++)
        cells_glyph(row->cells, row->y, x + i, GLYPH_TRACK, STYLE_DIM);
    cells_bar(row->cells, row->y, x, columns,
              bar->at_s < bar->end_s ? (double)bar->at_s / bar->end_s : 1, STYLE_WARN);
}

static void draw_row(const PlayBar *bar, Cells *cells, Rect rect)
{
    Row row = {cells, rect.y, rect.x, rect.x + rect.width, false};
    char text[64];
    int mark = STYLE_WARN | ATTR_BOLD | ATTR_REVERSE;
    add(&row, bar->recorded ? " RECORDED " : " LIVE ", mark);
    snprintf(text, sizeof text, "x%g", (double)bar->pace);
    if (bar->at_end || bar->held)
        add(&row, bar->at_end ? "  END  " : "  HELD ", STYLE_WARN | ATTR_BOLD);
    else if (bar->pace > 0)
        add(&row, "  ", STYLE_TEXT);
    if (bar->pace > 0 && !bar->at_end && !bar->held) {
        size_t used = strlen(text); /* as wide as HELD, so that nothing moves */
        snprintf(text + used, sizeof text - used, "%*s", used < 5 ? (int)(5 - used) : 0, "");
        add(&row, text, STYLE_TEXT);
    }
    if (bar->end_s > 0) {
        snprintf(text, sizeof text, " %d:%02d of %d:%02d", bar->at_s / 60, bar->at_s % 60,
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
    if (bar->keys != NULL) {
        add(&row, "  ", STYLE_DIM);
        add(&row, bar->keys, STYLE_DIM);
    }
    draw_track(&row, bar);
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
