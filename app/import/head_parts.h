/* head_parts.h - inside the import of heads: what its files share.
 *
 *   head_source.c   which files
 *   head_shape.c    which kind of head, and of which sizes
 *   head_branch.c   the same of Medusa and Hydra
 *   head_list.c     the tokens that EAGLE-3 scores
 *   head_names.c    which published tensor each of s2d's is in
 *   head_import.c   rows from there to the file
 *   head_parts.c    names, and what is said
 */
#ifndef S2D_APP_IMPORT_HEAD_PARTS_H
#define S2D_APP_IMPORT_HEAD_PARTS_H

#include "app/import/head_config.h"
#include "app/import/head_import.h"
#include "app/import/tensor_file.h"

enum { NOTES_MAX = 6, NOTE_BYTES = 200, PUBLISHED_BYTES = 256, IMPORT_PATH_BYTES = 4096 };

/* Where a tensor of s2d's is: columns part * cols … of a published one. */
typedef struct HeadOrigin {
    HeadImport *import;
    const Tensor *tensor;
    int part, cols;
} HeadOrigin;

struct HeadImport {
    const HeadAsk *ask;                                           /* while it is opened */
    char path[IMPORT_PATH_BYTES], config_path[IMPORT_PATH_BYTES]; /* "" = none */
    TensorFile *file;
    HeadConfig config;
    HeadInfo info;
    int *ids; /* info's */

    char prefix[64];    /* before all names */
    const char *layer;  /* before those of its layer */
    int published;      /* branches in the file */
    int first, again;   /* Hydra: modules of a branch: which narrows, and which is its block; -1 */
    const char *output; /* Hydra: before "weight" of what scores */

    HeadOrigin origin[HEAD_TENSORS_MAX];
    AdapterTensor tensors[HEAD_TENSORS_MAX];
    int n_tensors;
    float *row; /* room for the longest row of all */
    char notes[NOTES_MAX][NOTE_BYTES];
    int n_notes;
};

/* EXIT_DATA, with the checkpoint's name. */
int head_refuse(const HeadImport *import, Err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void head_note(HeadImport *import, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* By its name behind the prefix, made as printf does; NULL = not there. */
const Tensor *head_find(const HeadImport *import, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A name behind the prefix. */
const char *head_name(const HeadImport *import, const Tensor *tensor);

int head_source(HeadImport *import, Err *err);
int head_shape(HeadImport *import, Err *err);
int head_branches(HeadImport *import, Err *err);
int head_list(HeadImport *import, Err *err);
int head_names(HeadImport *import, Err *err);

#endif
