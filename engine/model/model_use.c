/* model_use.c - what a draft takes of a model: checks, and the memory that it comes to. */
#include "engine/model/adapter.h"
#include "engine/model/load.h"
#include "engine/model/model_parts.h"

int model_narrow(ModelConfig *config, const ModelUse *use, const char *name, Err *err)
{
    if (use->layers < 0 || use->layers > config->layers)
        return err_set(err, EXIT_DATA,
                       "%s has %d layers: a draft of %d of them cannot be cut from it", name,
                       config->layers, use->layers);
    for (int i = 0; use->ids && i < use->n_ids; i++) {
        if (use->ids[i] < 0 || use->ids[i] >= config->vocab)
            return err_set(err, EXIT_DATA,
                           "the short list holds token %d, but the vocabulary of %s is 0 ... %d",
                           use->ids[i], name, config->vocab - 1);
        if (i > 0 && use->ids[i] <= use->ids[i - 1])
            return err_set(err, EXIT_DATA, "the short list of %s does not ascend at token %d", name,
                           use->ids[i]);
    }
    if (use->ids && use->n_ids < 1)
        return err_set(err, EXIT_DATA, "the short list of %s is empty", name);
    if (use->adapter && adapter_check(use->adapter, config, err) != 0)
        return -1;
    if (use->layers > 0)
        config->loaded = use->layers;
    for (int i = 0; use->adapter && i < use->adapter->info.n_exits; i++)
        config->exit_layers +=
            use->adapter->info.exits[i] <= config->loaded && adapter_has_layer(use->adapter, i);
    return 0;
}

/* What the tensors that are taken come to. */
typedef struct Sum {
    Kernels *kernels;
    const Gguf *gguf;
    const ModelConfig *config;
    const ModelUse *use;
    size_t memory;
    uint64_t file;
} Sum;

static void add_matrix(Sum *sum, const Origin *origin, const ModelUse *use, QuantClass quant_class)
{
    WeightSource source = weight_source_of(origin, use, quant_class);
    sum->memory +=
        (size_t)source.stack * sum->kernels->matrix_bytes(sum->kernels, source.type,
                                                          source.rows / source.stack, source.cols);
    sum->file += weight_source_bytes(&source);
}

static void add_vector(Sum *sum, const GgufTensor *tensor)
{
    if (tensor == NULL)
        return;
    sum->memory += (size_t)tensor->dims[0] * sizeof(float);
    sum->file += tensor->bytes;
}

static void add_layer(Sum *sum, int layer, int exit)
{
    for (int p = 0; p < LAYER_PARTS; p++) {
        const LayerPart *part = &layer_parts[p];
        Origin origin = part_origin(sum->gguf, sum->config, sum->use->adapter, layer, exit, p);
        if (part->rows == 0)
            add_vector(sum, origin.tensor);
        else if (origin.tensor != NULL)
            add_matrix(sum, &origin, origin.gguf == sum->gguf ? sum->use : &as_it_is,
                       part->quant_class);
    }
}

size_t model_bytes(Kernels *kernels, const Gguf *gguf, const ModelConfig *config,
                   const ModelUse *use, uint64_t *file_bytes)
{
    Sum sum = {.kernels = kernels, .gguf = gguf, .config = config, .use = use};
    const Adapter *adapter = use->adapter;
    const GgufTensor *embed = gguf_tensor(gguf, "token_embd.weight");
    const GgufTensor *head = gguf_tensor(gguf, "output.weight");
    Origin from_embed = {.gguf = gguf, .tensor = embed};
    Origin from_head = {.gguf = gguf, .tensor = head ? head : embed};
    add_matrix(&sum, &from_embed, &as_it_is, QUANT_CLASS_HEAD);
    if (head != NULL)
        add_matrix(&sum, &from_head, use, QUANT_CLASS_HEAD);
    if (use->ids != NULL)
        add_matrix(&sum, &from_head, use, QUANT_CLASS_SHORT_HEAD);
    add_vector(&sum, gguf_tensor(gguf, "output_norm.weight"));
    for (int which = ROPE_MAIN; which <= (config->rope.has_long ? ROPE_LONG : ROPE_MAIN); which++)
        add_vector(&sum, gguf_tensor(gguf, rope_tensor(&config->rope, which)));
    for (int layer = 0; layer < config->loaded; layer++)
        add_layer(&sum, layer, -1);
    for (int i = 0; adapter && i < adapter->info.n_exits; i++) {
        if (adapter->info.exits[i] > config->loaded)
            continue;
        add_vector(&sum, adapter_norm(adapter, i));
        if (adapter_has_layer(adapter, i))
            add_layer(&sum, adapter->info.copy_of[i], i);
    }
    if (file_bytes)
        *file_bytes = sum.file;
    return sum.memory;
}
