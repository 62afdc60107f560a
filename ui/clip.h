/* clip.h - text for the clipboard of whoever sits at the terminal, over any number of hops: the
 * terminal takes it from the stream (OSC 52, base64). Source: xterm's ctlseqs, "Manipulate Selection
 * Data".
 */
#ifndef S2D_UI_CLIP_H
#define S2D_UI_CLIP_H

#include <stddef.h>
#include <stdio.h>

#include "kernels/common/err.h"
#include "ui/scrollback.h"

enum {
    CLIP_ANSWER = 0,  /* the newest answer, whole; from 1 on: the block of code of that number */
    CLIP_NEWEST = -1, /* the newest answer's last block of code, or all of it where it has none */
};

typedef struct Clip {
    char *text; /* malloc'd, terminated */
    size_t bytes;
    char what[32]; /* "the answer", "code block 3" */
} Clip;

/* Picks from a chat's answers, oldest first. Blocks of code are numbered through all of them, from
 * gone + 1 on. -1 with *err: there is none (EXIT_USAGE), or no memory. */
int clip_pick(const char *const *answers, int n, int gone, int number, Clip *clip, Err *err);
/* From what the screen shows: an answer that a switch has divided is one. last: the id of an item
 * of the answer that is to count as the newest; 0 = the newest it is. */
int clip_pick_shown(const Scrollback *scrollback, unsigned last, int number, Clip *clip, Err *err);

/* Writes the sequence, in one piece between what else is printed, and flushes. Only for a stream
 * that is a terminal. */
void clip_write(FILE *terminal, const char *text, size_t bytes);

#endif
