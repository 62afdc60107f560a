/* fence.c - see fence.h. How far a fence is indented is not looked at: in lists it may be far. */
#include "ui/fence.h"

#include <stdbool.h>
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

void fence_text(Fence *fence, const char *text, size_t n)
{
    for (size_t from = 0, to; from < n; from = to + 1) {
        const char *newline = memchr(text + from, '\n', n - from);
        to = newline != NULL ? (size_t)(newline - text) : n;
        fence_line(fence, text + from, to - from);
    }
}
