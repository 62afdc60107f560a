/* tiny_adapter.h - adapters for tiny models, made on the spot.
 *
 * An exit's own layer and norm are the last layer and the output norm of tiny_exit_model: a model
 * whose layers are literally those that the exit goes through. So what an exit says can be compared
 * with what that model says.
 */
#ifndef S2D_TESTS_SUPPORT_TINY_ADAPTER_H
#define S2D_TESTS_SUPPORT_TINY_ADAPTER_H

#include "engine/model/adapter.h"
#include "tests/support/tiny_model.h"

typedef struct TinyExit {
    int layer;
    bool norm, own;
    bool no_ffn;   /* its layer is attention only */
    bool mute_ffn; /* the feed-forward part of its layer adds nothing */
} TinyExit;

typedef struct TinyAdapter {
    TinyModel base;
    int n_exits;
    TinyExit exits[EXITS_MAX]; /* the last one's layer is the draft's layers */
    int n_vocab;
    const int *vocab;
    const char *hash; /* of the base's file; NULL = any */
} TinyAdapter;

/* Exits 2, 4 and `layers` of such a base, the first two with all that an exit can have. */
TinyAdapter tiny_adapter(const TinyModel *base, int layers);

/* The base up to an exit, and then what the exit has of its own. */
TinyModel tiny_exit_model(const TinyModel *base, int layer);

/* *data is allocated (free it). */
int tiny_adapter_bytes(const TinyAdapter *tiny, unsigned char **data, size_t *bytes, Err *err);
int tiny_adapter_write(const TinyAdapter *tiny, const char *path, Err *err);

/* The base's file, cut to the draft's layers, with the adapter (named "tiny.gguf"). */
int tiny_adapter_open(const TinyAdapter *tiny, Kernels *kernels, const char *base, Model **model,
                      Err *err);

#endif
