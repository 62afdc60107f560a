/* checkpoint_bytes.h - checkpoints written byte by byte, so that they can lie. */
#ifndef S2D_TESTS_SUPPORT_CHECKPOINT_BYTES_H
#define S2D_TESTS_SUPPORT_CHECKPOINT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Bytes {
    unsigned char *data; /* free it */
    size_t size;
} Bytes;

void bytes_put(Bytes *bytes, const void *data, size_t n);
void bytes_text(Bytes *bytes, const char *text);
void bytes_number(Bytes *bytes, uint64_t number, int width); /* little-endian */

/* Length (0 = the header's own), header, values. */
void safetensors_bytes(Bytes *out, uint64_t length, const char *header, const void *values,
                       size_t n);

typedef struct ZipPart {
    const char *name;
    const void *data;
    size_t bytes;
    bool deflated;
    uint64_t claims; /* bytes when unpacked; 0 = the truth */
    int method;      /* 0 = the true one */
    bool wrong_checksum;
} ZipPart;

/* zip64: with the end records for large files; entries: what those claim, 0 = the truth. */
void zip_bytes(Bytes *out, const ZipPart *parts, int n, bool zip64, uint64_t entries);

/* A tensor as a pickle of protocol 2 has it. */
typedef struct PickledTensor {
    const char *type; /* "FloatStorage" */
    const char *key;
    int64_t values, offset;
    int n_dims;
    int64_t dims[5], strides[5];
} PickledTensor;

/* "name": what comes next in a pickle. */
void pickle_text(Bytes *out, const char *text);
void pickle_integer(Bytes *out, int64_t integer);
void pickle_tensor(Bytes *out, const PickledTensor *tensor);

#endif
