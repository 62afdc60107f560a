/* split_model.h - models in several files, made of one, and parts that lie. */
#ifndef S2D_TESTS_SUPPORT_SPLIT_MODEL_H
#define S2D_TESTS_SUPPORT_SPLIT_MODEL_H

#include "engine/gguf/gguf.h"

/* What a part says of itself, and which tensors it has: from `first` to the one before `end`. */
typedef struct SplitPart {
    unsigned no, count, tensors; /* split.no, split.count, split.tensors.count */
    int first, end;
    const char *lacks; /* one of those keys; NULL = none */
} SplitPart;

/* An honest part, place 0 … n - 1, of a model split as evenly as its tensors go. empty_first: the first
 * one has the metadata alone. */
SplitPart split_part(const Gguf *from, int place, int n, bool empty_first);

/* Its bytes; *data is allocated. Place 0 gets the model's metadata. Trouble fails the test. */
void split_part_bytes(const Gguf *from, const SplitPart *part, char **data, size_t *bytes);

/* Splits the model in a file into n, PREFIX-00001-of-0000N.gguf and so on. */
void split_model(const char *from, const char *prefix, int n, bool empty_first);

#endif
