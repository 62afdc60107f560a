/* make_tokenizer.c - seeds for fuzz_tokenizer: the two tiny vocabularies, and texts in each mode.
 * usage: make_tokenizer FOLDER */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/small_vocab.h"

static int save(const char *folder, const char *name, int number, int mode, const char *data,
                size_t bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%d-%d", folder, name, number, mode);
    FILE *out = fopen(path, "wb");
    if (out == NULL || fputc(mode, out) == EOF || fwrite(data, 1, bytes, out) != bytes ||
        fclose(out) != 0) {
        perror(path);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const texts[] = {"Hello, the world! It's 12:34 o'clock.",
                                        "  two  spaces \n\n and\r\n\tlines  ",
                                        "<|im_start|>user\nhi<|im_end|><|im_e",
                                        "<s>[INST]</s><0x41>\xe2\x96\x81<unk>",
                                        "na\u00efve \u65e5\u672c\u8a9e \u0663\u0664 \u00a0\u3000",
                                        "\xff\xc3\xe6\x97\xf0\x9f\x98 \x80",
                                        "123456789 '''ll 'LL 're''",
                                        "aaaaaaaaaaaaaaaa"};
    if (argc != 2) {
        fprintf(stderr, "usage: make_tokenizer FOLDER\n");
        return 64;
    }
    int rc = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int mode = 0; mode < 4; mode++) {
            rc |= save(argv[1], "text", (int)i, mode, texts[i], strlen(texts[i]));
            if (i ==
                0) /* long ones take a hundred times as long: a few, or they are all that runs */
                rc |= save(argv[1], "long", (int)i, 0xf0 | mode, texts[i], strlen(texts[i]));
        }
    for (int kind = 0; kind < 2; kind++) {
        char *data;
        size_t bytes;
        tiny_vocab_file(kind ? TINY_SPM : TINY_BPE, &data, &bytes);
        rc |= save(argv[1], "file", kind, 4, data, bytes);
        free(data);
    }
    return rc != 0;
}
