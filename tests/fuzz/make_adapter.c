/* make_adapter.c - writes the files of bad_adapters.h into a folder: make_adapter FOLDER. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/bad_adapters.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_adapter FOLDER\n");
        return 64;
    }
    for (int i = -1; i < bad_adapter_count(); i++) {
        unsigned char *data;
        size_t bytes;
        char path[4096];
        bad_adapter_make(i, &data, &bytes);
        snprintf(path, sizeof path, "%s/%s.gguf", argv[1], bad_adapter_name(i));
        FILE *out = fopen(path, "wb");
        if (out == NULL || fwrite(data, 1, bytes, out) != bytes || fclose(out) != 0) {
            perror(path);
            return 1;
        }
        free(data);
    }
    return 0;
}
