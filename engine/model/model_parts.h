/* model_parts.h - which tensors a model file holds, for model_config.c (checks) and model.c
 * (loads).
 *
 * One table names every tensor of a layer, its shape in the letters of model.h, and the field of
 * Layer that it goes to. Private.
 */
#ifndef S2D_ENGINE_MODEL_MODEL_PARTS_H
#define S2D_ENGINE_MODEL_MODEL_PARTS_H

#include <stddef.h>

#include "engine/model/model.h"
#include "engine/model/weight_source.h"

enum { LAYER_PARTS = 12, TENSOR_NAME_BYTES = 64 };

typedef struct LayerPart {
    const char *name; /* after "blk.N." */
    char rows;        /* shape letter, or 0: a vector of `cols` floats */
    char cols;
    bool is_bias;           /* qwen2 must have it, llama may */
    QuantClass quant_class; /* of a draft that is rounded */
    size_t field;           /* offset in Layer of the Matrix * or float * */
} LayerPart;

extern const LayerPart layer_parts[LAYER_PARTS];

/* Size that a shape letter stands for: V H F Q K, or R for D/2. */
int shape_size(const ModelConfig *config, char letter);

/* Linear rope scaling: the divisor of every frequency, 1 = none. For a header that model_config
 * passed. */
float rope_scale(const Gguf *gguf, Arch arch);

/* The tensor of a part; NULL = not there. */
const GgufTensor *layer_tensor(const Gguf *gguf, int layer, const LayerPart *part);

/* adapter.c: EXIT_DATA with the adapter's file before the message. */
int adapter_fail(const Adapter *adapter, Err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Where a part is: of layer `layer` of the model, with what the adapter (or NULL) changes in it;
 * or, exit >= 0, of the own layer of that exit of the adapter. */
Origin part_origin(const Gguf *gguf, const Adapter *adapter, int layer, int exit,
                   const LayerPart *part);

/* An exit's norm; NULL = the base's. */
const GgufTensor *adapter_norm(const Adapter *adapter, int index);

#endif
