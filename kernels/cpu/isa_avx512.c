/* isa_avx512.c - the inner loops with AVX-512 with VNNI; gives the bits of isa_scalar.c.
 *
 * Flags: -ffp-contract=off -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mfma -mf16c
 * Nothing here may run before cpuid has been asked (cpu.c).
 */
#if defined(__x86_64__)

#include "kernels/cpu/isa.h"
#include "kernels/cpu/lanes_avx512.h"

#include "kernels/cpu/isa_attention.h"
#include "kernels/cpu/isa_dot.h"
#include "kernels/cpu/isa_limits.h"
#include "kernels/cpu/isa_row.h"
#include "kernels/cpu/isa_table.h"

const Isa isa_avx512 = ISA_TABLE;

#endif
