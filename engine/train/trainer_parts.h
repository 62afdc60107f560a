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
#ifndef S2D_ENGINE_TRAIN_TRAINER_PARTS_H
#define S2D_ENGINE_TRAIN_TRAINER_PARTS_H

#include "engine/model/model_parts.h"
#include "engine/train/trainer.h"

/* A matrix or a vector. Its numbers are trained (value and grad), or frozen (a matrix as bf16, a
 * vector in value) and maybe changed by a low-rank pair that is trained. */
typedef struct TrainerWeight {
    int rows, cols; /* rows 0: a vector of cols values; cols 0: the model has no such thing */
    float *value, *grad;
    uint16_t *frozen;               /* [rows, cols] */
    float *a, *a_grad, *b, *b_grad; /* A [rank, cols], B [rows, rank], or NULL */
} TrainerWeight;

typedef struct TrainerLayer {
    TrainerWeight part[LAYER_PARTS];
} TrainerLayer;

/* What one layer's forward pass leaves for its backward pass. */
typedef struct TrainerActs {
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
} TrainerActs;

enum { TRAINER_PIECE_MAX = 512 }; /* rows of logits at a time */

/* The texts that are computed together. */
typedef struct TrainerBatch {
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
} TrainerBatch;

/* Weights that are clipped together: all, or an exit's. */
typedef struct TrainerGroup {
    size_t from, upto; /* of the flat arrays */
} TrainerGroup;

struct Trainer {
    TrainerConfig config;
    ModelConfig model;
    bool tied, optional[LAYER_PARTS]; /* as in TrainerBase */
    Kernels *kernels;
    TrainOps *ops;
    TrainerSource *source;
    const TrainerText *texts;
    int n_texts;
    int *order;  /* [n_texts] of this epoch */
    int *places; /* [V] of each token in the list of scored ones; -1 = not in it */
    int scored;  /* how many those are: the width of logits */

    /* All of the below is in one buffer. */
    float *memory;
    size_t trained;                          /* numbers */
    float *values, *grads, *means, *squares; /* [trained] */
    int n_layers;                            /* trained or run here: one per exit, or the draft's */
    TrainerLayer *layers;                    /* [n_layers] host */
    TrainerWeight norm[EXITS_MAX]; /* by exit; TRAINER_LORA and TRAINER_FULL have norm[0] */
    TrainerWeight embed;           /* [V, H]; TRAINER_LORA and TRAINER_FULL */
    TrainerWeight head;            /* [V, H] of its own; TRAINER_FULL, not tied */
    TrainerWeight scored_head;     /* [scored, H] rows of the head, as they are used */
    TrainerActs acts;
    float *stream;     /* [n_layers + 1, rows, H] each layer's input, or one */
    float *out, *dout; /* [rows, H] a layer's output and the gradient */
    int piece;         /* rows of logits at a time */
    float *logits;     /* [piece, scored] */
    float *taken, *normed, *dnormed, *dtaken; /* [piece, H] */

    float *host; /* [rows, H] on the way */
    int *chosen; /* [batch + 1] texts of a step */
    int *best;   /* [rows, TRAINER_CHAIN] */
    TrainerBatch batch;
    TrainerProgress progress;
    uint64_t epoch;
    int next; /* place in order */
};

/* trainer_plan.c: finds a place for everything; memory NULL only counts. */
typedef struct TrainerArena {
    char *memory;
    size_t used;
    TrainerPlan *plan;
} TrainerArena;
void trainer_lay(Trainer *trainer, TrainerArena *arena);
/* Everything but pointers; layers is allocated. */
int trainer_shape(Trainer *trainer, const TrainerConfig *config, const TrainerBase *base, Err *err);
TrainShape trainer_learn_shape(const Trainer *trainer);
TrainerGroup trainer_group(const Trainer *trainer, int index, int *count);

/* trainer_read.c */
int trainer_read_base(Trainer *trainer, const Gguf *base, Err *err);
/* *factors: as TrainShape's, allocated; NULL = none. */
int trainer_read_factors(const Trainer *trainer, const Gguf *base, float **factors, Err *err);

/* trainer_layer.c: input [n, H] -> output [n, H]; both need `acts` in between. dstream: the gradient
 * of the output, [n, H], becomes that of the input (where input_wanted). */
void trainer_layer_forward(Trainer *trainer, const TrainerLayer *layer, const float *input,
                           float *output);
void trainer_layer_backward(Trainer *trainer, const TrainerLayer *layer, const float *input,
                            float *dstream, bool input_wanted);

/* trainer_head.c: the batch's labels from the residual stream [n, H] at an exit. Adds the loss, and to
 * dstream its gradient. */
double trainer_head_loss(Trainer *trainer, int exit, const float *stream, float scale,
                         float *dstream);
/* Top places of each label's row: [labels, TRAINER_CHAIN]; returns the loss. */
double trainer_head_top(Trainer *trainer, int exit, const float *stream, int *top);

/* trainer_batch.c: the texts of the next step go to s->chosen; returns how many. */
int trainer_choose(Trainer *trainer);
/* What the loss of a text weighs. */
int trainer_weight_of(const Trainer *trainer, const TrainerText *text);
/* Fills the batch with texts chosen[0 … n-1] (NULL: 0 … n-1) until its rows are full; returns how
 * many, -1 on failure. */
int trainer_gather(Trainer *trainer, const TrainerText *texts, const int *chosen, int n, Err *err);
/* The shuffled order of an epoch. */
void trainer_shuffle(Trainer *trainer);

/* trainer_step.c: an exit's residual stream, before its norm, for the batch: [n, H]. Whole drafts:
 * trainer_forward first. */
const float *trainer_exit_stream(Trainer *trainer, int exit);
void trainer_forward(Trainer *trainer);
/* The batch's loss to progress.loss, scale times its gradient to the gradients. */
void trainer_backward(Trainer *trainer, float scale);
/* TRAINER_FULL: the scored rows of the head as they are now, before the head is used; and their
 * gradient to where they are from. */
void trainer_open_head(Trainer *trainer);
void trainer_close_head(Trainer *trainer);

#endif
