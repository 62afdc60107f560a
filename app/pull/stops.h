/* stops.h - signals that ask a pull to end, noticed between two chunks: a part file then ends cleanly,
 * and nothing else is left behind. */
#ifndef S2D_APP_PULL_STOPS_H
#define S2D_APP_PULL_STOPS_H

#include <stdbool.h>

/* Blocks SIGINT, SIGTERM and SIGHUP; one that is ignored (nohup) stays so. */
void stops_block(void);

/* Whether one of them came. */
bool fetch_interrupted(void);

#endif
