/* fuzz_weights.h - the inputs of fuzz_weights.c, for it and for make_weights.c: what is asked of a tiny
 * model, and then patches of its weights, its draft's and its head's. Their bytes are those of the structs. */
#ifndef S2D_TESTS_FUZZ_FUZZ_WEIGHTS_H
#define S2D_TESTS_FUZZ_FUZZ_WEIGHTS_H

#include <stdint.h>

enum { WEIGHTS_BASES = 16, WEIGHTS_VALUES = 20, WEIGHTS_DRAFTERS = 11, WEIGHTS_PATCHES = 24 };

/* Of every number what is too large starts again at 0. */
typedef struct WeightsCase {
    float temperature, top_p;
    int32_t top_k;
    uint32_t seed;
    uint8_t base, drafter, tree, length;
    uint8_t flags; /* WEIGHTS_AUTO … */
    uint8_t thresholds[3];
} WeightsCase;

enum {
    WEIGHTS_AUTO = 1,   /* drafts only as far as it pays */
    WEIGHTS_Q8 = 2,     /* caches hold bytes */
    WEIGHTS_CUT = 4,    /* the draft is the first layers, rounded, with a short list */
    WEIGHTS_SCALAR = 8, /* scalar code, not this machine's best; */
    WEIGHTS_OTHER = 16, /* the draft and its target the other way round */
};

/* Of one tensor the value `first`, and `more` others in steps. */
typedef struct WeightsPatch {
    uint8_t tensor, value, flags, first, step, more;
} WeightsPatch;

enum {
    WEIGHTS_DRAFT = 1, /* of the draft, not of the target */
    WEIGHTS_TIMES = 2, /* times what is there, not in its place */
    WEIGHTS_FAR = 4,   /* first counts in 37s */
    WEIGHTS_HEAD = 8,  /* of the head; else as WEIGHTS_DRAFT says */
};

#endif
