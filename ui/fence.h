/* fence.h - where code begins and ends in markdown. Source: CommonMark 0.31, fenced code blocks. */
#ifndef S2D_UI_FENCE_H
#define S2D_UI_FENCE_H

#include <stddef.h>

/* All zero is outside code. */
typedef struct Fence {
    char mark; /* '`' or '~' */
    int length;
} Fence;

typedef enum FenceLine {
    FENCE_NONE, /* a line of what is open: text or code */
    FENCE_OPENS,
    FENCE_CLOSES,
} FenceLine;

/* Takes one line without its newline. Only the mark that opened the block, at least as often and
 * with nothing behind it, closes it. */
FenceLine fence_line(Fence *fence, const char *line, size_t n);
/* The same with all lines of a text. */
void fence_text(Fence *fence, const char *text, size_t n);

#endif
