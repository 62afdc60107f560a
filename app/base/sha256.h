/* sha256.h - the SHA-256 of a file, through nettle. */
#ifndef S2D_APP_BASE_SHA256_H
#define S2D_APP_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/common/err.h"

enum { SHA256_TEXT = 65 }; /* 64 lower-case hex digits and the terminator */

/* Called about every 4 MiB with the bytes read so far; true = stop (EXIT_INTERRUPTED). */
typedef bool (*Sha256Progress)(void *user, unsigned long long done);

void sha256_bytes(const void *data, size_t bytes, char text[SHA256_TEXT]);

/* progress may be NULL. */
int sha256_file(const char *path, char text[SHA256_TEXT], Sha256Progress progress, void *user,
                Err *err);

#endif
