/* play_bar.h - what stands in place of the input line while something plays by itself: a replay or
 * a demo. One row says what is on the screen, where in it and how fast; rows above it hold a caption.
 *
 * What was recorded says so here, whatever else is on the screen.
 */
#ifndef S2D_UI_PLAY_BAR_H
#define S2D_UI_PLAY_BAR_H

#include "ui/cells.h"

enum {
    PLAY_CAPTION_BYTES = 400,
    PLAY_CAPTION_ROWS = 2, /* of a caption, wrapped */
};

typedef struct PlayBar {
    bool shown;
    bool recorded; /* else it is live */
    bool held, at_end;
    bool captions;       /* rows are kept for them, so that nothing moves when one comes */
    float pace;          /* 1 = as it was recorded; 0 = not ours to say */
    int at_s, end_s;     /* seconds; end 0 = not known */
    int step, steps;     /* of the script; 0 = there is none to count */
    int answer, answers; /* begun until now, of; 0 = none */
    int round;           /* of this answer; 0 = none yet */
    const char *keys;    /* what may be pressed, in few words; may be NULL */
    char caption[PLAY_CAPTION_BYTES]; /* clean; "" = none */
} PlayBar;

/* Rows that it wants. */
int play_bar_rows(const PlayBar *bar);
/* Fields that do not fit are left out, whole, the last ones first. */
void play_bar_draw(const PlayBar *bar, Cells *cells, Rect rect);

#endif
