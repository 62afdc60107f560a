/* cells.h - a screen in memory: panes draw here, screen.c copies it to the terminal, tests read it
 * as text.
 *
 * A cell is one column: a character with up to two combining marks, and an attribute. A wide
 * character takes two cells, the right one having width 0; drawing over one half blanks the other,
 * so borders never shift. Control characters cannot get in: the second fence after text_clean.
 */
#ifndef S2D_UI_CELLS_H
#define S2D_UI_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/layout.h"

/* Colour by meaning; theme.c says what that looks like. STYLE_EXIT + i is the i-th exit. */
enum {
    STYLE_TEXT,
    STYLE_DIM,
    STYLE_BORDER,
    STYLE_TITLE,
    STYLE_GOOD,
    STYLE_BAD,
    STYLE_WARN,
    STYLE_USER,
    STYLE_LABEL,   /* of the key bar */
    STYLE_FREE,    /* drafted by no model */
    STYLE_KEYWORD, /* of code, with the three below */
    STYLE_STRING,
    STYLE_COMMENT,
    STYLE_NUMBER,
    STYLE_EXIT,
    STYLE_COUNT = STYLE_EXIT + 8,
    /* Flags beside the colour. */
    ATTR_BOLD = 0x100,
    ATTR_UNDERLINE = 0x200,
    ATTR_REVERSE = 0x400,
    ATTR_DRAFTED = 0x800, /* underlined where there are no colours */
    ATTR_ITALIC = 0x1000, /* underlined where there are no italics */
    ATTR_RULE = 0x2000,   /* of a line's bytes (markdown.h), in no cell */
    ATTR_GHOST = 0x4000,  /* of a line's text: plain decoding would be here; in no cell */
};

typedef struct Cell {
    uint32_t ch, marks[2];
    uint16_t attr;
    uint16_t width; /* 1, 2, or 0 for the right half of a wide one */
} Cell;

typedef struct Cells {
    int width, height;
    Cell *cells;            /* [height][width] */
    bool unicode;           /* line drawing and blocks may be used */
    int cursor_y, cursor_x; /* -1 = hidden */
} Cells;

typedef enum Glyph {
    GLYPH_HORIZONTAL,
    GLYPH_VERTICAL,
    GLYPH_TEE_DOWN, /* horizontal with a leg down */
    GLYPH_TEE_UP,
    GLYPH_TEE_RIGHT, /* vertical with an arm to the right */
    GLYPH_TEE_LEFT,
    GLYPH_CORNER_TL,
    GLYPH_CORNER_TR,
    GLYPH_CORNER_BL,
    GLYPH_CORNER_BR,
    GLYPH_BLOCK,
    GLYPH_TRACK, /* of a slider */
    GLYPH_KNOB,
    GLYPH_BULLET,
    GLYPH_MORE,
    GLYPH_ARROW,
    GLYPH_CROSS,
} Glyph;

int cells_open(Cells *cells, int width, int height, bool unicode); /* -1 = no memory */
void cells_close(Cells *cells);
void cells_clear(Cells *cells);

/* Draws clean text without newlines from column x on, clipped to `columns` and the buffer; returns
 * the columns used. A wide character that does not fit is a blank. */
int cells_text(Cells *cells, int y, int x, int columns, const char *s, size_t n, int attr);
/* The same with printf's format; returns the columns used. */
int cells_print(Cells *cells, int y, int x, int columns, int attr, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* Adds a combining mark to the character that covers column x; joiners and the like are left out. */
void cells_combine(Cells *cells, int y, int x, uint32_t mark);
void cells_glyph(Cells *cells, int y, int x, Glyph glyph, int attr);
void cells_fill(Cells *cells, Rect rect, uint32_t ch, int attr);
/* A bar of `value` (0 … 1) over `columns`, in eighths of a column where the terminal can; returns
 * columns used. */
int cells_bar(Cells *cells, int y, int x, int columns, double value, int attr);
/* One column of height 0 … 1 for a sparkline. */
void cells_spark(Cells *cells, int y, int x, double value, int attr);
/* The same, `rows` high from row y down; above the value it stays as it is. */
void cells_column(Cells *cells, int y, int rows, int x, double value, int attr);
/* A frame along the rectangle's edge, its inside blanked, with a title. */
void cells_box(Cells *cells, Rect rect, const char *title, int attr);
/* Turns attribute flags on for a range, e.g. a selected row. */
void cells_mark(Cells *cells, int y, int x, int columns, int flags);

/* All rows as text, "\n" after each, blanks at line ends cut; malloc'd; NULL = no memory. */
char *cells_dump(const Cells *cells);

#endif
