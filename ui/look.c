/* look.c - see look.h. One more theme is a row of `themes`, and a name in theme.c and THEME_NAMES; one
 * more style is a column in every row, which a test asks for. */
#include "ui/look.h"

static const Theme themes[THEME_COUNT] = {
    [THEME_DARK] = {.ground = {234, 0},
                    .label = {73, 6},
                    .colours =
                        {
                            [STYLE_TEXT] = {252, -1},     [STYLE_DIM] = {247, -1},
                            [STYLE_BORDER] = {242, -1},   [STYLE_TITLE] = {80, 14},
                            [STYLE_GOOD] = {114, 10},     [STYLE_BAD] = {210, 9},
                            [STYLE_WARN] = {221, 11},     [STYLE_USER] = {255, 15},
                            [STYLE_LABEL] = {16, 0},      [STYLE_FREE] = {209, 7},
                            [STYLE_KEYWORD] = {177, 13},  [STYLE_STRING] = {150, 10},
                            [STYLE_COMMENT] = {109, 14},  [STYLE_NUMBER] = {216, 11},
                            [STYLE_EXIT + 0] = {114, 10}, [STYLE_EXIT + 1] = {111, 14},
                            [STYLE_EXIT + 2] = {177, 13}, [STYLE_EXIT + 3] = {221, 11},
                            [STYLE_EXIT + 4] = {116, 6},  [STYLE_EXIT + 5] = {193, 2},
                            [STYLE_EXIT + 6] = {218, 9},  [STYLE_EXIT + 7] = {180, 3},
                        }},
    [THEME_LIGHT] = {.ground = {231, 15},
                     .label = {24, 4},
                     .colours =
                         {
                             [STYLE_TEXT] = {235, -1},    [STYLE_DIM] = {240, -1},
                             [STYLE_BORDER] = {246, -1},  [STYLE_TITLE] = {24, 4},
                             [STYLE_GOOD] = {22, 4},      [STYLE_BAD] = {124, 1},
                             [STYLE_WARN] = {94, 5},      [STYLE_USER] = {16, 0},
                             [STYLE_LABEL] = {231, 15},   [STYLE_FREE] = {88, 1},
                             [STYLE_KEYWORD] = {90, 5},   [STYLE_STRING] = {22, 4},
                             [STYLE_COMMENT] = {59, 0},   [STYLE_NUMBER] = {25, 1},
                             [STYLE_EXIT + 0] = {22, 4},  [STYLE_EXIT + 1] = {25, 5},
                             [STYLE_EXIT + 2] = {127, 1}, [STYLE_EXIT + 3] = {94, 0},
                             [STYLE_EXIT + 4] = {23, 4},  [STYLE_EXIT + 5] = {58, 5},
                             [STYLE_EXIT + 6] = {125, 1}, [STYLE_EXIT + 7] = {54, 0},
                         }},
    [THEME_CONTRAST] = {.ground = {16, 0},
                        .label = {51, 14},
                        .colours =
                            {
                                [STYLE_TEXT] = {231, 15},     [STYLE_DIM] = {254, 15},
                                [STYLE_BORDER] = {231, 15},   [STYLE_TITLE] = {51, 14},
                                [STYLE_GOOD] = {46, 10},      [STYLE_BAD] = {217, 11},
                                [STYLE_WARN] = {226, 11},     [STYLE_USER] = {231, 15},
                                [STYLE_LABEL] = {16, 0},      [STYLE_FREE] = {214, 15},
                                [STYLE_KEYWORD] = {219, 13},  [STYLE_STRING] = {157, 10},
                                [STYLE_COMMENT] = {159, 14},  [STYLE_NUMBER] = {214, 11},
                                [STYLE_EXIT + 0] = {46, 10},  [STYLE_EXIT + 1] = {117, 14},
                                [STYLE_EXIT + 2] = {219, 13}, [STYLE_EXIT + 3] = {226, 11},
                                [STYLE_EXIT + 4] = {51, 14},  [STYLE_EXIT + 5] = {157, 10},
                                [STYLE_EXIT + 6] = {217, 13}, [STYLE_EXIT + 7] = {215, 11},
                            },
                        .always_ground = true},
    [THEME_NONE] = {.colourless = true},
};

const char *look_style_name(int style)
{
    static const char *const style_names[STYLE_EXIT] = {
        [STYLE_TEXT] = "text",       [STYLE_DIM] = "dim",         [STYLE_BORDER] = "border",
        [STYLE_TITLE] = "title",     [STYLE_GOOD] = "good",       [STYLE_BAD] = "bad",
        [STYLE_WARN] = "warning",    [STYLE_USER] = "you",        [STYLE_LABEL] = "label",
        [STYLE_FREE] = "n-grams",    [STYLE_KEYWORD] = "keyword", [STYLE_STRING] = "string",
        [STYLE_COMMENT] = "comment", [STYLE_NUMBER] = "number",
    };
    static const char *const exits[] = {"exit 1", "exit 2", "exit 3", "exit 4",
                                        "exit 5", "exit 6", "exit 7", "exit 8"};
    return style < STYLE_EXIT ? style_names[style] : exits[style - STYLE_EXIT];
}

const Theme *look_theme(ThemeChoice choice)
{
    return &themes[choice];
}

uint32_t look_rgb(int of_256)
{
    static const uint32_t first[16] = {0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD,
                                       0x00CDCD, 0xE5E5E5, 0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00,
                                       0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF};
    if (of_256 < 16)
        return first[of_256 < 0 ? 0 : of_256];
    if (of_256 >= 232)
        return (uint32_t)(8 + 10 * (of_256 - 232)) * 0x010101;
    int cube = of_256 - 16, parts[3] = {cube / 36, cube / 6 % 6, cube % 6};
    uint32_t rgb = 0;
    for (int i = 0; i < 3; i++)
        rgb = rgb << 8 | (uint32_t)(parts[i] > 0 ? 55 + 40 * parts[i] : 0);
    return rgb;
}

bool look_is_line(int style)
{
    return style == STYLE_BORDER;
}

bool look_paints(const Theme *theme, Ground ground)
{
    if (theme->colourless)
        return false;
    if (theme->always_ground || !ground.known)
        return true;
    for (int style = 0; style < STYLE_COUNT; style++)
        if (style != STYLE_LABEL && !look_is_line(style) &&
            theme_contrast(look_rgb(theme->colours[style].of_256), ground.rgb) < LOOK_CONTRAST)
            return true;
    return false;
}

Look look_of(const Theme *theme, int attr, bool paints)
{
    static const LookColour own = {-1, -1};
    int style = attr & 0xFF;
    Look look = {.fore = own, .back = own};
    look.bold = (attr & ATTR_BOLD) != 0;
    look.underline = (attr & ATTR_UNDERLINE) != 0;
    look.italic = (attr & ATTR_ITALIC) != 0;
    look.reverse = (attr & ATTR_REVERSE) != 0;
    if (theme->colourless) {
        /* Text is never dimmed: nobody knows how much a terminal takes away. */
        look.dim = look_is_line(style);
        look.bold = look.bold || style == STYLE_KEYWORD;
        look.underline = look.underline || (attr & ATTR_DRAFTED) != 0;
        look.reverse = look.reverse != (style == STYLE_LABEL);
        return look;
    }
    look.fore = theme->colours[style];
    if (style == STYLE_LABEL)
        look.back = theme->label;
    else if (paints)
        look.back = theme->ground;
    return look;
}
