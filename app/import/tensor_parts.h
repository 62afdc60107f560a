/* tensor_parts.h - what tensor_file.c, the list of tensors and the formats share. Private. */
#ifndef S2D_APP_IMPORT_TENSOR_PARTS_H
#define S2D_APP_IMPORT_TENSOR_PARTS_H

#include "app/import/byte_source.h"
#include "app/import/tensor_file.h"
#include "app/import/torch_zip.h"

typedef struct TensorPlace {
    Tensor tensor; /* the first member: the caller's pointer to it is one to its place */
    char *name;
    int64_t entry; /* of the zip; -1 = the file itself */
    uint64_t at;   /* where its values start there, in bytes */
} TensorPlace;

struct TensorFile {
    ByteSource source;
    TorchZip *zip; /* NULL = not one */
    TensorPlace *places;
    const TensorPlace **by_name;
    int n, capacity;
};

/* Fills the places from the file's header. */
int safetensors_read_header(TensorFile *file, Err *err);
int torch_read_header(TensorFile *file, Err *err);

/* Whether the name can stand in a message and in another file, and the dimensions hold a number of
 * values whose bytes can be counted. dims: [n_dims] */
int tensor_check(const ByteSource *source, const char *name, size_t name_bytes, TensorType type,
                 int n_dims, const int64_t *dims, Err *err);

/* Adds what tensor_check has passed and whose bytes are there. */
int tensor_file_add(TensorFile *file, const char *name, size_t name_bytes, const TensorPlace *place,
                    Err *err);

/* When all are added: there must be one, and no two of a name. */
int tensor_file_sort(TensorFile *file, Err *err);

#endif
