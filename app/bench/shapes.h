/* shapes.h - the shapes of some models, for what needs no weights: plans, and made-up models. */
#ifndef S2D_APP_BENCH_SHAPES_H
#define S2D_APP_BENCH_SHAPES_H

#include "engine/model/model.h"

typedef struct Shape {
    const char *name;
    Arch arch;
    int layers, hidden, ffn, heads, kv_heads, head_dim, context, vocab;
    float norm_eps, rope_base;
    bool tied;                      /* the embedding is the head */
    int window;                     /* of the layers that have one; 0 = none has */
    int experts, picks, expert_ffn; /* as in ModelConfig */
} Shape;

/* EXIT_USAGE, with the names that are known. */
int shape_find(Shape *shape, const char *name, Err *err);

/* What the header of such a model would say, as far as sizes go. */
ModelConfig shape_config(const Shape *shape);

#endif
