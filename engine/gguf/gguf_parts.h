/* gguf_parts.h - what gguf.c (files), gguf_read.c (bytes), gguf_header.c (parser), gguf_meta.c (names
 * and values) and gguf_split.c (models in several files) share. Private.
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

enum { LABEL_BYTES = 128 };

struct Gguf {
    char *path;
    char label[LABEL_BYTES]; /* the path's end, for messages */
    int fd;                  /* -1 = memory */
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

    Gguf **parts; /* [n_parts] of a model in several files, this one first; NULL = it is in one */
    int n_parts;
};

/* Reads exactly `bytes` bytes at position `at` of the file, which the caller has checked. */
int gguf_read_at(const Gguf *gguf, uint64_t at, void *out, size_t bytes, Err *err);

/* Reads and checks the header: fills keys and tensors. */
int gguf_read_header(Gguf *gguf, Err *err);

/* Puts the tensors in the order of their names; none may be there twice. */
int gguf_index_tensors(Gguf *gguf, Err *err);

/* What split.count says: 1 = the file is no part. */
int gguf_split_count(const Gguf *gguf, int *count, Err *err);

/* Opens the place-th part (1 …) of the model whose first one is given. */
typedef int GgufOpenPart(Gguf **part, const Gguf *first, int place, void *user, Err *err);

/* Opens the other parts of the first of `count`, checks that they belong together, and takes their tensors
 * over. What was opened is gguf_close's, on failure too. */
int gguf_join(Gguf *gguf, int count, GgufOpenPart *open, void *user, Err *err);

/* Of a number in a file: "IQ1_S"; "unknown" where the format has none either. */
const char *gguf_tensor_type_name(uint32_t type);

/* Orders names by length, then bytes: cheap, and total. */
int gguf_name_compare(GgufString a, GgufString b);

/* How much of a name to print: for %.*s. */
int gguf_shown(GgufString name);

size_t gguf_type_bytes(GgufType type); /* of a scalar; 0 for strings and arrays */

#endif
