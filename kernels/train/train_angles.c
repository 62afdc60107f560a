/* train_angles.c - the angles of rotary position embedding: see train_ops.h. */
#include <math.h>

#include "kernels/train/train_ops.h"

static int positions_of(const TrainShape *shape)
{
    return shape->length + TRAIN_SHIFT_MAX;
}

size_t train_angles_size(const TrainShape *shape)
{
    return (size_t)positions_of(shape) * (size_t)shape->rope.dims;
}

void train_angles(const TrainShape *shape, float *angles)
{
    const Rope *rope = &shape->rope;
    int pairs = rope->dims / 2;
    for (int p = 0; p < pairs; p++) {
        double frequency = pow(rope->base, -(double)p / pairs);
        if (rope->factors)
            frequency /= rope->factors[p];
        for (int position = 0; position < positions_of(shape); position++) {
            float *at = angles + (size_t)position * 2 * (size_t)pairs + p;
            at[0] = (float)(rope->scale * cos(position * frequency));
            at[pairs] = (float)(rope->scale * sin(position * frequency));
        }
    }
}
