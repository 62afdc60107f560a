/* make_hub.c - seeds for fuzz_hub: answers of the API with whole files, parts, and none.
 * usage: make_hub FOLDER */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/common/err.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FILE_OF(path)                                                                     \
    "{\"rfilename\":\"" path "\",\"size\":5,\"blobId\":\"x\",\"lfs\":{\"sha256\":\"" HASH \
    "\",\"size\":5,\"pointerSize\":135}}"
#define ANSWER(files)                                                                     \
    "{\"id\":\"o/r\",\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[" \
    "{\"rfilename\":\"README.md\",\"size\":3}" files "]}"

int main(int argc, char **argv)
{
    static const char *const answers[] = {
        ANSWER(""),
        ANSWER("," FILE_OF("x-Q4_K_M.gguf") "," FILE_OF("x-Q8_0.gguf")),
        ANSWER("," FILE_OF("Q8_0/x-Q8_0-00001-of-00002.gguf") "," FILE_OF(
            "Q8_0/x-Q8_0-00002-of-00002.gguf")),
        ANSWER("," FILE_OF("x-UD-IQ2_XXS-00002-of-00003.gguf") "," FILE_OF("x.gguf")),
        ANSWER(",{\"rfilename\":\"model.safetensors\"}"),
    };
    if (argc != 2)
        return EXIT_USAGE;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/answer%zu", argv[1], i);
        FILE *file = fopen(path, "w");
        if (!file || fputs(answers[i], file) == EOF || fclose(file) != 0) {
            perror(path);
            return EXIT_IO;
        }
    }
    return 0;
}
