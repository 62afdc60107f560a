/* intake.h - one matrix on its way from a model file to the backend.
 *
 * A target takes tensors as they are. A draft may take some rows only (a head that scores a short
 * list of tokens), and may have them in a smaller type: rows are read, turned into floats and
 * rounded again. in: a tensor and what is wanted of it -> out: rows of blocks, as MatrixSource
 * reads them. Private to the model.
 */
#ifndef S2D_INTAKE_H
#define S2D_INTAKE_H

#include "model.h"

typedef struct Intake {
    const Gguf *gguf;
    const GgufTensor *tensor;
    const int *ids; /* [rows] ascending: the rows that are taken; NULL = all */
    int rows, cols;
    QuantType type; /* what they become */
    int threads;    /* that rounding may use */
} Intake;

/* What a matrix is for: a layer that is rounded to five bits or to four, or scoring tokens. */
typedef enum Part { PART_FINE, PART_COARSE, PART_HEAD, PART_SHORT_HEAD } Part;

/* What the use takes of a tensor with two dimensions. */
Intake intake_of(const Gguf *gguf, const GgufTensor *tensor, const ModelUse *use, Part part);

/* Bytes that it reads from the file. */
uint64_t intake_bytes(const Intake *intake);

/* Rows first … first + count - 1 of those that are taken, as blocks of intake->type. */
int intake_read(const Intake *intake, int first, int count, void *out, Err *err);

#endif
