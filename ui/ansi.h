/* ansi.h - cells as what a terminal is told: cursor movements, colours and text, for recordings.
 * They are those of the dark theme (look.h), of 256. Source: ECMA-48 (CUP, SGR), xterm (38;5, 48;5).
 */
#ifndef S2D_UI_ANSI_H
#define S2D_UI_ANSI_H

#include <stdio.h>

#include "ui/cells.h"

/* Writes what turns a terminal that shows `before` into one that shows `now`, both of one size;
 * before NULL: whatever it shows. The terminal's cursor is hidden. Nothing is written where nothing
 * changed. */
void ansi_write(FILE *out, const Cells *now, const Cells *before);

#endif
