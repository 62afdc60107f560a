/* trainer_cache.h - a file of records by a 64-bit key, each with its size and a checksum: appended to,
 * never changed. What was cut off at its end is dropped, what is damaged counts as not there.
 * Private to the trainer.
 */
#ifndef S2D_ENGINE_TRAIN_TRAINER_CACHE_H
#define S2D_ENGINE_TRAIN_TRAINER_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/common/err.h"

typedef struct TrainerCache TrainerCache;

/* kind: what the records are of; EXIT_DATA when the file there says something else, EXIT_IO when
 * it is open already. */
int trainer_cache_open(TrainerCache **cache, const char *path, uint64_t kind, Err *err);
void trainer_cache_close(TrainerCache *cache);
/* 1 = found, and out filled; 0 = not there, or not of this size, or damaged; -1 = cannot be
 * read. */
int trainer_cache_find(TrainerCache *cache, uint64_t key, void *out, size_t bytes, Err *err);
int trainer_cache_add(TrainerCache *cache, uint64_t key, const void *data, size_t bytes, Err *err);

/* FNV-1a over words of eight bytes; state: 0 to start. */
uint64_t trainer_hash(uint64_t state, const void *data, size_t bytes);

#endif
