/* places.h - where programs keep GGUF files on this machine: a table, and a walk over it.
 *
 *   s2d        $S2D_MODELS, else $XDG_CACHE_HOME/s2d
 *   config     the folders of s2d.yaml
 *   hub        $HF_HUB_CACHE, else $HF_HOME/hub, else $XDG_CACHE_HOME/huggingface/hub:
 *              models--OWNER--REPO/snapshots/REVISION/…, links to blobs
 *   llama.cpp  $LLAMA_CACHE, else $XDG_CACHE_HOME/llama.cpp
 *   ollama     $OLLAMA_MODELS, else ~/.ollama/models and /usr/share/ollama/.ollama/models (ollama.h)
 *   lm-studio  ~/.lmstudio/models, $XDG_CACHE_HOME/lm-studio/models: OWNER/REPO/…
 *
 * Folders are followed through links, each once, down to a depth and up to a number of entries.
 */
#ifndef S2D_APP_PROFILE_PLACES_H
#define S2D_APP_PROFILE_PLACES_H

#include <stdint.h>
#include <sys/types.h>

#include "app/base/paths.h"

enum { PLACE_ENTRIES_MAX = 65536 }; /* of all folders together that are looked at */

/* A model file, or what cannot be looked into. Texts are valid during the call only. */
typedef struct PlaceFile {
    const char *place; /* "hub", … : static */
    const char *path;  /* of several parts the first that is there */
    const char *name;  /* of Ollama: "qwen3:4b"; else NULL */
    uint64_t bytes;    /* of all parts */
    dev_t device;      /* of that file: two names of one file have the same */
    ino_t inode;
    long long changed;   /* the latest change of a part, in ns since the epoch */
    const char *problem; /* why it cannot be used; NULL = nothing is known against it */
} PlaceFile;

typedef void PlaceVisit(void *user, const PlaceFile *file);

/* Calls visit for each model file, in the order of the table, in each folder by name. -1: the config
 * file cannot be read; the other places have been visited. */
int places_walk(PlaceVisit *visit, void *user, Err *err);

/* The name that people see of a file: without folder, ".gguf" and the number of a part. */
void places_stem(const char *path, char *name, size_t size);

#endif
