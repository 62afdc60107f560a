/* head_file.c - a head's file: its keys, and whether every tensor is what they say; see head.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gguf/gguf_write.h"
#include "engine/model/adapter_keys.h"
#include "engine/model/head.h"

enum {
    LAYERS_MOST = 512,
    WIDTH_MOST = 1 << 20,
    VOCAB_MOST = 1 << 22,
    HEADS_MOST = 1024,
    SHOWN = 60, /* bytes of a name in a message */
};

bool head_is_head(const Gguf *gguf)
{
    GgufString value;
    return gguf_get_string(gguf, "s2d.head", &value, NULL) == 1;
}

/* ---- keys ---- */

static int read_kind(const Gguf *gguf, HeadInfo *info, Err *err)
{
    GgufString name = {"", 0};
    if (keys_expect(gguf, "general.type", "adapter", "no head", err) != 0 ||
        keys_expect(gguf, "adapter.type", "head", "another kind of adapter", err) != 0 ||
        gguf_get_string(gguf, "s2d.head", &name, err) < 0)
        return -1;
    if (head_kind_find(&info->kind, name.data, name.length))
        return 0;
    return keys_fail(gguf, err, "key 's2d.head' is '%.*s'; s2d knows eagle, eagle3, medusa, hydra",
                     name.length < SHOWN ? (int)name.length : SHOWN, name.data);
}

/* A published head's base is known by its shapes only. */
static int read_base(const Gguf *gguf, HeadInfo *info, Err *err)
{
    GgufString name = {"", 0}, hash;
    int found = gguf_get_string(gguf, "s2d.base.sha256", &hash, err);
    if (found < 0 || gguf_get_string(gguf, "s2d.base.name", &name, err) < 0 ||
        (found == 1 && keys_base(gguf, info->base_sha256, err) != 0))
        return -1;
    size_t most = sizeof info->base_name - 1, length = name.length < most ? name.length : most;
    memcpy(info->base_name, name.data, length);
    info->base_name[length] = '\0';
    uint32_t layers = 0;
    if (gguf_get_u32(gguf, "s2d.head.layers", &layers, err) < 0)
        return -1;
    if (layers > LAYERS_MOST)
        return keys_fail(gguf, err, "key 's2d.head.layers' is %u, expected at most %d", layers,
                         LAYERS_MOST);
    info->layers = (int)layers;
    return keys_count(gguf, "s2d.head.hidden", 2, WIDTH_MOST, &info->hidden, err) != 0 ||
                   keys_count(gguf, "s2d.head.vocab", 2, VOCAB_MOST, &info->vocab, err) != 0
               ? -1
               : 0;
}

static int read_positive(const Gguf *gguf, const char *key, float *value, Err *err)
{
    int found = gguf_get_f32(gguf, key, value, err);
    if (found < 0)
        return -1;
    if (found == 1 && *value > 0 && isfinite(*value))
        return 0;
    return keys_fail(gguf, err, "key '%s' is missing or no positive number", key);
}

static int read_layer(const Gguf *gguf, HeadInfo *info, Err *err)
{
    ModelConfig *c = &info->layer;
    uint32_t ffn;
    int found = gguf_get_u32(gguf, "s2d.head.ffn", &ffn, err);
    if (found < 0)
        return -1;
    info->has_layer = info->kind == HEAD_EAGLE || info->kind == HEAD_EAGLE3 ||
                      (info->kind == HEAD_HYDRA && found);
    *c = (ModelConfig){.arch = ARCH_LLAMA, .layers = 1, .loaded = 1, .rope.neox = true};
    c->hidden = info->hidden;
    c->vocab = head_scored(info);
    if (!info->has_layer)
        return 0;
    if (keys_count(gguf, "s2d.head.ffn", 2, WIDTH_MOST, &c->ffn, err) != 0 ||
        keys_count(gguf, "s2d.head.heads", 1, HEADS_MOST, &c->heads, err) != 0 ||
        keys_count(gguf, "s2d.head.kv_heads", 1, HEADS_MOST, &c->kv_heads, err) != 0 ||
        keys_count(gguf, "s2d.head.head_dim", 2, DIM_MAX, &c->head_dim, err) != 0 ||
        read_positive(gguf, "s2d.head.rope_base", &c->rope.base, err) != 0 ||
        read_positive(gguf, "s2d.head.norm_eps", &c->norm_eps, err) != 0)
        return -1;
    if (c->heads % c->kv_heads != 0 || c->head_dim % 2 != 0)
        return keys_fail(gguf, err,
                         "%d heads over %d of keys and values, of %d numbers each: the first must "
                         "be a multiple, the last even",
                         c->heads, c->kv_heads, c->head_dim);
    c->rope.dims = c->head_dim;
    return 0;
}

static int read_taps(const Gguf *gguf, HeadInfo *info, Err *err)
{
    info->n_taps = 1;
    info->taps[0] = -1;
    if (info->kind != HEAD_EAGLE3)
        return 0;
    int *taps;
    if (keys_ids(gguf, "s2d.head.taps", FEATURES_MAX, &taps, &info->n_taps, err) != 0)
        return -1;
    if (info->n_taps == 0)
        return keys_fail(gguf, err, "key 's2d.head.taps' is missing; the file is no complete head");
    memcpy(info->taps, taps, sizeof *taps * (size_t)info->n_taps);
    free(taps);
    int last = info->taps[info->n_taps - 1];
    if (last > (info->layers > 0 ? info->layers : LAYERS_MOST))
        return keys_fail(gguf, err, "key 's2d.head.taps' names layer %d, past the target's last",
                         last);
    return 0;
}

static int read_branches(const Gguf *gguf, HeadInfo *info, Err *err)
{
    uint32_t blocks = 0;
    if (info->kind != HEAD_MEDUSA && info->kind != HEAD_HYDRA)
        return 0;
    if (keys_count(gguf, "s2d.head.branches", 1, BRANCHES_MAX, &info->branches, err) != 0 ||
        gguf_get_u32(gguf, "s2d.head.blocks", &blocks, err) < 0)
        return -1;
    if (blocks > 16 || (blocks > 0 && info->kind != HEAD_HYDRA))
        return keys_fail(gguf, err, "key 's2d.head.blocks' is %u; only Hydra has blocks, up to 16",
                         blocks);
    info->blocks = (int)blocks;
    return 0;
}

static int read_keys(HeadFile *file, Err *err)
{
    const Gguf *gguf = file->gguf;
    HeadInfo *info = &file->info;
    if (read_kind(gguf, info, err) != 0 || read_base(gguf, info, err) != 0 ||
        keys_ids(gguf, "s2d.vocab", VOCAB_MOST, &file->ids, &info->n_vocab, err) != 0)
        return -1;
    info->ids = file->ids;
    if (info->n_vocab > 0 && info->ids[info->n_vocab - 1] >= info->vocab)
        return keys_fail(gguf, err, "its short list holds token %d, but the vocabulary is 0 ... %d",
                         info->ids[info->n_vocab - 1], info->vocab - 1);
    return read_taps(gguf, info, err) != 0 || read_branches(gguf, info, err) != 0 ||
                   read_layer(gguf, info, err) != 0
               ? -1
               : 0;
}

/* ---- tensors ---- */

static int check_tensor(const Gguf *gguf, const HeadTensor *expected, Err *err)
{
    const GgufTensor *tensor = gguf_tensor(gguf, expected->name);
    if (tensor == NULL)
        return expected->optional
                   ? 0
                   : keys_fail(gguf, err, "tensor '%s' is missing; the file is no complete head",
                               expected->name);
    int64_t rows = expected->rows > 0 ? expected->rows : 1;
    if (tensor->dims[0] != expected->cols || tensor->dims[1] != rows || tensor->dims[2] != 1 ||
        tensor->dims[3] != 1)
        return keys_fail(gguf, err, "tensor '%s' is %lld x %lld, expected %d x %lld",
                         expected->name, (long long)tensor->dims[0], (long long)tensor->dims[1],
                         expected->cols, (long long)rows);
    if (expected->rows == 0 && quant_info(tensor->type)->block != 1)
        return keys_fail(gguf, err, "tensor '%s' is of type %s, expected F32", expected->name,
                         quant_info(tensor->type)->name);
    return 0;
}

static int check_tensors(const HeadFile *file, Err *err)
{
    HeadTensor expected[HEAD_TENSORS_MAX];
    int n = head_tensors(&file->info, NULL, expected);
    for (int i = 0; i < n; i++)
        if (check_tensor(file->gguf, &expected[i], err) != 0)
            return -1;
    for (int t = 0; t < gguf_tensor_count(file->gguf); t++) {
        GgufString name = gguf_tensor_at(file->gguf, t)->name;
        int i = 0;
        while (i < n && (strlen(expected[i].name) != name.length ||
                         memcmp(expected[i].name, name.data, name.length) != 0))
            i++;
        if (i == n)
            return keys_fail(file->gguf, err, "tensor '%.*s' belongs to no %s head that s2d knows",
                             name.length < SHOWN ? (int)name.length : SHOWN, name.data,
                             head_kind_name(file->info.kind));
    }
    return 0;
}

static int take(HeadFile **out, Gguf *gguf, Err *err)
{
    HeadFile *file = calloc(1, sizeof *file);
    if (file == NULL) {
        err_set(err, EXIT_MEMORY, "%s: no memory to open it", gguf_label(gguf));
        gguf_close(gguf);
        return -1;
    }
    file->gguf = gguf;
    if (read_keys(file, err) != 0 || check_tensors(file, err) != 0) {
        head_file_close(file);
        return -1;
    }
    *out = file;
    return 0;
}

int head_file_open(HeadFile **file, const char *path, Err *err)
{
    Gguf *gguf;
    *file = NULL;
    return gguf_open(&gguf, path, err) == 0 ? take(file, gguf, err) : -1;
}

int head_file_open_memory(HeadFile **file, const void *data, size_t bytes, const char *name,
                          Err *err)
{
    Gguf *gguf;
    *file = NULL;
    return gguf_open_memory(&gguf, data, bytes, name, err) == 0 ? take(file, gguf, err) : -1;
}

void head_file_close(HeadFile *file)
{
    if (file == NULL)
        return;
    gguf_close(file->gguf);
    free(file->ids);
    free(file);
}

int head_fits(const HeadFile *file, const ModelConfig *target, const char *target_name, Err *err)
{
    const HeadInfo *info = &file->info;
    const struct {
        const char *what;
        int head, target;
    } sizes[] = {
        {"hidden size", info->hidden, target->hidden},
        {"vocabulary", info->vocab, target->vocab},
        {"number of layers", info->layers > 0 ? info->layers : target->layers, target->layers}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].head != sizes[i].target)
            return keys_fail(file->gguf, err, "it belongs to %s: its %s is %d, that of %s %d",
                             info->base_name[0] ? info->base_name : "another target", sizes[i].what,
                             sizes[i].head, target_name, sizes[i].target);
    if (info->n_taps > 0 && info->taps[info->n_taps - 1] > target->layers)
        return keys_fail(file->gguf, err, "it reads the stream after layer %d, and %s has %d",
                         info->taps[info->n_taps - 1], target_name, target->layers);
    return 0;
}

/* ---- writing ---- */

static void write_keys(GgufWriter *writer, const HeadInfo *info)
{
    gguf_write_string(writer, "general.type", "adapter");
    gguf_write_string(writer, "adapter.type", "head");
    gguf_write_string(writer, "s2d.head", head_kind_name(info->kind));
    if (info->base_sha256[0])
        gguf_write_string(writer, "s2d.base.sha256", info->base_sha256);
    if (info->base_name[0])
        gguf_write_string(writer, "s2d.base.name", info->base_name);
    if (info->layers > 0)
        gguf_write_u32(writer, "s2d.head.layers", (uint32_t)info->layers);
    gguf_write_u32(writer, "s2d.head.hidden", (uint32_t)info->hidden);
    gguf_write_u32(writer, "s2d.head.vocab", (uint32_t)info->vocab);
    if (info->kind == HEAD_EAGLE3)
        gguf_write_array(writer, "s2d.head.taps", GGUF_I32, info->taps, info->n_taps);
    if (info->branches > 0)
        gguf_write_u32(writer, "s2d.head.branches", (uint32_t)info->branches);
    if (info->blocks > 0)
        gguf_write_u32(writer, "s2d.head.blocks", (uint32_t)info->blocks);
    if (info->n_vocab > 0)
        gguf_write_array(writer, "s2d.vocab", GGUF_I32, info->ids, info->n_vocab);
    if (!info->has_layer)
        return;
    const ModelConfig *c = &info->layer;
    gguf_write_u32(writer, "s2d.head.ffn", (uint32_t)c->ffn);
    gguf_write_u32(writer, "s2d.head.heads", (uint32_t)c->heads);
    gguf_write_u32(writer, "s2d.head.kv_heads", (uint32_t)c->kv_heads);
    gguf_write_u32(writer, "s2d.head.head_dim", (uint32_t)c->head_dim);
    gguf_write_f32(writer, "s2d.head.rope_base", c->rope.base);
    gguf_write_f32(writer, "s2d.head.norm_eps", c->norm_eps);
}

int head_write(FILE *stream, const HeadInfo *info, const AdapterTensor *tensors, int n_tensors,
               Err *err)
{
    GgufWriter *writer;
    if (gguf_write_open(&writer, stream, err) != 0)
        return -1;
    write_keys(writer, info);
    return adapter_write_tensors(writer, tensors, n_tensors, err);
}
