/* palette.h - a theme as this terminal can show it: curses' colour pairs and attributes.
 *
 * In: the theme wanted, what is known of the terminal's background, its number of colours. Out: pair
 * 1 + style of every style, and what curses is to be told of a cell. For screen.c alone.
 */
#ifndef S2D_UI_PALETTE_H
#define S2D_UI_PALETTE_H

#include "ui/theme.h"

typedef struct Palette {
    int depth;                 /* number of colours; 0 = none */
    bool own_colours;          /* the terminal's own fore- and background can be asked for */
    bool no_color;             /* of the environment */
    bool italics;              /* the terminal has them */
    ThemeChoice wanted, shown; /* shown is never THEME_AUTO */
    Ground ground;
    bool paints; /* the ground is the theme's */
} Palette;

/* After curses has begun. */
void palette_open(Palette *palette, ThemeChoice wanted);
/* Another theme, or another ground is known: all must be drawn anew. */
void palette_set(Palette *palette, ThemeChoice wanted, Ground ground);
/* What curses knows of a cell's attribute (cells.h): an attr_t, and the pair. */
unsigned long palette_attributes(const Palette *palette, int attr, short *pair);

#endif
