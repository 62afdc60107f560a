/* model_parts.h - where the tensors of a model and of an adapter are, for the files that check and
 * load them. Which ones there are: arch.h. Private.
 */
#ifndef S2D_ENGINE_MODEL_MODEL_PARTS_H
#define S2D_ENGINE_MODEL_MODEL_PARTS_H

#include "engine/model/model.h"
#include "engine/model/weight_source.h"

/* The divisors of the frequencies, [dims/2], the file's own (Llama 3's) and those of scaling; NULL =
 * all are 1. The caller frees them. For a header that model_config passed. */
int rope_factors(const Gguf *gguf, const RopeConfig *rope, float **factors, Err *err);

/* The tensor of a part; NULL = not there. */
const GgufTensor *layer_tensor(const Gguf *gguf, int layer, const LayerPart *part);

/* Where a part is: of layer `layer` of the model, with what the adapter (or NULL) changes in it;
 * or, exit >= 0, of the own layer of that exit of the adapter. */
Origin part_origin(const Gguf *gguf, const Adapter *adapter, int layer, int exit,
                   const LayerPart *part);

/* An exit's norm; NULL = the base's. */
const GgufTensor *adapter_norm(const Adapter *adapter, int index);

#endif
