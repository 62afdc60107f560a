/* learn_scalar.c - the inner loops of training in plain C: the oracle, and the path for machines
 * without the others. */

#include "isa.h"
#include "lanes_scalar.h"

#include "lanes_more.h"
#include "learn_isa.h"

#include "learn_rows.h"

#include "learn_float.h"

const LearnIsa learn_isa_scalar = LEARN_TABLE;
