/* fence.h - where code begins and ends in markdown. Source: CommonMark 0.31, fenced code blocks. */
#ifndef S2D_UI_FENCE_H
#define S2D_UI_FENCE_H

#include <stdbool.h>
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

/* A block of code within a text: its lines without the fences around them. */
typedef struct FenceBlock {
    size_t from, to; /* bytes of the text; the last line's newline is among them */
    int indent;      /* blanks before the opening fence: that many go from each line's beginning */
} FenceBlock;

/* The next block at or after byte *at of a text, which moves behind it; false = there are no more.
 * One that is not closed ends with the text. fence: what is open at *at; all zero = nothing. */
bool fence_next(const char *text, size_t n, size_t *at, Fence *fence, FenceBlock *block);
/* Blocks that begin in a text; `fence` is what is open at its start, then what is at its end. */
int fence_count(const char *text, size_t n, Fence *fence);
/* The block's lines, each without its indent; malloc'd, *bytes long and terminated. NULL = no
 * memory. */
char *fence_copy(const char *text, const FenceBlock *block, size_t *bytes);

#endif
