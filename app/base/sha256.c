/* sha256.c - see sha256.h. */
#include "app/base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 4 << 20 };

static int hash_open_file(int file, const char *path, uint8_t *chunk, struct sha256_ctx *hash,
                          Sha256Progress progress, void *user, Err *err)
{
    unsigned long long done = 0;
    for (;;) {
        ssize_t n = read(file, chunk, CHUNK_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, EXIT_IO, "cannot read %.300s: %s", path, strerror(errno));
        if (n == 0)
            return 0;
        sha256_update(hash, (size_t)n, chunk);
        done += (unsigned long long)n;
        if (progress && progress(user, done))
            return err_set(err, EXIT_INTERRUPTED, "interrupted");
    }
}

static void finish(struct sha256_ctx *hash, char text[SHA256_TEXT])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(hash, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

void sha256_bytes(const void *data, size_t bytes, char text[SHA256_TEXT])
{
    struct sha256_ctx hash;
    sha256_init(&hash);
    sha256_update(&hash, bytes, data);
    finish(&hash, text);
}

int sha256_file(const char *path, char text[SHA256_TEXT], Sha256Progress progress, void *user,
                Err *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return err_set(err, EXIT_IO, "cannot open %.300s: %s", path, strerror(errno));
    struct sha256_ctx hash;
    sha256_init(&hash);
    uint8_t *chunk = malloc(CHUNK_BYTES);
    int result = chunk ? hash_open_file(file, path, chunk, &hash, progress, user, err)
                       : err_set(err, EXIT_MEMORY, "no memory for reading %.300s", path);
    free(chunk);
    close(file);
    finish(&hash, text);
    return result;
}
