/* search.h - finding text in text: what a search of the chat looks for.
 *
 * A pattern is plain text. In lower case it fits any case; one capital letter in it, and case
 * counts.
 */
#ifndef S2D_UI_SEARCH_H
#define S2D_UI_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

enum { SEARCH_BYTES = 128 };

/* A search in the scrollback. A hit is named by its item and its place among that item's hits, so
 * it stays the same one when the window's width changes or the answer grows. */
typedef struct Search {
    char pattern[SEARCH_BYTES]; /* clean; "" = there was none yet */
    bool shown;                 /* hits are marked, and one of them is the current one */
    unsigned long item;         /* the current hit: Item.id, */
    int hit;                    /* and which of its hits, from 0; -1 = none */
    int n_hits, number;         /* of the whole chat when last looked, and the current's, from 1 */
} Search;

/* The first place at or after `from` where the pattern fits, with *length bytes of the text; n =
 * nowhere. */
size_t search_find(const char *pattern, const char *text, size_t n, size_t from, size_t *length);

#endif
