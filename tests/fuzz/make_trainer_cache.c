/* make_trainer_cache.c - seeds for fuzz_soft_cache: a cache of some records, cut off and with a byte
 * amiss. usage: make_soft_cache FOLDER */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/train/trainer_cache.h"

int main(int argc, char **argv)
{
    char path[4096], bytes[1024];
    Err err = {0};
    TrainerCache *cache;
    if (argc != 2)
        return 64;
    snprintf(path, sizeof path, "%s/whole", argv[1]);
    unlink(path);
    if (trainer_cache_open(&cache, path, 1, &err) != 0)
        return 1;
    for (uint64_t key = 0; key < 4; key++)
        trainer_cache_add(cache, key % 3, "some bytes, some more and again", 8 + 8 * (size_t)key,
                          &err);
    trainer_cache_close(cache);
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    int failed = file == NULL || fclose(file) != 0 || err.code != 0;
    for (size_t i = 0; i < size && !failed; i += 3) {
        snprintf(path, sizeof path, "%s/%zu", argv[1], i);
        bytes[i] ^= 0x10;
        file = fopen(path, "wb");
        size_t length = i % 2 ? size : i;
        failed = file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0;
        bytes[i] ^= 0x10;
    }
    return failed;
}
