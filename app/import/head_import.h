/* head_import.h - a head as its authors publish it (EAGLE, EAGLE-3, Medusa, Hydra), for s2d's own kind
 * of file (engine/model/head.h).
 *
 *   checkpoint, config.json -> head_import_open (which kind, whose shapes, every tensor's place)
 *        -> head_import_write (rows, as they are read)
 *
 * Matrices of the published nets that several vectors side by side go through are cut into s2d's
 * parts. Nothing of a tensor but a row is in memory at a time.
 */
#ifndef S2D_APP_IMPORT_HEAD_IMPORT_H
#define S2D_APP_IMPORT_HEAD_IMPORT_H

#include <stdio.h>

#include "engine/model/head.h"

typedef struct HeadAsk {
    const char *path;        /* a checkpoint, or the folder that it is published as */
    const char *config;      /* NULL = the folder's config.json, where there is one */
    const char *target_name; /* what it is to draft for, */
    const ModelConfig *target;
    QuantType type;                 /* of its matrices */
    int branches;                   /* of Medusa and Hydra, the first so many; 0 = all */
    int n_taps, taps[FEATURES_MAX]; /* of EAGLE-3; 0 = the authors' */
} HeadAsk;

typedef struct HeadImport HeadImport;

/* EXIT_NOINPUT, EXIT_DATA with what is expected and what is there, EXIT_USAGE where it is the request
 * that does not fit. */
int head_import_open(HeadImport **import, const HeadAsk *ask, Err *err);
void head_import_close(HeadImport *import);

const HeadInfo *head_import_info(const HeadImport *import);
const char *head_import_path(const HeadImport *import); /* of the checkpoint */
const char *head_import_from(const HeadImport *import); /* the type of most of its tensors: "F16" */
int head_import_tensors(const HeadImport *import);      /* that s2d's file will have */
/* The index-th line of what a person should know about how it was read; NULL = there are no more. */
const char *head_import_note(const HeadImport *import, int index);

/* For save_stream; user: the HeadImport. EXIT_DATA when a value is no number or too large. */
int head_import_write(FILE *stream, void *user, Err *err);

#endif
