/* fuzz_adapter.c - any bytes as an adapter: one that passes the checks has what they promise, and
 * each of its weights can be read. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/adapter.h"
#include "engine/model/model_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* bad_adapter_base's, and whether there is a vocabulary does not matter. */
static const ModelConfig base = {.arch = ARCH_LLAMA,
                                 .vocab = 400,
                                 .hidden = 64,
                                 .layers = 4,
                                 .ffn = 96,
                                 .heads = 4,
                                 .kv_heads = 2,
                                 .head_dim = 16};

static void read_part(const Adapter *adapter, int layer, int exit, const LayerPart *part)
{
    Origin origin = part_origin(NULL, &base, adapter, layer, exit, (int)(part - layer_parts));
    const GgufTensor *tensors[] = {origin.tensor, origin.a, origin.b};
    for (int i = 0; i < 3; i++) {
        if (tensors[i] == NULL)
            continue;
        Err err = {0};
        float *values = weight_source_floats(adapter->gguf, tensors[i], &err);
        assert((values != NULL) == (err.code == 0));
        free(values);
    }
    assert((origin.a == NULL) == (origin.b == NULL));
    assert(origin.a == NULL ||
           (part->rows != 0 && adapter->info.alpha > 0 && origin.a->dims[1] == origin.b->dims[0]));
    if (exit >= 0 && adapter_has_layer(adapter, exit) && layer < 0 && origin.tensor == NULL)
        assert(part->is_ffn || !arch_requires(base.arch, (int)(part - layer_parts)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Adapter *adapter;
    Err err = {0};
    if (adapter_open_memory(&adapter, data, size, "input", &err) != 0) {
        assert(adapter == NULL && err.code != 0 && err.text[0] != '\0');
        return 0;
    }
    const AdapterInfo *info = &adapter->info;
    assert(info->n_exits >= 1 && info->n_exits <= EXITS_MAX && info->exits[0] >= 1);
    assert(info->exits[info->n_exits - 1] == info->layers);
    assert(strlen(info->base_sha256) == 64);
    if (adapter_check(adapter, &base, &err) != 0) {
        assert(err.code != 0);
        adapter_close(adapter);
        return 0;
    }
    assert(info->layers <= base.layers);
    for (int p = 0; p < LAYER_PARTS; p++) {
        for (int layer = 0; layer < info->layers; layer++)
            read_part(adapter, layer, -1, &layer_parts[p]);
        for (int i = 0; i < info->n_exits; i++)
            read_part(adapter, info->copy_of[i], i, &layer_parts[p]);
    }
    adapter_close(adapter);
    return 0;
}
