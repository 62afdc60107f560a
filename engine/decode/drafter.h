/* drafter.h - what every proposer of tokens looks like to the session.
 *
 * open makes one, propose grows a tree under the last committed token, accepted says which path the
 * target took, close frees it. A drafter keeps whatever caches it likes and compares the committed
 * tokens with what it has read: it forgets what is no longer true and reads what is new. Nothing it
 * does can change the text.
 */
#ifndef S2D_ENGINE_DECODE_DRAFTER_H
#define S2D_ENGINE_DECODE_DRAFTER_H

#include "engine/cost/cost.h"
#include "engine/decode/exit_trace.h"
#include "engine/decode/sample.h"
#include "engine/decode/tree.h"
#include "engine/model/forward.h"

/* What an exit took: see EventExitTime. */
typedef struct ExitTime {
    int passes;
    double ms;
} ExitTime;

typedef struct Proposal {
    const int *tokens; /* [n] the committed text; the last one is the root */
    int n;
    TreeShape shape;
    int max_depth; /* 1 … DEPTH_MAX: what is left of the answer */
    int max_nodes; /* 1 … NODES_MAX - 1 */
    int vocab;     /* ids at or above are unknown to the target */
    const Sampling *sampling;
    Cost *cost;       /* times are noted here; shape.automatic asks it */
    ExitTime *times;  /* [EXITS_MAX] by exit, added to; NULL = nobody asks */
    bool ngrams_only; /* only what the text itself says is wanted: that takes no time */
} Proposal;

/* What was already computed for tree nodes, so that verification can resume: only a drafter that
 * shares the target's weights and cache has it. */
typedef struct Resume {
    int layer[NODES_MAX]; /* by slot: layers done; 0 = none */
    float *hidden;        /* [NODES_MAX, H] by slot: residual stream after those layers */
} Resume;

/* So few tokens that were not read yet go along with the first drafting step. */
enum { BEHIND_MAX = 8 };

typedef struct Drafter Drafter;
struct Drafter {
    /* Committed tokens, all but the last one, that it would have to read first; -1 = it would say
     * nothing of this text anyway. */
    int (*behind)(Drafter *d, const int *tokens, int n);
    /* Reads one batch of them. Returns how many rows it computed; 0 = nothing is left to read. */
    int (*read)(Drafter *d, const int *tokens, int n);
    /* Times its steps when nobody has drafted yet; what it writes lies behind `length` cached
     * tokens. NULL = they cost nothing. */
    void (*measure)(Drafter *d, int length, Curve *steps);
    /* With at most BEHIND_MAX tokens behind, or `ngrams_only`. Fills the tree: node 0 is the root; tree->n
     * = 1 when nothing is worth proposing. */
    void (*propose)(Drafter *d, const Proposal *in, Tree *tree);
    /* path: nodes that are committed now, the root first. */
    void (*accepted)(Drafter *d, const Tree *tree, const int *path, int n);
    void (*close)(Drafter *d);
    bool has_ngrams;      /* it has proposals from the text itself, which take no time */
    bool no_number;       /* its model has computed infinity or no number where it was asked, and
                             proposed nothing there */
    const Resume *resume; /* NULL = verification starts from nothing */
    /* What every exit says of the places of a text, whatever the thresholds, and what asking costs:
     * see exit_trace.h. NULL, both = it has no exits. */
    int (*trace)(Drafter *d, const TraceRequest *in, ExitTrace *places);
    void (*trace_cost)(Drafter *d, const TraceRequest *in, int times, ExitCost *cost);
};

#endif
