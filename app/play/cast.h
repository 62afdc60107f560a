/* cast.h - a timeline as an asciicast, which asciinema and its player for web pages show.
 *
 *   Timeline -> Player -> Frame -> Cells -> the terminal's text -> JSON lines
 *
 * Source: the asciicast v2 format. The screen is what a replay in a window of that size shows, the
 * bar that says so included. What is written depends on nothing but the trace, the script and the
 * size: no date, no name of a machine.
 */
#ifndef S2D_APP_PLAY_CAST_H
#define S2D_APP_PLAY_CAST_H

#include "app/play/timeline.h"

enum { CAST_FRAME_MS = 66 /* at least between two frames */, CAST_WIDTH = 100, CAST_HEIGHT = 30 };

typedef struct CastSize {
    int width, height; /* columns, rows */
} CastSize;

/* "100x30", within 40x8 and 400x200. */
int cast_size(const char *text, CastSize *size, Err *err);

/* Writes a new file, whole or not at all. */
int cast_save(const char *path, Timeline *timeline, CastSize size, const char *title, Err *err);

#endif
