/* published.h - what the paper on sorted speculative decoding published, to stand beside one's own.
 *
 * arXiv 2407.01955, MT-Bench, batch 1: the first 12 layers of Vicuna 7B draft, with exits after 6,
 * 9 and 12 of them, for Vicuna 7B and 13B and for LLaMA-2-Chat 70B.
 */
#ifndef S2D_SEEDS_H
#define S2D_SEEDS_H

#include <stdbool.h>

enum { SEEDS_LAYERS = 12 }; /* of the draft */

typedef enum SeedsMethod {
    SEEDS_SFT,  /* trained for its last exit alone, one fixed exit drafts */
    SEEDS_SOFT, /* trained for all exits together, one fixed exit drafts */
    SEEDS_S2D,  /* the same, each token takes the first exit that is confident */
} SeedsMethod;

typedef enum SeedsTarget { SEEDS_7B, SEEDS_13B, SEEDS_70B, SEEDS_TARGETS } SeedsTarget;

typedef struct SeedsFigure {
    float speedup, mat; /* 0 = not published */
} SeedsFigure;

typedef struct SeedsRow {
    const char *name;
    SeedsMethod method;
    int exit; /* layer; that of SEEDS_S2D is the deepest */
    bool tree;
    SeedsFigure at[2][SEEDS_TARGETS]; /* [T = 0, T = 1] */
} SeedsRow;

const SeedsRow *seeds_rows(int *n);
/* NULL = there is none. */
const SeedsRow *seeds_find(SeedsMethod method, int exit, bool tree);

const char *seeds_target_name(SeedsTarget target);    /* "7B" */
int seeds_target(const char *text, SeedsTarget *out); /* of "7b", "13b", "70b"; -1 = unknown */

#endif
