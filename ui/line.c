/* line.c - see line.h. Rows break at the width, not at words, so that the cursor's place is plain
 * to see. */
#include "ui/line.h"

#include <string.h>

#include "ui/text.h"

typedef struct Walk {
    int row, column; /* of the next character, column counted from the text's left edge */
    size_t at;
} Walk;

/* Columns of the character at walk->at, breaking to a new row where it does not fit. Returns its
 * bytes. */
static size_t step(Walk *walk, const LineBox *box, int columns, uint32_t *ch, int *width)
{
    size_t n = text_decode(box->text + walk->at, box->bytes - walk->at, ch);
    *width = *ch == '\t' ? TEXT_TAB - walk->column % TEXT_TAB : text_char_width(*ch);
    if (*width < 0)
        *width = 1;
    if (walk->column + *width > columns) {
        walk->row++;
        walk->column = 0;
    }
    return n;
}

static int columns_of(const LineBox *box, int width)
{
    int columns = width - text_width(box->prompt, strlen(box->prompt)) - 1;
    return columns > 2 ? columns : 2;
}

/* Walks to byte `end` and returns where it stands there. */
static Walk walk_to(const LineBox *box, int columns, size_t end)
{
    Walk walk = {0};
    while (walk.at < end) {
        uint32_t ch;
        int width;
        size_t n = step(&walk, box, columns, &ch, &width);
        walk.at += n;
        if (ch == '\n')
            walk = (Walk){walk.row + 1, 0, walk.at};
        else
            walk.column += width;
    }
    return walk;
}

int line_rows(const LineBox *box, int width)
{
    return walk_to(box, columns_of(box, width), box->bytes).row + 1;
}

void line_draw(const LineBox *box, Cells *cells, Rect rect, bool focused)
{
    int columns = columns_of(box, rect.width), prompt = rect.width - 1 - columns;
    Walk cursor = walk_to(box, columns, box->point);
    int rows = line_rows(box, rect.width);
    int first = cursor.row - rect.height + 1 > 0 ? cursor.row - rect.height + 1 : 0;
    if (first > rows - rect.height)
        first = rows > rect.height ? rows - rect.height : 0;
    if (first == 0)
        cells_print(cells, rect.y, rect.x, rect.width,
                    focused ? STYLE_TITLE | ATTR_BOLD : STYLE_DIM, "%s", box->prompt);
    Walk walk = {0};
    while (walk.at < box->bytes && walk.row < first + rect.height) {
        uint32_t ch;
        int width;
        size_t n = step(&walk, box, columns, &ch, &width);
        if (ch == '\n') {
            walk = (Walk){walk.row + 1, 0, walk.at + n};
            continue;
        }
        int y = rect.y + walk.row - first;
        if (walk.row >= first && walk.row < first + rect.height && ch != '\t') {
            if (width == 0 && walk.column > 0) /* a combining mark: with the character before it */
                cells_combine(cells, y, rect.x + prompt + walk.column - 1, ch);
            else if (width > 0)
                cells_text(cells, y, rect.x + prompt + walk.column, width, box->text + walk.at, n,
                           STYLE_TEXT);
        }
        walk.column += width;
        walk.at += n;
    }
    if (focused) {
        cells->cursor_y = rect.y + cursor.row - first;
        cells->cursor_x = rect.x + prompt + cursor.column;
    }
}
