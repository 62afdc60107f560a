/* random_weights.h - seeded random numbers for weights that are made up: the same on every machine. */
#ifndef S2D_APP_BENCH_RANDOM_WEIGHTS_H
#define S2D_APP_BENCH_RANDOM_WEIGHTS_H

#include <stdint.h>

/* splitmix64 (Steele, Lea, Flood 2014): 64 uniform bits; *state is any seed. */
uint64_t noise_bits(uint64_t *state);

/* Nearly normal, mean 0, variance 1: a sum of four uniforms. */
float noise_normal(uint64_t *state);

#endif
