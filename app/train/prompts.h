/* prompts.h - a file of prompts: a text a line, or JSON lines with "prompt", or with "turns", the
 * first of which is taken (as Spec-Bench has them). What the first line is, all are. */
#ifndef S2D_APP_TRAIN_PROMPTS_H
#define S2D_APP_TRAIN_PROMPTS_H

#include <stddef.h>

#include "kernels/common/err.h"

enum { PROMPTS_BYTES_MAX = 256 << 20 }; /* of a file */

typedef struct Prompts {
    char **list; /* [n] */
    int n;
} Prompts;

/* EXIT_NOINPUT, EXIT_DATA with the line, EXIT_IO; on success prompts_close. */
int prompts_open(Prompts *prompts, const char *path, Err *err);
/* The same from memory; name is for messages. */
int prompts_parse(Prompts *prompts, const char *text, size_t bytes, const char *name, Err *err);
void prompts_close(Prompts *prompts);

/* Keeps `sample` of them, by a fixed stride. */
void prompts_choose(Prompts *prompts, int sample);

#endif
