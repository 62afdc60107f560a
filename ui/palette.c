/* palette.c - see palette.h. */
#include "ui/palette.h"

#include "ui/look.h"

#include <curses.h>
#include <stdlib.h>

/* The number curses has for a colour: of a terminal that takes red, green and blue as they are, of
 * one with 256 colours, of one with fewer. */
static int colour_number(const Palette *palette, LookColour colour)
{
    if (palette->depth > 256)
        return colour.of_256 < 0 ? -1 : (int)look_rgb(colour.of_256);
    if (palette->depth == 256)
        return colour.of_256;
    return colour.of_16 < 0 ? -1 : colour.of_16 % palette->depth;
}

void palette_set(Palette *palette, ThemeChoice wanted, Ground ground)
{
    palette->wanted = wanted;
    palette->ground = ground;
    palette->shown =
        palette->depth > 0 ? theme_choose(wanted, ground, palette->no_color) : THEME_NONE;
    const Theme *theme = look_theme(palette->shown);
    palette->paints = palette->depth > 0 && look_paints(theme, palette->ground);
    for (int style = 0; style < STYLE_COUNT && palette->depth > 0; style++) {
        Look look = look_of(theme, style, palette->paints);
        int fore = colour_number(palette, look.fore), back = colour_number(palette, look.back);
        /* Where the terminal knows no colours of its own, and on a ground of ours. */
        if (fore < 0 && (!palette->own_colours || back >= 0))
            fore = palette->shown == THEME_LIGHT ? COLOR_BLACK : COLOR_WHITE;
        if (back < 0 && !palette->own_colours)
            back = COLOR_BLACK;
        init_extended_pair(style + 1, fore, back);
    }
}

void palette_open(Palette *palette, ThemeChoice wanted)
{
    *palette = (Palette){0};
    const char *no_color = getenv("NO_COLOR");
    palette->no_color = no_color != NULL && no_color[0] != '\0';
    if (has_colors() && start_color() == OK) {
        palette->own_colours = use_default_colors() == OK;
        palette->depth = COLORS > 256 ? COLORS : COLORS == 256 ? 256 : COLORS >= 16 ? 16 : 8;
    }
    palette_set(palette, wanted, ground_of_environment(getenv("COLORFGBG")));
}

unsigned long palette_attributes(const Palette *palette, int attr, short *pair)
{
    Look look = look_of(look_theme(palette->shown), attr, palette->paints);
    /* With 8 colours, bold is how the brighter half is had. */
    bool bright = palette->depth == 8 && look.fore.of_16 >= 8;
    *pair = palette->shown != THEME_NONE ? (short)((attr & 0xFF) + 1) : 0;
    return (look.bold || bright ? A_BOLD : A_NORMAL) | (look.dim ? A_DIM : A_NORMAL) |
           (look.underline || (look.italic && !palette->italics) ? A_UNDERLINE : A_NORMAL) |
           (look.italic && palette->italics ? A_ITALIC : A_NORMAL) |
           (look.reverse ? A_REVERSE : A_NORMAL);
}
