/* make_sampler.c - settings and rows of logits, as fuzz_sampler.c reads them: every pair of extreme
 * settings over rows of every kind. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "kernels/noise.h"

enum { LOGITS = 70, KINDS = 7 };

/* One of a row of a kind; u: 0 ... 1 */
static float logit_of(int kind, int i, float u)
{
    const float by_kind[KINDS] = {20 * u,
                                  5,
                                  i % 3 ? NAN : u,
                                  i % 9 ? -INFINITY : u,
                                  i == 40 ? INFINITY : u,
                                  u * 1e-40f,
                                  (u - 0.5f) * FLT_MAX};
    return by_kind[kind];
}

static int write_one(const char *folder, int number, const float *settings, int top_k, int kind)
{
    char path[512];
    uint32_t seed = 11, position = (uint32_t)number;
    float row[LOGITS];
    for (int i = 0; i < LOGITS; i++)
        row[i] = logit_of(kind, i, (float)(noise_bits(seed, position, (uint32_t)i) * 0x1p-32));
    snprintf(path, sizeof path, "%s/%d", folder, number);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(settings, 4, 2, file) != 2 || fwrite(&top_k, 4, 1, file) != 1 ||
        fwrite(&seed, 4, 1, file) != 1 || fwrite(&position, 4, 1, file) != 1 ||
        fwrite(row, 4, LOGITS, file) != LOGITS || fclose(file) != 0) {
        perror(path);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const float temperatures[] = {0, 0x1p-149f, 1e-30f, 1, FLT_MAX};
    static const float masses[] = {0, 0x1p-149f, 0.5f, 1};
    static const int counts[] = {0, 1, 5, INT_MAX};
    int number = 0;
    if (argc != 2)
        return 2;
    for (int t = 0; t < 5; t++)
        for (int p = 0; p < 4; p++)
            for (int k = 0; k < 4; k++, number++) {
                const float settings[] = {temperatures[t], masses[p]};
                if (write_one(argv[1], number, settings, counts[k], number % KINDS) != 0)
                    return 1;
            }
    return 0;
}
