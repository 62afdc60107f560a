/* trainer_run.h - runs of the trainer on tiny models, for its tests. Trouble fails the test. */
#ifndef S2D_SOFT_RUN_H
#define S2D_SOFT_RUN_H

#include "engine/train/trainer_parts.h"
#include "engine/train/trainer_teacher.h"

enum { SOFT_TEXTS = 5, SOFT_LONGEST = 40, SOFT_LIST = 150 };

typedef struct SoftFixture {
    char folder[40], path[64], cache[64], state[64];
    Kernels *kernels;
    Gguf *gguf;
    Model *model;
    ModelConfig config;
    int ids[SOFT_LIST];
    SoftText texts[SOFT_TEXTS];
    int tokens[SOFT_TEXTS][SOFT_LONGEST];
    bool learn[SOFT_TEXTS][SOFT_LONGEST];
} SoftFixture;

/* A tiny model, its texts, and a list of half of its vocabulary. */
SoftFixture *soft_fixture_open(Arch arch, bool tied, int threads);
/* The same on a backend of the caller's, which is closed with it. */
SoftFixture *soft_fixture_on(Kernels *kernels, Arch arch, bool tied);
void soft_fixture_close(SoftFixture *fixture);

/* Two exits of a draft of all four layers; floats are exact. list: only the fixture's ids are
 * scored. */
SoftConfig soft_run_config(const SoftFixture *fixture, SoftTune tune, SoftLoss loss, bool list);

/* What a test trains with. */
typedef struct SoftRun {
    SoftTeacher *teacher;
    Soft *soft;
} SoftRun;

/* cache: file of what the base said, or NULL. */
SoftRun soft_run_open(const SoftFixture *fixture, const SoftConfig *config, const char *cache);
void soft_run_close(SoftRun *run);
void soft_run_step(SoftRun *run);

#endif
