/* trainer_run.h - runs of the trainer on tiny models, for its tests. Trouble fails the test. */
#ifndef S2D_TESTS_SUPPORT_TRAINER_RUN_H
#define S2D_TESTS_SUPPORT_TRAINER_RUN_H

#include "engine/train/trainer_parts.h"
#include "engine/train/trainer_teacher.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_model.h"

enum { TRAINER_TEXTS = 5, TRAINER_LONGEST = 40, TRAINER_LIST = 150 };

typedef struct TrainerFixture {
    char folder[TEMP_BYTES], path[64], cache[64], state[64];
    Kernels *kernels;
    Gguf *gguf;
    Model *model;
    ModelConfig config;
    int ids[TRAINER_LIST];
    TrainerText texts[TRAINER_TEXTS];
    int tokens[TRAINER_TEXTS][TRAINER_LONGEST];
    bool ops[TRAINER_TEXTS][TRAINER_LONGEST];
} TrainerFixture;

/* A tiny model, its texts, and a list of half of its vocabulary. */
TrainerFixture *trainer_fixture_open(Arch arch, bool tied, int threads);
/* The same on a backend of the caller's, which is closed with it. */
TrainerFixture *trainer_fixture_on(Kernels *kernels, Arch arch, bool tied);
/* Of 8 layers: EAGLE-3 reads three in the middle. */
TrainerFixture *trainer_fixture_deep(Arch arch, int threads);
TrainerFixture *trainer_fixture_of(Kernels *kernels, const TinyModel *tiny);
void trainer_fixture_close(TrainerFixture *fixture);

/* Two exits of a draft of all four layers; floats are exact. list: only the fixture's ids are
 * scored. */
TrainerConfig trainer_run_config(const TrainerFixture *fixture, TrainerTune tune, TrainerLoss loss,
                                 bool list);

/* A head: three branches, or three steps at once; Medusa learns from the texts. */
TrainerConfig trainer_run_head_config(const TrainerFixture *fixture, HeadKind kind);

/* What a test trains with. */
typedef struct TrainerRun {
    TrainerTeacher *teacher;
    Trainer *trainer;
} TrainerRun;

/* cache: file of what the base said, or NULL. */
TrainerRun trainer_run_open(const TrainerFixture *fixture, const TrainerConfig *config,
                            const char *cache);
void trainer_run_close(TrainerRun *run);
void trainer_run_step(TrainerRun *run);

/* To and from the fixture's state file: what trainer_save and trainer_load say. */
int trainer_run_save(const TrainerFixture *fixture, const Trainer *trainer, uint64_t fingerprint,
                     Err *err);
int trainer_run_load(const TrainerFixture *fixture, Trainer *trainer, uint64_t fingerprint,
                     Err *err);

/* What was trained as a whole draft, opened on this backend from a file in F32. */
Model *trainer_run_model(const TrainerFixture *fixture, const TrainerRun *run, Kernels *kernels);

#endif
