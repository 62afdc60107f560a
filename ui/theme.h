/* theme.h - which themes there are, and which of them suits the terminal.
 *
 *   what is wanted, the terminal's background, NO_COLOR -> theme_choose; look.h has the colours
 */
#ifndef S2D_UI_THEME_H
#define S2D_UI_THEME_H

#include <stdbool.h>
#include <stdint.h>

/* In the order of THEME_NAMES. */
typedef enum ThemeChoice {
    THEME_AUTO, /* light or dark, as the terminal is; none where NO_COLOR is set */
    THEME_DARK,
    THEME_LIGHT,
    THEME_CONTRAST,
    THEME_NONE, /* no colours: bold, underlined, reversed */
    THEME_COUNT,
} ThemeChoice;

#define THEME_NAMES "auto|dark|light|contrast|none" /* as an option lists them */

/* The terminal's background. */
typedef struct Ground {
    bool known;
    uint32_t rgb; /* 0xRRGGBB */
} Ground;

const char *theme_name(ThemeChoice choice);
/* false = there is none of that name. */
bool theme_find(const char *name, ThemeChoice *choice);
/* Which one `wanted` means here; never THEME_AUTO. */
ThemeChoice theme_choose(ThemeChoice wanted, Ground ground, bool no_color);
/* Contrast of two colours, 1 to 21. Source: WCAG 2.1, "contrast ratio". */
double theme_contrast(uint32_t a, uint32_t b);

/* What the environment's COLORFGBG ("15;0") says; NULL or nonsense: not known. */
Ground ground_of_environment(const char *colorfgbg);
/* The n bytes of an answer to OSC 11 behind "11;": "rgb:ffff/ffff/dddd", with 1 to 4 digits. */
Ground ground_of_answer(const char *text, int n);

#endif
