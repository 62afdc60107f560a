/* bad_checkpoints.h - checkpoints that lie, each in one thing, and a few that do not.
 *
 * Used by test_safetensors and test_torch, and written into folders for the fuzzer. */
#ifndef S2D_TESTS_SUPPORT_BAD_CHECKPOINTS_H
#define S2D_TESTS_SUPPORT_BAD_CHECKPOINTS_H

#include "tests/support/checkpoint_bytes.h"

typedef struct BadCheckpoint {
    const char *name;
    int code;         /* the exit code that must come; 0 = it holds its one tensor, "a" */
    const char *says; /* part of the message */
    Bytes bytes;      /* free bytes.data */
} BadCheckpoint;

/* The index-th; false = there are no more. */
bool bad_safetensors(BadCheckpoint *file, int index);
bool bad_torch(BadCheckpoint *file, int index);

/* The values of "a" in those that do not lie: [2, 3], F32. */
extern const float good_values[6];

/* Writes those of a kind into a folder. Returns 0, or 1 after saying why not. */
int bad_checkpoints_save(const char *folder, bool (*make)(BadCheckpoint *file, int index));

#endif
