/* arch.h - the model architectures that s2d runs: a table with one row for each, and the decoder
 * layer that they share.
 *
 * Whoever checks, loads, trains, changes or makes up a model walks the table; nobody compares
 * architectures. One more is a line in Arch and a row in arch.c. Where its layers have a tensor
 * that none had so far, that is a PART_, a field of Layer and a row of layer_parts as well, and its
 * place in the computation: forward.c and trainer_layer.c. Shape letters: model.h.
 */
#ifndef S2D_ENGINE_MODEL_ARCH_H
#define S2D_ENGINE_MODEL_ARCH_H

#include <stddef.h>

#include "engine/gguf/gguf.h"
#include "kernels/kernels.h"

enum { TENSOR_NAME_BYTES = 64, ARCH_NAMES_BYTES = 256 };

typedef enum Arch {
    ARCH_LLAMA,
    ARCH_QWEN2,
    ARCH_QWEN3,
    ARCH_SMOLLM3,
    ARCH_GRANITE,
    ARCH_PHI3,
    ARCH_MISTRAL3,
    ARCH_GEMMA3,
    ARCH_QWEN3MOE,
    ARCH_COUNT
} Arch;

/* The ropes of a model, by which its layers are turned. */
enum {
    ROPE_NONE = -1,
    ROPE_MAIN,
    ROPE_LONG,  /* in its place where a context is longer than the original one */
    ROPE_LOCAL, /* of layers with a window */
    ROPES
};

typedef struct Layer {
    int rope;                        /* ROPE_… */
    int window;                      /* as in Attention */
    float *attn_norm;                /* [H] */
    Matrix *q, *k, *v;               /* [Q,H] [K,H] [K,H] */
    float *q_bias, *k_bias, *v_bias; /* [Q] [K] [K] or NULL */
    float *q_norm, *k_norm;          /* [D] of each head, before it is turned; or NULL */
    Matrix *o;                       /* [H,Q] */
    float *attn_post_norm;           /* [H] of what attention adds; or NULL */
    float *ffn_norm;                 /* [H] */
    Matrix *gate, *up, *down;        /* [F,H] [F,H] [H,F]; NULL = attention only (an exit's), */
    Matrix *router;                  /* or a mixture of experts: [E,H] */
    Matrix *gate_exps, *up_exps, *down_exps; /* E of each: [X,H] [X,H] [H,X] */
    float *ffn_post_norm;                    /* [H] of what the feed-forward part adds; or NULL */
} Layer;

/* The tensors of a layer, in the order in which files have them. */
enum {
    PART_ATTN_NORM,
    PART_Q,
    PART_K,
    PART_V,
    PART_Q_BIAS,
    PART_K_BIAS,
    PART_V_BIAS,
    PART_Q_NORM,
    PART_K_NORM,
    PART_O,
    PART_ATTN_POST_NORM,
    PART_FFN_NORM,
    PART_GATE,
    PART_UP,
    PART_DOWN,
    PART_FFN_POST_NORM,
    PART_ROUTER,
    PART_GATE_EXPS,
    PART_UP_EXPS,
    PART_DOWN_EXPS,
    LAYER_PARTS
};

/* What a matrix is for: a layer that is rounded to five bits or to four, scoring tokens, or neither. */
typedef enum QuantClass {
    QUANT_CLASS_FINE,
    QUANT_CLASS_COARSE,
    QUANT_CLASS_HEAD,
    QUANT_CLASS_SHORT_HEAD,
    QUANT_CLASS_KEPT /* small, and what it says decides much: as it is */
} QuantClass;

typedef struct LayerPart {
    const char *name; /* after "blk.N." */
    char rows;        /* shape letter, or 0: a vector of `cols` floats */
    char cols;
    bool is_bias;  /* a vector that is added; the other vectors are norms */
    bool is_ffn;   /* of the feed-forward part, which an exit's layer may lack as a whole */
    bool is_stack; /* E matrices, one after another: a tensor of three dimensions */
    QuantClass quant_class; /* of a draft that is rounded */
    size_t field;           /* offset in Layer of the Matrix * or float * */
} LayerPart;

extern const LayerPart layer_parts[LAYER_PARTS];

typedef struct ArchInfo {
    const char *name;  /* general.architecture, and what the architecture's keys begin with */
    uint32_t required; /* 1 << PART_…: what every layer must have */
    uint32_t optional; /* what it may have; anything else is an error */
    uint32_t usual;    /* what of that its models have as a rule: those that are made up have it */
    bool rope_neox;    /* as in Rope */
    bool rope_switch;  /* rope.scaling.finetuned false: nothing is turned */
    bool scales;       /* it has keys for scales of embeddings, residuals, scores and logits */
    bool fused;        /* its files have parts as rows of one tensor: fused_part */
    Arch exits;        /* whose layers its exits' own ones are, where it has experts; else itself */
    int rope_skips;    /* every so many layers one has no positions; 0 = all have them */
    int window_period; /* every so many layers the last sees everything, the others a window, where
                          the header has one; 0 = there is none */
    float local_base;  /* of the rope of those with a window; 0 = the same as the others' */
    bool embed_scaled; /* embeddings are scaled by sqrt(H) */
    bool gelu;         /* the gate is GELU's by tanh; else SiLU's */
} ArchInfo;

/* Parts of a layer, one after another, that are the rows of one tensor in some files. */
typedef struct FusedPart {
    const char *name; /* after "blk.N." */
    int first, n;     /* PART_… */
} FusedPart;

/* Where the architecture may have that part; NULL = in a tensor of its own. */
const FusedPart *arch_fused(Arch arch, int part);

const ArchInfo *arch_info(Arch arch);

/* By general.architecture; false = none that s2d runs. */
bool arch_find(Arch *arch, GgufString name);

/* All of them, for a message: "llama and qwen2". Returns text. */
const char *arch_names(char text[ARCH_NAMES_BYTES]);

/* What follows "blk.N." in a layer's tensor's name, with N in *layer; prefix: "blk." or what else
 * stands before the number. NULL = not such a name, or a number that no file is written with: a
 * sign, a space or a zero before it. */
const char *arch_layer_name(const char *name, const char *prefix, int *layer);

/* The full name of one of its keys: "qwen2.block_count" of "block_count". Returns key. */
const char *arch_key(char key[TENSOR_NAME_BYTES], Arch arch, const char *name);

/* Must its layers have that part, PART_…? Do they as a rule? May they? */
bool arch_requires(Arch arch, int part);
bool arch_has_usually(Arch arch, int part);
bool arch_allows(Arch arch, int part);

/* Are its feed-forward parts mixtures of experts? */
bool arch_has_experts(Arch arch);
/* Whose layers its exits' own ones are: itself, or with experts an architecture like it that has
 * none. */
Arch arch_of_exits(Arch arch);

struct ModelConfig; /* model.h */

/* Size that a shape letter stands for: V H F Q K D E X, or R for pairs of the rope; 0 of 0, the rows of a vector. */
int shape_size(const struct ModelConfig *config, char letter);

#endif
