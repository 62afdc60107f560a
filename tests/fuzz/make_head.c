/* make_head.c - writes the files of bad_heads.h into a folder: make_head FOLDER. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/bad_heads.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_head FOLDER\n");
        return 64;
    }
    for (int i = -GOOD_HEADS; i < bad_head_count(); i++) {
        unsigned char *data;
        size_t bytes;
        char path[4096];
        bad_head_make(i, &data, &bytes);
        snprintf(path, sizeof path, "%s/%s.gguf", argv[1], bad_head_name(i));
        FILE *out = fopen(path, "wb");
        if (out == NULL || fwrite(data, 1, bytes, out) != bytes || fclose(out) != 0) {
            perror(path);
            return 1;
        }
        free(data);
    }
    return 0;
}
