/* bounds.h - the largest numbers of things that model, decoding, events and screen agree on. */
#ifndef S2D_KERNELS_COMMON_BOUNDS_H
#define S2D_KERNELS_COMMON_BOUNDS_H

enum {
    EXITS_MAX = 8,     /* most exits of a draft */
    NODES_MAX = 64,    /* most nodes of a tree, the root included */
    DEPTH_MAX = 16,    /* deepest node of a tree */
    FEATURES_MAX = 3,  /* most residual streams of a target that a head reads */
    VERIFY_POINTS = 6, /* T(n) is measured at n = 1, 2, 4, 8, 16, 32 */
};

#endif
