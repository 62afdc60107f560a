/* merge.h - joins neighbouring symbols of a text, best pair first: the loop that BPE and SPM share.
 *
 * In: a text cut into symbols and a rule that says whether two neighbours join, into which token
 * and how early. Out: the symbols that are left. Of equal priorities the leftmost goes first. A
 * linked list and a heap make it O(n log n) for n symbols, whatever the text.
 */
#ifndef S2D_ENGINE_TEXT_MERGE_H
#define S2D_ENGINE_TEXT_MERGE_H

#include "kernels/common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Symbol {
    int start;  /* byte offset in the text */
    int length; /* bytes; 0 = joined to the symbol before it */
    int id;     /* token, -1 = the bytes are no token yet */
    int prev;   /* index of the neighbours, -1 = none */
    int next;
} Symbol;

/* Do left and right join? Then sets the priority (lower goes first) and the token that they
 * make. */
typedef bool MergeRule(const void *user, const char *text, const Symbol *left, const Symbol *right,
                       uint32_t *priority, int *id);

typedef struct MergeItem {
    uint64_t order; /* priority, then place */
    int length;     /* of the joined symbol: differs when the pair has changed since */
    int id;
} MergeItem;

/* Working memory, used again from word to word. Starts as {0}. */
typedef struct Merger {
    Symbol *symbols;
    int count; /* symbols of the word at hand */
    int capacity;
    MergeItem *heap; /* [2 * capacity] */
    int heap_count;
} Merger;

void merger_close(Merger *merger);

/* Makes room for n symbols and sets count to 0. -1 when memory is out. */
int merger_reserve(Merger *merger, int n, Err *err);

/* Appends a symbol; there is room. */
void merger_add(Merger *merger, int start, int length, int id);

/* Joins until no rule applies. What is left is found from symbols[0] on through `next`. */
void merger_run(Merger *merger, const char *text, MergeRule *rule, const void *user);

#endif
