/* trainer_read.c - what training starts from: the base's weights as its file has them, or an
 * adapter's. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "engine/train/trainer_parts.h"
#include "kernels/noise.h"

/* A row on its way from the file to the backend. */
typedef struct Reader {
    Trainer *trainer;
    const Gguf *gguf;
    void *blocks;
    float *row;
    uint16_t *half;
    Err *err;
} Reader;

static int no_memory(const Reader *r)
{
    return err_set(r->err, EXIT_MEMORY, "%s: no memory for reading it", gguf_label(r->gguf));
}

/* Row `from` of the tensor becomes row `to` of w. */
static int read_row(Reader *r, const GgufTensor *tensor, int from, const TrainerWeight *w, int to)
{
    Kernels *k = r->trainer->kernels;
    size_t cols = (size_t)w->cols, bytes = quant_row_bytes(tensor->type, w->cols);
    size_t at = (size_t)to * cols;
    if (gguf_read(r->gguf, tensor, (uint64_t)from * bytes, r->blocks, bytes, r->err) != 0)
        return -1;
    if (!quant_row_finite(tensor->type, r->blocks, w->cols))
        return err_set(r->err, EXIT_DATA,
                       "%s: tensor '%.*s': NaN or Inf values; the file is damaged",
                       gguf_label(r->gguf), (int)tensor->name.length, tensor->name.data);
    quant_to_float(tensor->type, r->blocks, r->row, w->cols);
    if (w->frozen == NULL) {
        k->upload(k, w->value + at, r->row, cols);
        return 0;
    }
    for (size_t i = 0; i < cols; i++)
        r->half[i] = bf16_of(r->row[i]);
    k->upload(k, (float *)(void *)(w->frozen + at), (const float *)(const void *)r->half, cols / 2);
    return 0;
}

/* ids: the rows that are taken, counted from `first` on; NULL = all. */
static int read_rows(Reader *r, const GgufTensor *tensor, int first, const TrainerWeight *w,
                     const int *ids)
{
    size_t cols = (size_t)w->cols;
    assert(tensor != NULL && tensor->dims[0] == w->cols && cols % 2 == 0);
    r->blocks = malloc(quant_row_bytes(tensor->type, w->cols));
    r->row = malloc(cols * sizeof *r->row);
    r->half = malloc(cols * sizeof *r->half);
    int result = r->blocks && r->row && r->half ? 0 : no_memory(r);
    for (int i = 0; result == 0 && i < (w->rows > 0 ? w->rows : 1); i++)
        result = read_row(r, tensor, first + (ids ? ids[i] : i), w, i);
    free(r->blocks);
    free(r->row);
    free(r->half);
    return result;
}

static int read_weight(Reader *r, const GgufTensor *tensor, const TrainerWeight *w, const int *ids)
{
    return read_rows(r, tensor, 0, w, ids);
}

int trainer_read_part(Trainer *s, const Gguf *base, int layer, int part, const TrainerWeight *w,
                      const int *ids, Err *err)
{
    Reader r = {.trainer = s, .gguf = base, .err = err};
    int first;
    const GgufTensor *tensor = layer_tensor(base, &s->model, layer, part, &first);
    return read_rows(&r, tensor, first, w, ids);
}

int trainer_read_tensor(Trainer *s, const Gguf *base, const char *name, const TrainerWeight *w,
                        const int *ids, Err *err)
{
    Reader r = {.trainer = s, .gguf = base, .err = err};
    return read_weight(&r, gguf_tensor(base, name), w, ids);
}

/* So that `cols` inputs of about 1 make outputs of about 1. NULL = no memory; the caller frees it. */
static float *noise_make(uint32_t seed, uint32_t number, size_t count, int cols)
{
    float *noise = malloc(count * sizeof *noise), width = sqrtf(3.0f / (float)cols);
    for (size_t i = 0; noise && i < count; i++) {
        uint32_t bits = noise_bits(seed, number, (uint32_t)i);
        noise[i] = width * ((float)(bits >> 8) * 0x1p-23f - 1);
    }
    return noise;
}

/* A pair starts as no change: A is noise, B is zero (LoRA, arXiv 2106.09685). */
static int start_pair(Reader *r, const TrainerWeight *w, uint32_t number)
{
    Trainer *s = r->trainer;
    size_t count = (size_t)s->config.rank * (size_t)w->cols;
    float *noise = noise_make(s->config.seed, number, count, w->cols);
    if (noise == NULL)
        return no_memory(r);
    s->kernels->upload(s->kernels, w->a, noise, count);
    free(noise);
    return 0;
}

/* A feed-forward part where the base has experts: one that says nothing at first, for down is 0. */
static int start_fresh(Reader *r, int part, const TrainerWeight *w, uint32_t number)
{
    Trainer *s = r->trainer;
    if (part != PART_GATE && part != PART_UP)
        return 0;
    size_t count = (size_t)w->rows * (size_t)w->cols;
    float *noise = noise_make(s->config.seed, number, count, w->cols);
    if (noise == NULL)
        return no_memory(r);
    s->kernels->upload(s->kernels, w->value, noise, count);
    free(noise);
    return 0;
}

static int read_layer(Reader *r, int index)
{
    Trainer *s = r->trainer;
    int layer = s->config.tune == TRAINER_EXITS ? s->config.copy_of[index] : index;
    for (int p = 0; p < LAYER_PARTS; p++) {
        TrainerWeight *w = &s->layers[index].part[p];
        int first;
        const GgufTensor *tensor = layer_tensor(r->gguf, &s->model, layer, p, &first);
        if (tensor == NULL && !arch_requires(s->model.arch, p)) /* none there: starts from 0 */
            continue;
        uint32_t number = (uint32_t)(index * LAYER_PARTS + p);
        if (w->cols > 0 &&
            (tensor ? read_rows(r, tensor, first, w, NULL) : start_fresh(r, p, w, number)) != 0)
            return -1;
        if (w->a && start_pair(r, w, number) != 0)
            return -1;
    }
    return 0;
}

int trainer_read_base(Trainer *s, const Gguf *base, Err *err)
{
    Reader r = {.trainer = s, .gguf = base, .err = err};
    const GgufTensor *embed = gguf_tensor(base, "token_embd.weight");
    const GgufTensor *head = gguf_tensor(base, "output.weight");
    const GgufTensor *norm = gguf_tensor(base, "output_norm.weight");
    for (int l = 0; s->net == NULL && l < s->n_layers; l++) {
        if (read_layer(&r, l) != 0)
            return -1;
    }
    for (int i = 0; i < EXITS_MAX; i++) {
        if (s->norm[i].value && read_weight(&r, norm, &s->norm[i], NULL) != 0)
            return -1;
    }
    if ((s->embed.value || s->embed.frozen) && read_weight(&r, embed, &s->embed, NULL) != 0)
        return -1;
    if (s->head.value && read_weight(&r, head, &s->head, NULL) != 0)
        return -1;
    return s->scored_head.frozen
               ? read_weight(&r, head ? head : embed, &s->scored_head, s->config.ids)
               : 0;
}

/* The adapter's tensor for what is trained. NULL = it has none of that name and shape. */
static const GgufTensor *same_tensor(const Adapter *adapter, const AdapterTensor *trained)
{
    const GgufTensor *tensor = gguf_tensor(adapter->gguf, trained->name);
    int rows = trained->rows > 0 ? trained->rows : 1;
    return tensor && tensor->dims[0] == trained->cols && tensor->dims[1] == rows ? tensor : NULL;
}

static int check_same(const Trainer *s, const Adapter *adapter, const AdapterTensor *trained, int n,
                      Err *err)
{
    bool same = adapter->info.layers == s->config.layers && gguf_tensor_count(adapter->gguf) == n &&
                (s->config.tune != TRAINER_LORA || adapter->info.alpha == (float)s->config.rank);
    for (int i = 0; same && i < n; i++)
        same = same_tensor(adapter, &trained[i]) != NULL;
    return same ? 0
                : err_set(err, EXIT_DATA,
                          "%s: an adapter of another --tune, --layers or --exits; its weights fit "
                          "nothing here",
                          gguf_label(adapter->gguf));
}

int trainer_start_adapter(Trainer *s, const Adapter *adapter, Err *err)
{
    Reader r = {.trainer = s, .gguf = adapter->gguf, .err = err};
    AdapterTensor *trained;
    int n;
    if (trainer_tensors(s, QUANT_F32, &trained, &n, err) != 0)
        return -1;
    int result = check_same(s, adapter, trained, n, err);
    for (int i = 0; result == 0 && i < n; i++) {
        const AdapterTensor *to = &trained[i];
        TrainerWeight weight = {
            .rows = to->rows, .cols = to->cols, .value = s->values + (to->values - s->values)};
        result = read_weight(&r, same_tensor(adapter, to), &weight, NULL);
    }
    free(trained);
    return result;
}

int trainer_start_head(Trainer *s, const HeadFile *file, Err *err)
{
    const HeadInfo *info = &file->info;
    bool same = info->kind == s->info.kind && info->branches == s->info.branches &&
                info->n_vocab == s->info.n_vocab && gguf_tensor_count(file->gguf) == s->n_tensors &&
                info->has_layer == s->info.has_layer;
    if (same && info->has_layer)
        same = info->layer.ffn == s->info.layer.ffn && info->layer.heads == s->info.layer.heads &&
               info->layer.kv_heads == s->info.layer.kv_heads;
    for (int i = 0; same && i < info->n_vocab; i++)
        same = info->ids[i] == s->info.ids[i];
    for (int i = 0; same && i < s->n_tensors; i++)
        same = gguf_tensor(file->gguf, s->tensors[i].name) != NULL;
    if (!same)
        return err_set(err, EXIT_DATA,
                       "%s: a head of another --method, --branches or --list; its weights fit "
                       "nothing here",
                       gguf_label(file->gguf));
    int result = 0;
    for (int i = 0; result == 0 && i < s->n_tensors; i++)
        result = trainer_read_tensor(s, file->gguf, s->tensors[i].name, &s->weights[i], NULL, err);
    return result;
}
