/* theme.c - see theme.h. */
#include "ui/theme.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[THEME_COUNT] = {"auto", "dark", "light", "contrast", "none"};

const char *theme_name(ThemeChoice choice)
{
    return names[choice];
}

bool theme_find(const char *name, ThemeChoice *choice)
{
    for (int i = 0; i < THEME_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *choice = (ThemeChoice)i;
            return true;
        }
    return false;
}

static double luminance(uint32_t rgb)
{
    static const double weights[3] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double part = (double)(rgb >> (16 - 8 * i) & 0xFF) / 255;
        sum += weights[i] * (part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4));
    }
    return sum;
}

double theme_contrast(uint32_t a, uint32_t b)
{
    double one = luminance(a) + 0.05, other = luminance(b) + 0.05;
    return one > other ? one / other : other / one;
}

ThemeChoice theme_choose(ThemeChoice wanted, Ground ground, bool no_color)
{
    if (wanted != THEME_AUTO)
        return wanted;
    if (no_color)
        return THEME_NONE;
    bool light =
        ground.known && theme_contrast(ground.rgb, 0x000000) > theme_contrast(ground.rgb, 0xFFFFFF);
    return light ? THEME_LIGHT : THEME_DARK;
}

Ground ground_of_environment(const char *colorfgbg)
{
    const char *last = colorfgbg != NULL ? strrchr(colorfgbg, ';') : NULL;
    char *end;
    if (last == NULL)
        return (Ground){0};
    long number = strtol(last + 1, &end, 10);
    if (end == last + 1 || *end != '\0' || number < 0 || number > 15)
        return (Ground){0};
    /* Which of the two kinds it is, is all that it says: palettes differ. */
    bool dark = number < 7 || number == 8;
    return (Ground){true, dark ? 0x000000 : 0xFFFFFF};
}

static int hex_digit(char ch)
{
    return ch >= '0' && ch <= '9'   ? ch - '0'
           : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
           : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
                                    : -1;
}

Ground ground_of_answer(const char *text, int n)
{
    Ground ground = {0};
    int at = 0;
    while (at < n && text[at] != ':') /* "rgb" or "rgba" */
        at++;
    for (int part = 0; part < 3; part++) {
        int value = 0, most = 0, digits = 0;
        for (at++; at < n && digits < 4 && hex_digit(text[at]) >= 0; at++, digits++) {
            value = value * 16 + hex_digit(text[at]);
            most = most * 16 + 15;
        }
        if (digits == 0 || (part < 2 && (at >= n || text[at] != '/')))
            return (Ground){0};
        ground.rgb = ground.rgb << 8 | (uint32_t)((value * 255 + most / 2) / most);
    }
    ground.known = true;
    return ground;
}
