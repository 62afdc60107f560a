/* isa_avx2.c - the inner loops with AVX2; gives the bits of isa_scalar.c.
 *
 * Flags: -ffp-contract=off -mavx2 -mfma -mf16c
 * Nothing here may run before cpuid has been asked (cpu.c).
 */
#if defined(__x86_64__)

#include "isa.h"
#include "lanes_avx2.h"

#include "isa_attention.h"
#include "isa_dot.h"
#include "isa_row.h"

const Isa isa_avx2 = {
    .name = LANES_NAME,
    .dot = isa_dot,
    .dot_float = isa_dot_float,
    .norm = isa_norm,
    .quantise = isa_quantise,
    .halves = isa_halves,
    .swiglu = isa_swiglu,
    .scores = isa_scores,
    .softmax = isa_softmax,
    .mix = isa_mix,
    .find = isa_find,
    .max = isa_max,
    .sum_exp = isa_sum_exp,
};

#endif
