/* hub_list.h - what the hub's API says of a repository: its GGUF files with their sizes and hashes.
 *
 *   GET {endpoint}/api/models/OWNER/REPO?blobs=true ->
 *   {"sha": commit, "siblings": [{"rfilename": path, "size": bytes,
 *                                 "lfs": {"sha256": hash, "size": bytes}}, ...]}
 *
 * (huggingface_hub's ModelInfo with files_metadata.) The answer is a stranger's: nothing in it is
 * taken for a path, a size or a hash that could not be one.
 */
#ifndef S2D_APP_PULL_HUB_LIST_H
#define S2D_APP_PULL_HUB_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/base/sha256.h"

enum {
    HUB_ANSWER_MAX = 16 << 20, /* bytes */
    HUB_FILES_MAX = 4096,      /* GGUF files */
    HUB_PATH_BYTES = 512,
    HUB_NAME_BYTES = 200, /* of a file, without its folders */
    HUB_REVISION_BYTES = 41,
};

typedef struct HubFile {
    char *path;               /* inside the repository, "/" between its folders */
    uint64_t bytes;           /* 1 ... */
    char sha256[SHA256_TEXT]; /* "" = the hub has none: no large file to it */
} HubFile;

typedef struct HubList {
    char revision[HUB_REVISION_BYTES]; /* the commit that the files are of */
    HubFile *files; /* [n] models; what goes with one (a projector) is left out */
    int n;
    bool other_weights; /* safetensors or PyTorch's */
} HubList;

/* repo: "OWNER/REPO", for messages. EXIT_DATA; on success hub_list_close. */
int hub_list_parse(HubList *list, const char *json, size_t bytes, const char *repo, Err *err);
void hub_list_close(HubList *list);

#endif
