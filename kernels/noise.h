/* noise.h - the noise of drawn tokens, the same for host and device: a pure function of seed,
 * position and id, see engine/decode/sample.h.
 *
 * Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
#ifndef S2D_KERNELS_NOISE_H
#define S2D_KERNELS_NOISE_H

#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define NOISE static __device__ __forceinline__
#else
#define NOISE static inline
#endif

/* No Gumbel noise made of 32 bits lies outside [-3.2, 22.9]: ids further than NOISE_SPAN below the
 * best, in units of logit/T, cannot win. One that is NOISE_FAR below the best one's score needs
 * noise above that, which 99.97 % of the draws do not have: those whose bits are below
 * NOISE_FAR_BITS = 2^32 * exp(-exp(-8)), rounded down. So they are settled without a logarithm. */
#define NOISE_SPAN 27.0f
#define NOISE_FAR 8.0f
#define NOISE_FAR_BITS 4293526000u

/* Four ids share one block of the generator: id / 4 is in the counter, id % 4 picks the word. */
NOISE void noise_block(uint32_t seed, uint32_t position, uint32_t block, uint32_t out[4])
{
    uint32_t key0 = seed,
             key1 = 0x53324421u; /* keeps our stream apart from other uses of the seed */
    out[0] = block;
    out[1] = position;
    out[2] = out[3] = 0;
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * out[0];
        uint64_t b = (uint64_t)0xCD9E8D57u * out[2];
        uint32_t c1 = out[1], c3 = out[3];
        out[0] = (uint32_t)(b >> 32) ^ c1 ^ key0;
        out[1] = (uint32_t)b;
        out[2] = (uint32_t)(a >> 32) ^ c3 ^ key1;
        out[3] = (uint32_t)a;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

/* Uniform 32-bit noise of one id at one position. */
NOISE uint32_t noise_bits(uint32_t seed, uint32_t position, uint32_t id)
{
    uint32_t out[4];
    noise_block(seed, position, id / 4, out);
    return id & 2 ? (id & 1 ? out[3] : out[2]) : id & 1 ? out[1] : out[0];
}

/* Gumbel noise of a uniform 32-bit number: monotone, between -3.2 and 22.9. */
NOISE float noise_gumbel(uint32_t uniform)
{
    double u = ((double)uniform + 0.5) * 0x1p-32;
    return (float)-log(-log(u));
}

#endif
