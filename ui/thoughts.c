/* thoughts.c - see thoughts.h. */
#include "ui/thoughts.h"

#include <string.h>

static const char *const marks[][2] = {{"<think>", "</think>"}, {"[THINK]", "[/THINK]"}};

enum { N_MARKS = sizeof marks / sizeof *marks };

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool thoughts_find(const char *text, size_t n, Thoughts *thoughts)
{
    size_t at = 0;
    while (at < n && is_blank(text[at]))
        at++;
    for (int i = 0; i < N_MARKS; i++) {
        size_t opening = strlen(marks[i][0]), closing = strlen(marks[i][1]);
        if (n - at < opening || memcmp(text + at, marks[i][0], opening) != 0)
            continue;
        Thoughts found = {.from = at + opening, .to = n, .end = n, .open = true};
        const char *end = memmem(text + found.from, n - found.from, marks[i][1], closing);
        if (end != NULL) {
            found.to = (size_t)(end - text);
            found.end = found.to + closing;
            found.open = false;
        }
        while (found.end < n && is_blank(text[found.end]))
            found.end++;
        while (found.from < found.to && is_blank(text[found.from]))
            found.from++;
        while (found.to > found.from && is_blank(text[found.to - 1]))
            found.to--;
        *thoughts = found;
        return true;
    }
    return false;
}

bool thoughts_ended_by(const char *token)
{
    for (int i = 0; i < N_MARKS; i++)
        if (strstr(token, marks[i][1]) != NULL)
            return true;
    return false;
}
