/* cells.c - see cells.h. */
#include "ui/cells.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/text.h"

int cells_open(Cells *cells, int width, int height, bool unicode)
{
    *cells = (Cells){.width = width, .height = height, .unicode = unicode};
    cells->cells = calloc((size_t)width * (size_t)height + 1, sizeof *cells->cells);
    if (cells->cells == NULL)
        return -1;
    cells_clear(cells);
    return 0;
}

void cells_close(Cells *cells)
{
    free(cells->cells);
    *cells = (Cells){0};
}

void cells_clear(Cells *cells)
{
    for (int i = 0; i < cells->width * cells->height; i++)
        cells->cells[i] = (Cell){.ch = ' ', .width = 1};
    cells->cursor_y = cells->cursor_x = -1;
}

static Cell *cell_at(Cells *cells, int y, int x)
{
    if (y < 0 || x < 0 || y >= cells->height || x >= cells->width)
        return NULL;
    return &cells->cells[y * cells->width + x];
}

/* Blanks the other half of a wide character of which one half is about to go. */
static void unpair(Cells *cells, int y, int x)
{
    Cell *cell = cell_at(cells, y, x);
    if (cell != NULL && cell->width != 1) {
        Cell *other = cell_at(cells, y, cell->width == 0 ? x - 1 : x + 1);
        if (other != NULL)
            *other = (Cell){.ch = ' ', .width = 1, .attr = other->attr};
        *cell = (Cell){.ch = ' ', .width = 1, .attr = cell->attr};
    }
}

/* width is 1 or 2 and the place lies within the buffer. */
static void put(Cells *cells, int y, int x, uint32_t ch, int width, int attr)
{
    Cell *cell = cell_at(cells, y, x);
    if (cell == NULL)
        return;
    unpair(cells, y, x);
    *cell = (Cell){.ch = ch, .attr = (uint16_t)attr, .width = (uint16_t)width};
    if (width == 2) {
        unpair(cells, y, x + 1);
        cell[1] = (Cell){.attr = (uint16_t)attr, .width = 0};
    }
}

void cells_combine(Cells *cells, int y, int x, uint32_t mark)
{
    Cell *cell = cell_at(cells, y, x);
    if (cell != NULL && cell->width == 0)
        cell = cell_at(cells, y, x - 1);
    /* A joiner is drawn as nothing: what it joins would be narrower than its parts, here or not. */
    if (cell == NULL || text_invisible(mark))
        return;
    if (cell->marks[0] == 0)
        cell->marks[0] = mark;
    else if (cell->marks[1] == 0)
        cell->marks[1] = mark;
}

int cells_text(Cells *cells, int y, int x, int columns, const char *s, size_t n, int attr)
{
    if (columns > cells->width - x)
        columns = cells->width - x;
    int used = 0;
    for (size_t i = 0; i < n;) {
        uint32_t ch;
        i += text_decode(s + i, n - i, &ch);
        int width = text_char_width(ch);
        if (ch == '\t') {
            for (int stop = TEXT_TAB - used % TEXT_TAB; stop > 0 && used < columns; stop--)
                put(cells, y, x + used++, ' ', 1, attr);
            continue;
        }
        if (width == 0) {
            if (used > 0)
                cells_combine(cells, y, x + used - 1, ch);
            continue;
        }
        if (width < 0) {
            ch = TEXT_REPLACEMENT;
            width = 1;
        }
        if (used + width > columns) {
            while (used < columns)
                put(cells, y, x + used++, ' ', 1, attr);
            break;
        }
        put(cells, y, x + used, ch, width, attr);
        used += width;
    }
    return used;
}

int cells_print(Cells *cells, int y, int x, int columns, int attr, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0)
        return 0;
    size_t length = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    return cells_text(cells, y, x, columns, line, length, attr);
}

void cells_glyph(Cells *cells, int y, int x, Glyph glyph, int attr)
{
    static const struct {
        uint32_t unicode;
        char ascii;
    } glyphs[] = {
        [GLYPH_HORIZONTAL] = {0x2500, '-'}, [GLYPH_VERTICAL] = {0x2502, '|'},
        [GLYPH_TEE_DOWN] = {0x252C, '+'},   [GLYPH_TEE_UP] = {0x2534, '+'},
        [GLYPH_TEE_RIGHT] = {0x251C, '+'},  [GLYPH_TEE_LEFT] = {0x2524, '+'},
        [GLYPH_CORNER_TL] = {0x250C, '+'},  [GLYPH_CORNER_TR] = {0x2510, '+'},
        [GLYPH_CORNER_BL] = {0x2514, '+'},  [GLYPH_CORNER_BR] = {0x2518, '+'},
        [GLYPH_BLOCK] = {0x2588, '#'},      [GLYPH_TRACK] = {0x2500, '-'},
        [GLYPH_KNOB] = {0x25CF, '#'},       [GLYPH_BULLET] = {0x2022, '-'},
        [GLYPH_MORE] = {0x2026, '~'},       [GLYPH_ARROW] = {0x2192, '>'},
        [GLYPH_CROSS] = {0x253C, '+'},
    };
    put(cells, y, x, cells->unicode ? glyphs[glyph].unicode : (uint32_t)glyphs[glyph].ascii, 1,
        attr);
}

void cells_fill(Cells *cells, Rect rect, uint32_t ch, int attr)
{
    for (int y = rect.y; y < rect.y + rect.height; y++)
        for (int x = rect.x; x < rect.x + rect.width; x++)
            put(cells, y, x, ch, 1, attr);
}

int cells_bar(Cells *cells, int y, int x, int columns, double value, int attr)
{
    if (!(value > 0))
        return 0;
    int eighths = (int)(value * columns * 8 + 0.5);
    if (eighths > columns * 8)
        eighths = columns * 8;
    if (!cells->unicode) /* whole columns; anything above zero is seen */
        eighths = eighths < 4 ? 8 : (eighths + 4) / 8 * 8;
    int used = 0;
    for (; eighths >= 8; eighths -= 8)
        cells_glyph(cells, y, x + used++, GLYPH_BLOCK, attr);
    if (eighths > 0 && used < columns)
        put(cells, y, x + used++, 0x2590 - (uint32_t)eighths, 1, attr);
    return used;
}

void cells_spark(Cells *cells, int y, int x, double value, int attr)
{
    double clamped = value < 0 ? 0 : value > 1 ? 1 : value;
    if (cells->unicode)
        put(cells, y, x, 0x2581 + (uint32_t)(clamped * 7 + 0.5), 1, attr);
    else
        put(cells, y, x, (uint32_t) "_.-=^"[(int)(clamped * 4 + 0.5)], 1, attr);
}

void cells_box(Cells *cells, Rect rect, const char *title, int attr)
{
    int bottom = rect.y + rect.height - 1, right = rect.x + rect.width - 1;
    cells_fill(cells, rect, ' ', STYLE_TEXT);
    for (int x = rect.x; x <= right; x++) {
        cells_glyph(cells, rect.y, x, GLYPH_HORIZONTAL, attr);
        cells_glyph(cells, bottom, x, GLYPH_HORIZONTAL, attr);
    }
    for (int y = rect.y; y <= bottom; y++) {
        cells_glyph(cells, y, rect.x, GLYPH_VERTICAL, attr);
        cells_glyph(cells, y, right, GLYPH_VERTICAL, attr);
    }
    cells_glyph(cells, rect.y, rect.x, GLYPH_CORNER_TL, attr);
    cells_glyph(cells, rect.y, right, GLYPH_CORNER_TR, attr);
    cells_glyph(cells, bottom, rect.x, GLYPH_CORNER_BL, attr);
    cells_glyph(cells, bottom, right, GLYPH_CORNER_BR, attr);
    cells_print(cells, rect.y, rect.x + 2, rect.width - 4, STYLE_TITLE | ATTR_BOLD, " %s ", title);
}

void cells_mark(Cells *cells, int y, int x, int columns, int flags)
{
    for (int i = 0; i < columns; i++) {
        Cell *cell = cell_at(cells, y, x + i);
        if (cell != NULL)
            cell->attr |= (uint16_t)flags;
    }
}

char *cells_dump(const Cells *cells)
{
    /* A cell takes at most 4 bytes and two marks of as many. */
    char *out = malloc((size_t)cells->height * ((size_t)cells->width * 12 + 1) + 1);
    if (out == NULL)
        return NULL;
    char *at = out;
    for (int y = 0; y < cells->height; y++) {
        char *end = at; /* after the last cell that is not blank */
        for (int x = 0; x < cells->width; x++) {
            const Cell *cell = &cells->cells[y * cells->width + x];
            if (cell->width == 0)
                continue;
            at += text_encode(cell->ch, at);
            for (int i = 0; i < 2 && cell->marks[i] != 0; i++)
                at += text_encode(cell->marks[i], at);
            if (cell->ch != ' ')
                end = at;
        }
        at = end;
        *at++ = '\n';
    }
    *at = '\0';
    return out;
}
