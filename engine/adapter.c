/* adapter.c - reads and checks adapters; see adapter.h.
 *
 * adapter_open looks at the keys, adapter_check at every tensor: each must have a place in such a
 * base and its shape, and what an exit's layer needs must be there. What cannot be placed is an
 * error, for it would be left out without a word.
 */
#include "adapter.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "model_parts.h"

enum {
    RANK_MAX = 4096,
    LAYER_MAX = 512,
    VOCAB_MAX = 1 << 22,
    SHOWN = 60, /* bytes of a name in a message */
};

typedef struct Check {
    const Adapter *adapter;
    const ModelConfig *base; /* NULL while the keys are read */
    Err *err;
} Check;

static int fail(const Check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(const Check *c, const char *format, ...)
{
    char text[320];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(c->err, EXIT_DATA, "%s: %s", gguf_label(c->adapter->gguf), text);
}

/* ---- keys ---- */

/* A string key that must be there and be the text; what: the file is not, when it is another. */
static int expect_text(const Check *c, const char *key, const char *text, const char *what)
{
    GgufString value = {"", 0};
    if (gguf_get_string(c->adapter->gguf, key, &value, c->err) < 0)
        return -1;
    if (value.length == strlen(text) && memcmp(value.data, text, value.length) == 0)
        return 0;
    return fail(c, "key '%s' is '%.*s', not '%s': this is %s; name a file that s2d train wrote",
                key, value.length < SHOWN ? (int)value.length : SHOWN, value.data, text, what);
}

static int get_count(const Check *c, const char *key, int low, int high, int *value)
{
    uint32_t number;
    int found = gguf_get_u32(c->adapter->gguf, key, &number, c->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return fail(c, "key '%s' is missing; the file is no complete adapter", key);
    if (number < (uint32_t)low || number > (uint32_t)high)
        return fail(c, "key '%s' is %u, expected %d to %d", key, number, low, high);
    *value = (int)number;
    return 0;
}

/* An ascending array of at most `most` integers from 0 on; NULL and *n = 0 when it is not there. */
static int get_ids(const Check *c, const char *key, int most, int **ids, int *n)
{
    const Gguf *gguf = c->adapter->gguf;
    int found = gguf_get_array(gguf, key, GGUF_I32, n, c->err);
    *ids = NULL;
    if (found <= 0)
        return *n = 0, found;
    if (*n < 1 || *n > most)
        return fail(c, "key '%s' has %d elements, expected 1 to %d", key, *n, most);
    *ids = malloc((size_t)*n * sizeof **ids);
    if (*ids == NULL)
        return err_set(c->err, EXIT_MEMORY, "%s: no memory for %d ids", gguf_label(gguf), *n);
    int result = gguf_array_copy(gguf, key, GGUF_I32, *ids, *n, c->err) == 1 ? 0 : -1;
    for (int i = 0; i < *n && result == 0; i++)
        if ((*ids)[i] < 0 || (i > 0 && (*ids)[i] <= (*ids)[i - 1]))
            result = fail(c, "key '%s' does not ascend at %d; write it sorted, each once", key,
                          (*ids)[i]);
    if (result == 0)
        return 0;
    free(*ids);
    *ids = NULL;
    return -1;
}

static int read_base(const Check *c, AdapterInfo *info)
{
    GgufString arch = {"", 0}, hash = {"", 0};
    if (gguf_get_string(c->adapter->gguf, "general.architecture", &arch, c->err) < 0 ||
        gguf_get_string(c->adapter->gguf, "s2d.base.sha256", &hash, c->err) < 0)
        return -1;
    bool qwen2 = arch.length == 5 && memcmp(arch.data, "qwen2", 5) == 0;
    if (!qwen2 && !(arch.length == 5 && memcmp(arch.data, "llama", 5) == 0))
        return fail(c, "it is for architecture '%.*s'; s2d runs llama and qwen2",
                    arch.length < SHOWN ? (int)arch.length : SHOWN, arch.data);
    info->arch = qwen2 ? ARCH_QWEN2 : ARCH_LLAMA;
    bool hex = hash.length == ADAPTER_HASH_TEXT - 1;
    for (size_t i = 0; hex && i < hash.length; i++)
        hex = memchr("0123456789abcdef", hash.data[i], 16) != NULL;
    if (!hex)
        return fail(c, "key 's2d.base.sha256' is not there or no SHA-256 in 64 lower-case digits: "
                       "which model it belongs to is not known");
    memcpy(info->base_sha256, hash.data, hash.length);
    return 0;
}

static int read_exits(const Check *c, AdapterInfo *info)
{
    int *exits, n;
    if (get_count(c, "s2d.layers", 1, LAYER_MAX, &info->layers) != 0 ||
        get_ids(c, "s2d.exits", EXITS_MAX, &exits, &n) != 0)
        return -1;
    if (n == 0)
        return fail(c, "key 's2d.exits' is missing; the file is no complete adapter");
    info->n_exits = n;
    memcpy(info->exits, exits, (size_t)n * sizeof *exits);
    free(exits);
    if (info->exits[0] < 1 || info->exits[n - 1] != info->layers)
        return fail(c, "its exits are %d to %d; expected 1 or more, the last one %d as s2d.layers",
                    info->exits[0], info->exits[n - 1], info->layers);
    for (int i = 0; i < n; i++) {
        char key[64];
        uint32_t there;
        snprintf(key, sizeof key, "s2d.exit.%d.copy_of", info->exits[i]);
        info->copy_of[i] = -1;
        int found = gguf_get_u32(c->adapter->gguf, key, &there, c->err);
        if (found < 0 || (found == 1 && get_count(c, key, 0, LAYER_MAX, &info->copy_of[i]) != 0))
            return -1;
    }
    return 0;
}

static int read_keys(Adapter *adapter, Err *err)
{
    Check c = {.adapter = adapter, .err = err};
    AdapterInfo *info = &adapter->info;
    if (expect_text(&c, "general.type", "adapter", "no adapter") != 0 ||
        expect_text(&c, "adapter.type", "lora", "another kind of adapter") != 0 ||
        read_base(&c, info) != 0 || read_exits(&c, info) != 0)
        return -1;
    int found = gguf_get_f32(adapter->gguf, "adapter.lora.alpha", &info->alpha, err);
    if (found < 0)
        return -1;
    if (found == 1 && !(info->alpha > 0 && info->alpha <= 1e6f)) /* NaN fails too */
        return fail(&c, "key 'adapter.lora.alpha' is %g, expected a positive number",
                    (double)info->alpha);
    return get_ids(&c, "s2d.vocab", VOCAB_MAX, &adapter->vocab, &info->n_vocab);
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

/* ---- tensors ---- */

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

Origin part_origin(const Gguf *gguf, const Adapter *adapter, int layer, int exit,
                   const LayerPart *part)
{
    int of = exit >= 0 ? adapter->info.exits[exit] : 0;
    const GgufTensor *own = exit >= 0 ? find(adapter, of, 0, part->name, "") : NULL;
    if (own != NULL)
        return (Origin){.gguf = adapter->gguf, .tensor = own};
    if (layer < 0)
        return (Origin){0};
    return (Origin){.gguf = gguf,
                    .tensor = gguf ? layer_tensor(gguf, layer, part) : NULL,
                    .adapter = adapter,
                    .a = adapter ? find(adapter, of, layer, part->name, ".lora_a") : NULL,
                    .b = adapter ? find(adapter, of, layer, part->name, ".lora_b") : NULL};
}

bool adapter_has_layer(const Adapter *adapter, int index)
{
    return adapter->info.copy_of[index] >= 0 ||
           find(adapter, adapter->info.exits[index], 0, layer_parts[0].name, "") != NULL;
}

bool adapter_changes_base(const Adapter *adapter)
{
    for (int i = 0; i < gguf_tensor_count(adapter->gguf); i++)
        if (strncmp(gguf_tensor_at(adapter->gguf, i)->name.data, "blk.", 4) == 0)
            return true;
    return false;
}

static int check_shape(const Check *c, const GgufTensor *tensor, int rows, int cols)
{
    const char *name = tensor->name.data;
    int length = (int)tensor->name.length;
    if (tensor->dims[0] != cols || tensor->dims[1] != (rows > 0 ? rows : 1) ||
        tensor->dims[2] != 1 || tensor->dims[3] != 1)
        return fail(c, "tensor '%.*s' is [%lld, %lld], expected [%d, %d]; it is for another model",
                    length, name, (long long)tensor->dims[0], (long long)tensor->dims[1], cols,
                    rows > 0 ? rows : 1);
    if (rows == 0 && quant_info(tensor->type)->block != 1)
        return fail(c, "tensor '%.*s' is of type %s, expected F32", length, name,
                    quant_info(tensor->type)->name);
    return 0;
}

/* A low-rank pair: A [R, cols], B [rows, R]. tensor: the one of them that is there in any case. */
static int check_pair(const Check *c, const GgufTensor *tensor, const GgufTensor *a,
                      const GgufTensor *b, int rows, int cols)
{
    const char *name = tensor->name.data;
    int length = (int)tensor->name.length;
    if (a == NULL || b == NULL)
        return fail(c, "tensor '%.*s' has no partner: lora_a and lora_b come in pairs", length,
                    name);
    if (a->dims[1] > RANK_MAX)
        return fail(c, "tensor '%.*s' has rank %lld, more than %d", length, name,
                    (long long)a->dims[1], RANK_MAX);
    if (c->adapter->info.alpha <= 0)
        return fail(c, "key 'adapter.lora.alpha' is missing, and tensor '%.*s' needs it", length,
                    name);
    int rank = (int)a->dims[1];
    return check_shape(c, a, rank, cols) != 0 || check_shape(c, b, rows, rank) != 0 ? -1 : 0;
}

static const LayerPart *part_of(const char *name, size_t length)
{
    for (int p = 0; p < LAYER_PARTS; p++)
        if (strlen(layer_parts[p].name) == length && memcmp(layer_parts[p].name, name, length) == 0)
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
    const LayerPart *part = part_of(rest, pair ? length - 7 : length);
    if (part == NULL || (pair && part->rows == 0) || (!pair && exit < 0))
        return fail(c, "tensor '%.*s' belongs to no adapter that s2d knows",
                    (int)tensor->name.length, tensor->name.data);
    int rows = part->rows == 0 ? 0 : shape_size(c->base, part->rows);
    int cols = shape_size(c->base, part->cols);
    if (!pair)
        return check_shape(c, tensor, rows, cols);
    Origin found = part_origin(NULL, adapter, layer, exit, part);
    if (found.tensor != NULL || (found.a == NULL && found.b == NULL))
        return fail(c, "tensor '%.*s' changes nothing: there is no copy of a base layer under it",
                    (int)tensor->name.length, tensor->name.data);
    return check_pair(c, tensor, found.a, found.b, rows, cols);
}

/* Finds a tensor's place by its name, and checks it there. */
static int check_tensor(Check *c, const GgufTensor *tensor)
{
    const AdapterInfo *info = &c->adapter->info;
    char name[TENSOR_NAME_BYTES], again[TENSOR_NAME_BYTES];
    int number, after = 0, index = 0;
    snprintf(name, sizeof name, "%.*s", (int)tensor->name.length, tensor->name.data);
    if (sscanf(name, "blk.%9d.%n", &number, &after) == 1 && after > 0) {
        snprintf(again, sizeof again, "blk.%d.%s", number, name + after);
        if (strcmp(name, again) == 0 && number >= 0 && number < info->layers)
            return check_part(c, tensor, -1, number, name + after);
    } else if (sscanf(name, "s2d.exit.%9d.%n", &number, &after) == 1 && after > 0) {
        adapter_exit_name(again, number, name + after);
        while (index < info->n_exits && info->exits[index] != number)
            index++;
        if (strcmp(name, again) == 0 && index < info->n_exits) {
            if (strcmp(name + after, "norm.weight") == 0)
                return check_shape(c, tensor, 0, c->base->hidden);
            if (strncmp(name + after, "blk.", 4) == 0)
                return check_part(c, tensor, index, info->copy_of[index], name + after + 4);
        }
    }
    return fail(c, "tensor '%s' belongs to no adapter that s2d knows", name);
}

static bool is_ffn(const LayerPart *part)
{
    return strncmp(part->name, "ffn_", 4) == 0;
}

/* A layer of its own needs all of its attention, and all of its feed-forward part or nothing of
 * it. */
static int check_complete(const Check *c, int index)
{
    const Adapter *adapter = c->adapter;
    int exit = adapter->info.exits[index], from = adapter->info.copy_of[index];
    if (from >= c->base->layers)
        return fail(c, "exit %d has a copy of layer %d, but the base has %d", exit, from,
                    c->base->layers);
    if (from >= 0)
        return 0;
    const char *missing = NULL;
    int there = 0, ffn = 0, ffn_needed = 0;
    for (int p = 0; p < LAYER_PARTS; p++) {
        const LayerPart *part = &layer_parts[p];
        bool has = find(adapter, exit, 0, part->name, "") != NULL;
        there += has;
        ffn += has && is_ffn(part);
        ffn_needed += is_ffn(part);
        bool needed = !is_ffn(part) && !(part->is_bias && c->base->arch == ARCH_LLAMA);
        if (needed && !has)
            missing = part->name;
    }
    if (there > 0 && missing)
        return fail(c, "tensor 's2d.exit.%d.blk.%s' is missing; the file is no complete adapter",
                    exit, missing);
    if (ffn > 0 && ffn < ffn_needed)
        return fail(c, "exit %d has %d of %d tensors of a feed-forward part; all, or none", exit,
                    ffn, ffn_needed);
    return 0;
}

int adapter_check(const Adapter *adapter, const ModelConfig *base, Err *err)
{
    Check c = {.adapter = adapter, .base = base, .err = err};
    const AdapterInfo *info = &adapter->info;
    if (info->arch != base->arch || info->layers > base->layers)
        return fail(&c, "it is for %s with %d layers or more, but the draft's base is %s with %d",
                    info->arch == ARCH_QWEN2 ? "qwen2" : "llama", info->layers,
                    base->arch == ARCH_QWEN2 ? "qwen2" : "llama", base->layers);
    if (info->n_vocab > 0 && info->vocab[info->n_vocab - 1] >= base->vocab)
        return fail(&c, "its short list holds token %d, but the base's vocabulary is 0 ... %d",
                    info->vocab[info->n_vocab - 1], base->vocab - 1);
    for (int i = 0; i < gguf_tensor_count(adapter->gguf); i++)
        if (check_tensor(&c, gguf_tensor_at(adapter->gguf, i)) != 0)
            return -1;
    for (int i = 0; i < info->n_exits; i++)
        if (check_complete(&c, i) != 0)
            return -1;
    return 0;
}
