/* make_weights.c - odd weights to start fuzzing from, as fuzz_weights.c reads them: every value in
 * every tensor of some model, with each drafter and way of drawing in turn. */
#include <stdio.h>

#include "tests/fuzz/fuzz_weights.h"

enum { TENSORS = 52 }; /* of the models with the most of them */

static int write_one(const char *folder, int number, const WeightsCase *c,
                     const WeightsPatch *patch, size_t n)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%d", folder, number);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(c, sizeof *c, 1, file) != 1 || fwrite(patch, sizeof *patch, n, file) != n ||
        fclose(file) != 0) {
        perror(path);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const WeightsCase drawn[] = {{.top_p = 1},
                                        {.temperature = 1, .top_p = 1},
                                        {.temperature = 0.7f, .top_p = 0.9f},
                                        {.temperature = 2, .top_k = 5, .top_p = 1}};
    if (argc != 2)
        return 2;
    for (int i = 0; i < TENSORS * WEIGHTS_VALUES; i += 3) {
        WeightsCase c = drawn[i % 4];
        c.seed = (uint32_t)i;
        c.base = (uint8_t)(i % 13);
        c.drafter = (uint8_t)(i % WEIGHTS_DRAFTERS);
        c.tree = (uint8_t)(i / 5);
        c.length = 11;
        c.flags = (uint8_t)(i / 3 % 8 | (i % 8 == 0 ? WEIGHTS_OTHER : 0));
        c.thresholds[0] = c.thresholds[1] = (uint8_t)(i % 5 * 50);
        WeightsPatch patch = {.tensor = (uint8_t)(i / WEIGHTS_VALUES),
                              .value = (uint8_t)(i % WEIGHTS_VALUES),
                              .flags = (uint8_t)(i % 13 + (i % 7 == 0) * WEIGHTS_HEAD),
                              .first = (uint8_t)(i * 7),
                              .step = (uint8_t)(i % 3 * 31),
                              .more = (uint8_t)(i % 4 * 60)};
        if (write_one(argv[1], i, &c, &patch, 1) != 0)
            return 1;
    }
    return 0;
}
