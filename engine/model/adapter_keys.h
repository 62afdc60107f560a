/* adapter_keys.h - what the files of adapters and heads have in common: keys, read strictly, and how
 * tensors are written. Private to the model.
 */
#ifndef S2D_ENGINE_MODEL_ADAPTER_KEYS_H
#define S2D_ENGINE_MODEL_ADAPTER_KEYS_H

#include "engine/gguf/gguf_write.h"
#include "engine/model/adapter.h"

/* EXIT_DATA with the file before the message. */
int keys_fail(const Gguf *gguf, Err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A string key that must be there and be the text; what: the file is not, when it is another. */
int keys_expect(const Gguf *gguf, const char *key, const char *text, const char *what, Err *err);

/* An integer key that must be there, from low to high. */
int keys_count(const Gguf *gguf, const char *key, int low, int high, int *value, Err *err);

/* An ascending array of at most `most` integers from 0 on, allocated; NULL and *n = 0 when it is not
 * there. */
int keys_ids(const Gguf *gguf, const char *key, int most, int **ids, int *n, Err *err);

/* The hash of the base's file. */
int keys_base(const Gguf *gguf, char sha256[ADAPTER_HASH_TEXT], Err *err);

/* All tensors after the keys; closes the writer. */
int adapter_write_tensors(GgufWriter *writer, const AdapterTensor *tensors, int n_tensors,
                          Err *err);

#endif
