/* tiny_adapter.c - see tiny_adapter.h. Blocks are copied as they are, so nothing is rounded twice.
 */
#include "tests/support/tiny_adapter.h"

#include <stdlib.h>
#include <string.h>

#include "engine/gguf/gguf_write.h"

TinyAdapter tiny_adapter(const TinyModel *base, int layers)
{
    return (TinyAdapter){.base = *base,
                         .n_exits = 3,
                         .exits = {{.layer = 2, .norm = true, .own = true},
                                   {.layer = 4, .norm = true, .own = true},
                                   {.layer = layers}}};
}

TinyModel tiny_exit_model(const TinyModel *base, int layer)
{
    TinyModel model = *base;
    model.layers = layer + 1;
    model.last_seed = base->seed + 1000 + (uint64_t)layer;
    return model;
}

/* Announces (fill false) or writes what one exit has. */
static int exit_tensors(GgufWriter *writer, const TinyExit *exit, const Gguf *model, bool fill)
{
    char from[64], name[64];
    snprintf(from, sizeof from, "blk.%d.", exit->layer);
    for (int i = 0; i < gguf_tensor_count(model); i++) {
        const GgufTensor *tensor = gguf_tensor_at(model, i);
        char part[64];
        snprintf(part, sizeof part, "%.*s", (int)tensor->name.length, tensor->name.data);
        bool own = exit->own && strncmp(part, from, strlen(from)) == 0 &&
                   !(exit->no_ffn && strstr(part, ".ffn_"));
        bool norm = exit->norm && strcmp(part, "output_norm.weight") == 0;
        if (!own && !norm)
            continue;
        if (norm)
            adapter_exit_name(name, exit->layer, "norm.weight");
        else
            snprintf(name, sizeof name, "s2d.exit.%d.blk.%s", exit->layer, part + strlen(from));
        if (!fill) {
            gguf_write_tensor(writer, name, tensor->type,
                              tensor->n_dims == 1 ? 0 : (int)tensor->dims[1], (int)tensor->dims[0]);
            continue;
        }
        void *data = malloc(tensor->bytes);
        if (data == NULL || gguf_read(model, tensor, 0, data, tensor->bytes, NULL) != 0)
            abort();
        if (exit->mute_ffn && strstr(part, ".ffn_down."))
            memset(data, 0, tensor->bytes);
        gguf_write_data(writer, data, tensor->bytes);
        free(data);
    }
    return 0;
}

static int write_adapter(const TinyAdapter *tiny, FILE *stream, Err *err)
{
    static const char any[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    GgufWriter *writer;
    int exits[EXITS_MAX];
    Gguf *models[EXITS_MAX];
    unsigned char *data[EXITS_MAX];
    for (int i = 0; i < tiny->n_exits; i++) {
        TinyModel model = tiny_exit_model(&tiny->base, tiny->exits[i].layer);
        size_t bytes;
        exits[i] = tiny->exits[i].layer;
        if (tiny_model_bytes(&model, &data[i], &bytes, err) != 0 ||
            gguf_open_memory(&models[i], data[i], bytes, "exit", err) != 0)
            abort();
    }
    if (gguf_write_open(&writer, stream, err) != 0)
        return -1;
    gguf_write_string(writer, "general.type", "adapter");
    gguf_write_string(writer, "adapter.type", "lora");
    gguf_write_string(writer, "general.architecture", arch_info(tiny->base.arch)->name);
    gguf_write_string(writer, "s2d.base.sha256", tiny->hash ? tiny->hash : any);
    gguf_write_u32(writer, "s2d.layers", (uint32_t)exits[tiny->n_exits - 1]);
    gguf_write_array(writer, "s2d.exits", GGUF_I32, exits, tiny->n_exits);
    if (tiny->n_vocab > 0)
        gguf_write_array(writer, "s2d.vocab", GGUF_I32, tiny->vocab, tiny->n_vocab);
    for (int fill = 0; fill < 2; fill++)
        for (int i = 0; i < tiny->n_exits; i++)
            exit_tensors(writer, &tiny->exits[i], models[i], fill);
    for (int i = 0; i < tiny->n_exits; i++) {
        gguf_close(models[i]);
        free(data[i]);
    }
    return gguf_write_close(writer, err);
}

int tiny_adapter_bytes(const TinyAdapter *tiny, unsigned char **data, size_t *bytes, Err *err)
{
    char *memory = NULL;
    *data = NULL;
    FILE *stream = open_memstream(&memory, bytes);
    if (stream == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for a tiny adapter");
    int result = write_adapter(tiny, stream, err);
    fclose(stream);
    *data = (unsigned char *)memory;
    return result;
}

int tiny_adapter_write(const TinyAdapter *tiny, const char *path, Err *err)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return err_set(err, EXIT_IO, "%s: cannot write", path);
    int result = write_adapter(tiny, file, err);
    if (fclose(file) != 0)
        result = err_set(err, EXIT_IO, "%s: cannot write", path);
    return result;
}

int tiny_adapter_open(const TinyAdapter *tiny, Kernels *kernels, const char *base, Model **model,
                      Err *err)
{
    unsigned char *data;
    size_t bytes;
    Adapter *adapter;
    *model = NULL;
    if (tiny_adapter_bytes(tiny, &data, &bytes, err) != 0)
        return -1;
    int result = adapter_open_memory(&adapter, data, bytes, "tiny.gguf", err);
    if (result == 0) {
        ModelUse use = {.layers = tiny->exits[tiny->n_exits - 1].layer,
                        .ids = tiny->vocab,
                        .n_ids = tiny->n_vocab,
                        .adapter = adapter};
        result = model_open_draft(model, kernels, base, "trained", &use, NULL, NULL, err);
        adapter_close(adapter);
    }
    free(data);
    return result;
}
