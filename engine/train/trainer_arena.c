/* trainer_arena.c - one piece after another of the memory that a run takes. */
#include "engine/train/trainer_parts.h"

enum { ALIGNED = 64 };

void *trainer_take_bytes(TrainerArena *arena, size_t bytes)
{
    void *place = arena->memory ? arena->memory + arena->used : NULL;
    arena->used += (bytes + ALIGNED - 1) & ~(size_t)(ALIGNED - 1);
    return place;
}

float *trainer_take(TrainerArena *arena, size_t rows, size_t cols)
{
    return trainer_take_bytes(arena, rows * cols * sizeof(float));
}
