/* trainer_teacher.h - what the frozen base says of a text: its residual stream at the taps, and its
 * own distribution over the scored tokens. It is said once and kept in a file, for every epoch
 * after the first and for later runs.
 *
 * The file: a header that says what it is of, then records, each with a checksum. A record that is
 * damaged or cut off is computed again; a file of something else is an error.
 */
#ifndef S2D_ENGINE_TRAIN_TRAINER_TEACHER_H
#define S2D_ENGINE_TRAIN_TRAINER_TEACHER_H

#include "engine/train/trainer.h"

typedef struct TrainerTeacher TrainerTeacher;

typedef struct TrainerTeacherCounts {
    uint64_t computed, kept; /* tokens that came from the base, from the file */
    double ms;               /* that the base took for them */
} TrainerTeacherCounts;

/* base: with all layers, and the config's list as its short list. path: of the file, NULL = none is
 * kept. base_hash: of the base's file. */
int trainer_teacher_open(TrainerTeacher **teacher, Model *base, const TrainerConfig *config,
                         const char *path, uint64_t base_hash, Err *err);
void trainer_teacher_close(TrainerTeacher *teacher);

TrainerSource *trainer_teacher_source(TrainerTeacher *teacher);
const TrainerTeacherCounts *trainer_teacher_counts(const TrainerTeacher *teacher);

/* Bytes of its working memory, the base's weights not counted; and of one text of `length` tokens
 * in the file, about. */
size_t trainer_teacher_bytes(Kernels *kernels, const ModelConfig *base,
                             const TrainerConfig *config);
size_t trainer_record_bytes(const ModelConfig *base, const TrainerConfig *config, int length);

#endif
