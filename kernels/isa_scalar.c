/* isa_scalar.c - the inner loops in plain C: the oracle, and the path for machines without the
 * others.
 *
 * Flags: -ffp-contract=off, as for every file here.
 */
#include "isa.h"
#include "lanes_scalar.h"

#include "isa_attention.h"
#include "isa_dot.h"
#include "isa_row.h"

const Isa isa_scalar = {
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
