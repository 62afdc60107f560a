/* exit_trace.h - what every exit of a draft would have said at each place of an answer, and what
 * asking it costs: what thresholds are tuned by (engine/tune/forecast.h).
 *
 * The answer is the target's own. The draft reads it as it would in a round whose every guess was
 * right, and every exit is asked, whatever its threshold. A guess that counts is one whose
 * forerunners were right, so this is what counts at any depth. A drafter with exits answers such
 * requests through Drafter.trace and Drafter.trace_cost; thresholds stay as they are.
 */
#ifndef S2D_ENGINE_DECODE_EXIT_TRACE_H
#define S2D_ENGINE_DECODE_EXIT_TRACE_H

#include "engine/cost/cost.h"
#include "engine/decode/sample.h"
#include "kernels/common/bounds.h"

enum { EXIT_TRACE_ROWS = 4, EXIT_TRACE_TIMES = 12 };

typedef struct TraceRequest {
    const int *tokens; /* [n] the committed text */
    int n;
    int first, most; /* places: of the tokens from number `first` >= 1 on, at most `most` */
    const Sampling *sampling; /* of the answer: where tokens are drawn, a hit is the one that the
                                 exit would have drawn */
    int vocab;                /* ids at or above are unknown to the target */
    int cached;               /* tokens that the target's cache holds */
} TraceRequest;

/* Reading token i, what each exit says of token i + 1. */
typedef struct ExitTrace {
    float p[EXITS_MAX];  /* probability of its best token */
    bool hit[EXITS_MAX]; /* is that the target's? */
    bool end;            /* the answer's last place */
} ExitTrace;

/* In ms. */
typedef struct ExitCost {
    double layers[EXITS_MAX][2]; /* of a range of layers, over one row and over EXIT_TRACE_ROWS */
    double ask[EXITS_MAX];       /* what asking an exit takes besides, over one row */
    Cost passes;                 /* the target's */
} ExitCost;

#endif
