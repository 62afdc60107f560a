/* bars.h - a bar of text, for plots in a table. */
#ifndef S2D_APP_BENCH_BARS_H
#define S2D_APP_BENCH_BARS_H

#include <stddef.h>

/* value by full (> 0) as at most `columns` blocks, in eighths; text: [4 * columns + 1] bytes. */
void bar_text(char *text, double value, double full, int columns);

#endif
