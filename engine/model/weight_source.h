/* weight_source.h - one matrix on its way from a model file to the backend.
 *
 * A target takes tensors as they are. A draft may take some rows only (a head that scores a short
 * list of tokens), may have them in a smaller type, and may add what an adapter changes in them:
 * rows are read, turned into floats and rounded again. in: a tensor and what is wanted of it ->
 * out: rows of blocks, as MatrixSource reads them. Private to the model.
 */
#ifndef S2D_ENGINE_MODEL_WEIGHT_SOURCE_H
#define S2D_ENGINE_MODEL_WEIGHT_SOURCE_H

#include "engine/model/model.h"

/* Where the weights of one part of a model are. */
typedef struct Origin {
    const Gguf *gguf;
    const GgufTensor *tensor; /* NULL = there are none */
    int first, rows;          /* those of its rows; rows 0 = all */
    const Adapter *adapter;   /* where a and b are */
    const GgufTensor *a, *b;  /* a low-rank change, or NULL */
} Origin;

typedef struct WeightSource {
    Origin origin;
    const int *ids; /* [rows] ascending: the rows that are taken; NULL = all */
    int rows, cols; /* rows: of all matrices of a stack */
    int stack;      /* of so many; 1 = none */
    QuantType type; /* what they become */
    int threads;    /* that rounding may use */
    int rank;       /* of a low-rank change; 0 = none */
    float *a,
        *b; /* [rank, cols] scaled, [rows, rank]: from weight_source_open to weight_source_close */
} WeightSource;

/* What the use takes of a tensor with two dimensions, or of a stack with three. */
WeightSource weight_source_of(const Origin *origin, const ModelUse *use, QuantClass quant_class);

/* Bytes that it reads from files. */
uint64_t weight_source_bytes(const WeightSource *source);

/* Reads a low-rank change, if there is one. weight_source_close also after -1. */
int weight_source_open(WeightSource *source, Err *err);
void weight_source_close(WeightSource *source);

/* Rows first … first + count - 1 of those that are taken, as blocks of source->type. */
int weight_source_read(const WeightSource *source, int first, int count, void *out, Err *err);

/* A tensor's values as floats, [rows, cols], free them; NULL = EXIT_MEMORY, EXIT_IO, or EXIT_DATA
 * where one is not finite. */
float *weight_source_floats(const Gguf *gguf, const GgufTensor *tensor, Err *err);

#endif
