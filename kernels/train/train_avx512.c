/* train_avx512.c - the inner loops of training with AVX-512. */
#if defined(__x86_64__)

#include "kernels/cpu/isa.h"
#include "kernels/cpu/lanes_avx512.h"

#include "kernels/cpu/lanes_more.h"
#include "kernels/train/train_isa.h"

#include "kernels/train/train_rows.h"

#include "kernels/train/train_float.h"

const TrainIsa train_isa_avx512 = TRAIN_TABLE;

#endif
