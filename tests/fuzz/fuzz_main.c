/* fuzz_main.c - gives every file below the folders of its command line to one fuzz target.
 *
 * Linked in place of libFuzzer, so that what fuzzing once found is replayed by every `make check`,
 * with any compiler. Folders that are not there count as empty.
 */
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    uint8_t *data = NULL;
    size_t size = 0, got = 0, capacity = 0;
    do {
        size += got;
        if (size == capacity) {
            capacity = capacity ? capacity * 2 : 4096;
            data = realloc(data, capacity);
            if (!data)
                abort();
        }
        got = fread(data + size, 1, capacity - size, file);
    } while (got > 0);
    fclose(file);
    /* An allocation of exactly this size, so that a sanitizer sees the first byte too many. */
    data = realloc(data, size ? size : 1);
    printf("%s (%zu bytes)\n", path, size);
    fflush(stdout); /* the last line names the input when the target aborts */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 0;
    FTS *walk = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk) {
        perror("fts_open");
        return 1;
    }
    int status = 0;
    for (FTSENT *entry = fts_read(walk); entry; entry = fts_read(walk)) {
        if (entry->fts_info == FTS_F && replay(entry->fts_accpath) != 0)
            status = 1;
    }
    fts_close(walk);
    return status;
}
