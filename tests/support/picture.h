/* picture.h - a drawn screen with its colours: as text that can be read and compared, as SVG. */
#ifndef S2D_TESTS_SUPPORT_PICTURE_H
#define S2D_TESTS_SUPPORT_PICTURE_H

#include "ui/look.h"

/* The screen's text; below it the same rows with a letter for each attribute in place of each
 * character, and what the letters look like in the dark, the light and the theme without colours.
 * Free it. */
char *picture_text(const Cells *cells);
/* The screen as an SVG picture in a theme with colours. Free it. */
char *picture_svg(const Cells *cells, ThemeChoice choice, const char *title);

#endif
