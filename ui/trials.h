/* trials.h - the settings that rounds were made with, and how fast each was.
 *
 * A row for each: thresholds for one drafter and target, or plain decoding of that target. Going back
 * to a setting goes on with its row. All figures are sums over rounds; what of them may be believed
 * says kernels/common/rate.h.
 */
#ifndef S2D_UI_TRIALS_H
#define S2D_UI_TRIALS_H

#include "engine/decode/event.h"
#include "kernels/common/rate.h"
#include "kernels/common/speedup.h"

enum { TRIALS_MAX = 24 }; /* then the one that was longest out of use goes */

typedef struct Trial {
    int number;        /* 1 …, in the order in which they were first tried */
    unsigned last_use; /* when its last round was */
    bool plain;        /* nothing was drafted; no thresholds */
    char target[64], drafter[24];
    int n_exits;
    int exits[EXITS_MAX];
    float thresholds[EXITS_MAX];
    Rate rate;
    double draft_ms, verify_ms, all_ms;
    struct { /* of those rounds of it for which plain ones were measured */
        int tokens, rounds;
        double ms, passes_ms, verify_ms; /* theirs; drafting and checking of it */
        double plain_ms, low_ms, high_ms,
            pass_ms; /* of plain rounds for as many tokens; passes for as
                                                      many rounds */
    } against;
} Trial;

typedef struct Trials {
    Trial list[TRIALS_MAX]; /* by number */
    int n, made;
    unsigned rounds;
    int now; /* number of the last round's; 0 = none yet */
} Trials;

/* ready: what the round was made with, but for what it says itself. Returns the trial's number. */
int trials_add(Trials *trials, const EventReady *ready, const EventRound *round);
/* Does it belong to what is loaded: this target, and what drafts now or nothing? */
bool trial_is_of(const Trial *trial, const EventReady *ready);
/* Its speed over plain decoding's, as engine/cost/gain.h tells of an answer's, with the bounds of its own
 * speed in it; nothing where its speed may not be believed yet. */
Speedup trial_gain(const Trial *trial);
/* The first of those that may be believed and drafts: what the others are compared with. NULL = none. */
const Trial *trials_base(const Trials *trials, const EventReady *ready);

#endif
