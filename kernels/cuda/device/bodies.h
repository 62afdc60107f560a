/* bodies.h - all kernels' bodies, for the two files that make kernels of them. */
#ifndef S2D_KERNELS_CUDA_DEVICE_BODIES_H
#define S2D_KERNELS_CUDA_DEVICE_BODIES_H

#include "kernels/cuda/device/attention.h"
#include "kernels/cuda/device/cuda_train_attention.h"
#include "kernels/cuda/device/cuda_train_rows.h"
#include "kernels/cuda/device/dequantise.h"
#include "kernels/cuda/device/draw.h"
#include "kernels/cuda/device/experts.h"
#include "kernels/cuda/device/limit_loops.h"
#include "kernels/cuda/device/linear.h"
#include "kernels/cuda/device/prepare.h"
#include "kernels/cuda/device/rows.h"
#include "kernels/cuda/device/top.h"

#endif
