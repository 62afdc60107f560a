/* trainer_teacher.h - what the frozen base says of a text: its residual stream at the exits, and its
 * own distribution over the scored tokens. It is said once and kept in a file, for every epoch
 * after the first and for later runs.
 *
 * The file: a header that says what it is of, then records, each with a checksum. A record that is
 * damaged or cut off is computed again; a file of something else is an error.
 */
#ifndef S2D_SOFT_TEACHER_H
#define S2D_SOFT_TEACHER_H

#include "engine/train/trainer.h"

typedef struct SoftTeacher SoftTeacher;

typedef struct SoftTeacherCounts {
    uint64_t computed, kept; /* tokens that came from the base, from the file */
    double ms;               /* that the base took for them */
} SoftTeacherCounts;

/* base: with all layers, and the config's list as its short list. path: of the file, NULL = none is
 * kept. base_hash: of the base's file. */
int soft_teacher_open(SoftTeacher **teacher, Model *base, const SoftConfig *config,
                      const char *path, uint64_t base_hash, Err *err);
void soft_teacher_close(SoftTeacher *teacher);

SoftSource *soft_teacher_source(SoftTeacher *teacher);
const SoftTeacherCounts *soft_teacher_counts(const SoftTeacher *teacher);

/* Bytes of its working memory, the base's weights not counted; and of one text of `length` tokens
 * in the file, about. */
size_t soft_teacher_bytes(Kernels *kernels, const ModelConfig *base, const SoftConfig *config);
size_t soft_record_bytes(const ModelConfig *base, const SoftConfig *config, int length);

#endif
