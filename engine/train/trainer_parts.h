/* trainer_parts.h - what the files of the trainer share. Private.
 *
 *   trainer_plan.c      memory: how much of what, and where it lies (trainer_arena.c)
 *   trainer_read.c      initial weights, from the base's file or an adapter
 *   trainer_layer.c     a decoder layer and its gradient
 *   trainer_head.c      final norm, head and loss; scores
 *   trainer_batch.c     which texts a step takes, and what is known of them
 *   trainer_step.c      a step: forward, backward, optimiser
 *   trainer_score.c     how the exits do as drafters
 *   trainer_outputs.c   what a configuration reads, loses and scores
 *   trainer_nets.c      the kinds of heads, a row each
 *   trainer_net.c       what heads have in common; trainer_net_start.c: what they begin as
 *   trainer_chain.c     the layer of those heads that feed themselves
 *   net_*.c             a kind of head each, or two
 *   trainer_state.c     checkpoints
 *   trainer_write.c     what was learned, as tensors
 */
#ifndef S2D_ENGINE_TRAIN_TRAINER_PARTS_H
#define S2D_ENGINE_TRAIN_TRAINER_PARTS_H

#include "engine/model/model_parts.h"
#include "engine/train/trainer.h"

/* Finds a place for everything; memory NULL only counts. */
typedef struct TrainerArena {
    char *memory;
    size_t used;
    TrainerPlan *plan;
} TrainerArena;

/* A matrix or a vector. Its numbers are trained (value and grad), or frozen (a matrix as bf16, a
 * vector in value) and maybe changed by a low-rank pair that is trained. */
typedef struct TrainerWeight {
    int rows, cols; /* rows 0: a vector of cols values; cols 0: the model has no such thing */
    float *value, *grad;
    uint16_t *frozen;               /* [rows, cols] */
    float *a, *a_grad, *b, *b_grad; /* A [rank, cols], B [rows, rank], or NULL */
} TrainerWeight;

typedef struct TrainerLayer {
    int rope; /* as in Layer */
    TrainerWeight part[LAYER_PARTS];
} TrainerLayer;

/* What one layer's forward pass leaves for its backward pass. */
typedef struct TrainerActs {
    float *attn_in;           /* [rows, H] normed */
    float *q, *k, *v;         /* [rows, Q], [rows, K] turned by their positions */
    float *q_raw, *k_raw;     /* the same before they were normed, where they are */
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

/* What scores rows of a stream, for the labels of a batch. */
typedef struct TrainerScorer {
    const TrainerWeight *norm; /* NULL: they are scored as they are */
    const TrainerWeight *head;
    const int *row;       /* [labels] each label's row of the stream */
    const float *weights; /* [labels, top] of its distribution */
} TrainerScorer;

/* Steps of a head that feeds itself: step 0 reads the features before each row and the row's own
 * token, each later step what the one before gave and the next token. So many steps are kept as
 * there are losses or scores. */
enum { CHAIN_STEPS_MAX = TRAINER_UNROLL_MAX };
typedef struct TrainerChain {
    int steps;                       /* that there is room for */
    float *fed[CHAIN_STEPS_MAX + 1]; /* [rows, H] what a step reads; the last one's output */
    float *key[CHAIN_STEPS_MAX], *value[CHAIN_STEPS_MAX]; /* [rows, K] */
    float *dkey[CHAIN_STEPS_MAX], *dvalue[CHAIN_STEPS_MAX];
    int *ids;                 /* [rows] host: the tokens that a step reads */
    float *token;             /* [rows, H] their embeddings */
    float *fused;             /* [rows, H] EAGLE: what the layer reads */
    float *turned;            /* [rows, H] EAGLE-3: what was fed, normed */
    float *target;            /* [rows, H] EAGLE: the features that are to come out */
    float *tap[FEATURES_MAX]; /* [rows, H] EAGLE-3: the features before each row */
} TrainerChain;

/* A branch at work: rows are labels. */
typedef struct TrainerBranch {
    float *feature;           /* [rows, H] of the batch */
    float *input[INPUTS_MAX]; /* [rows, H] the vectors that it reads */
    float *inner, *dinner;    /* [rows, H] before silu */
} TrainerBranch;

/* A kind of head, as it is trained: a row of the table in trainer_nets.c. */
typedef struct TrainerNet {
    /* Working memory, beside what all have. */
    void (*lay)(Trainer *s, TrainerArena *arena);
    /* What its weights, all 0 so far, begin as. */
    int (*start)(Trainer *s, const Gguf *base, Err *err);
    /* The batch's losses, added to progress.loss; scale times their gradient to the gradients. */
    void (*backward)(Trainer *s, float scale);
    /* For evaluation, which comes without noise: the best places of output 0, 1, … in turn, as trainer_head_top's. */
    double (*top)(Trainer *s, int output, int *best);
    /* Of those with a chain: from fed[step] and token to acts.q, key[step] and value[step]; returns
     * what the layer adds to. Back: from acts.dq, dkey[step] and dvalue[step] to the gradients; the
     * gradient of what the layer adds to becomes that of fed[step]. */
    const float *(*project)(Trainer *s, int step);
    void (*project_back)(Trainer *s, int step, float *dstream);
    /* And the loss of fed[step + 1], for s->back; scale times its gradient is added to s->dout. */
    double (*loss)(Trainer *s, int step, float scale);
    /* What it takes of the base as it is: embeddings, the scored rows of its head, its final norm. */
    bool embed, rows, norm;
} TrainerNet;

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
    uint16_t *hidden[EXITS_MAX]; /* [rows, H] by tap */
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
    int n_taps;  /* of the base's residual stream that are read */
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
    /* TRAINER_HEAD */
    const TrainerNet *net;
    HeadInfo info;
    bool base_neox; /* model.rope is the head's */
    int n_tensors;
    HeadTensor *tensors;    /* [n_tensors] host: names and shapes of what is trained */
    TrainerWeight *weights; /* [n_tensors] host */
    TrainerChain chain;
    TrainerBranch branch;
    int *back;           /* [rows] rows so many before those of the labels, */
    float *back_weights; /* [rows, top] and their distributions: trainer_rows_before */
    int *same;           /* [rows] 0, 1, 2 … */
    TrainerActs acts;
    float *stream;     /* [n_layers + 1, rows, H] each layer's input, or one */
    float *out, *dout; /* [rows, H] a layer's output and the gradient */
    int piece;         /* rows of logits at a time */
    float *logits;     /* [piece, scored] */
    float *taken, *normed, *dnormed, *dtaken; /* [piece, H] */

    float *host; /* [rows, H] on the way */
    int *chosen; /* [batch + 1] texts of a step */
    int *best;   /* [rows, TRAINER_CHAIN] */
    int *firsts; /* [scores, rows] likeliest places by output of a head */
    TrainerBatch batch;
    TrainerProgress progress;
    uint64_t epoch;
    int next; /* place in order */
};

/* trainer_arena.c */
void *trainer_take_bytes(TrainerArena *arena, size_t bytes);
float *trainer_take(TrainerArena *arena, size_t rows, size_t cols);

/* trainer_plan.c */
void trainer_lay(Trainer *trainer, TrainerArena *arena);
/* Everything but pointers; layers, and what a head consists of, are allocated. */
void trainer_shape_free(Trainer *trainer);
int trainer_shape(Trainer *trainer, const TrainerConfig *config, const TrainerBase *base, Err *err);
TrainShape trainer_learn_shape(const Trainer *trainer);
TrainerGroup trainer_group(const Trainer *trainer, int index, int *count);

/* trainer_read.c */
int trainer_read_base(Trainer *trainer, const Gguf *base, Err *err);

/* trainer_layer.c: input [n, H] -> output [n, H]; both need `acts` in between. dstream: the gradient
 * of the output, [n, H], becomes that of the input (where input_wanted). */
void trainer_layer_forward(Trainer *trainer, const TrainerLayer *layer, const float *input,
                           float *output);
void trainer_layer_backward(Trainer *trainer, const TrainerLayer *layer, const float *input,
                            float *dstream, bool input_wanted);

/* From what attention gave, acts.attended, to the output, input being what the layer adds to; and
 * back to acts.dattended, dstream then being the gradient of input but for attention's part. */
void trainer_layer_end(Trainer *trainer, const TrainerLayer *layer, const float *input,
                       float *output);
void trainer_layer_end_back(Trainer *trainer, const TrainerLayer *layer, float *dstream);

/* A matrix on n rows: out = or += x W^T; the gradient of W; dx = or += dout W. */
void trainer_matrix(Trainer *trainer, const TrainerWeight *w, int n, const float *x, bool add,
                    float *out);
void trainer_matrix_learn(Trainer *trainer, const TrainerWeight *w, int n, const float *x,
                          const float *dout);
void trainer_matrix_back(Trainer *trainer, const TrainerWeight *w, int n, const float *dout,
                         bool add, float *dx);

/* trainer_head.c: what scores at an exit. */
TrainerScorer trainer_exit_scorer(const Trainer *trainer, int exit);
/* The batch's labels from a stream [.., H]. Returns the loss, and adds to dstream scale times its
 * gradient. */
double trainer_head_loss(Trainer *trainer, const TrainerScorer *scorer, const float *stream,
                         float scale, float *dstream);
/* Top places of each label's row: [labels, TRAINER_CHAIN]; returns the loss. */
double trainer_head_top(Trainer *trainer, const TrainerScorer *scorer, const float *stream,
                        int *top);

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

/* trainer_read.c: a tensor of the base becomes a weight. ids: the rows that are taken; NULL = all. */
int trainer_read_tensor(Trainer *trainer, const Gguf *base, const char *name,
                        const TrainerWeight *w, const int *ids, Err *err);

/* trainer_nets.c: net, info, tensors and weights, which are the caller's to free, also on failure. */
int trainer_net_shape(Trainer *trainer, Err *err);

/* trainer_net.c: of what a head has, by name without "head."; NULL = it has none such. */
void trainer_net_layer(Trainer *trainer); /* layers[0] are those of its weights */
TrainerWeight *trainer_net_weight(const Trainer *trainer, const char *name);
/* "K.NAME.J.weight", or with j < 0 "K.NAME" */
TrainerWeight *trainer_net_part(const Trainer *trainer, const char *name, int k, int j);
/* The base's residual stream of the batch, at tap, [n, H]; shifted: of the row before, 0 before a
 * text. room: [n, H] where it waits for the base's final norm; NULL = it is not normed. */
void trainer_net_feature(Trainer *trainer, int tap, bool shifted, float *room, float *out);
/* To s->back and s->back_weights: the rows `steps` before those of the labels. A label that has none
 * in its text weighs nothing. */
void trainer_rows_before(Trainer *trainer, int steps);
/* trainer_head_top, of labels whose rows are `steps` before: those without guess nothing. */
double trainer_net_top(Trainer *trainer, const TrainerScorer *scorer, int steps,
                       const float *stream, int *best);

/* trainer_net_start.c: diagonal on the diagonal, and noise in +-width around it. */
int trainer_net_fill(Trainer *trainer, const TrainerWeight *w, float diagonal, float width,
                     Err *err);
/* The width of noise that makes of an embedding a vector `share` as long as a feature, about. */
float trainer_net_token_width(Trainer *trainer, float share);
/* A part of the base's last layer, its rows turned to the head's rotary layout. */
int trainer_net_copy_part(Trainer *trainer, const Gguf *base, int part, const TrainerWeight *w,
                          Err *err);
/* The scored rows of the base's head. */
int trainer_net_copy_rows(Trainer *trainer, const Gguf *base, const TrainerWeight *w, Err *err);

/* trainer_chain.c */
void trainer_chain_lay(Trainer *trainer, TrainerArena *arena);
/* From fed[step] to fed[step + 1]. */
void trainer_chain_forward(Trainer *trainer, int step);
/* All of net->backward but for what comes before the first step and below it: the losses of
 * config.unroll steps and their gradients. Each step weighs 0.8 of the one before; s->dout becomes the
 * gradient of what the first one reads. */
void trainer_chain_learn(Trainer *trainer, float scale);

extern const TrainerNet net_eagle, net_eagle3, net_medusa, net_hydra;

#endif
