/* trainer.h - trains what drafts: a draft's exits, by sorted fine-tuning (SoFT), or a head.
 *
 *   base model, texts -> trainer_open -> trainer_step … -> trainer_evaluate -> trainer_tensors -> adapter
 *
 * What is trained (TrainerTune): decoder layers of the exits' own on a frozen base, low-rank changes
 * to a draft cut from the base, or all of such a draft. The loss is the mean over the exits of the
 * cross-entropy at each one: to the text's next token, or to the base's own distribution. Or a head
 * that drafts for the frozen base (engine/model/head.h), by the loss of its kind's own.
 *
 * Memory is planned before anything is allocated (trainer_plan) and taken once. The same texts,
 * options and seed give the same bits, whatever the number of threads and however often the run was
 * cut and resumed.
 *
 * Sorted LLaMA (arXiv 2309.08968) and S2D (arXiv 2407.01955).
 */
#ifndef S2D_ENGINE_TRAIN_TRAINER_H
#define S2D_ENGINE_TRAIN_TRAINER_H

#include "engine/model/adapter.h"
#include "engine/model/head.h"
#include "engine/model/model.h"
#include "kernels/common/bounds.h"
#include "kernels/train/train_ops.h"

enum {
    TRAINER_TOP_MAX = 64, /* most labels of a token */
    TRAINER_CHAIN = 4,    /* tokens drafted at once, where acceptance is counted */
    TRAINER_PARTS_MAX = 16,
    TRAINER_UNROLL_MAX = 7, /* steps of a chain that a head learns at once */
    TRAINER_OUTPUTS_MAX = 8,
    TRAINER_NAME_BYTES = 24,
};

typedef enum TrainerTune {
    TRAINER_EXITS, /* a decoder layer and a norm for each exit; the base is frozen */
    TRAINER_LORA,  /* low-rank pairs beside every matrix of the draft's layers */
    TRAINER_FULL,  /* the draft's layers, final norm, embedding and head */
    TRAINER_HEAD,  /* a head that drafts for the base, which is frozen */
} TrainerTune;

_Static_assert((int)EXITS_MAX <= (int)TRAINER_OUTPUTS_MAX &&
                   (int)BRANCHES_MAX <= (int)TRAINER_OUTPUTS_MAX,
               "outputs");

typedef enum TrainerLoss { TRAINER_TEXT, TRAINER_DISTILL } TrainerLoss;

typedef struct TrainerConfig {
    TrainerTune tune;
    int rank;             /* of TRAINER_LORA */
    int layers;           /* of the base that the draft has */
    int n_exits;          /* that are trained */
    int exits[EXITS_MAX]; /* layer numbers, ascending, <= layers */
    int copy_of
        [EXITS_MAX];  /* TRAINER_EXITS: the base layer (from 0) that each one's layer begins as
                             */
    HeadKind head;    /* TRAINER_HEAD: its kind */
    int branches;     /* of Medusa and Hydra */
    int unroll;       /* EAGLE and EAGLE-3: steps of a chain that it learns at once */
    float token_loss; /* EAGLE: what the cross-entropy weighs beside the features' difference */
    bool last_only;   /* the loss is that of the last exit: plain fine-tuning (SFT) */
    TrainerLoss loss;
    int top;        /* TRAINER_DISTILL: labels of a token */
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
} TrainerConfig;

/* A text to learn from: is_label[i] says that token i is one to be predicted. */
typedef struct TrainerText {
    int *ids;       /* [n] */
    bool *is_label; /* [n] */
    int n;
} TrainerText;

/* What the base says of a text. Row j of the labels belongs to the j-th i with is_label[i + 1]. */
typedef struct TrainerRecord {
    uint16_t *hidden[EXITS_MAX]; /* by tap: [n, H] bf16, the residual stream there */
    int *places;    /* [labels, top] places in the list of scored tokens, likeliest first */
    float *weights; /* [labels, top] their probabilities, which add up to 1 */
} TrainerRecord;

/* Where records come from: the base, or a cache of what it said. */
typedef struct TrainerSource TrainerSource;
struct TrainerSource {
    int (*read)(TrainerSource *source, const TrainerText *text, TrainerRecord *record, Err *err);
};

/* Where the base's residual stream is asked for: layers done, ascending; returns how many. layers:
 * of the base. */
int trainer_taps(const TrainerConfig *config, int layers, int taps[EXITS_MAX]);
/* The head that is trained, as its file will say; the base is not named. */
HeadInfo trainer_head_info(const TrainerConfig *config, const ModelConfig *base);

/* What losses, and what scores, there are: of exits ("12"), or of a head's steps or branches ("step
 * 1", "branch 2"). */
int trainer_losses(const TrainerConfig *config);
int trainer_scores(const TrainerConfig *config);
void trainer_output_name(const TrainerConfig *config, int index, char name[TRAINER_NAME_BYTES]);

typedef struct TrainerPlan {
    struct {
        const char *what;
        uint64_t bytes;
    } part[TRAINER_PARTS_MAX];
    int n;
    uint64_t total;
    uint64_t trained; /* numbers, not bytes */
} TrainerPlan;

/* What must be known of a base to plan. */
typedef struct TrainerBase {
    ModelConfig config;         /* of all of it */
    bool tied;                  /* the embedding is the head */
    bool optional[LAYER_PARTS]; /* has any layer a part that its architecture does not require? */
} TrainerBase;

TrainerBase trainer_base(const Gguf *gguf, const ModelConfig *config);

/* What training would take, the engine's own model of the base not counted. */
int trainer_plan(TrainerPlan *plan, const TrainerConfig *trainer, const TrainerBase *base,
                 const Kernels *kernels, Err *err);
/* Adds a line to it. */
void trainer_plan_add(TrainerPlan *plan, const char *what, uint64_t bytes);

typedef struct Trainer Trainer;

/* gguf: the base; read here and not kept. texts and ids stay the caller's. source may be NULL where
 * neither hidden rows nor labels of the base are wanted. */
int trainer_open(Trainer **trainer, const TrainerConfig *config, Kernels *kernels, const Gguf *gguf,
                 const ModelConfig *base, const TrainerText *texts, int n_texts,
                 TrainerSource *source, Err *err);
void trainer_close(Trainer *trainer);

typedef struct TrainerProgress {
    int step;        /* done so far */
    uint64_t tokens; /* read so far, by steps of this run and of those it resumes */
    double loss[TRAINER_OUTPUTS_MAX]; /* of the last step, by exit, step or branch */
    double norm;                      /* of its gradient: the largest of the exits' */
    float rate;
} TrainerProgress;

/* One step; there is one left. */
int trainer_step(Trainer *trainer, Err *err);
const TrainerProgress *trainer_progress(const Trainer *trainer);

/* Steps that go about once over the texts. */
int trainer_steps_of_epoch(const TrainerConfig *trainer, const TrainerText *texts, int n_texts);

/* How an exit, or a head down to a step or branch, does as a drafter, by the tokens that are to be
 * predicted. A step or branch is given the true tokens before; as a chain goes on only while it is
 * right, its length is exact all the same. */
typedef struct TrainerScore {
    int64_t tokens;
    double loss;             /* mean, TRAINER_DISTILL: to the base */
    double top1[2], top4[2]; /* part of the tokens, [0] of the base's likeliest, [1] of the text */
    double mat[2];           /* tokens per round of a chain of TRAINER_CHAIN */
} TrainerScore;

/* scores: trainer_scores of them, and the base's own behind them. Without a source all that is said of the
 * base stays 0. */
int trainer_evaluate(Trainer *trainer, const TrainerText *texts, int n_texts, TrainerScore *scores,
                     Err *err);

/* State: all that the next step depends on, with a checksum. fingerprint: of whatever else must be
 * the same when it is resumed. The streams stay the caller's. */
int trainer_save(const Trainer *trainer, FILE *stream, uint64_t fingerprint, Err *err);
/* EXIT_DATA when it is damaged or another run's; then nothing has changed. */
int trainer_load(Trainer *trainer, FILE *stream, uint64_t fingerprint, Err *err);
/* Only the weights, of any run that trains the same ones of the same base: to go on with other data
 * or options. */
int trainer_start(Trainer *trainer, FILE *stream, uint64_t fingerprint, Err *err);
/* The same from an adapter that such a run brought, as it was rounded. adapter: adapter_check has
 * passed. EXIT_DATA when it does not have just what is trained here; then nothing has changed. */
int trainer_start_adapter(Trainer *trainer, const Adapter *adapter, Err *err);

/* The same from a head, which fits the base. */
int trainer_start_head(Trainer *trainer, const HeadFile *file, Err *err);

/* Everything that was trained, as the tensors of an adapter or a head (all but TRAINER_FULL); type: of
 * matrices whose columns it divides, others are F16, vectors F32. *tensors is allocated (free it),
 * its numbers stay where they are, in the backend's memory. */
int trainer_tensors(const Trainer *trainer, QuantType type, AdapterTensor **tensors, int *n,
                    Err *err);
/* TRAINER_FULL: the draft as a model of its own, with base's vocabulary. The stream stays the
 * caller's. */
int trainer_write_model(const Trainer *trainer, const Gguf *base, QuantType type, FILE *stream,
                        Err *err);

#endif
