/* pull_bar.h - how far a file has come: one line that is drawn over and over on a terminal; nothing
 * elsewhere. */
#ifndef S2D_APP_PULL_PULL_BAR_H
#define S2D_APP_PULL_PULL_BAR_H

#include <stdbool.h>
#include <stdint.h>

typedef struct PullBar {
    const char *verb, *name;
    uint64_t total;
    bool drawn;
    double shown_ms; /* when it was last drawn */
} PullBar;

/* As Fetch.progress has it; user is the bar. */
void pull_bar_draw(void *user, uint64_t done);
void pull_bar_end(PullBar *bar);

#endif
