/* line.c - see line.h. Rows break at the width, not at words, so that the cursor's place is plain
 * to see. */
#include "ui/line.h"

#include <string.h>

#include "ui/text.h"

typedef struct LinePlace {
    int row, column; /* of the next character, column counted from the text's left edge */
    size_t at;
} LinePlace;

/* Columns of the character at place->at, breaking to a new row where it does not fit. Returns its
 * bytes. */
static size_t step(LinePlace *place, const LineBox *box, int columns, uint32_t *ch, int *width)
{
    size_t n = text_decode(box->text + place->at, box->bytes - place->at, ch);
    *width = *ch == '\t' ? TEXT_TAB - place->column % TEXT_TAB : text_char_width(*ch);
    if (*width < 0)
        *width = 1;
    if (place->column + *width > columns) {
        place->row++;
        place->column = 0;
    }
    return n;
}

static int columns_of(const LineBox *box, int width)
{
    int columns = width - text_width(box->prompt, strlen(box->prompt)) - 1;
    return columns > 2 ? columns : 2;
}

/* Goes to byte `end` and returns where it stands there. */
static LinePlace place_of(const LineBox *box, int columns, size_t end)
{
    LinePlace place = {0};
    while (place.at < end) {
        uint32_t ch;
        int width;
        size_t n = step(&place, box, columns, &ch, &width);
        place.at += n;
        if (ch == '\n')
            place = (LinePlace){place.row + 1, 0, place.at};
        else
            place.column += width;
    }
    return place;
}

int line_rows(const LineBox *box, int width)
{
    return place_of(box, columns_of(box, width), box->bytes).row + 1;
}

void line_draw(const LineBox *box, Cells *cells, Rect rect, bool focused)
{
    int columns = columns_of(box, rect.width), prompt = rect.width - 1 - columns;
    LinePlace cursor = place_of(box, columns, box->point);
    int rows = line_rows(box, rect.width);
    int first = cursor.row - rect.height + 1 > 0 ? cursor.row - rect.height + 1 : 0;
    if (first > rows - rect.height)
        first = rows > rect.height ? rows - rect.height : 0;
    if (first == 0)
        cells_print(cells, rect.y, rect.x, rect.width,
                    focused ? STYLE_TITLE | ATTR_BOLD : STYLE_DIM, "%s", box->prompt);
    LinePlace place = {0};
    while (place.at < box->bytes && place.row < first + rect.height) {
        uint32_t ch;
        int width;
        size_t n = step(&place, box, columns, &ch, &width);
        if (ch == '\n') {
            place = (LinePlace){place.row + 1, 0, place.at + n};
            continue;
        }
        int y = rect.y + place.row - first;
        if (place.row >= first && place.row < first + rect.height && ch != '\t') {
            if (width == 0 && place.column > 0) /* a combining mark: with the character before it */
                cells_combine(cells, y, rect.x + prompt + place.column - 1, ch);
            else if (width > 0)
                cells_text(cells, y, rect.x + prompt + place.column, width, box->text + place.at, n,
                           STYLE_TEXT);
        }
        place.column += width;
        place.at += n;
    }
    if (focused) {
        cells->cursor_y = rect.y + cursor.row - first;
        cells->cursor_x = rect.x + prompt + cursor.column;
    }
}
