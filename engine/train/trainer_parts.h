/* trainer_parts.h - what the files of the trainer share. Private.
 *
 *   trainer_plan.c      memory: how much of what, and where it lies
 *   trainer_read.c      initial weights, from the base's file or an adapter
 *   trainer_layer.c     a decoder layer and its gradient
 *   trainer_head.c      final norm, head and loss; scores
 *   trainer_batch.c     which texts a step takes, and what is known of them
 *   trainer_step.c      a step: forward, backward, optimiser
 *   trainer_score.c     how the exits do as drafters
 *   trainer_state.c     checkpoints
 *   trainer_write.c     what was learned, as tensors
 */
#ifndef S2D_SOFT_PARTS_H
#define S2D_SOFT_PARTS_H

#include "engine/model/model_parts.h"
#include "engine/train/trainer.h"

/* The order of layer_parts. */
enum {
    PART_ATTN_NORM,
    PART_Q,
    PART_K,
    PART_V,
    PART_Q_BIAS,
    PART_K_BIAS,
    PART_V_BIAS,
    PART_O,
    PART_FFN_NORM,
    PART_GATE,
    PART_UP,
    PART_DOWN,
};

/* A matrix or a vector. Its numbers are trained (value and grad), or frozen (a matrix as bf16, a
 * vector in value) and maybe changed by a low-rank pair that is trained. */
typedef struct SoftWeight {
    int rows, cols; /* rows 0: a vector of cols values; cols 0: the model has no such thing */
    float *value, *grad;
    uint16_t *frozen;               /* [rows, cols] */
    float *a, *a_grad, *b, *b_grad; /* A [rank, cols], B [rows, rank], or NULL */
} SoftWeight;

typedef struct SoftLayer {
    SoftWeight part[LAYER_PARTS];
} SoftLayer;

/* What one layer's forward pass leaves for its backward pass. */
typedef struct SoftActs {
    float *attn_in;           /* [rows, H] normed */
    float *q, *k, *v;         /* [rows, Q], [rows, K] turned by their positions */
    float *attended;          /* [rows, Q] */
    float *middle;            /* [rows, H] the residual stream after attention */
    float *ffn_in;            /* [rows, H] normed */
    float *gate, *up, *inner; /* [rows, F] */
    float *dq, *dk, *dv;
    float *dattended; /* [rows, Q] */
    float *dnormed;   /* [rows, H] */
    float *low;       /* [rows, 2 * rank] of low-rank pairs */
} SoftActs;

enum { SOFT_PIECE_MAX = 512 }; /* rows of logits at a time */

/* The texts that are computed together. */
typedef struct SoftBatch {
    int n; /* rows */
    int n_texts;
    int *start; /* [rows + 1] first row of each */
    int *ids;   /* [rows] */
    int labels;
    int *row;       /* [rows] of each label */
    int *next;      /* [rows] the text's token, by label: its place among the scored ones, or -1 */
    int *base;      /* [rows] the base's likeliest, in the same way */
    int *places;    /* [rows, top] */
    float *weights; /* [rows, top] */
    uint16_t *hidden[EXITS_MAX]; /* [rows, H] */
} SoftBatch;

/* Weights that are clipped together: all, or an exit's. */
typedef struct SoftGroup {
    size_t from, upto; /* of the flat arrays */
} SoftGroup;

struct Soft {
    SoftConfig config;
    ModelConfig model;
    bool tied, biases;
    Kernels *kernels;
    Learn *learn;
    SoftSource *source;
    const SoftText *texts;
    int n_texts;
    int *order;  /* [n_texts] of this epoch */
    int *places; /* [V] of each token in the list of scored ones; -1 = not in it */
    int scored;  /* how many those are: the width of logits */

    /* All of the below is in one buffer. */
    float *memory;
    size_t trained;                          /* numbers */
    float *values, *grads, *means, *squares; /* [trained] */
    int n_layers;                            /* trained or run here: one per exit, or the draft's */
    SoftLayer *layers;                       /* [n_layers] host */
    SoftWeight norm[EXITS_MAX];              /* by exit; SOFT_LORA and SOFT_FULL have norm[0] */
    SoftWeight embed;                        /* [V, H]; SOFT_LORA and SOFT_FULL */
    SoftWeight head;                         /* [V, H] of its own; SOFT_FULL, not tied */
    SoftWeight scored_head;                  /* [scored, H] rows of the head, as they are used */
    SoftActs acts;
    float *stream;     /* [n_layers + 1, rows, H] each layer's input, or one */
    float *out, *dout; /* [rows, H] a layer's output and the gradient */
    int piece;         /* rows of logits at a time */
    float *logits;     /* [piece, scored] */
    float *taken, *normed, *dnormed, *dtaken; /* [piece, H] */

    float *host; /* [rows, H] on the way */
    int *chosen; /* [batch + 1] texts of a step */
    int *best;   /* [rows, SOFT_CHAIN] */
    SoftBatch batch;
    SoftProgress progress;
    uint64_t epoch;
    int next; /* place in order */
};

/* trainer_plan.c: finds a place for everything; memory NULL only counts. */
typedef struct SoftArena {
    char *memory;
    size_t used;
    SoftPlan *plan;
} SoftArena;
void soft_lay(Soft *soft, SoftArena *arena);
/* Everything but pointers; layers is allocated. */
int soft_shape(Soft *soft, const SoftConfig *config, const SoftBase *base, Err *err);
LearnShape soft_learn_shape(const Soft *soft);
SoftGroup soft_group(const Soft *soft, int index, int *count);

/* trainer_read.c */
int soft_read_base(Soft *soft, const Gguf *base, Err *err);
/* *factors: as LearnShape's, allocated; NULL = none. */
int soft_read_factors(const Soft *soft, const Gguf *base, float **factors, Err *err);

/* trainer_layer.c: input [n, H] -> output [n, H]; both need `acts` in between. dstream: the gradient
 * of the output, [n, H], becomes that of the input (where input_wanted). */
void soft_layer_forward(Soft *soft, const SoftLayer *layer, const float *input, float *output);
void soft_layer_backward(Soft *soft, const SoftLayer *layer, const float *input, float *dstream,
                         bool input_wanted);

/* trainer_head.c: the batch's labels from the residual stream [n, H] at an exit. Adds the loss, and to
 * dstream its gradient. */
double soft_head_loss(Soft *soft, int exit, const float *stream, float scale, float *dstream);
/* Top places of each label's row: [labels, SOFT_CHAIN]; returns the loss. */
double soft_head_top(Soft *soft, int exit, const float *stream, int *top);

/* trainer_batch.c: the texts of the next step go to s->chosen; returns how many. */
int soft_choose(Soft *soft);
/* What the loss of a text weighs. */
int soft_weight_of(const Soft *soft, const SoftText *text);
/* Fills the batch with texts chosen[0 … n-1] (NULL: 0 … n-1) until its rows are full; returns how
 * many, -1 on failure. */
int soft_gather(Soft *soft, const SoftText *texts, const int *chosen, int n, Err *err);
/* The shuffled order of an epoch. */
void soft_shuffle(Soft *soft);

/* trainer_step.c: an exit's residual stream, before its norm, for the batch: [n, H]. Whole drafts:
 * soft_forward first. */
const float *soft_exit_stream(Soft *soft, int exit);
void soft_forward(Soft *soft);
/* The batch's loss to progress.loss, scale times its gradient to the gradients. */
void soft_backward(Soft *soft, float scale);
/* SOFT_FULL: the scored rows of the head as they are now, before the head is used; and their
 * gradient to where they are from. */
void soft_open_head(Soft *soft);
void soft_close_head(Soft *soft);

#endif
