/* tiny_model.h - small GGUF models made on the spot, for tests that need no download.
 *
 * The weights are random but depend only on seed, tensor name and shape. So two models of one seed
 * and width share their first layers, embedding and head: a draft of 4 layers is nested in a target
 * of 8, and with `settle` its shallow exits often, not always, agree with the last layer.
 */
#ifndef S2D_TESTS_SUPPORT_TINY_MODEL_H
#define S2D_TESTS_SUPPORT_TINY_MODEL_H

#include "engine/model/model.h"
#include "tests/support/tiny_vocab.h"

typedef struct TinyModel {
    Arch arch;
    TinyVocab vocab;
    int padding; /* rows of embedding and head beyond the vocabulary */
    int pads;    /* unused tokens at the vocabulary's end */
    int layers, hidden, heads, kv_heads, head_dim, ffn;
    int experts, picks; /* where the architecture has experts: each as wide as ffn */
    int context;
    QuantType embed_type, head_type, attn_type, ffn_type; /* ffn: gate and up */
    QuantType down_type;  /* K types need columns in multiples of 256 */
    bool tied;            /* no output.weight */
    bool rope_factors;    /* rope_freqs.weight */
    float rope_scale;     /* linear scaling; 0 = none */
    int window;           /* of the layers that have one; 0 = none has */
    const char *more_key; /* one key more; NULL = none */
    GgufType more_type;
    const void *more; /* its value as in the file */
    size_t more_bytes;
    uint64_t seed;
    float perturb;      /* 0 … 1: how far the weights are from those of the same seed and 0 */
    int settle;         /* layers from here on add little to the residual stream; 0 = none do */
    float settle_scale; /* how little: 0.3 */
    float logit_gain;   /* standard deviation of the logits */
    uint32_t lacks;     /* 1 << PART_…: what no layer has, though its architecture usually does */
    int by_layer;       /* sizes that may be written for each layer are, for so many; 0 = once */
    float
        last_gain; /* of the last down matrix, instead; from 1e38 on its sums overflow. 0 = none */
    uint64_t last_seed; /* of the last layer, with an output norm a bit other; 0 = as the rest */
} TinyModel;

/* 4 layers, hidden 64, 4 heads over 2, F32 weights, untied, seed 1. */
TinyModel tiny_model(Arch arch);

/* The same with all matrices of one type, and as wide as the type needs. */
TinyModel tiny_model_of(Arch arch, QuantType type);

int tiny_model_write(const TinyModel *tiny, const char *path, Err *err);

/* Opens one that is in no file afterwards. use: NULL = the whole model as it is. Trouble fails the
 * test. */
Model *tiny_model_open(const TinyModel *tiny, Kernels *kernels, const char *name,
                       const ModelUse *use);

/* *data is allocated (free it). */
int tiny_model_bytes(const TinyModel *tiny, unsigned char **data, size_t *bytes, Err *err);

#endif
