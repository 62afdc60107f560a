/* adapter.c - adapters: their keys, and where in them what is; see adapter.h. The tensors are
 * checked in adapter_check.c. */
#include "engine/model/adapter.h"

#include <stdlib.h>
#include <string.h>

#include "engine/model/adapter_keys.h"
#include "engine/model/model_parts.h"

enum {
    LAYER_MAX = 512,
    VOCAB_MAX = 1 << 22,
    SHOWN = 60, /* bytes of a name in a message */
};

/* ---- keys ---- */

static int read_base(const Adapter *adapter, AdapterInfo *info, Err *err)
{
    GgufString arch = {"", 0};
    if (gguf_get_string(adapter->gguf, "general.architecture", &arch, err) < 0)
        return -1;
    char known[ARCH_NAMES_BYTES];
    if (!arch_find(&info->arch, arch))
        return keys_fail(adapter->gguf, err, "it is for architecture '%.*s'; s2d runs %s",
                         arch.length < SHOWN ? (int)arch.length : SHOWN, arch.data,
                         arch_names(known));
    return keys_base(adapter->gguf, info->base_sha256, err);
}

static int read_exits(const Adapter *adapter, AdapterInfo *info, Err *err)
{
    int *exits, n;
    if (keys_count(adapter->gguf, "s2d.layers", 1, LAYER_MAX, &info->layers, err) != 0 ||
        keys_ids(adapter->gguf, "s2d.exits", EXITS_MAX, &exits, &n, err) != 0)
        return -1;
    if (n == 0)
        return keys_fail(adapter->gguf, err,
                         "key 's2d.exits' is missing; the file is no complete adapter");
    info->n_exits = n;
    memcpy(info->exits, exits, (size_t)n * sizeof *exits);
    free(exits);
    if (info->exits[0] < 1 || info->exits[n - 1] != info->layers)
        return keys_fail(
            adapter->gguf, err,
            "its exits are %d to %d; expected 1 or more, the last one %d as s2d.layers",
            info->exits[0], info->exits[n - 1], info->layers);
    for (int i = 0; i < n; i++) {
        char key[64];
        uint32_t there;
        snprintf(key, sizeof key, "s2d.exit.%d.copy_of", info->exits[i]);
        info->copy_of[i] = -1;
        int found = gguf_get_u32(adapter->gguf, key, &there, err);
        if (found < 0 || (found == 1 && keys_count(adapter->gguf, key, 0, LAYER_MAX,
                                                   &info->copy_of[i], err) != 0))
            return -1;
    }
    return 0;
}

static int read_keys(Adapter *adapter, Err *err)
{
    AdapterInfo *info = &adapter->info;
    if (keys_expect(adapter->gguf, "general.type", "adapter", "no adapter", err) != 0 ||
        keys_expect(adapter->gguf, "adapter.type", "lora", "another kind of adapter", err) != 0 ||
        read_base(adapter, info, err) != 0 || read_exits(adapter, info, err) != 0)
        return -1;
    int found = gguf_get_f32(adapter->gguf, "adapter.lora.alpha", &info->alpha, err);
    if (found < 0)
        return -1;
    if (found == 1 && !(info->alpha > 0 && info->alpha <= 1e6f)) /* NaN fails too */
        return keys_fail(adapter->gguf, err,
                         "key 'adapter.lora.alpha' is %g, expected a positive number",
                         (double)info->alpha);
    return keys_ids(adapter->gguf, "s2d.vocab", VOCAB_MAX, &adapter->vocab, &info->n_vocab, err);
}

static int take(Adapter **out, Gguf *gguf, Err *err)
{
    Adapter *adapter = calloc(1, sizeof *adapter);
    if (adapter == NULL) {
        err_set(err, EXIT_MEMORY, "%s: no memory to open it", gguf_label(gguf));
        gguf_close(gguf);
        return -1;
    }
    adapter->gguf = gguf;
    if (read_keys(adapter, err) != 0) {
        adapter_close(adapter);
        return -1;
    }
    adapter->info.vocab = adapter->vocab;
    *out = adapter;
    return 0;
}

int adapter_open(Adapter **adapter, const char *path, Err *err)
{
    Gguf *gguf;
    *adapter = NULL;
    return gguf_open(&gguf, path, err) == 0 ? take(adapter, gguf, err) : -1;
}

int adapter_open_memory(Adapter **adapter, const void *data, size_t bytes, const char *name,
                        Err *err)
{
    Gguf *gguf;
    *adapter = NULL;
    return gguf_open_memory(&gguf, data, bytes, name, err) == 0 ? take(adapter, gguf, err) : -1;
}

void adapter_close(Adapter *adapter)
{
    if (adapter == NULL)
        return;
    gguf_close(adapter->gguf);
    free(adapter->vocab);
    free(adapter);
}

/* ---- what is where ---- */

void adapter_exit_name(char name[64], int layer, const char *part)
{
    snprintf(name, 64, "s2d.exit.%d.%s", layer, part);
}

static const GgufTensor *find(const Adapter *adapter, int exit, int layer, const char *part,
                              const char *suffix)
{
    char name[TENSOR_NAME_BYTES];
    if (exit > 0)
        snprintf(name, sizeof name, "s2d.exit.%d.blk.%s%s", exit, part, suffix);
    else
        snprintf(name, sizeof name, "blk.%d.%s%s", layer, part, suffix);
    return gguf_tensor(adapter->gguf, name);
}

const GgufTensor *adapter_norm(const Adapter *adapter, int index)
{
    char name[TENSOR_NAME_BYTES];
    adapter_exit_name(name, adapter->info.exits[index], "norm.weight");
    return gguf_tensor(adapter->gguf, name);
}

bool adapter_has_norm(const Adapter *adapter, int index)
{
    return adapter_norm(adapter, index) != NULL;
}

Origin part_origin(const Gguf *gguf, const ModelConfig *config, const Adapter *adapter, int layer,
                   int exit, int number)
{
    const LayerPart *part = &layer_parts[number];
    int first = 0;
    int of = exit >= 0 ? adapter->info.exits[exit] : 0;
    const GgufTensor *own = exit >= 0 ? find(adapter, of, 0, part->name, "") : NULL;
    if (own != NULL)
        return (Origin){.gguf = adapter->gguf, .tensor = own};
    if (layer < 0)
        return (Origin){0};
    const GgufTensor *tensor = gguf ? layer_tensor(gguf, config, layer, number, &first) : NULL;
    return (Origin){.gguf = gguf,
                    .tensor = tensor,
                    .first = first,
                    .rows = gguf ? shape_size(config, part->rows) : 0,
                    .adapter = adapter,
                    .a = adapter ? find(adapter, of, layer, part->name, ".lora_a") : NULL,
                    .b = adapter ? find(adapter, of, layer, part->name, ".lora_b") : NULL};
}

bool adapter_has_layer(const Adapter *adapter, int index)
{
    const char *first = layer_parts[PART_ATTN_NORM].name;
    return adapter->info.copy_of[index] >= 0 ||
           find(adapter, adapter->info.exits[index], 0, first, "") != NULL;
}

bool adapter_changes_base(const Adapter *adapter)
{
    for (int i = 0; i < gguf_tensor_count(adapter->gguf); i++)
        if (strncmp(gguf_tensor_at(adapter->gguf, i)->name.data, "blk.", 4) == 0)
            return true;
    return false;
}
