/* line.h - the line being edited, as rows of a screen: pure geometry and drawing.
 *
 * In: prompt, text with newlines, cursor as a byte offset. Out: how many rows that takes at a
 * width, and the rows around the cursor drawn. Long lines wrap; control characters show as blanks.
 */
#ifndef S2D_UI_LINE_H
#define S2D_UI_LINE_H

#include "ui/cells.h"

typedef struct LineBox {
    const char *prompt; /* clean */
    const char *text;   /* may hold anything */
    size_t bytes, point;
} LineBox;

int line_rows(const LineBox *box, int width);
/* Draws the rows that fit, the cursor's among them, and places the cursor when `focused`. */
void line_draw(const LineBox *box, Cells *cells, Rect rect, bool focused);

#endif
