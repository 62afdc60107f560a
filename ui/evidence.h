/* evidence.h - how right each exit was when it was so sure, counted from rounds as they come.
 *
 * A place counts where the text went through it: its token is known then. There the first exit that
 * was sure enough made the guess, and the target took it or did not; the exits before had been asked
 * and were not sure. What an exit would have said of places that left before it is not known.
 */
#ifndef S2D_UI_EVIDENCE_H
#define S2D_UI_EVIDENCE_H

#include "engine/decode/event.h"

enum { EVIDENCE_BINS = 20 }; /* of stated confidence, 0 … 1 */

typedef struct Evidence {
    int taken[EVIDENCE_BINS], refused[EVIDENCE_BINS]; /* guesses that left here */
    int stayed[EVIDENCE_BINS];                        /* not sure enough: a deeper exit was asked */
} Evidence;

typedef struct EvidenceSums {
    int taken, refused, stayed;
} EvidenceSums;

/* evidence: [n_exits], in the order of exits. greedy: the text is the target's likeliest. */
void evidence_add(Evidence *evidence, const int *exits, int n_exits, const EventRound *round,
                  bool greedy);
EvidenceSums evidence_sums(const Evidence *evidence);

#endif
