/* make_gguf_split.c - writes models in two to four parts for fuzz_gguf_split: make_gguf_split FOLDER. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/split_model.h"
#include "tests/support/tiny_model.h"

static void save(const char *folder, const Gguf *gguf, int n, int lie)
{
    char path[4096], *data;
    snprintf(path, sizeof path, "%s/%d-parts-%d", folder, n, lie);
    FILE *out = fopen(path, "wb");
    assert(out != NULL);
    fputc(n - 2, out);
    for (int i = 0; i < n; i++) {
        size_t bytes;
        SplitPart part = split_part(gguf, i, n, lie == 3);
        part.no += lie == 1 && i == 1;
        part.end -= lie == 2 && i == n - 1;
        split_part_bytes(gguf, &part, &data, &bytes);
        fwrite(&(unsigned){(unsigned)bytes}, 4, 1, out);
        fwrite(data, 1, bytes, out);
        free(data);
    }
    assert(fclose(out) == 0);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_gguf_split FOLDER\n");
        return 64;
    }
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    tiny.layers = 1;
    tiny.tied = true;
    unsigned char *data;
    size_t bytes;
    Gguf *gguf;
    Err err = {0};
    if (tiny_model_bytes(&tiny, &data, &bytes, &err) != 0 ||
        gguf_open_memory(&gguf, data, bytes, "tiny", &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (int n = 2; n <= 4; n++)
        for (int lie = 0; lie < 4; lie++)
            save(argv[1], gguf, n, lie);
    gguf_close(gguf);
    free(data);
    return 0;
}
