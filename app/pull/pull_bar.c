/* pull_bar.c - see pull_bar.h. */
#include "app/pull/pull_bar.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/profile/catalog.h"
#include "kernels/common/clock.h"

enum { BAR_CELLS = 24 };

void pull_bar_draw(void *user, uint64_t done)
{
    PullBar *bar = user;
    double now = clock_ms();
    if (!isatty(STDERR_FILENO) || (bar->drawn && done < bar->total && now - bar->shown_ms < 100))
        return;
    bar->drawn = true;
    bar->shown_ms = now;
    char cells[BAR_CELLS + 1], text[2][16];
    int full = bar->total > 0 ? (int)((double)done / (double)bar->total * BAR_CELLS) : 0;
    full = full > BAR_CELLS ? BAR_CELLS : full;
    memset(cells, '.', BAR_CELLS);
    memset(cells, '#', (size_t)full);
    cells[BAR_CELLS] = '\0';
    fprintf(stderr, "\r%s %s [%s] %s of %s ", bar->verb, bar->name, cells,
            catalog_size_text(done, text[0], sizeof text[0]),
            catalog_size_text(bar->total, text[1], sizeof text[1]));
}

void pull_bar_end(PullBar *bar)
{
    if (bar->drawn)
        fprintf(stderr, "\r\033[K");
    bar->drawn = false;
}
