/* fuzz_ollama.c - any bytes as a manifest of Ollama's: refused in one line, or its blob is 64 hex digits. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "app/profile/ollama.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OllamaModel model;
    Err err = {0};
    if (ollama_manifest(&model, (const char *)data, size, &err) != 0) {
        assert(err.code == EXIT_DATA && err.text[0] && !strchr(err.text, '\n'));
        return 0;
    }
    assert(strspn(model.digest, "0123456789abcdef") == 64 && model.digest[64] == '\0' &&
           model.bytes > 0);
    return 0;
}
