/* learn_avx2.c - the inner loops of training with AVX2. */
#if defined(__x86_64__)

#include "isa.h"
#include "lanes_avx2.h"

#include "lanes_more.h"
#include "learn_isa.h"

#include "learn_rows.h"

#include "learn_float.h"

const LearnIsa learn_isa_avx2 = LEARN_TABLE;

#endif
