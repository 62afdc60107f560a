/* found.h - the models on this machine, each under a name that --target takes.
 *
 *   places_walk -> found_list: names and files -> found_read: what the headers say -> pair.h, `s2d models`, F2
 *
 * A file of the catalog has the catalog's name, a model of Ollama's Ollama's, any other the file's without
 * ".gguf". Where two files would have one name the later is "PLACE/NAME" (places.h's order). A file that is
 * there under several names is listed once.
 */
#ifndef S2D_APP_PROFILE_FOUND_H
#define S2D_APP_PROFILE_FOUND_H

#include <stdbool.h>

#include "app/profile/places.h"
#include "engine/text/fingerprint.h"

enum { FOUND_NAME = 160, FOUND_MAX = 4096 };

/* What a header says. Plain data: it is kept on the disk and sent through a pipe. */
typedef struct FoundHeader {
    char arch[24], quant[16]; /* general.architecture; the type of most weights */
    int context;              /* tokens that it was trained for */
    uint64_t weights;         /* how many numbers, */
    uint64_t weight_bytes;    /* and their bytes in the file */
    Fingerprint vocabulary;   /* a draft and a target need the same one */
    char problem[200];        /* why s2d cannot run it; "" = it can */
} FoundHeader;

typedef struct FoundModel {
    char name[FOUND_NAME];
    char *path;
    const char *place;
    uint64_t bytes; /* of the file, or of its parts together */
    dev_t device;
    ino_t inode;
    long long changed;
    bool unread; /* its header is still to be read; until then only `problem` of it is set */
    FoundHeader header;
} FoundModel;

typedef struct FoundList {
    int n, size;
    FoundModel *models; /* [n] in the order in which they were found */
} FoundList;

/* Names and files; no header is read. *warning: what cannot be read of the config file, else code 0; the
 * rest is there all the same. -1 = no memory. */
int found_list(FoundList *list, Err *warning);
void found_close(FoundList *list);

/* By the name; NULL = there is none. */
FoundModel *found_by_name(const FoundList *list, const char *name);
/* A file of that size whose name is this or, as llama.cpp stores it, ends in "_" and this. */
const FoundModel *found_by_file(const FoundList *list, const char *file, uint64_t bytes);

/* Reads the header of one; what is wrong with it is its problem. */
void found_read(FoundModel *model);

/* "1.5B", "135M" of a number of weights. Returns text. */
const char *found_weights_text(uint64_t weights, char *text, size_t size);

#endif
