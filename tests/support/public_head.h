/* public_head.h - the heads of tests/references/heads, as they are or with something changed, in the
 * folder that they would be published as. Trouble fails the test. */
#ifndef S2D_TESTS_SUPPORT_PUBLIC_HEAD_H
#define S2D_TESTS_SUPPORT_PUBLIC_HEAD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/support/tiny_model.h"

#define PUBLIC_FOLDER "tests/references/heads/"

enum { PUBLIC_MAX = 80 };

typedef struct PublicTensor {
    char name[128];
    char type[8]; /* "F32" */
    int n_dims;
    int64_t dims[4];
    unsigned char *data;
    size_t bytes;
} PublicTensor;

typedef struct PublicHead {
    PublicTensor tensor[PUBLIC_MAX];
    int n;
    json_t *config; /* of its config.json; NULL = there will be none */
} PublicHead;

/* The target that they are for: 4 layers of 16. */
TinyModel public_target(void);

/* The index-th row of chains.jsonl; NULL = there are no more. The caller's. */
json_t *public_row(int index);

/* One of the files that are safetensors, with its config. */
void public_read(PublicHead *head, const char *file);
void public_free(PublicHead *head);

PublicTensor *public_find(PublicHead *head, const char *name);
/* Instead of what was called so: zeros. n_dims 0: nothing. */
void public_put(PublicHead *head, const char *name, const char *type, int n_dims, int64_t rows,
                int64_t cols);

/* folder/model.safetensors and folder/config.json */
void public_save(const PublicHead *head, const char *folder);

#endif
