/* trainer.h - sorted fine-tuning (SoFT): trains what makes a draft's exits useful.
 *
 *   base model, texts -> soft_open -> soft_step … -> soft_evaluate -> soft_tensors -> adapter
 *
 * What is trained (SoftTune): decoder layers of the exits' own on a frozen base, low-rank changes
 * to a draft cut from the base, or all of such a draft. The loss is the mean over the exits of the
 * cross-entropy at each one: to the text's next token, or to the base's own distribution.
 *
 * Memory is planned before anything is allocated (soft_plan) and taken once. The same texts,
 * options and seed give the same bits, whatever the number of threads and however often the run was
 * cut and resumed.
 *
 * Sorted LLaMA (arXiv 2309.08968) and S2D (arXiv 2407.01955).
 */
#ifndef S2D_SOFT_H
#define S2D_SOFT_H

#include "engine/decode/event.h" /* EXITS_MAX */
#include "engine/model/adapter.h"
#include "engine/model/model.h"
#include "kernels/train/train_ops.h"

enum {
    SOFT_TOP_MAX = 64, /* most labels of a token */
    SOFT_CHAIN = 4,    /* tokens drafted at once, where acceptance is counted */
    SOFT_PARTS_MAX = 16,
};

typedef enum SoftTune {
    SOFT_EXITS, /* a decoder layer and a norm for each exit; the base is frozen */
    SOFT_LORA,  /* low-rank pairs beside every matrix of the draft's layers */
    SOFT_FULL,  /* the draft's layers, final norm, embedding and head */
} SoftTune;

typedef enum SoftLoss { SOFT_TEXT, SOFT_DISTILL } SoftLoss;

typedef struct SoftConfig {
    SoftTune tune;
    int rank;               /* of SOFT_LORA */
    int layers;             /* of the base that the draft has */
    int n_exits;            /* that are trained */
    int exits[EXITS_MAX];   /* layer numbers, ascending, <= layers */
    int copy_of[EXITS_MAX]; /* SOFT_EXITS: the base layer (from 0) that each one's layer begins as
                             */
    bool last_only;         /* the loss is that of the last exit: plain fine-tuning (SFT) */
    SoftLoss loss;
    int top;        /* SOFT_DISTILL: labels of a token */
    const int *ids; /* [n_ids] ascending: the tokens that the exits score; NULL = all */
    int n_ids;
    int batch;    /* tokens of a step, about */
    int rows;     /* most tokens that are computed together, at least `length` */
    int length;   /* of the longest text */
    int steps;    /* of the whole run */
    float rate;   /* learning rate at its highest */
    float warmup; /* part of the steps during which it rises */
    bool cosine;  /* how it falls to 0: else linearly */
    float decay;  /* of weights, by step and rate */
    float clip;   /* largest norm of a gradient; 0 = any */
    uint32_t seed;
    bool exact; /* products in floats, for tests */
} SoftConfig;

/* A text to learn from: learn[i] says that token i is one to be predicted. */
typedef struct SoftText {
    int *ids;    /* [n] */
    bool *learn; /* [n] */
    int n;
} SoftText;

/* What the base says of a text. Row j of the labels belongs to the j-th i with learn[i + 1]. */
typedef struct SoftRecord {
    uint16_t *hidden[EXITS_MAX]; /* by exit: [n, H] bf16, the residual stream there; SOFT_EXITS */
    int *places;    /* [labels, top] places in the list of scored tokens, likeliest first */
    float *weights; /* [labels, top] their probabilities, which add up to 1 */
} SoftRecord;

/* Where records come from: the base, or a cache of what it said. */
typedef struct SoftSource SoftSource;
struct SoftSource {
    int (*read)(SoftSource *source, const SoftText *text, SoftRecord *record, Err *err);
};

typedef struct SoftPlan {
    struct {
        const char *what;
        uint64_t bytes;
    } part[SOFT_PARTS_MAX];
    int n;
    uint64_t total;
    uint64_t trained; /* numbers, not bytes */
} SoftPlan;

/* What must be known of a base to plan. */
typedef struct SoftBase {
    ModelConfig config; /* of all of it */
    bool tied;          /* the embedding is the head */
    bool biases;
} SoftBase;

SoftBase soft_base(const Gguf *gguf, const ModelConfig *config);

/* What training would take, the engine's own model of the base not counted. */
int soft_plan(SoftPlan *plan, const SoftConfig *soft, const SoftBase *base, const Kernels *kernels,
              Err *err);
/* Adds a line to it. */
void soft_plan_add(SoftPlan *plan, const char *what, uint64_t bytes);

typedef struct Soft Soft;

/* gguf: the base; read here and not kept. texts and ids stay the caller's. source may be NULL where
 * neither hidden rows nor labels of the base are wanted. */
int soft_open(Soft **soft, const SoftConfig *config, Kernels *kernels, const Gguf *gguf,
              const ModelConfig *base, const SoftText *texts, int n_texts, SoftSource *source,
              Err *err);
void soft_close(Soft *soft);

typedef struct SoftProgress {
    int step;               /* done so far */
    uint64_t tokens;        /* read so far, by steps of this run and of those it resumes */
    double loss[EXITS_MAX]; /* of the last step, by exit */
    double norm;            /* of its gradient: the largest of the exits' */
    float rate;
} SoftProgress;

/* One step; there is one left. */
int soft_step(Soft *soft, Err *err);
const SoftProgress *soft_progress(const Soft *soft);

/* Steps that go about once over the texts. */
int soft_steps_of_epoch(const SoftConfig *soft, const SoftText *texts, int n_texts);

/* How an exit does as a drafter, by the tokens that are to be predicted. */
typedef struct SoftScore {
    int64_t tokens;
    double loss;             /* mean, SOFT_DISTILL: to the base */
    double top1[2], top4[2]; /* part of the tokens, [0] of the base's likeliest, [1] of the text */
    double mat[2];           /* tokens per round of a chain of SOFT_CHAIN */
} SoftScore;

/* scores: one per exit, and the base's own behind them. Without a source all that is said of the
 * base stays 0. */
int soft_evaluate(Soft *soft, const SoftText *texts, int n_texts, SoftScore *scores, Err *err);

/* State: all that the next step depends on, with a checksum. fingerprint: of whatever else must be
 * the same when it is resumed. The streams stay the caller's. */
int soft_save(const Soft *soft, FILE *stream, uint64_t fingerprint, Err *err);
/* EXIT_DATA when it is damaged or another run's; then nothing has changed. */
int soft_load(Soft *soft, FILE *stream, uint64_t fingerprint, Err *err);
/* Only the weights, of any run that trains the same ones of the same base: to go on with other data
 * or options. */
int soft_start(Soft *soft, FILE *stream, uint64_t fingerprint, Err *err);
/* The same from an adapter that such a run brought, as it was rounded. adapter: adapter_check has
 * passed. EXIT_DATA when it does not have just what is trained here; then nothing has changed. */
int soft_start_adapter(Soft *soft, const Adapter *adapter, Err *err);

/* Everything that was trained, as the tensors of an adapter (SOFT_EXITS, SOFT_LORA); type: of
 * matrices whose columns it divides, others are F16, vectors F32. *tensors is allocated (free it),
 * its numbers stay where they are, in the backend's memory. */
int soft_tensors(const Soft *soft, QuantType type, AdapterTensor **tensors, int *n, Err *err);
/* SOFT_FULL: the draft as a model of its own, with base's vocabulary. The stream stays the
 * caller's. */
int soft_write_model(const Soft *soft, const Gguf *base, QuantType type, FILE *stream, Err *err);

#endif
