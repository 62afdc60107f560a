/* rivals.h - of two that may draft for a target, a draft and a head, the faster one by what their
 * answers took.
 *
 * Each is given some hundred tokens first. Then the faster one drafts, and the other is tried again
 * whenever what is known of it has faded, so that it costs a few tokens in a hundred.
 */
#ifndef S2D_APP_WORKER_RIVALS_H
#define S2D_APP_WORKER_RIVALS_H

#include <stdbool.h>

typedef struct Rivals {
    bool on;
    int current; /* 0 or 1 */
    double tokens[2], ms[2];
} Rivals;

/* Which one is to draft the next answer. */
int rivals_choose(const Rivals *rivals);
/* What an answer of the current one came to: tokens that its rounds committed, and the time of rounds
 * and of the draft's reading. */
void rivals_note(Rivals *rivals, int tokens, double ms);

#endif
