/* weight_source.h - one matrix on its way from a model file to the backend.
 *
 * A target takes tensors as they are. A draft may take some rows only (a head that scores a short
 * list of tokens), may have them in a smaller type, and may add what an adapter changes in them:
 * rows are read, turned into floats and rounded again. in: a tensor and what is wanted of it ->
 * out: rows of blocks, as MatrixSource reads them. Private to the model.
 */
#ifndef S2D_INTAKE_H
#define S2D_INTAKE_H

#include "engine/model/model.h"

/* Where the weights of one part of a model are. */
typedef struct Origin {
    const Gguf *gguf;
    const GgufTensor *tensor; /* NULL = there are none */
    const Adapter *adapter;   /* where a and b are */
    const GgufTensor *a, *b;  /* a low-rank change, or NULL */
} Origin;

typedef struct Intake {
    Origin origin;
    const int *ids; /* [rows] ascending: the rows that are taken; NULL = all */
    int rows, cols;
    QuantType type; /* what they become */
    int threads;    /* that rounding may use */
    int rank;       /* of a low-rank change; 0 = none */
    float *a, *b;   /* [rank, cols] scaled, [rows, rank]: from intake_open to intake_close */
} Intake;

/* What a matrix is for: a layer that is rounded to five bits or to four, or scoring tokens. */
typedef enum Part { PART_FINE, PART_COARSE, PART_HEAD, PART_SHORT_HEAD } Part;

/* What the use takes of a tensor with two dimensions. */
Intake intake_of(const Origin *origin, const ModelUse *use, Part part);

/* Bytes that it reads from files. */
uint64_t intake_bytes(const Intake *intake);

/* Reads a low-rank change, if there is one. intake_close also after -1. */
int intake_open(Intake *intake, Err *err);
void intake_close(Intake *intake);

/* Rows first … first + count - 1 of those that are taken, as blocks of intake->type. */
int intake_read(const Intake *intake, int first, int count, void *out, Err *err);

/* A tensor's values as floats, [rows, cols], free them; NULL = EXIT_MEMORY, EXIT_IO, or EXIT_DATA
 * where one is not finite. */
float *intake_floats(const Gguf *gguf, const GgufTensor *tensor, Err *err);

#endif
