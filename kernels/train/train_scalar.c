/* train_scalar.c - the inner loops of training in plain C: the oracle, and the path for machines
 * without the others. */

#include "kernels/cpu/isa.h"
#include "kernels/cpu/lanes_scalar.h"

#include "kernels/cpu/lanes_more.h"
#include "kernels/train/train_isa.h"

#include "kernels/train/train_rows.h"

#include "kernels/train/train_float.h"

const TrainIsa train_isa_scalar = TRAIN_TABLE;
