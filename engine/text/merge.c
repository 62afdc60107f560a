/* merge.c - see merge.h. */
#include "engine/text/merge.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

void merger_close(Merger *merger)
{
    free(merger->symbols);
    free(merger->heap);
    memset(merger, 0, sizeof *merger);
}

int merger_reserve(Merger *merger, int n, Err *err)
{
    merger->count = 0;
    merger->heap_count = 0;
    if (n <= merger->capacity)
        return 0;
    size_t capacity = n < 64 ? 64 : (size_t)n;
    merger_close(merger);
    merger->symbols = malloc(capacity * sizeof *merger->symbols);
    /* Pairs at the start: n - 1. Each join takes one out and brings two at most: n - 1 more. */
    merger->heap = malloc(2 * capacity * sizeof *merger->heap);
    if (merger->symbols == NULL || merger->heap == NULL) {
        merger_close(merger);
        return err_set(err, EXIT_MEMORY, "no memory to tokenize a word of %d symbols", n);
    }
    merger->capacity = (int)capacity;
    return 0;
}

void merger_add(Merger *merger, int start, int length, int id)
{
    assert(merger->count < merger->capacity);
    int i = merger->count++;
    merger->symbols[i] = (Symbol){start, length, id, i - 1, -1};
    if (i > 0)
        merger->symbols[i - 1].next = i;
}

static void heap_push(Merger *merger, MergeItem item)
{
    MergeItem *heap = merger->heap;
    int i = merger->heap_count++;
    while (i > 0 && heap[(i - 1) / 2].order > item.order) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = item;
}

static MergeItem heap_pop(Merger *merger)
{
    MergeItem *heap = merger->heap;
    MergeItem top = heap[0], last = heap[--merger->heap_count];
    int n = merger->heap_count, i = 0;
    for (int child = 1; child < n; child = 2 * i + 1) {
        if (child + 1 < n && heap[child + 1].order < heap[child].order)
            child++;
        if (heap[child].order >= last.order)
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return top;
}

/* Puts the pair that begins with symbol `left` on the heap when the rule joins it. */
static void add_pair(Merger *merger, const char *text, MergeRule *rule, const void *user, int left)
{
    if (left < 0 || merger->symbols[left].next < 0)
        return;
    const Symbol *a = &merger->symbols[left], *b = &merger->symbols[a->next];
    uint32_t priority;
    int id;
    if (rule(user, text, a, b, &priority, &id))
        heap_push(merger, (MergeItem){(uint64_t)priority << 32 | (uint32_t)left,
                                      a->length + b->length, id});
}

void merger_run(Merger *merger, const char *text, MergeRule *rule, const void *user)
{
    Symbol *symbols = merger->symbols;
    for (int i = 0; i + 1 < merger->count; i++)
        add_pair(merger, text, rule, user, i);
    while (merger->heap_count > 0) {
        MergeItem item = heap_pop(merger);
        int at = (int)(item.order & UINT32_MAX);
        Symbol *left = &symbols[at];
        /* Borders between symbols only ever vanish, so a pair of this length that begins here is
         * the very pair that was put on the heap. */
        if (left->length == 0 || left->next < 0)
            continue;
        Symbol *right = &symbols[left->next];
        if (left->length + right->length != item.length)
            continue;
        left->length = item.length;
        left->id = item.id;
        left->next = right->next;
        right->length = 0;
        if (left->next >= 0)
            symbols[left->next].prev = at;
        add_pair(merger, text, rule, user, left->prev);
        add_pair(merger, text, rule, user, at);
    }
}
