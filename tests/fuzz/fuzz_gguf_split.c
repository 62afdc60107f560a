/* fuzz_gguf_split.c - any bytes as the parts of a model: how many (a byte, 2 to 4), each with its size
 * before it (u32). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS_MOST = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const void *parts[PARTS_MOST];
    size_t bytes[PARTS_MOST];
    if (size < 1)
        return 0;
    int n = 2 + data[0] % (PARTS_MOST - 1);
    data++, size--;
    for (int i = 0; i < n; i++) {
        uint32_t given = 0;
        size_t head = size < 4 ? size : 4;
        memcpy(&given, data, head);
        data += head, size -= head;
        bytes[i] = given < size ? given : size;
        parts[i] = data;
        data += bytes[i], size -= bytes[i];
    }
    Gguf *gguf;
    Err err = {0};
    if (gguf_open_memory_parts(&gguf, parts, bytes, n, "input", &err) != 0) {
        assert(gguf == NULL && err.code != 0 && err.text[0] != '\0');
        return 0;
    }
    assert(err.code == 0 && gguf_parts(gguf) == n);
    for (int i = 0; i < gguf_tensor_count(gguf); i++) {
        const GgufTensor *tensor = gguf_tensor_at(gguf, i);
        char *all = malloc(tensor->bytes);
        assert(all != NULL && gguf_read(gguf, tensor, 0, all, tensor->bytes, NULL) == 0);
        free(all);
    }
    ModelConfig config;
    model_config(&config, gguf, NULL);
    gguf_close(gguf);
    return 0;
}
