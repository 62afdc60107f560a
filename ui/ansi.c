/* ansi.c - see ansi.h. */
#include "ui/ansi.h"

#include <stdbool.h>
#include <string.h>

#include "ui/text.h"

/* The SGR parameters of a style; the flags follow. */
static const char *const colours[STYLE_COUNT] = {
    [STYLE_TEXT] = "0",        [STYLE_DIM] = "0;2",       [STYLE_BORDER] = "0;2",
    [STYLE_TITLE] = "0;36",    [STYLE_GOOD] = "0;32",     [STYLE_BAD] = "0;31",
    [STYLE_WARN] = "0;33",     [STYLE_USER] = "0",        [STYLE_LABEL] = "0;30;46",
    [STYLE_FREE] = "0;36",     [STYLE_EXIT + 0] = "0;32", [STYLE_EXIT + 1] = "0;94",
    [STYLE_EXIT + 2] = "0;35", [STYLE_EXIT + 3] = "0;33", [STYLE_EXIT + 4] = "0;96",
    [STYLE_EXIT + 5] = "0;92", [STYLE_EXIT + 6] = "0;95", [STYLE_EXIT + 7] = "0;93",
};

static void put_attr(FILE *out, int attr)
{
    int style = attr & 0xff;
    const char *colour = style < STYLE_COUNT ? colours[style] : NULL;
    fprintf(out, "\033[%s%s%s%sm", colour ? colour : "0", attr & ATTR_BOLD ? ";1" : "",
            attr & ATTR_UNDERLINE ? ";4" : "", attr & ATTR_REVERSE ? ";7" : "");
}

static void put_char(FILE *out, uint32_t ch)
{
    char text[4];
    fwrite(text, 1, text_encode(ch, text), out);
}

/* The columns from … upto-1; the first is no right half. */
static void put_columns(FILE *out, const Cell *row, int y, int from, int upto, int *attr)
{
    fprintf(out, "\033[%d;%dH", y + 1, from + 1);
    for (int x = from; x < upto; x++) {
        const Cell *cell = &row[x];
        if (cell->width == 0)
            continue;
        if (cell->attr != *attr)
            put_attr(out, cell->attr);
        *attr = cell->attr;
        put_char(out, cell->ch);
        for (int i = 0; i < 2 && cell->marks[i]; i++)
            put_char(out, cell->marks[i]);
    }
}

static bool same(const Cell *a, const Cell *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* What changed in a row, in stretches: a few equal cells between two are cheaper than a jump. */
static void put_row(FILE *out, const Cell *row, const Cell *old, int width, int y, int *attr)
{
    enum { JUMP = 8 };
    for (int x = 0; x < width; x++) {
        if (old && same(&row[x], &old[x]))
            continue;
        int from = x, upto = x + 1;
        for (x++; x < width && x - upto < JUMP; x++)
            if (!old || !same(&row[x], &old[x]))
                upto = x + 1;
        while (from > 0 && row[from].width == 0)
            from--;
        while (upto < width && row[upto].width == 0)
            upto++;
        put_columns(out, row, y, from, upto, attr);
        x = upto - 1;
    }
}

void ansi_write(FILE *out, const Cells *now, const Cells *before)
{
    int attr = -1;
    if (!before)
        fputs("\033[?25l\033[0m\033[2J", out);
    for (int y = 0; y < now->height; y++) {
        size_t at = (size_t)y * (size_t)now->width;
        put_row(out, now->cells + at, before ? before->cells + at : NULL, now->width, y, &attr);
    }
    if (attr != -1)
        fputs("\033[0m", out);
}
