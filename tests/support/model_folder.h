/* model_folder.h - a folder with tiny models and a profile, for tests that run the whole program.
 *
 *   target.gguf  8 layers, ChatML      second.gguf  4 other layers, same vocabulary
 *   draft.gguf   the target's first 4  spm.gguf     another vocabulary (Vicuna's template)
 *   huge.gguf    a context that fits into no memory
 *   overflow.gguf the target, but that it computes no numbers
 *   tiny.yaml    draft.gguf with exits 2 and 4 for target.gguf and second.gguf
 *   exits.gguf   an adapter for draft.gguf: exits 2 (with a layer and a norm), 3 (with a norm), 4
 *   trained.yaml draft.gguf with exits.gguf for target.gguf and draft.gguf
 *
 * XDG_STATE_HOME is the folder, too.
 */
#ifndef S2D_TESTS_SUPPORT_MODEL_FOLDER_H
#define S2D_TESTS_SUPPORT_MODEL_FOLDER_H

#include <stddef.h>

typedef struct ModelFolder {
    char path[64];
} ModelFolder;

/* 0, or -1 with a message printed. */
int model_folder_make(ModelFolder *folder);
void model_folder_remove(ModelFolder *folder);
/* out = "folder/name"; returns out. [256] */
char *model_folder_file(const ModelFolder *folder, const char *name, char *out);
int model_folder_write(const ModelFolder *folder, const char *name, const char *text);

#endif
