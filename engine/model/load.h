/* load.h - one model being loaded: its tensors, one after another, into the backend's memory.
 *
 * Matrices go through kernels->matrix_open, vectors become floats. A NaN or an infinity in a weight
 * would poison every answer without a word: the backend looks for them in matrices, load_vector in
 * vectors. Private to the model.
 */
#ifndef S2D_ENGINE_MODEL_LOAD_H
#define S2D_ENGINE_MODEL_LOAD_H

#include "engine/model/weight_source.h"

typedef struct Loader {
    Model *model;
    const Gguf *gguf; /* of the model */
    const ModelUse *use;
    WeightSource source; /* of the matrix that is read now */
    bool read_failed;    /* the message in err is complete */
    uint64_t done_bytes, total_bytes, told_bytes;
    ModelProgress progress;
    void *user;
} Loader;

/* use: what may be made of it; `as_it_is` for nothing. On failure *matrix is NULL. */
int load_matrix(Loader *loader, const Origin *origin, const ModelUse *use, QuantClass quant_class,
                Matrix **matrix, Err *err);
extern const ModelUse as_it_is;

/* On failure the caller frees *vector, if it is not NULL. */
int load_vector(Loader *loader, const Gguf *gguf, const GgufTensor *tensor, float **vector,
                Err *err);

/* [count] floats of the host's. On failure nothing is left. */
int load_floats(Loader *loader, const float *host, size_t count, float **vector, Err *err);

/* Counts bytes of the file that were read, and tells the caller; -1 = cancelled. */
int load_advance(Loader *loader, size_t bytes, Err *err);

#endif
