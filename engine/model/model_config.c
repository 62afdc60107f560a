/* model_config.c - a GGUF header in, the shape of a transformer out; see model.h.
 *
 * Everything that loading and computing rely on is checked here, before a weight is read: the
 * architecture and its switches, every tensor's presence, shape and type, and that no tensor is
 * left over which the engine would silently leave out. Keys: github.com/ggml-org/ggml,
 * docs/gguf.md.
 */
#include <stdio.h>
#include <string.h>

#include "engine/model/model_check.h"
#include "engine/model/model_parts.h"

enum { VOCAB_MAX = 1 << 22 };

static const GgufTensor *named(const Gguf *gguf, int layer, const char *part)
{
    char name[TENSOR_NAME_BYTES];
    snprintf(name, sizeof name, "blk.%d.%s", layer, part);
    return gguf_tensor(gguf, name);
}

/* All parts of a fused tensor, or none, are in it: it is where the first has none of its own. */
const GgufTensor *layer_tensor(const Gguf *gguf, const ModelConfig *config, int layer, int part,
                               int *first)
{
    const FusedPart *fused = arch_fused(config->arch, part);
    int row = 0;
    if (fused == NULL || named(gguf, layer, layer_parts[fused->first].name))
        fused = NULL;
    for (int p = fused ? fused->first : part; p < part; p++)
        row += shape_size(config, layer_parts[p].rows);
    if (first)
        *first = row;
    return named(gguf, layer, fused ? fused->name : layer_parts[part].name);
}

/* Rows of the tensor that a part is in. */
static int tensor_rows(const Check *c, int layer, int part, const GgufTensor *tensor)
{
    const FusedPart *fused = arch_fused(c->arch, part);
    int rows = 0;
    if (fused == NULL || tensor != named(c->gguf, layer, fused->name) ||
        named(c->gguf, layer, layer_parts[fused->first].name))
        return shape_size(c->config, layer_parts[part].rows);
    for (int p = fused->first; p < fused->first + fused->n; p++)
        rows += shape_size(c->config, layer_parts[p].rows);
    return rows;
}

static int check_arch(Check *c)
{
    GgufString name, type;
    int found = gguf_get_string(c->gguf, "general.type", &type, c->err);
    if (found < 0)
        return -1;
    if (found == 1 && !check_is(type, "model"))
        return check_fail(c, "this is a file of type '%.*s', not a model", check_shown(type),
                          type.data);
    found = gguf_get_string(c->gguf, "general.architecture", &name, c->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return check_fail(c,
                          "key 'general.architecture' is missing; the file is no complete model");
    char known[ARCH_NAMES_BYTES];
    if (!arch_find(&c->arch, name))
        return check_fail(c, "architecture '%.*s' is not supported; s2d runs %s", check_shown(name),
                          name.data, arch_names(known));
    c->config->arch = c->arch;
    return 0;
}

static int check_heads(Check *c)
{
    ModelConfig *config = c->config;
    if (check_size(c, "attention.head_count", HEADS_MAX, 0, &config->heads) != 0 ||
        check_size(c, "attention.head_count_kv", HEADS_MAX, config->heads, &config->kv_heads) != 0)
        return -1;
    if (config->heads % config->kv_heads != 0)
        return check_fail(c, "%d attention heads cannot share %d key/value heads", config->heads,
                          config->kv_heads);
    char key[TENSOR_NAME_BYTES];
    uint32_t given;
    bool own_size =
        gguf_get_u32(c->gguf, arch_key(key, c->arch, "attention.key_length"), &given, NULL) == 1;
    if (!own_size && config->hidden % config->heads != 0)
        return check_fail(c, "%d attention heads do not divide the hidden size %d", config->heads,
                          config->hidden);
    int value_dim;
    if (check_size(c, "attention.key_length", HEAD_DIM_MAX, config->hidden / config->heads,
                   &config->head_dim) != 0 ||
        check_size(c, "attention.value_length", HEAD_DIM_MAX, config->head_dim, &value_dim) != 0)
        return -1;
    if (config->head_dim % 2 != 0)
        return check_fail(c, "the head size %d is odd; rotary embeddings need pairs",
                          config->head_dim);
    if (value_dim != config->head_dim)
        return check_fail(c, "keys of %d and values of %d; s2d needs them to be equal",
                          config->head_dim, value_dim);
    return 0;
}

/* rows 0: a vector of `cols` floats; stack: matrices one after another, 1 = no stack. Counts the
 * tensor as known. */
static int check_shape(Check *c, const GgufTensor *tensor, int rows, int cols, int stack)
{
    c->known++;
    bool matrix = rows > 0;
    if (stack > 1 && (tensor->dims[0] != cols || tensor->dims[1] != rows ||
                      tensor->dims[2] != stack || tensor->dims[3] != 1))
        return check_fail(c, "tensor '%.*s' is [%lld, %lld, %lld], expected [%d, %d, %d]",
                          check_shown(tensor->name), tensor->name.data, (long long)tensor->dims[0],
                          (long long)tensor->dims[1], (long long)tensor->dims[2], cols, rows,
                          stack);
    if (stack == 1 && (tensor->dims[0] != cols || tensor->dims[1] != (matrix ? rows : 1) ||
                       tensor->dims[2] != 1 || tensor->dims[3] != 1))
        return check_fail(c, "tensor '%.*s' is [%lld, %lld], expected [%d, %d]",
                          check_shown(tensor->name), tensor->name.data, (long long)tensor->dims[0],
                          (long long)tensor->dims[1], cols, matrix ? rows : 1);
    if (!matrix && quant_info(tensor->type)->block != 1)
        return check_fail(c, "tensor '%.*s' is of type %s, expected F32", check_shown(tensor->name),
                          tensor->name.data, quant_info(tensor->type)->name);
    return 0;
}

static int check_named(Check *c, const char *name, bool needed, char rows, char cols)
{
    const GgufTensor *tensor = gguf_tensor(c->gguf, name);
    if (tensor == NULL && needed)
        return check_fail(c, "tensor '%s' is missing; the file is no complete model", name);
    if (tensor == NULL)
        return 0;
    return check_shape(c, tensor, shape_size(c->config, rows), shape_size(c->config, cols), 1);
}

static int check_layer(Check *c, int layer)
{
    for (int i = 0; i < LAYER_PARTS; i++) {
        const LayerPart *part = &layer_parts[i];
        int first;
        const GgufTensor *tensor = layer_tensor(c->gguf, c->config, layer, i, &first);
        if (!arch_allows(c->arch, i) || (tensor == NULL && !arch_requires(c->arch, i)))
            continue;
        if (tensor == NULL)
            return check_fail(c, "tensor 'blk.%d.%s' is missing; the file is no complete model",
                              layer, part->name);
        int rows = tensor_rows(c, layer, i, tensor);
        if (first > 0)
            continue; /* seen already */
        if (check_shape(c, tensor, rows, shape_size(c->config, part->cols),
                        part->is_stack ? c->config->experts : 1) != 0)
            return -1;
        if (rows > 0)
            c->bytes_of[quant_info(tensor->type) - quant_types] += tensor->bytes;
    }
    return 0;
}

/* The vocabulary's size comes from the embedding: the tokenizer's may be smaller (padded
 * tables). */
static int check_vocab(Check *c)
{
    const GgufTensor *embed = gguf_tensor(c->gguf, "token_embd.weight");
    int tokens;
    if (embed == NULL)
        return check_fail(c,
                          "tensor 'token_embd.weight' is missing; the file is no complete model");
    if (embed->dims[1] > VOCAB_MAX)
        return check_fail(c, "a vocabulary of %lld tokens, more than %d", (long long)embed->dims[1],
                          VOCAB_MAX);
    c->config->vocab = (int)embed->dims[1];
    int found = gguf_get_array(c->gguf, "tokenizer.ggml.tokens", GGUF_STRING, &tokens, c->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return check_fail(c,
                          "key 'tokenizer.ggml.tokens' is missing; the file is no complete model");
    if (tokens > c->config->vocab)
        return check_fail(c, "the tokenizer has %d tokens, but the embedding only %d rows", tokens,
                          c->config->vocab);
    return 0;
}

/* A tensor that a layer has and the engine does not know would change what the model computes. */
static int check_nothing_left(const Check *c)
{
    if (c->known == gguf_tensor_count(c->gguf))
        return 0;
    for (int i = 0; i < gguf_tensor_count(c->gguf); i++) {
        const GgufTensor *tensor = gguf_tensor_at(c->gguf, i);
        char name[TENSOR_NAME_BYTES];
        int layer;
        bool known = false;
        snprintf(name, sizeof name, "%.*s", (int)tensor->name.length, tensor->name.data);
        const char *rest = arch_layer_name(name, "blk.", &layer);
        if (rest && layer < c->config->layers)
            for (int p = 0; p < LAYER_PARTS; p++) {
                const FusedPart *fused = arch_fused(c->arch, p);
                known = known ||
                        (arch_allows(c->arch, p) && strcmp(rest, layer_parts[p].name) == 0) ||
                        (fused && strcmp(rest, fused->name) == 0);
            }
        static const char *const others[] = {
            "token_embd.weight", "output_norm.weight",       "output.weight",
            "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"};
        for (size_t o = 0; o < sizeof others / sizeof *others; o++)
            known = known || strcmp(name, others[o]) == 0;
        if (!known)
            return check_fail(c, "tensor '%s' belongs to no model that s2d knows", name);
    }
    return 0;
}

/* Everything, but for the embeddings of other tokens and the experts that a token passes by. */
static uint64_t token_bytes(const Check *c)
{
    const GgufTensor *embed = gguf_tensor(c->gguf, "token_embd.weight");
    uint64_t bytes = c->config->weight_bytes;
    if (gguf_tensor(c->gguf, "output.weight"))
        bytes -= embed->bytes - quant_row_bytes(embed->type, c->config->hidden);
    for (int layer = 0; layer < c->config->layers; layer++)
        for (int p = 0; p < LAYER_PARTS; p++)
            if (layer_parts[p].is_stack && arch_requires(c->arch, p)) {
                int first;
                uint64_t all = layer_tensor(c->gguf, c->config, layer, p, &first)->bytes;
                uint64_t one = all / (uint64_t)c->config->experts;
                bytes -= all - one * (uint64_t)c->config->picks;
            }
    return bytes;
}

static void name_quant(Check *c)
{
    int most = 0;
    c->config->weight_bytes = 0;
    for (int i = 0; i < gguf_tensor_count(c->gguf); i++)
        c->config->weight_bytes += gguf_tensor_at(c->gguf, i)->bytes;
    c->config->token_bytes = token_bytes(c);
    for (int type = 1; type < QUANT_TYPES; type++)
        if (c->bytes_of[type] > c->bytes_of[most])
            most = type;
    snprintf(c->config->quant, sizeof c->config->quant, "%s", quant_types[most].name);
}

int model_config(ModelConfig *config, const Gguf *gguf, Err *err)
{
    Check c = {.gguf = gguf, .config = config, .err = err};
    *config = (ModelConfig){0};
    if (check_arch(&c) != 0 || check_size(&c, "block_count", LAYERS_MAX, 0, &config->layers) != 0 ||
        check_size(&c, "embedding_length", WIDTH_MAX, 0, &config->hidden) != 0 ||
        check_size(&c, "feed_forward_length", WIDTH_MAX, 0, &config->ffn) != 0 ||
        check_experts(&c) != 0 ||
        check_size(&c, "context_length", INT32_MAX, 0, &config->context) != 0 ||
        check_float(&c, "attention.layer_norm_rms_epsilon", 0, &config->norm_eps) != 0 ||
        check_heads(&c) != 0 || check_window(&c) != 0 || check_rope(&c) != 0 ||
        check_scales(&c) != 0 || check_vocab(&c) != 0)
        return -1;
    if (check_named(&c, "token_embd.weight", true, 'V', 'H') != 0 ||
        check_named(&c, "output_norm.weight", true, 0, 'H') != 0 ||
        check_named(&c, "output.weight", false, 'V', 'H') != 0 ||
        check_named(&c, "rope_freqs.weight", false, 0, 'R') != 0 ||
        check_named(&c, "rope_factors_long.weight", false, 0, 'R') != 0 ||
        check_named(&c, "rope_factors_short.weight", false, 0, 'R') != 0)
        return -1;
    for (int layer = 0; layer < config->layers; layer++)
        if (check_layer(&c, layer) != 0)
            return -1;
    if (check_nothing_left(&c) != 0)
        return -1;
    name_quant(&c);
    config->loaded = config->layers;
    return 0;
}
