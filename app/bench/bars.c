/* bars.c - see bars.h. */
#include "app/bench/bars.h"

#include <math.h>
#include <string.h>

void bar_text(char *text, double value, double full, int columns)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double share = value < 0 ? 0 : value > full ? 1 : value / full;
    int eighths = (int)lround(share * columns * 8);
    text[0] = '\0';
    for (int i = 0; i < eighths / 8; i++)
        strcat(text, "█");
    strcat(text, parts[eighths % 8]);
}
