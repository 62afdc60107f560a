/* train.h - inside `s2d train`: one run, what it has open, and its steps. */
#ifndef S2D_APP_TRAIN_TRAIN_H
#define S2D_APP_TRAIN_TRAIN_H

#include <stdio.h>

#include "app/base/paths.h"
#include "app/base/sha256.h"
#include "app/profile/short_list.h"
#include "app/train/train_data.h"
#include "app/train/train_options.h"
#include "engine/train/trainer_teacher.h"

typedef struct Train {
    TrainOptions options;
    char path[PATH_BYTES]; /* of the base */
    char base_sha256[SHA256_TEXT];
    uint64_t base_hash; /* half of it: what states and caches are known by */
    char cache[PATH_BYTES], state[PATH_BYTES], log[PATH_BYTES]; /* OUT.cache, OUT.state, OUT.log */
    Gguf *gguf;
    ModelConfig config; /* of all of it */
    Tokenizer *tokenizer;
    TrainCoder coder;
    ShortList list; /* scored tokens; n 0 = all */
    ModelUse use;
    Kernels *kernels;
    TrainerPlan plan;
    Questions avoid;
    TrainData data, held;
    Model *base; /* NULL where nothing is asked of it */
    TrainerTeacher *teacher;
    Trainer *trainer;
} Train;

/* Completes the options' configuration, but for ids and steps: t->config is there. */
int train_settle(Train *train, Err *err);

/* Steps until the end or until Ctrl-C (EXIT_INTERRUPTED, with the state saved), then scores, and
 * the result to its file. */
int train_run(Train *train, Err *err);

/* train_files.c. Begins with all of a state, or with the weights only of a state, an adapter or a head
 * (start). */
int train_begin(const Train *train, const char *path, bool start, Err *err);
/* What was trained, as the file that it is for. */
int train_save(Train *train, Err *err);

/* `s2d train --generate` */
int train_generate(const TrainOptions *options, Err *err);

#endif
