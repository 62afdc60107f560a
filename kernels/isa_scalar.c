/* isa_scalar.c - the inner loops in plain C: the oracle, and the path for machines without the
 * others.
 *
 * Flags: -ffp-contract=off, as for every file here.
 */
#include "isa.h"
#include "lanes_scalar.h"

#include "isa_attention.h"
#include "isa_dot.h"
#include "isa_limits.h"
#include "isa_row.h"
#include "isa_table.h"

const Isa isa_scalar = ISA_TABLE;
