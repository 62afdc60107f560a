/* sample.h - the target's token at a position, as a pure function of its logits.
 *
 * The token at position i is the arg-max over the surviving ids (top-k, then top-p, both on the
 * untempered distribution) of logit/T + Gumbel(Philox(seed, i, id)): an exact draw from the
 * tempered softmax (Gumbel-max) whose randomness belongs to the position and the id, not to the
 * order of calls (kernels/noise.h). T = 0 is the plain arg-max, ties to the lowest id, and the limit
 * of ever smaller T but for such ties, which noise decides. So speculation cannot change the text:
 * draft and verification look at the same noise.
 *
 * NaN among the logits is smaller than all else. A row without a finite largest logit has no token:
 * its model computed infinity or no number at all.
 */
#ifndef S2D_ENGINE_DECODE_SAMPLE_H
#define S2D_ENGINE_DECODE_SAMPLE_H

#include "kernels/common/bounds.h"
#include "kernels/kernels.h"

enum { RANKED_MAX = 16 };

typedef struct Sampling {
    float temperature; /* 0 = greedy */
    int top_k;         /* 0 = all */
    float top_p;       /* 1 = all */
    uint32_t seed;
} Sampling;

typedef struct SampleEntry {
    int id;
    float value;
} SampleEntry;

/* Scratch for one caller; rows of at most `vocab` logits. */
typedef struct Sampler {
    int vocab;
    const int *tokens; /* [vocab] ascending: the id of each logit; NULL = its place in the row */
    const int *device_tokens; /* the same in the memory of a backend that draws itself */
    int *ids;                 /* [vocab] */
    float *values;            /* [vocab] */
    SampleEntry *sorted;      /* [vocab] */
} Sampler;

int sampler_open(Sampler *sampler, int vocab, Err *err);
void sampler_close(Sampler *sampler);

/* The id of the logit at a place of a row. */
int sampler_token(const Sampler *sampler, int place);

/* How many of `vocab` logits belong to ids below the limit: they come first. */
int sampler_places(const Sampler *sampler, int vocab, int limit);

/* The token of one row of `vocab` logits at `position`; -1 = it has none. limit: only ids below it are considered (0 =
 * all), for a draft whose target knows fewer tokens. */
int sample_token(Sampler *sampler, Kernels *kernels, const float *logits, int vocab, int limit,
                 const Sampling *sampling, int position);

/* Rows of one head that tokens are wanted of, and the tokens: a device is asked once for all rows,
 * the CPU for each row when it is wanted. */
typedef struct DrawRows {
    const float *logits;                /* [n, stride] */
    int n, stride, vocab, limit, count; /* count: ids wanted of each, at most RANKED_MAX; the
                                           rest as for sample_token */
    int position[NODES_MAX];            /* [n] */
} DrawRows;

typedef struct Draws {
    Sampler *sampler;
    Kernels *kernels;
    const Sampling *sampling;
    DrawRows rows;
    bool ready; /* all rows are drawn: */
    int found[NODES_MAX], ids[NODES_MAX * RANKED_MAX];
    float scores[NODES_MAX * RANKED_MAX];
} Draws;

/* What is passed has to last as long as it is asked, and the logits must not change. */
void draws_open(Draws *draws, Sampler *sampler, Kernels *kernels, const DrawRows *rows,
                const Sampling *sampling);
/* The best ids of one row, best first; the first one is the token. scores: their logit/T + noise,
 * counted from the largest logit (T = 0: the logits). Returns how many there are: at most count; 0 =
 * the row has no token. */
int sample_ranked(const Draws *draws, int row, int *ids, float *scores);

#endif
