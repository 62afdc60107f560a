/* fence.c - see fence.h. How far a fence is indented is not looked at: in lists it may be far. */
#include "ui/fence.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 3 };

static bool is_blank(const char *s, size_t n)
{
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    return n == 0;
}

FenceLine fence_line(Fence *fence, const char *line, size_t n)
{
    size_t from = 0, to;
    while (from < n && line[from] == ' ')
        from++;
    char mark = from < n ? line[from] : '\0';
    for (to = from; to < n && line[to] == mark; to++)
        ;
    int length = (int)(to - from);
    if ((mark != '`' && mark != '~') || length < LEAST)
        return FENCE_NONE;
    if (fence->length > 0) {
        if (mark != fence->mark || length < fence->length || !is_blank(line + to, n - to))
            return FENCE_NONE;
        *fence = (Fence){0};
        return FENCE_CLOSES;
    }
    if (mark == '`' && memchr(line + to, '`', n - to) != NULL)
        return FENCE_NONE; /* code within a line */
    *fence = (Fence){mark, length};
    return FENCE_OPENS;
}

/* Takes the line at *at and goes to the next one. */
static FenceLine take_line(const char *text, size_t n, size_t *at, Fence *fence)
{
    const char *newline = memchr(text + *at, '\n', n - *at);
    size_t end = newline != NULL ? (size_t)(newline - text) : n;
    FenceLine line = fence_line(fence, text + *at, end - *at);
    *at = newline != NULL ? end + 1 : n;
    return line;
}

void fence_text(Fence *fence, const char *text, size_t n)
{
    for (size_t at = 0; at < n;)
        take_line(text, n, &at, fence);
}

bool fence_next(const char *text, size_t n, size_t *at, Fence *fence, FenceBlock *block)
{
    while (*at < n) {
        size_t begin = *at;
        if (take_line(text, n, at, fence) != FENCE_OPENS)
            continue;
        *block = (FenceBlock){.from = *at, .to = n};
        while (text[begin + (size_t)block->indent] == ' ')
            block->indent++;
        while (*at < n) {
            begin = *at;
            if (take_line(text, n, at, fence) == FENCE_CLOSES) {
                block->to = begin;
                break;
            }
        }
        return true;
    }
    return false;
}

int fence_count(const char *text, size_t n, Fence *fence)
{
    int count = 0;
    for (size_t at = 0; at < n;)
        count += take_line(text, n, &at, fence) == FENCE_OPENS;
    return count;
}

char *fence_copy(const char *text, const FenceBlock *block, size_t *bytes)
{
    char *copy = malloc(block->to - block->from + 1);
    size_t n = 0;
    if (copy == NULL)
        return NULL;
    for (size_t at = block->from; at < block->to;) {
        const char *newline = memchr(text + at, '\n', block->to - at);
        size_t end = newline != NULL ? (size_t)(newline - text) + 1 : block->to;
        for (int i = 0; i < block->indent && at < end && text[at] == ' '; i++)
            at++;
        memcpy(copy + n, text + at, end - at);
        n += end - at;
        at = end;
    }
    copy[n] = '\0';
    *bytes = n;
    return copy;
}
