/* sample.h - the target's token at a position, as a pure function of its logits.
 *
 * The token at position i is the arg-max over the surviving ids (top-k, then top-p, both on the
 * untempered distribution) of logit/T + Gumbel(Philox(seed, i, id)): an exact draw from the
 * tempered softmax (Gumbel-max) whose randomness belongs to the position and the id, not to the
 * order of calls. T = 0 is the plain arg-max, ties to the lowest id. So speculation cannot change
 * the text: draft and verification look at the same noise. Philox4x32-10: Salmon et al., "Parallel
 * random numbers: as easy as 1, 2, 3", SC 2011.
 */
#ifndef S2D_SAMPLE_H
#define S2D_SAMPLE_H

#include "../kernels/kernels.h"
#include "session.h"

enum { RANKED_MAX = 16 };

typedef struct SampleEntry {
    int id;
    float value;
} SampleEntry;

/* Scratch for one caller; rows of at most `vocab` logits. */
typedef struct Sampler {
    int vocab;
    const int *tokens;   /* [vocab] ascending: the id of each logit; NULL = its place in the row */
    int *ids;            /* [vocab] */
    float *values;       /* [vocab] */
    SampleEntry *sorted; /* [vocab] */
} Sampler;

int sampler_open(Sampler *sampler, int vocab, Err *err);
void sampler_close(Sampler *sampler);

/* How many of `vocab` logits belong to ids below the limit: they come first. */
int sampler_places(const Sampler *sampler, int vocab, int limit);

/* The `count` best ids of one row at `position`, best first; the first one is the token. scores:
 * their logit/T + noise (T = 0: the logits). Returns how many there are: 1 <= n <= count <=
 * RANKED_MAX. limit: only ids below it are considered (0 = all), for a draft whose target knows
 * fewer tokens. */
int sample_ranked(Sampler *sampler, Kernels *kernels, const float *logits, int vocab, int limit,
                  const Sampling *sampling, int position, int count, int *ids, float *scores);

/* Uniform 32-bit noise of one id at one position. */
uint32_t sample_noise(uint32_t seed, uint32_t position, uint32_t id);

/* Gumbel noise of a uniform 32-bit number: monotone, between -3.2 and 22.9. */
float sample_gumbel(uint32_t uniform);

#endif
