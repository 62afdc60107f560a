/* adapter_check.c - do an adapter's tensors belong to such a base? See adapter.h.
 *
 * Each must have a place there and its shape, and what an exit's layer needs must be there. What
 * cannot be placed is an error, for it would be left out without a word.
 */
#include <string.h>

#include "engine/model/adapter.h"
#include "engine/model/adapter_keys.h"
#include "engine/model/model_parts.h"

enum { RANK_MAX = 4096 };

typedef struct Check {
    const Adapter *adapter;
    const ModelConfig *base;
    Err *err;
} Check;

static int check_shape(const Check *c, const GgufTensor *tensor, int rows, int cols)
{
    const char *name = tensor->name.data;
    int length = (int)tensor->name.length;
    if (tensor->dims[0] != cols || tensor->dims[1] != (rows > 0 ? rows : 1) ||
        tensor->dims[2] != 1 || tensor->dims[3] != 1)
        return keys_fail(
            c->adapter->gguf, c->err,
            "tensor '%.*s' is [%lld, %lld], expected [%d, %d]; it is for another model", length,
            name, (long long)tensor->dims[0], (long long)tensor->dims[1], cols,
            rows > 0 ? rows : 1);
    if (rows == 0 && quant_info(tensor->type)->block != 1)
        return keys_fail(c->adapter->gguf, c->err, "tensor '%.*s' is of type %s, expected F32",
                         length, name, quant_info(tensor->type)->name);
    return 0;
}

/* A low-rank pair: A [R, cols], B [rows, R]. tensor: the one of them that is there in any case. */
static int check_pair(const Check *c, const GgufTensor *tensor, const GgufTensor *a,
                      const GgufTensor *b, int rows, int cols)
{
    const char *name = tensor->name.data;
    int length = (int)tensor->name.length;
    if (a == NULL || b == NULL)
        return keys_fail(c->adapter->gguf, c->err,
                         "tensor '%.*s' has no partner: lora_a and lora_b come in pairs", length,
                         name);
    if (a->dims[1] > RANK_MAX)
        return keys_fail(c->adapter->gguf, c->err, "tensor '%.*s' has rank %lld, more than %d",
                         length, name, (long long)a->dims[1], RANK_MAX);
    if (c->adapter->info.alpha <= 0)
        return keys_fail(c->adapter->gguf, c->err,
                         "key 'adapter.lora.alpha' is missing, and tensor '%.*s' needs it", length,
                         name);
    int rank = (int)a->dims[1];
    return check_shape(c, a, rank, cols) != 0 || check_shape(c, b, rows, rank) != 0 ? -1 : 0;
}

static const LayerPart *part_of(Arch arch, const char *name, size_t length)
{
    for (int p = 0; p < LAYER_PARTS; p++)
        if (arch_allows(arch, p) && strlen(layer_parts[p].name) == length &&
            memcmp(layer_parts[p].name, name, length) == 0)
            return &layer_parts[p];
    return NULL;
}

/* A tensor of a layer, as for part_origin. rest: what follows "blk." or "blk.N." in its name. */
static int check_part(Check *c, const GgufTensor *tensor, int exit, int layer, const char *rest)
{
    const Adapter *adapter = c->adapter;
    size_t length = strlen(rest);
    bool pair = length > 7 && (strcmp(rest + length - 7, ".lora_a") == 0 ||
                               strcmp(rest + length - 7, ".lora_b") == 0);
    Arch arch = pair ? c->base->arch : arch_of_exits(c->base->arch);
    const LayerPart *part = part_of(arch, rest, pair ? length - 7 : length);
    if (part == NULL || (pair && (part->rows == 0 || part->is_stack)) || (!pair && exit < 0))
        return keys_fail(c->adapter->gguf, c->err,
                         "tensor '%.*s' belongs to no adapter that s2d knows",
                         (int)tensor->name.length, tensor->name.data);
    int rows = shape_size(c->base, part->rows), cols = shape_size(c->base, part->cols);
    if (!pair)
        return check_shape(c, tensor, rows, cols);
    Origin found = part_origin(NULL, c->base, adapter, layer, exit, (int)(part - layer_parts));
    if (found.tensor != NULL || (found.a == NULL && found.b == NULL))
        return keys_fail(c->adapter->gguf, c->err,
                         "tensor '%.*s' changes nothing: there is no copy of a base layer under it",
                         (int)tensor->name.length, tensor->name.data);
    return check_pair(c, tensor, found.a, found.b, rows, cols);
}

/* Finds a tensor's place by its name, and checks it there. */
static int check_tensor(Check *c, const GgufTensor *tensor)
{
    const AdapterInfo *info = &c->adapter->info;
    char name[TENSOR_NAME_BYTES];
    int number, index = 0;
    snprintf(name, sizeof name, "%.*s", (int)tensor->name.length, tensor->name.data);
    const char *rest = arch_layer_name(name, "blk.", &number);
    if (rest && number < info->layers)
        return check_part(c, tensor, -1, number, rest);
    rest = arch_layer_name(name, "s2d.exit.", &number);
    if (rest) {
        while (index < info->n_exits && info->exits[index] != number)
            index++;
        if (index < info->n_exits && strcmp(rest, "norm.weight") == 0)
            return check_shape(c, tensor, 0, c->base->hidden);
        if (index < info->n_exits && strncmp(rest, "blk.", 4) == 0)
            return check_part(c, tensor, index, info->copy_of[index], rest + 4);
    }
    return keys_fail(c->adapter->gguf, c->err, "tensor '%s' belongs to no adapter that s2d knows",
                     name);
}

/* A layer of its own needs all of its attention, and all of its feed-forward part or nothing of
 * it. */
static int check_complete(const Check *c, int index)
{
    const Adapter *adapter = c->adapter;
    int exit = adapter->info.exits[index], from = adapter->info.copy_of[index];
    if (from >= c->base->layers)
        return keys_fail(c->adapter->gguf, c->err,
                         "exit %d has a copy of layer %d, but the base has %d", exit, from,
                         c->base->layers);
    if (from >= 0)
        return 0;
    const char *missing = NULL;
    int there = 0, ffn = 0, ffn_needed = 0;
    for (int p = 0; p < LAYER_PARTS; p++) {
        const LayerPart *part = &layer_parts[p];
        bool has = part_origin(NULL, c->base, adapter, -1, index, p).tensor != NULL;
        bool needed = arch_requires(arch_of_exits(c->base->arch), p);
        there += has;
        ffn += has && needed && part->is_ffn;
        ffn_needed += needed && part->is_ffn;
        if (needed && !part->is_ffn && !has)
            missing = part->name;
    }
    if (there > 0 && missing)
        return keys_fail(c->adapter->gguf, c->err,
                         "tensor 's2d.exit.%d.blk.%s' is missing; the file is no complete adapter",
                         exit, missing);
    if (ffn > 0 && ffn < ffn_needed)
        return keys_fail(c->adapter->gguf, c->err,
                         "exit %d has %d of %d tensors of a feed-forward part; all, or none", exit,
                         ffn, ffn_needed);
    return 0;
}

int adapter_check(const Adapter *adapter, const ModelConfig *base, Err *err)
{
    Check c = {.adapter = adapter, .base = base, .err = err};
    const AdapterInfo *info = &adapter->info;
    if (info->arch != base->arch || info->layers > base->layers)
        return keys_fail(adapter->gguf, err,
                         "it is for %s with %d layers or more, but the draft's base is %s with %d",
                         arch_info(info->arch)->name, info->layers, arch_info(base->arch)->name,
                         base->layers);
    if (info->n_vocab > 0 && info->vocab[info->n_vocab - 1] >= base->vocab)
        return keys_fail(adapter->gguf, err,
                         "its short list holds token %d, but the base's vocabulary is 0 ... %d",
                         info->vocab[info->n_vocab - 1], base->vocab - 1);
    for (int i = 0; i < gguf_tensor_count(adapter->gguf); i++)
        if (check_tensor(&c, gguf_tensor_at(adapter->gguf, i)) != 0)
            return -1;
    for (int i = 0; i < info->n_exits; i++)
        if (check_complete(&c, i) != 0)
            return -1;
    return 0;
}
