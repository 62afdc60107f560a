/* tiny_head.h - heads for tiny models, made on the spot: of random weights, by seed and tensor name. */
#ifndef S2D_TESTS_SUPPORT_TINY_HEAD_H
#define S2D_TESTS_SUPPORT_TINY_HEAD_H

#include "engine/model/head.h"
#include "tests/support/tiny_model.h"

/* For such a target: three branches, where the kind has some; taps 1, 2, 3. */
HeadInfo tiny_head(HeadKind kind, const TinyModel *target, int vocab);
/* Hydra++: with a layer before it and two rounds of a block. */
HeadInfo tiny_hydra_plus(const TinyModel *target, int vocab);

/* *data is allocated (free it). */
int tiny_head_bytes(const HeadInfo *info, unsigned char **data, size_t *bytes, Err *err);

/* Opened for a target. Trouble fails the test. */
Head *tiny_head_open(const HeadInfo *info, const Model *target);

/* `n` numbers around 0, by seed and name: what its weights are made of. */
void tiny_numbers(const char *name, float scale, int n, float *out);

#endif
