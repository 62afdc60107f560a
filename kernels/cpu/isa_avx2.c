/* isa_avx2.c - the inner loops with AVX2; gives the bits of isa_scalar.c.
 *
 * Flags: -ffp-contract=off -mavx2 -mfma -mf16c
 * Nothing here may run before cpuid has been asked (cpu.c).
 */
#if defined(__x86_64__)

#include "kernels/cpu/isa.h"
#include "kernels/cpu/lanes_avx2.h"

#include "kernels/cpu/isa_attention.h"
#include "kernels/cpu/isa_dot.h"
#include "kernels/cpu/isa_limits.h"
#include "kernels/cpu/isa_row.h"
#include "kernels/cpu/isa_table.h"

const Isa isa_avx2 = ISA_TABLE;

#endif
