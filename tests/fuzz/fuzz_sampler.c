/* fuzz_sampler.c - any bytes as settings and a row of logits: NaN, infinities and denormals among
 * them. A token is there exactly if the largest logit is finite; it is one of the row, not NaN, and the
 * same alone as among other rows; the smallest temperature, and one token of all, are greedy. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/decode/sample.h"

enum { LOGITS_MAX = 512, ROWS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* As a file of settings has them: any number that is not negative, a mass up to 1. */
static bool settings_of(const uint8_t *data, Sampling *sampling, int *position)
{
    memcpy(&sampling->temperature, data, 4);
    memcpy(&sampling->top_p, data + 4, 4);
    memcpy(&sampling->top_k, data + 8, 4);
    memcpy(&sampling->seed, data + 12, 4);
    memcpy(position, data + 16, 4);
    *position &= INT32_MAX;
    return sampling->temperature >= 0 && isfinite(sampling->temperature) && sampling->top_p >= 0 &&
           sampling->top_p <= 1 && sampling->top_k >= 0;
}

static float largest(const float *row, int n)
{
    float best = -INFINITY;
    for (int i = 0; i < n; i++)
        best = row[i] > best ? row[i] : best;
    return best;
}

static void check(Sampler *sampler, Kernels *kernels, const float *rows, int n,
                  const Sampling *sampling, int position)
{
    const float *row = rows + n;
    float scores[RANKED_MAX];
    int ids[RANKED_MAX], token = sample_token(sampler, kernels, row, n, 0, sampling, position);
    float best = largest(row, n);
    demand((token >= 0) == isfinite(best));
    demand(token < n && (token < 0 || !isnan(row[token])));

    Draws draws;
    DrawRows all = {.logits = rows, .n = ROWS, .stride = n, .vocab = n, .count = RANKED_MAX};
    for (int i = 0; i < ROWS; i++)
        all.position[i] = position;
    draws_open(&draws, sampler, kernels, &all, sampling);
    int found = sample_ranked(&draws, 1, ids, scores);
    demand((found > 0) == (token >= 0) && found <= RANKED_MAX);
    demand(found == 0 || (ids[0] == token && isfinite(scores[0])));
    for (int i = 1; i < found; i++)
        demand(ids[i] >= 0 && ids[i] < n && scores[i] <= scores[i - 1]);

    Sampling coldest = *sampling, one = *sampling;
    coldest.temperature = 0x1p-149f;
    one.top_k = 1;
    if (token >= 0) {
        token = sample_token(sampler, kernels, row, n, 0, &one, position);
        demand(row[token] >= best);
        token = sample_token(sampler, kernels, row, n, 0, &coldest, position);
        demand(row[token] >= best - 1e-36f); /* of differences that small noise may make nothing */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { SETTINGS = 20 };
    static Kernels *kernels; /* opening one anew for each input would take all the time */
    float rows[ROWS * LOGITS_MAX];
    KernelsOptions options = {.device = "cpu", .threads = 1};
    Sampling sampling;
    Sampler sampler;
    int position;
    if (size < SETTINGS + sizeof *rows || !settings_of(data, &sampling, &position))
        return 0;
    int n = (int)((size - SETTINGS) / sizeof *rows);
    n = n < LOGITS_MAX ? n : LOGITS_MAX;
    for (int i = 0; i < ROWS; i++)
        memcpy(rows + i * n, data + SETTINGS, (size_t)n * sizeof *rows);
    for (int i = 0; i < n; i++) /* the rows beside it say other things */
        rows[i] = (float)i;
    demand(kernels || kernels_open(&kernels, &options, NULL) == 0);
    demand(sampler_open(&sampler, n, NULL) == 0);
    check(&sampler, kernels, rows, n, &sampling, position);
    sampler_close(&sampler);
    return 0;
}
