/* tensor_file.h - the tensors of a published checkpoint: safetensors, or PyTorch's zip format.
 *
 *   path -> tensor_file_open -> names, types, dimensions -> tensor_file_floats, tensor_file_integers
 *
 * Nothing in such a file is believed, and nothing in it is run: the pickle of a PyTorch file is
 * walked by an interpreter that knows tensors and the containers they come in, and refuses by name
 * whatever else it is asked for. Every size and offset is checked against the bytes that are there
 * when the file is opened; values are read when they are asked for.
 *
 * Names are the keys on the way to a tensor, with dots between them ("midlayer.mlp.up_proj.weight").
 * A PyTorch file often wraps its state dict: one of the outermost keys "state_dict",
 * "model_state_dict", "model" and "module" is no part of the names.
 */
#ifndef S2D_APP_IMPORT_TENSOR_FILE_H
#define S2D_APP_IMPORT_TENSOR_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/common/err.h"

enum { TENSOR_DIMS_MAX = 4, TENSOR_NAME_MAX = 255 /* bytes */ };

typedef enum TensorType {
    TENSOR_F64,
    TENSOR_F32,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_I64,
    TENSOR_I32,
    TENSOR_U8,
    TENSOR_BOOL,
    TENSOR_TYPES,
} TensorType;

typedef struct Tensor {
    const char *name;
    TensorType type;
    int n_dims;                    /* 0 = a single value */
    int64_t dims[TENSOR_DIMS_MAX]; /* outermost first; 0 = no values; unused = 1 */
} Tensor;

typedef struct TensorFile TensorFile;

/* Which format it is, its first bytes say. */
int tensor_file_open(TensorFile **file, const char *path, Err *err);
/* The same over memory that stays the caller's. */
int tensor_file_open_memory(TensorFile **file, const void *data, size_t bytes, const char *name,
                            Err *err);
void tensor_file_close(TensorFile *file);

int tensor_file_count(const TensorFile *file); /* at least 1 */
const Tensor *tensor_file_at(const TensorFile *file, int index);
const Tensor *tensor_file_find(const TensorFile *file, const char *name); /* NULL = not there */

const char *tensor_type_name(TensorType type); /* "F16" */
size_t tensor_type_bytes(TensorType type);

/* Values of one index of the outermost dimension, and of all of them: neither overflows. */
int64_t tensor_row_values(const Tensor *tensor);
int64_t tensor_values(const Tensor *tensor);

/* Rows first to first + rows - 1: indices of the outermost dimension; a tensor without dimensions
 * has one row. Of the types F64 (rounded), F32, F16 and BF16. out: [rows * tensor_row_values] */
int tensor_file_floats(TensorFile *file, const Tensor *tensor, int64_t first, int64_t rows,
                       float *out, Err *err);

/* All of a tensor of I64, I32, U8 or BOOL. out: [tensor_values] */
int tensor_file_integers(TensorFile *file, const Tensor *tensor, int64_t *out, Err *err);

#endif
