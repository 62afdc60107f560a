/* trainer_write.c - what was learned: as tensors with the names of an adapter, or as a model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gguf/gguf_write.h"
#include "engine/train/trainer_parts.h"

/* Tensors on their way. */
typedef struct Writer {
    const Trainer *trainer;
    QuantType type;
    AdapterTensor *tensors;
    int n;
} Writer;

static void put(Writer *w, const char *name, QuantType type, int rows, int cols, const float *value)
{
    AdapterTensor *tensor = &w->tensors[w->n++];
    *tensor = (AdapterTensor){.type = rows ? quant_fitting(type, cols) : QUANT_F32,
                              .rows = rows,
                              .cols = cols,
                              .values = value,
                              .kernels = w->trainer->kernels};
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
}

static void put_weight(Writer *w, const char *name, QuantType type, const TrainerWeight *weight)
{
    if (weight->cols > 0)
        put(w, name, type, weight->rows, weight->cols, weight->value);
}

static void put_exit(Writer *w, int index)
{
    const Trainer *s = w->trainer;
    int layer = s->config.exits[index];
    char name[64], part[48];
    adapter_exit_name(name, layer, "norm.weight");
    put_weight(w, name, w->type, &s->norm[index]);
    for (int p = 0; p < LAYER_PARTS; p++) {
        snprintf(part, sizeof part, "blk.%s", layer_parts[p].name);
        adapter_exit_name(name, layer, part);
        put_weight(w, name, w->type, &s->layers[index].part[p]);
    }
}

static void put_pairs(Writer *w, int layer)
{
    const Trainer *s = w->trainer;
    char name[64];
    for (int p = 0; p < LAYER_PARTS; p++) {
        const TrainerWeight *weight = &s->layers[layer].part[p];
        if (weight->a == NULL)
            continue;
        snprintf(name, sizeof name, "blk.%d.%s.lora_a", layer, layer_parts[p].name);
        put(w, name, w->type, s->config.rank, weight->cols, weight->a);
        snprintf(name, sizeof name, "blk.%d.%s.lora_b", layer, layer_parts[p].name);
        put(w, name, w->type, weight->rows, s->config.rank, weight->b);
    }
}

static void put_layer(Writer *w, int layer)
{
    char name[64];
    for (int p = 0; p < LAYER_PARTS; p++) {
        snprintf(name, sizeof name, "blk.%d.%s", layer, layer_parts[p].name);
        put_weight(w, name, w->type, &w->trainer->layers[layer].part[p]);
    }
}

static AdapterTensor *tensors_room(const Trainer *s, Err *err)
{
    AdapterTensor *tensors = malloc(
        ((size_t)s->n_layers * (2 * LAYER_PARTS + 1) + 3 + (size_t)s->n_tensors) * sizeof *tensors);
    if (tensors == NULL)
        err_set(err, EXIT_MEMORY, "no memory to write what was learned");
    return tensors;
}

int trainer_tensors(const Trainer *s, QuantType type, AdapterTensor **tensors, int *n, Err *err)
{
    Writer w = {.trainer = s, .type = type, .tensors = tensors_room(s, err)};
    if (w.tensors == NULL)
        return -1;
    for (int i = 0; i < s->n_tensors; i++)
        put_weight(&w, s->tensors[i].name, type, &s->weights[i]);
    for (int l = 0; s->net == NULL && l < s->n_layers; l++)
        (s->config.tune == TRAINER_EXITS ? put_exit : put_pairs)(&w, l);
    *tensors = w.tensors;
    *n = w.n;
    return 0;
}

/* Copying the base's keys, but for the number of layers. */
typedef struct KeyCopy {
    GgufWriter *writer;
    const Gguf *base;
    const char *layers_key;
    int layers;
} KeyCopy;

static void copy_key(void *user, GgufString key, GgufType type, const char *printable)
{
    KeyCopy *copy = user;
    size_t bytes;
    (void)printable;
    if (key.length == strlen(copy->layers_key) &&
        memcmp(key.data, copy->layers_key, key.length) == 0) {
        gguf_write_u32(copy->writer, copy->layers_key, (uint32_t)copy->layers);
        return;
    }
    const void *value = gguf_raw_value(copy->base, key, &type, &bytes);
    gguf_write_raw(copy->writer, key, type, value, bytes);
}

static int write_rows(GgufWriter *writer, const AdapterTensor *tensor, Err *err)
{
    size_t row_bytes = quant_row_bytes(tensor->type, tensor->cols);
    void *blocks = malloc(row_bytes);
    float *room = malloc((size_t)tensor->cols * sizeof *room);
    int result = 0;
    if (blocks == NULL || room == NULL)
        result = err_set(err, EXIT_MEMORY, "no memory to write a model");
    for (int row = 0; result == 0 && row < (tensor->rows ? tensor->rows : 1); row++) {
        quant_fit(tensor->type, adapter_row(tensor, row, room), blocks, tensor->cols);
        gguf_write_data(writer, blocks, row_bytes);
    }
    free(blocks);
    free(room);
    return result;
}

/* The divisors of the rotary frequencies, where the base has some. */
static int write_factors(GgufWriter *writer, const Gguf *base, const GgufTensor *factors, Err *err)
{
    void *data = malloc(factors->bytes);
    int result = data ? gguf_read(base, factors, 0, data, factors->bytes, err)
                      : err_set(err, EXIT_MEMORY, "no memory to write a model");
    if (result == 0)
        gguf_write_data(writer, data, factors->bytes);
    free(data);
    return result;
}

int trainer_write_model(const Trainer *s, const Gguf *base, QuantType type, FILE *stream, Err *err)
{
    char layers_key[TENSOR_NAME_BYTES];
    GgufWriter *writer;
    Writer w = {.trainer = s, .type = type, .tensors = tensors_room(s, err)};
    const GgufTensor *factors[ROPES] = {gguf_tensor(base, rope_tensor(&s->model.rope, ROPE_MAIN))};
    if (s->model.rope.has_long)
        factors[ROPE_LONG] = gguf_tensor(base, rope_tensor(&s->model.rope, ROPE_LONG));
    if (w.tensors == NULL)
        return -1;
    if (gguf_write_open(&writer, stream, err) != 0) {
        free(w.tensors);
        return -1;
    }
    arch_key(layers_key, s->model.arch, "block_count");
    KeyCopy copy = {writer, base, layers_key, s->config.layers};
    gguf_each_key(base, copy_key, &copy);
    put_weight(&w, "token_embd.weight", QUANT_Q8_0, &s->embed);
    put_weight(&w, "output.weight", QUANT_Q8_0, &s->head);
    put_weight(&w, "output_norm.weight", type, &s->norm[0]);
    for (int l = 0; l < s->n_layers; l++)
        put_layer(&w, l);
    for (int i = 0; i < w.n; i++)
        gguf_write_tensor(writer, w.tensors[i].name, w.tensors[i].type, w.tensors[i].rows,
                          w.tensors[i].cols);
    for (int which = 0; which < ROPES; which++)
        if (factors[which])
            gguf_write_tensor(writer, rope_tensor(&s->model.rope, which), factors[which]->type, 0,
                              (int)factors[which]->dims[0]);
    int result = 0;
    for (int i = 0; i < w.n && result == 0; i++)
        result = write_rows(writer, &w.tensors[i], err);
    for (int which = 0; which < ROPES; which++)
        if (result == 0 && factors[which])
            result = write_factors(writer, base, factors[which], err);
    free(w.tensors);
    return gguf_write_close(writer, result == 0 ? err : NULL) == 0 ? result : -1;
}
