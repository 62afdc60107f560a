/* train_log.h - OUT.log: what a run says of itself, one JSON object a line; and, as it lies there
 * for as long as the run does, what keeps a second run from the same OUT. */
#ifndef S2D_APP_TRAIN_TRAIN_LOG_H
#define S2D_APP_TRAIN_TRAIN_LOG_H

#include <jansson.h>
#include <stdbool.h>

#include "kernels/common/err.h"

typedef struct TrainLog {
    const char *path;
    int fd; /* -1 = there is none */
    bool broken;
} TrainLog;

/* Opens and locks it, and leaves what is in it. A log that cannot be had is warned of and done
 * without; -1 = another run has it. path must live as long as the log. */
int train_log_open(TrainLog *log, const char *path, Err *err);
void train_log_clear(TrainLog *log);
/* A whole line or none; the first that cannot be written is warned of and is the last. Takes the
 * object. */
void train_log_add(TrainLog *log, json_t *object);
void train_log_close(TrainLog *log);

#endif
