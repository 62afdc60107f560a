/* ansi.c - see ansi.h. */
#include "ui/ansi.h"

#include <stdbool.h>
#include <string.h>

#include "ui/look.h"
#include "ui/text.h"

/* Which terminal will show it nobody knows, nor its background: the theme's own is painted. */
static void put_attr(FILE *out, int attr)
{
    Look look = look_of(look_theme(THEME_DARK), attr, true);
    fprintf(out, "\033[0%s%s%s%s%s", look.bold ? ";1" : "", look.dim ? ";2" : "",
            look.italic ? ";3" : "", look.underline ? ";4" : "", look.reverse ? ";7" : "");
    if (look.fore.of_256 >= 0)
        fprintf(out, ";38;5;%d", look.fore.of_256);
    if (look.back.of_256 >= 0)
        fprintf(out, ";48;5;%d", look.back.of_256);
    fputc('m', out);
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
