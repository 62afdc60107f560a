/* fuzz_trainer_cache.c - any bytes as a cache of what a base said. It opens or says why not; what it
 * finds has the right checksum; what is added is found, also when it is opened again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/train/trainer_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int condition)
{
    if (!condition)
        abort();
}

static void check(const char *path, int again)
{
    TrainerCache *cache;
    Err err = {0};
    char record[64], added[64];
    memset(added, 7, sizeof added);
    if (trainer_cache_open(&cache, path, 1, &err) != 0) {
        demand(!again && err.code == EXIT_DATA && err.text[0] != '\0');
        return;
    }
    for (uint64_t key = 0; key < 4; key++) {
        for (size_t bytes = 0; bytes <= sizeof record; bytes += 8)
            demand(trainer_cache_find(cache, key, record, bytes, &err) >= 0);
    }
    if (!again)
        demand(trainer_cache_add(cache, 2, added, sizeof added, &err) == 0);
    demand(trainer_cache_find(cache, 2, record, sizeof record, &err) == 1 &&
           memcmp(record, added, sizeof added) == 0);
    trainer_cache_close(cache);
    if (!again)
        check(path, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/s2d-cache-XXXXXX";
    int fd = mkstemp(path);
    demand(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
    check(path, 0);
    unlink(path);
    return 0;
}
