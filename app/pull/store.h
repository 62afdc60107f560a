/* store.h - how a part file becomes a model: room for it, the folder's lock, its hash, its name.
 *
 * A file gets its name only after its SHA-256 matched, and is on the disk by then.
 */
#ifndef S2D_APP_PULL_STORE_H
#define S2D_APP_PULL_STORE_H

#include <stdint.h>

#include "kernels/common/err.h"

/* What the file must be. */
typedef struct StoreFile {
    const char *name;   /* for messages and the bar */
    const char *sha256; /* 64 lower-case hex digits */
    uint64_t bytes;
} StoreFile;

/* 0 when the file's hash is the right one; EXIT_DATA when not, EXIT_INTERRUPTED. */
int store_verify(const StoreFile *file, const char *path, Err *err);

/* Gives the part its name, once it is what it must be; a part that is not is removed. */
int store_finish(const StoreFile *file, const char *folder, const char *part, const char *path,
                 Err *err);

/* EXIT_IO where the folder's disk has not so many bytes free. */
int store_space(const char *name, uint64_t needs, const char *folder, Err *err);

/* The descriptor of a folder that no other pull is at work in; close it. */
int store_lock(const char *folder, Err *err);

#endif
