/* predict.h - from a drafter's logits to what it proposes: which tokens, and how surely.
 *
 * Confidence is the softmax's highest probability, at every temperature. Where tokens are drawn the
 * proposals are drawn as well, with the target's own noise, and how far the winner is ahead with
 * its noise says how surely another model picks the same one.
 */
#ifndef S2D_ENGINE_DRAFT_PREDICT_H
#define S2D_ENGINE_DRAFT_PREDICT_H

#include "engine/decode/sample.h"

/* What is said of one place, which is nothing (n = 0) where its row has no token (sample.h): the
 * likeliest token and how likely that is, which thresholds are held against, and what is proposed,
 * best first, each with how surely the target picks it too. */
typedef struct Prediction {
    int likeliest;
    float confidence;
    int n;
    int ids[RANKED_MAX];
    float p[RANKED_MAX];
} Prediction;

/* rows: logits, n, stride and position; of each row at most `count` <= RANKED_MAX tokens with ids
 * below `limit`. Returns whether all rows were numbers. */
bool predict(Sampler *sampler, Kernels *kernels, const DrawRows *rows, const Sampling *sampling,
             int limit, int count, Prediction *predictions);

#endif
