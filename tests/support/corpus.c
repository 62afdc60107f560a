/* corpus.c - see corpus.h. */
#include "tests/support/corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int corpus_put(const char *folder, int number, const char *text, size_t bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.json", folder, number);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(text, 1, bytes, file) != bytes || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

int corpus_spoil(const char *folder, const char *text, size_t bytes)
{
    int failed = corpus_put(folder, 0, text, bytes);
    for (size_t i = 1; i < bytes && !failed; i += 7) {
        char *bad = strdup(text);
        bad[i] = "\"0{[:,-\x01\xff"[i % 9];
        failed = corpus_put(folder, (int)i, bad, i % 2 ? bytes : i);
        free(bad);
    }
    return failed;
}
