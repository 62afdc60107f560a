/* train_avx2.c - the inner loops of training with AVX2. */
#if defined(__x86_64__)

#include "kernels/cpu/isa.h"
#include "kernels/cpu/lanes_avx2.h"

#include "kernels/cpu/lanes_more.h"
#include "kernels/train/train_isa.h"

#include "kernels/train/train_rows.h"

#include "kernels/train/train_float.h"

const TrainIsa train_isa_avx2 = TRAIN_TABLE;

#endif
