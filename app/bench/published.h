/* published.h - what the paper on sorted speculative decoding published, to stand beside one's own.
 *
 * arXiv 2407.01955, MT-Bench, batch 1: the first 12 layers of Vicuna 7B draft, with exits after 6,
 * 9 and 12 of them, for Vicuna 7B and 13B and for LLaMA-2-Chat 70B.
 */
#ifndef S2D_APP_BENCH_PUBLISHED_H
#define S2D_APP_BENCH_PUBLISHED_H

#include <stdbool.h>

enum { PUBLISHED_LAYERS = 12 }; /* of the draft */

typedef enum PublishedMethod {
    PUBLISHED_SFT,  /* trained for its last exit alone, one fixed exit drafts */
    PUBLISHED_SOFT, /* trained for all exits together, one fixed exit drafts */
    PUBLISHED_S2D,  /* the same, each token takes the first exit that is confident */
    PUBLISHED_HEAD, /* a head of the target */
} PublishedMethod;

typedef enum PublishedTarget {
    PUBLISHED_7B,
    PUBLISHED_13B,
    PUBLISHED_70B,
    PUBLISHED_TARGETS
} PublishedTarget;

typedef struct PublishedFigure {
    float speedup, mat; /* 0 = not published */
} PublishedFigure;

typedef struct PublishedRow {
    const char *name;
    PublishedMethod method;
    int exit; /* layer; that of PUBLISHED_S2D is the deepest, of PUBLISHED_HEAD 0 */
    bool tree;
    PublishedFigure at[2][PUBLISHED_TARGETS]; /* [T = 0, T = 1] */
} PublishedRow;

/* Those of drafts. */
const PublishedRow *published_rows(int *n);
/* NULL = there is none. */
const PublishedRow *published_find(PublishedMethod method, int exit, bool tree);

/* A head's by its drafter: "eagle", "medusa", "hydra". The latter two accepted by a rule that is not
 * exact. */
const PublishedRow *published_head(const char *drafter, bool tree);

const char *published_target_name(PublishedTarget target); /* "7B" */
int published_target(const char *text,
                     PublishedTarget *out); /* of "7b", "13b", "70b"; -1 = unknown */

#endif
