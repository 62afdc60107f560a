/* picture.c - see picture.h. */
#include "tests/support/picture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/text.h"

static const char letters[] = ".abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+*=";

enum { LETTERS = sizeof letters - 1 };

/* The attributes of a screen, in the order in which they are found. */
typedef struct Attributes {
    int attrs[LETTERS];
    int n;
} Attributes;

static const Cell *cell_at(const Cells *cells, int y, int x)
{
    return &cells->cells[y * cells->width + x];
}

static int letter_of(Attributes *attributes, int attr)
{
    for (int i = 0; i < attributes->n; i++)
        if (attributes->attrs[i] == attr)
            return i;
    assert(attributes->n < LETTERS);
    attributes->attrs[attributes->n] = attr;
    return attributes->n++;
}

/* A blank that looks like one. */
static bool is_blank(const Cell *cell)
{
    return cell->ch == ' ' && (cell->attr & ATTR_REVERSE) == 0 &&
           (cell->attr & 0xFF) != STYLE_LABEL;
}

static void print_letters(FILE *out, const Cells *cells, Attributes *attributes)
{
    for (int y = 0; y < cells->height; y++) {
        int end = cells->width;
        while (end > 0 && is_blank(cell_at(cells, y, end - 1)))
            end--;
        for (int x = 0; x < end; x++) {
            const Cell *cell = cell_at(cells, y, x);
            fputc(is_blank(cell) ? ' ' : letters[letter_of(attributes, cell->attr)], out);
        }
        fputc('\n', out);
    }
}

static void print_look(FILE *out, ThemeChoice choice, int attr)
{
    const Theme *theme = look_theme(choice);
    Look look = look_of(theme, attr, true);
    fprintf(out, "  %s ", theme_name(choice));
    if (!theme->colourless)
        fprintf(out, "#%06x on #%06x", (unsigned)look_rgb(look.fore.of_256),
                (unsigned)look_rgb(look.back.of_256));
    fprintf(out, "%s%s%s%s%s", look.bold ? " bold" : "", look.dim ? " dim" : "",
            look.underline ? " underlined" : "", look.italic ? " italic" : "",
            look.reverse ? " reversed" : "");
}

char *picture_text(const Cells *cells)
{
    static const ThemeChoice shown[] = {THEME_DARK, THEME_LIGHT, THEME_NONE};
    char *text = NULL, *dump = cells_dump(cells);
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    Attributes attributes = {0};
    assert(out != NULL && dump != NULL);
    letter_of(&attributes, STYLE_TEXT);
    fputs(dump, out);
    free(dump);
    fputs("== looks\n", out);
    print_letters(out, cells, &attributes);
    fputs("== letters\n", out);
    for (int i = 0; i < attributes.n; i++) {
        fprintf(out, "%c %s:", letters[i], look_style_name(attributes.attrs[i] & 0xFF));
        for (size_t t = 0; t < sizeof shown / sizeof shown[0]; t++)
            print_look(out, shown[t], attributes.attrs[i]);
        fputc('\n', out);
    }
    fclose(out);
    return text;
}

/* Of one cell, in units of the picture. */
enum { CELL_WIDTH = 8, CELL_HEIGHT = 17, BASELINE = 13, MARGIN = 10 };

static void print_char(FILE *out, uint32_t ch)
{
    char bytes[5] = {0};
    if (ch == '<')
        fputs("&lt;", out);
    else if (ch == '&')
        fputs("&amp;", out);
    else
        fwrite(bytes, 1, text_encode(ch, bytes), out);
}

static void print_rect(FILE *out, double x, double y, double width, double height, uint32_t rgb)
{
    fprintf(out, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"#%06x\"/>\n", x, y,
            width, height, (unsigned)rgb);
}

/* Lines and blocks are drawn, so that they meet whatever font there is: the arms of a line's
 * character, and the part of the cell that a block fills. false = it is a character to be written. */
static bool print_drawn(FILE *out, uint32_t ch, int x, int y, uint32_t rgb)
{
    static const struct {
        uint32_t ch;
        bool left, right, up, down;
    } lines[] = {
        {0x2500, true, true, false, false}, {0x2502, false, false, true, true},
        {0x250C, false, true, false, true}, {0x2510, true, false, false, true},
        {0x2514, false, true, true, false}, {0x2518, true, false, true, false},
        {0x251C, false, true, true, true},  {0x2524, true, false, true, true},
        {0x252C, true, true, false, true},  {0x2534, true, true, true, false},
        {0x253C, true, true, true, true},
    };
    double middle_x = x + CELL_WIDTH / 2.0, middle_y = y + CELL_HEIGHT / 2.0;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (lines[i].ch != ch)
            continue;
        double left = lines[i].left ? x : middle_x - 0.5;
        double right = lines[i].right ? x + CELL_WIDTH : middle_x + 0.5;
        double top = lines[i].up ? y : middle_y - 0.5;
        double bottom = lines[i].down ? y + CELL_HEIGHT : middle_y + 0.5;
        if (lines[i].left || lines[i].right)
            print_rect(out, left, middle_y - 0.5, right - left, 1, rgb);
        if (lines[i].up || lines[i].down)
            print_rect(out, middle_x - 0.5, top, 1, bottom - top, rgb);
        return true;
    }
    if (ch >= 0x2581 && ch <= 0x2588) { /* from below, in eighths */
        double height = CELL_HEIGHT * (double)(ch - 0x2580) / 8;
        print_rect(out, x, y + CELL_HEIGHT - height, CELL_WIDTH, height, rgb);
    } else if (ch >= 0x2589 && ch <= 0x258F) { /* from the left */
        print_rect(out, x, y, CELL_WIDTH * (double)(0x2590 - ch) / 8, CELL_HEIGHT, rgb);
    }
    return ch >= 0x2581 && ch <= 0x258F;
}

static void print_row(FILE *out, const Cells *cells, const Theme *theme, int y)
{
    int top = MARGIN + y * CELL_HEIGHT;
    for (int x = 0, end; x < cells->width; x = end) {
        const Cell *cell = cell_at(cells, y, x);
        Look look = look_of(theme, cell->attr, true);
        uint32_t fore = look_rgb(look.fore.of_256), back = look_rgb(look.back.of_256);
        uint32_t ground = look_rgb(theme->ground.of_256);
        if (look.reverse) {
            uint32_t other = fore;
            fore = back;
            back = other;
        }
        for (end = x + 1; end < cells->width && cell_at(cells, y, end)->attr == cell->attr; end++)
            ;
        int left = MARGIN + x * CELL_WIDTH;
        if (back != ground)
            print_rect(out, left, top, (end - x) * CELL_WIDTH, CELL_HEIGHT, back);
        for (int from = x, to; from < end; from = to) {
            const Cell *first = cell_at(cells, y, from);
            to = from + 1;
            if (first->ch == ' ' || first->width == 0 ||
                print_drawn(out, first->ch, MARGIN + from * CELL_WIDTH, top, fore))
                continue;
            /* A word at a time keeps the columns, even in a font of another width. */
            while (to < end && cell_at(cells, y, to)->width == 1 && first->width == 1 &&
                   cell_at(cells, y, to)->ch > ' ' && cell_at(cells, y, to)->ch < 0x2500)
                to++;
            fprintf(out, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"%s%s%s>",
                    MARGIN + from * CELL_WIDTH, top + BASELINE,
                    (first->width == 2 ? 2 : to - from) * CELL_WIDTH, (unsigned)fore,
                    look.bold ? " font-weight=\"bold\"" : "",
                    look.italic ? " font-style=\"italic\"" : "",
                    look.underline ? " text-decoration=\"underline\"" : "");
            for (int i = from; i < to; i++) {
                print_char(out, cell_at(cells, y, i)->ch);
                for (int m = 0; m < 2 && cell_at(cells, y, i)->marks[m] != 0; m++)
                    print_char(out, cell_at(cells, y, i)->marks[m]);
            }
            fputs("</text>\n", out);
        }
    }
}

char *picture_svg(const Cells *cells, ThemeChoice choice, const char *title)
{
    const Theme *theme = look_theme(choice);
    int width = cells->width * CELL_WIDTH + 2 * MARGIN;
    int height = cells->height * CELL_HEIGHT + 2 * MARGIN;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    assert(out != NULL);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" "
            "font-size=\"13\">\n<title>%s</title>\n",
            width, height, width, height, title);
    fprintf(out, "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#%06x\"/>\n", width, height,
            (unsigned)look_rgb(theme->ground.of_256));
    for (int y = 0; y < cells->height; y++)
        print_row(out, cells, theme, y);
    fputs("</svg>\n", out);
    fclose(out);
    return text;
}
