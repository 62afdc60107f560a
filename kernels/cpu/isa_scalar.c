/* isa_scalar.c - the inner loops in plain C: the oracle, and the path for machines without the
 * others.
 *
 * Flags: -ffp-contract=off, as for every file here.
 */
#include "kernels/cpu/isa.h"
#include "kernels/cpu/lanes_scalar.h"

#include "kernels/cpu/isa_attention.h"
#include "kernels/cpu/isa_dot.h"
#include "kernels/cpu/isa_limits.h"
#include "kernels/cpu/isa_row.h"
#include "kernels/cpu/isa_table.h"

const Isa isa_scalar = ISA_TABLE;
