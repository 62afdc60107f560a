/* gguf_parts.h - what gguf.c (files), gguf_read.c (bytes), gguf_header.c (parser) and gguf_meta.c
 * (names and values) share. Private.
 *
 * The header is kept in memory as it is in the file. Keys hold positions in it; every position and
 * count below was checked by gguf_header.c, so that gguf_meta.c reads without further checks.
 */
#ifndef S2D_ENGINE_GGUF_GGUF_PARTS_H
#define S2D_ENGINE_GGUF_GGUF_PARTS_H

#include "engine/gguf/gguf.h"

typedef struct Key {
    GgufString name;
    GgufType type;
    size_t raw;       /* where the value starts, an array's type and count included */
    size_t raw_bytes; /* how long it is */
    size_t value;     /* a scalar, a string's bytes or an array's first element */
    uint64_t count;   /* a string's bytes or an array's elements */
    GgufType element; /* of an array */
    size_t *strings;  /* [count] position of each element's length, for an array of strings */
} Key;

struct Gguf {
    char *path;
    char label[128]; /* the path's end, for messages */
    int fd;          /* -1 = memory */
    uint64_t file_bytes;

    const unsigned char *data; /* the file's first `have` bytes */
    size_t have;
    unsigned char *owned; /* data, when it is ours: `reserved` bytes of address space */
    size_t reserved;

    Key *keys; /* in the file's order */
    const Key **keys_by_name;
    int n_keys;
    GgufTensor *tensors; /* in the file's order */
    const GgufTensor **tensors_by_name;
    int n_tensors;
};

/* Reads exactly `bytes` bytes at position `at` of the file, which the caller has checked. */
int gguf_read_at(const Gguf *gguf, uint64_t at, void *out, size_t bytes, Err *err);

/* Reads and checks the header: fills keys and tensors. */
int gguf_read_header(Gguf *gguf, Err *err);

/* Orders names by length, then bytes: cheap, and total. */
int gguf_name_compare(GgufString a, GgufString b);

/* How much of a name to print: for %.*s. */
int gguf_shown(GgufString name);

size_t gguf_type_bytes(GgufType type); /* of a scalar; 0 for strings and arrays */

#endif
