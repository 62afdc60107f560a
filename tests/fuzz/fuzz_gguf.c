/* fuzz_gguf.c - any bytes as a model file: open, walk everything, work out the model's shape. */
#include <assert.h>
#include <stdlib.h>

#include "engine/model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_key(void *user, GgufString key, GgufType type, const char *value)
{
    const Gguf *gguf = user;
    GgufType raw_type;
    size_t bytes;
    assert(key.length > 0 && (value[0] != '\0' || type == GGUF_STRING));
    assert(gguf_raw_value(gguf, key, &raw_type, &bytes) != NULL && raw_type == type);

    char name[128];
    uint32_t u;
    float f;
    bool b;
    int count;
    if (key.length >= sizeof name)
        return;
    for (size_t i = 0; i < key.length; i++)
        name[i] = key.data[i];
    name[key.length] = '\0';
    gguf_get_u32(gguf, name, &u, NULL);
    gguf_get_f32(gguf, name, &f, NULL);
    gguf_get_bool(gguf, name, &b, NULL);
    if (gguf_get_array(gguf, name, GGUF_STRING, &count, NULL) == 1) {
        size_t sum = 0;
        for (int i = 0; i < count; i++) {
            GgufString string = gguf_array_string(gguf, name, i);
            for (size_t c = 0; c < string.length; c++)
                sum += (unsigned char)string.data[c];
        }
        assert(sum <= 255 * gguf_file_bytes(gguf));
    }
    static const GgufType numbers[] = {GGUF_I32, GGUF_U32, GGUF_F32};
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
        if (gguf_get_array(gguf, name, numbers[n], &count, NULL) == 1) {
            void *copy = malloc((size_t)count * 4 + 1);
            assert(copy != NULL);
            gguf_array_copy(gguf, name, numbers[n], copy, count, NULL);
            free(copy);
        }
}

static void walk_tensor(const Gguf *gguf, const GgufTensor *tensor)
{
    assert(tensor->name.length > 0 && tensor->n_dims >= 1 && tensor->bytes > 0);
    char *row = malloc(tensor->bytes);
    assert(row != NULL);
    assert(gguf_read(gguf, tensor, 0, row, tensor->bytes, NULL) == 0);
    assert(gguf_read(gguf, tensor, 1, row, tensor->bytes, NULL) == -1);
    free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Gguf *gguf;
    Err err = {0};
    if (gguf_open_memory(&gguf, data, size, "input", &err) != 0) {
        assert(gguf == NULL && err.code != 0 && err.text[0] != '\0');
        return 0;
    }
    assert(err.code == 0);
    gguf_each_key(gguf, walk_key, gguf);
    for (int i = 0; i < gguf_tensor_count(gguf); i++)
        walk_tensor(gguf, gguf_tensor_at(gguf, i));
    ModelConfig config;
    if (model_config(&config, gguf, &err) == 0)
        assert(config.layers > 0 && config.heads % config.kv_heads == 0 &&
               config.head_dim % 2 == 0);
    else
        assert(err.code != 0);
    gguf_close(gguf);
    return 0;
}
