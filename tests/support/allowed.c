/* allowed.c - see allowed.h. */
#include "tests/support/allowed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void allow(Allowed *allowed, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (allowed->n == allowed->room) {
        allowed->room = 2 * allowed->room + 64;
        allowed->texts = realloc(allowed->texts, sizeof(char *) * (size_t)allowed->room);
        assert_non_null(allowed->texts);
    }
    allowed->texts[allowed->n++] = strdup(text);
}

void allowed_close(Allowed *allowed)
{
    for (int i = 0; i < allowed->n; i++)
        free(allowed->texts[i]);
    free(allowed->texts);
    *allowed = (Allowed){0};
}

const char *fraction(double p, char out[8])
{
    snprintf(out, 8, "%.2f", (double)(float)p); /* as the engine has it */
    if (out[0] == '0')
        memmove(out, out + 1, strlen(out));
    else
        out[3] = '\0';
    return out;
}

static bool is_edge(const char *text, const char *at, size_t n)
{
    char before = at > text ? at[-1] : ' ', after = at[n];
    bool cut_before =
        isdigit((unsigned char)at[0]) && (isdigit((unsigned char)before) || before == '.');
    bool cut_after =
        isdigit((unsigned char)at[n - 1]) && (isdigit((unsigned char)after) || after == '%' ||
                                              (after == '.' && isdigit((unsigned char)at[n + 1])));
    return !cut_before && !cut_after;
}

static int longer_first(const void *a, const void *b)
{
    size_t x = strlen(*(char *const *)a), y = strlen(*(char *const *)b);
    return x < y ? 1 : x > y ? -1 : 0;
}

void take_off(const Allowed *allowed, char *text)
{
    char **texts = malloc(sizeof(char *) * (size_t)allowed->n);
    assert_non_null(texts);
    memcpy(texts, allowed->texts, sizeof(char *) * (size_t)allowed->n);
    qsort(texts, (size_t)allowed->n, sizeof *texts, longer_first);
    for (int i = 0; i < allowed->n; i++) {
        size_t n = strlen(texts[i]);
        for (char *at = text; (at = strstr(at, texts[i])); at++)
            if (is_edge(text, at, n))
                memset(at, '_', n);
    }
    free(texts);
}

void single_blanks(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != ' ' || (to > text && to[-1] != ' '))
            *to++ = *from;
    *to = '\0';
}

void check_figures(const Allowed *allowed, const char *name, char *text)
{
    take_off(allowed, text);
    const char *digit = strpbrk(text, "0123456789");
    if (digit)
        fail_msg("%s: not from the trace: %.*s", name, 60, digit - text > 20 ? digit - 20 : text);
}

char *read_golden(const char *path)
{
    char *text = calloc(1, GOLDEN_BYTES);
    FILE *file = fopen(path, "r");
    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, GOLDEN_BYTES - 1, file) > 0);
    fclose(file);
    return text;
}
