/* overlay_log.c - the log in a box, the newest at the bottom; see overlay.h. */
#include "ui/overlay.h"

#include <string.h>
#include <time.h>

enum { TIME_COLUMNS = 10, MARGIN = 4 };

static Rect box_of(int width, int height)
{
    int box_width = width > 104 ? 100 : width - MARGIN;
    return (Rect){1, (width - box_width) / 2, height - 2, box_width};
}

static const char *mark_of(ItemKind kind)
{
    return kind == ITEM_COMMAND   ? "> "
           : kind == ITEM_WARNING ? "warning: "
           : kind == ITEM_ERROR   ? "error: "
                                  : "";
}

static int attr_of(ItemKind kind)
{
    return kind == ITEM_COMMAND   ? STYLE_DIM
           : kind == ITEM_WARNING ? STYLE_WARN
           : kind == ITEM_ERROR   ? STYLE_BAD
                                  : STYLE_TEXT;
}

/* Rows of one entry at that many columns for its text. When `row` is one of them its text is drawn
 * at y. */
static int entry_rows(const LogEntry *entry, int columns, Cells *cells, int row, int y, int x)
{
    char text[LOG_BYTES + 16];
    int rows = 0;
    size_t skip, n;
    strcpy(text, mark_of(entry->kind));
    strcat(text, entry->text);
    for (const char *at = text; *at != '\0' || rows == 0; at += n + skip, rows++) {
        n = text_wrap(at, strlen(at), columns, &skip);
        if (cells != NULL && rows == row)
            cells_text(cells, y, x, columns, at, n, attr_of(entry->kind));
    }
    return rows;
}

static int columns_of(Rect box)
{
    int columns = box.width - 4 - TIME_COLUMNS;
    return columns > 8 ? columns : 8;
}

int overlay_log_most(const View *view, int width, int height, int *shown)
{
    Rect box = box_of(width, height);
    int total = 0;
    for (int i = 0; i < log_count(&view->log); i++)
        total += entry_rows(log_at(&view->log, i), columns_of(box), NULL, 0, 0, 0);
    *shown = box.height - 2;
    return total > *shown ? total - *shown : 0;
}

static void draw_time(const LogEntry *entry, Cells *cells, int y, int x)
{
    struct tm local;
    char text[16];
    if (localtime_r(&entry->time, &local) == NULL ||
        strftime(text, sizeof text, "%H:%M:%S", &local) == 0)
        return;
    cells_print(cells, y, x, TIME_COLUMNS, STYLE_DIM, "%s", text);
}

void overlay_log(const Frame *frame, const View *view, Cells *cells)
{
    const Log *log = &view->log;
    Rect box = box_of(cells->width, cells->height);
    int shown, most = overlay_log_most(view, cells->width, cells->height, &shown);
    int up = frame->log_up < most ? frame->log_up : most, columns = columns_of(box);
    int x = box.x + 2, y = box.y + box.height - 2 + up; /* of the newest entry's last row */
    cells_box(cells, box, "LOG", STYLE_BORDER);
    if (most == 0) { /* all fit: from the top */
        int rows = 0;
        for (int i = 0; i < log_count(log); i++)
            rows += entry_rows(log_at(log, i), columns, NULL, 0, 0, 0);
        y = box.y + rows;
    }
    for (int i = log_count(log) - 1; i >= 0 && y > box.y; i--) {
        const LogEntry *entry = log_at(log, i);
        int rows = entry_rows(entry, columns, NULL, 0, 0, 0);
        for (int row = rows - 1; row >= 0; row--, y--) {
            if (y <= box.y || y >= box.y + box.height - 1)
                continue;
            entry_rows(entry, columns, cells, row, y, x + TIME_COLUMNS);
            if (row == 0)
                draw_time(entry, cells, y, x);
        }
    }
    if (log_count(log) == 0)
        cells_print(cells, box.y + 1, x, box.width - 4, STYLE_DIM, "nothing yet");
    cells_print(cells, box.y + box.height - 1, x, box.width - 4, STYLE_DIM,
                most > 0 ? " arrows scroll, Esc closes " : " Esc closes ");
}
