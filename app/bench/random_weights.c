/* random_weights.c - see random_weights.h. */
#include "app/bench/random_weights.h"

uint64_t noise_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

float noise_normal(uint64_t *state)
{
    uint64_t bits = noise_bits(state);
    int sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (int)(bits >> 16 * i & 0xffff);
    return ((float)sum / 65536.0f - 2.0f) * 1.7320508f;
}
