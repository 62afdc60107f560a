/* head.h - a head that drafts for one target: EAGLE, EAGLE-3, Medusa or Hydra, in a GGUF file.
 *
 *   file -> head_file_open (keys, and every tensor's name, shape and type)
 *        -> head_fits (the target's header) -> head_open (weights) -> engine/draft/head_*.c
 *   floats -> head_write -> file
 *
 * A head reads features of its target: the residual stream after some of the target's layers
 * (info.taps), of which EAGLE, Medusa and Hydra take the last one, after the target's final norm. All
 * matrices that the published nets apply to several vectors side by side are kept in parts, one a
 * vector: W [a; b] = W0 a + W1 b. e(t) is the target's embedding of token t, f the feature of the
 * place before the root, t1 the root's token, t2 … a path's.
 *
 *   eagle   x = fc.0 e(t) + fc.1 f + bias;  f' = layer(x), a layer without its first norm; what f'
 *           says is the target's head. f' is the next place's feature.
 *   eagle3  g = fc.0 a + fc.1 b + fc.2 c of three taps;  g' = layer whose q, k, v read attn_norm
 *           e(t) and hidden_norm g, the latter by hidden_q, hidden_k, hidden_v;  head.output of
 *           head.norm g'. g' is the next place's g.
 *   medusa  branch k: y = f + silu(fc.0 f + bias);  output y says what comes k + 2 behind f
 *   hydra   branch k: y = skip.0 f + skip.1 e(t1) … + skip.bias + silu(fc.0 f + fc.1 e(t1) … + bias),
 *           k + 2 vectors; then `blocks` times y = y + silu(block y + bias); output y + bias. With a
 *           layer ("++"): f goes through it and head.norm first.
 *
 * Which tensors those are, by name and shape: head_tensors. Sources: arXiv 2401.15077 (EAGLE),
 * 2503.01840 (EAGLE-3), 2401.10774 (Medusa), 2402.05109 (Hydra), and the authors' published code.
 */
#ifndef S2D_ENGINE_MODEL_HEAD_H
#define S2D_ENGINE_MODEL_HEAD_H

#include <stdio.h>

#include "engine/model/adapter.h"
#include "engine/model/model.h"

enum {
    BRANCHES_MAX = 8,              /* of Medusa and Hydra */
    INPUTS_MAX = BRANCHES_MAX + 1, /* vectors that a branch reads */
    HEAD_TENSORS_MAX = 256,
};

typedef enum HeadKind { HEAD_EAGLE, HEAD_EAGLE3, HEAD_MEDUSA, HEAD_HYDRA, HEAD_KINDS } HeadKind;

/* "eagle", "eagle3", "medusa", "hydra" */
const char *head_kind_name(HeadKind kind);
bool head_kind_find(HeadKind *kind, const char *name, size_t length);

typedef struct HeadInfo {
    HeadKind kind;
    char base_sha256[ADAPTER_HASH_TEXT]; /* of the target's file that it was trained on; "" = a
                                            published head: only shapes are known */
    char base_name[64];                  /* what people call that; "" = not known */
    int hidden;                          /* H of the target */
    int vocab;                           /* V of the target */
    int layers;                          /* L of the target; 0 = not known */
    int n_taps, taps[FEATURES_MAX];      /* layers done before each feature; -1 = all */
    int branches;                        /* of Medusa and Hydra; else 0 */
    int blocks;                          /* of each branch of Hydra: how often its block is used */
    bool has_layer;                      /* all but Medusa and plain Hydra */
    int n_vocab;                         /* tokens that it scores; 0 = all */
    const int *ids;                      /* [n_vocab] ascending: those tokens */
    /* Of its own layer, where it has one: sizes, norm_eps and rope_*. */
    ModelConfig layer;
} HeadInfo;

/* One tensor of a head. matrix or vector, where a head is given: where it is kept. */
typedef struct HeadTensor {
    char name[TENSOR_NAME_BYTES];
    int rows, cols; /* rows 0: a vector */
    bool optional;
    Matrix **matrix;
    float **vector;
} HeadTensor;

/* Rows of what scores: n_vocab, or V. */
int head_scored(const HeadInfo *info);
/* The vectors that branch k reads. */
int head_inputs(const HeadInfo *info, int k);

typedef struct Head Head;

/* All tensors that a head with such an info has or may have: [HEAD_TENSORS_MAX]; returns how many.
 * head NULL: names and shapes only. */
int head_tensors(const HeadInfo *info, Head *head, HeadTensor *tensors);

/* ---- the file ---- */

typedef struct HeadFile {
    HeadInfo info;
    Gguf *gguf; /* stays open: the weights are read from it */
    int *ids;   /* info's */
} HeadFile;

/* Is the file a head at all, as opposed to another adapter or a model? */
bool head_is_head(const Gguf *gguf);
/* EXIT_DATA when it is no head or one that cannot be right. */
int head_file_open(HeadFile **file, const char *path, Err *err);
/* The same over memory that stays the caller's (for fuzzing and tests). */
int head_file_open_memory(HeadFile **file, const void *data, size_t bytes, const char *name,
                          Err *err);
void head_file_close(HeadFile *file);

/* Has the target the shapes that the head was made for? EXIT_DATA with the reason. Whether it is the
 * very file is for the caller to compare: base_sha256. */
int head_fits(const HeadFile *file, const ModelConfig *target, const char *target_name, Err *err);

/* EXIT_DATA when a value is not finite; EXIT_IO. tensors: of head_tensors' names. The stream stays
 * the caller's. */
int head_write(FILE *stream, const HeadInfo *info, const AdapterTensor *tensors, int n_tensors,
               Err *err);

/* ---- loaded ---- */

typedef struct HeadBranch {
    Matrix *fc[INPUTS_MAX], *skip[INPUTS_MAX]; /* [H, H]; skip: Hydra */
    float *fc_bias, *skip_bias;                /* [H] or NULL */
    Matrix *block;                             /* [H, H] Hydra, where info.blocks > 0 */
    float *block_bias;                         /* [H] or NULL */
    Matrix *output;                            /* [scored, H] */
    float *output_bias;                        /* [scored] or NULL: Hydra */
} HeadBranch;

struct Head {
    HeadInfo info;
    char name[64]; /* of the file, for messages and the screen */
    char *path;
    int *ids;              /* info's */
    const int *device_ids; /* the same where the kernels draw tokens themselves, else NULL */
    /* The layer as a model of one: its config, layers[0], rope; output_norm is head.norm, head what
     * scores (EAGLE: rows of the target's own). embed is the target's, and not owned. */
    Model net;
    Layer layer;              /* net.layers */
    Matrix *fc[FEATURES_MAX]; /* EAGLE: 2, EAGLE-3: 3 */
    float *fc_bias;           /* [H] or NULL */
    Matrix *hidden_qkv[3];    /* EAGLE-3: [Q,H] [K,H] [K,H] */
    float *hidden_norm;       /* EAGLE-3: [H] */
    HeadBranch branch[BRANCHES_MAX];
};

/* Memory that its weights take. */
size_t head_bytes(Kernels *kernels, const HeadFile *file, const ModelConfig *target);

/* Reads it for a target that it fits, which has to stay open as long. On failure nothing is left
 * behind. */
int head_open(Head **head, const HeadFile *file, const Model *target, Err *err);
void head_close(Head *head);

#endif
