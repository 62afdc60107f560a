/* byte_source.h - where a checkpoint's bytes come from: a file, or memory (for tests and fuzzing).
 *
 * A file is read with pread, so that one which shrinks meanwhile is an error and not a signal. */
#ifndef S2D_APP_IMPORT_BYTE_SOURCE_H
#define S2D_APP_IMPORT_BYTE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/common/err.h"

typedef struct ByteSource {
    int fd;                    /* -1 = memory */
    const unsigned char *data; /* the caller's, when it is memory */
    uint64_t bytes;
    char label[128]; /* the path, or its end when it is long: for messages */
} ByteSource;

int byte_source_open(ByteSource *source, const char *path, Err *err);
void byte_source_memory(ByteSource *source, const void *data, size_t bytes, const char *name);
void byte_source_close(ByteSource *source);

/* Exactly so many bytes from position `at`. */
int byte_source_read(const ByteSource *source, uint64_t at, void *out, size_t bytes, Err *err);

#endif
