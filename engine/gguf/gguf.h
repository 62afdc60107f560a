/* gguf.h - reads GGUF model files (versions 2 and 3, little-endian) and believes nothing in them.
 *
 * gguf_open reads the header only. Every count, length, offset and size is checked with
 * overflow-checked arithmetic against the bytes that are really there before anything is allocated.
 * Tensor data is read with pread, so that a file that shrinks is an error and not a signal. Format:
 * github.com/ggml-org/ggml, docs/gguf.md. A model in several files (NAME-00001-of-0000N.gguf) is opened by
 * any of them, and is one Gguf: the first one's metadata, the tensors of all.
 */
#ifndef S2D_ENGINE_GGUF_GGUF_H
#define S2D_ENGINE_GGUF_GGUF_H

#include "kernels/common/err.h"
#include "kernels/quant.h"

typedef struct Gguf Gguf;

typedef enum GgufType { /* the format's numbers */
                        GGUF_U8,
                        GGUF_I8,
                        GGUF_U16,
                        GGUF_I16,
                        GGUF_U32,
                        GGUF_I32,
                        GGUF_F32,
                        GGUF_BOOL,
                        GGUF_STRING,
                        GGUF_ARRAY,
                        GGUF_U64,
                        GGUF_I64,
                        GGUF_F64,
} GgufType;

typedef struct GgufString {
    const char *data; /* not terminated; may hold any byte; points into the header kept in memory */
    size_t length;
} GgufString;

typedef struct GgufTensor {
    GgufString name;
    QuantType type;
    int n_dims;
    int64_t
        dims[4]; /* dims[0] runs fastest (columns, inputs), dims[1] = rows, outputs; unused = 1 */
    uint64_t offset; /* bytes from the file's start */
    uint64_t bytes;
    int part; /* which of the model's files it is in, from 0 */
} GgufTensor;

enum { GGUF_PARTS_MAX = 512 };

int gguf_open(Gguf **gguf, const char *path, Err *err);
/* The same over memory that stays the caller's (for fuzzing and tests). */
int gguf_open_memory(Gguf **gguf, const void *data, size_t bytes, const char *name, Err *err);
/* And over the parts of a model, [n], n > 1. */
int gguf_open_memory_parts(Gguf **gguf, const void *const *data, const size_t *bytes, int n,
                           const char *name, Err *err);
void gguf_close(Gguf *gguf);

/* By its name alone: how many parts the model has of which this file is one, *part (from 1, may be
 * NULL); 0 = the name says of none. */
int gguf_part_of(const char *path, int *part);
/* The path of that part of the same model, from 1; the path itself where its name says of none. -1 = does
 * not fit. */
int gguf_part_path(const char *path, int part, char *out, size_t size);

const char *gguf_path(const Gguf *gguf);    /* of several files the first */
const char *gguf_label(const Gguf *gguf);   /* the path, or its end when it is long: for messages */
uint64_t gguf_file_bytes(const Gguf *gguf); /* of all its files */
int gguf_parts(const Gguf *gguf);           /* how many those are */
int gguf_tensor_count(const Gguf *gguf);
const GgufTensor *gguf_tensor_at(const Gguf *gguf, int index);
const GgufTensor *gguf_tensor(const Gguf *gguf, const char *name); /* NULL = not there */

/* Metadata. Each returns 1 when found, 0 when the key is absent, -1 with err set when its value has
 * another type or does not fit (integers of any width and sign are accepted where they fit). */
int gguf_get_u32(const Gguf *gguf, const char *key, uint32_t *value, Err *err);
int gguf_get_f32(const Gguf *gguf, const char *key, float *value, Err *err);
int gguf_get_bool(const Gguf *gguf, const char *key, bool *value, Err *err);
int gguf_get_string(const Gguf *gguf, const char *key, GgufString *value, Err *err);

/* Arrays: the count is at most INT_MAX. Elements are read one by one. */
int gguf_get_array(const Gguf *gguf, const char *key, GgufType type, int *count, Err *err);
/* Element i of an array of strings that gguf_get_array found; O(1). */
GgufString gguf_array_string(const Gguf *gguf, const char *key, int index);
/* The whole array copied out: f32, i32 (u32 too) or bool (a byte each) elements. out: [count] */
int gguf_array_copy(const Gguf *gguf, const char *key, GgufType type, void *out, int count,
                    Err *err);

/* The value as the file stores it (an array with its element type and count), for copying it into
 * another file. NULL = no such key. */
const void *gguf_raw_value(const Gguf *gguf, GgufString key, GgufType *type, size_t *bytes);

/* Copies `bytes` bytes of a tensor, from `offset` within it. */
int gguf_read(const Gguf *gguf, const GgufTensor *tensor, uint64_t offset, void *out, size_t bytes,
              Err *err);

/* Walks the metadata for `s2d info`: calls fn(key, type, printable value cut to 80 bytes). */
void gguf_each_key(const Gguf *gguf,
                   void (*fn)(void *user, GgufString key, GgufType type, const char *value),
                   void *user);

#endif
