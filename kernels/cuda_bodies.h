/* cuda_bodies.h - all kernels' bodies, for the two files that make kernels of them. */
#ifndef S2D_CUDA_BODIES_H
#define S2D_CUDA_BODIES_H

#include "cuda_attention.h"
#include "cuda_dequantise.h"
#include "cuda_draw.h"
#include "cuda_learn_attention.h"
#include "cuda_learn_rows.h"
#include "cuda_limits.h"
#include "cuda_linear.h"
#include "cuda_prepare.h"
#include "cuda_rows.h"
#include "cuda_top.h"

#endif
