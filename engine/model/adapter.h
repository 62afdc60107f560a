/* adapter.h - what training adds to a base model, in a GGUF file of its own.
 *
 *   file -> adapter_open (keys) -> adapter_check (names and shapes against the base's header)
 *        -> model_open_draft with ModelUse.adapter (weights)
 *   floats -> adapter_write -> file
 *
 * A draft is the base's first `layers` layers with exits after some of them, the last of which is
 * `layers` itself. What an exit has of its own: a norm in place of the base's final one, and a
 * decoder layer that the residual stream goes through before it, on a branch of its own: the
 * next range of the base goes on without it. An exit that has neither is just the base. The
 * layer's tensors are in the file, or are those of a base layer (copy_of) changed by low-rank
 * pairs. Base layers themselves can be changed by such pairs as well, as in llama.cpp's adapters.
 *
 *   s2d.exit.L.norm.weight
 *   s2d.exit.L.blk.attn_norm.weight, .attn_q.weight, .attn_q.bias …  as blk.N.* of a model
 *   s2d.exit.L.blk.attn_q.weight.lora_a, .lora_b                      with the key s2d.exit.L.copy_of
 *   blk.N.attn_q.weight.lora_a, .lora_b
 *
 * W becomes W + alpha / R * B A, with A [R, cols] and B [rows, R]. A layer without any ffn_* tensor
 * is attention only.
 */
#ifndef S2D_ENGINE_MODEL_ADAPTER_H
#define S2D_ENGINE_MODEL_ADAPTER_H

#include <stdio.h>

#include "engine/model/model.h"
#include "kernels/common/bounds.h"

enum { ADAPTER_HASH_TEXT = 65 }; /* 64 lower-case hex digits and the terminator */

typedef struct AdapterInfo {
    Arch arch;
    char base_sha256[ADAPTER_HASH_TEXT]; /* of the base's file */
    int layers;                          /* of the base that the draft has */
    int n_exits;
    int exits[EXITS_MAX];   /* layer numbers, ascending; the last is `layers` */
    int copy_of[EXITS_MAX]; /* by exit: the base layer (from 0) that its own one began as; -1 */
    int n_vocab;            /* 0 = every token is scored */
    const int *vocab;       /* [n_vocab] ascending: the tokens that the exits score */
    float alpha;            /* of all low-rank pairs; 0 = there are none */
} AdapterInfo;

struct Adapter {
    AdapterInfo info;
    Gguf *gguf; /* stays open: the weights are read from it */
    int *vocab; /* info's */
};

/* Reads the keys. EXIT_DATA when it is no adapter or one that cannot be right. */
int adapter_open(Adapter **adapter, const char *path, Err *err);
/* The same over memory that stays the caller's (for fuzzing and tests). */
int adapter_open_memory(Adapter **adapter, const void *data, size_t bytes, const char *name,
                        Err *err);
void adapter_close(Adapter *adapter);

/* Do all of its tensors belong to such a base, and is nothing missing? EXIT_DATA with the reason.
 * That the base is the very file is for the caller to compare: base_sha256. */
int adapter_check(const Adapter *adapter, const ModelConfig *base, Err *err);

/* What an exit has of its own. index: in info.exits. */
bool adapter_has_norm(const Adapter *adapter, int index);
bool adapter_has_layer(const Adapter *adapter, int index);
/* Are base layers changed, so that the draft's deepest exit is not the base? */
bool adapter_changes_base(const Adapter *adapter);

/* One tensor to write, from floats. */
typedef struct AdapterTensor {
    char name[64];
    QuantType type;      /* what it is rounded to, by quant_fit; its block divides cols */
    int rows, cols;      /* rows 0: a vector of `cols` values */
    const float *values; /* [rows, cols] */
    Kernels *kernels;    /* whose memory they are in; NULL = the host's */
    /* Where they are in no memory: puts one row to out, [cols]; head_write and adapter_write ask for
     * each in turn. NULL = they are in `values`. */
    int (*read)(void *user, int row, float *out, Err *err);
    void *user;
} AdapterTensor;

/* A row's values in host memory: fetched to `room`, [cols], where they are not there already. */
const float *adapter_row(const AdapterTensor *tensor, int row, float *room);

/* part: "norm.weight", "blk.attn_q.weight", "blk.attn_q.weight.lora_a" */
void adapter_exit_name(char name[64], int layer, const char *part);

/* EXIT_DATA when a value is not finite; EXIT_IO. The stream stays the caller's. A file of that
 * name comes to be by adapter_save (app/profile/adapter_file.h), whole or not at all. */
int adapter_write(FILE *stream, const AdapterInfo *info, const AdapterTensor *tensors,
                  int n_tensors, Err *err);

#endif
