/* look.h - what each meaning looks like in a theme, and the contrast of that.
 *
 *   a cell's attribute, a theme -> look_of -> two colours and attributes -> screen.c
 *
 * Colours are numbers of xterm's 256 that every terminal shows alike (16 to 255), so that their
 * contrast can be computed: at least LOOK_CONTRAST for text. For terminals with 16 colours or fewer
 * there is a second number each, whose look is the terminal's own affair.
 */
#ifndef S2D_UI_LOOK_H
#define S2D_UI_LOOK_H

#include "ui/cells.h"
#include "ui/theme.h"

#define LOOK_CONTRAST 4.5    /* least of a text to what is behind it. Source: WCAG 2.1, 1.4.3 */
#define LOOK_LINE_CONTRAST 3 /* the same of lines. Source: WCAG 2.1, 1.4.11 */

typedef struct LookColour {
    short of_256, of_16; /* numbers of colours; -1 = the terminal's own */
} LookColour;

typedef struct Theme {
    LookColour ground; /* behind the text, where the terminal's own does not do */
    LookColour label;  /* behind STYLE_LABEL */
    LookColour colours[STYLE_COUNT];
    bool colourless;
    bool always_ground; /* whatever the terminal's own is */
} Theme;

/* How a cell is shown. */
typedef struct Look {
    LookColour fore, back;
    bool bold, dim, underline, italic, reverse;
} Look;

/* Not for THEME_AUTO. */
const Theme *look_theme(ThemeChoice choice);
/* What a style is called, e.g. "good". */
const char *look_style_name(int style);
/* Is it for lines alone, never for text? */
bool look_is_line(int style);
/* Whether the theme must paint its own ground: always, or the terminal's is not known, or a text
 * would not reach the contrast on it. */
bool look_paints(const Theme *theme, Ground ground);
/* The look of a cell's attribute (cells.h); paints: the ground is the theme's own. */
Look look_of(const Theme *theme, int attr, bool paints);
/* 0xRRGGBB of a number of the 256; the first 16 as xterm has them. */
uint32_t look_rgb(int of_256);

#endif
