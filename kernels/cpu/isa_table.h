/* isa_table.h - the table of one instruction set: the same functions, compiled over its lanes. */
#ifndef S2D_KERNELS_CPU_ISA_TABLE_H
#define S2D_KERNELS_CPU_ISA_TABLE_H

#define ISA_TABLE                                                                                 \
    {                                                                                             \
        .name = LANES_NAME, .dot = isa_dot, .dot_float = isa_dot_float, .norm = isa_norm,         \
        .quantise = isa_quantise, .halves = isa_halves, .swiglu = isa_swiglu, .geglu = isa_geglu, \
        .silu_add = isa_silu_add, .scores = isa_scores, .softmax = isa_softmax, .mix = isa_mix,   \
        .find = isa_find, .noisy = isa_noisy, .max = isa_max, .sum_exp = isa_sum_exp,             \
        .read = isa_read, .dots = isa_dots, .fmas = isa_fmas,                                     \
        .round_sums = LANES_TILE * LIMIT_STEPS,                                                   \
    }

#endif
