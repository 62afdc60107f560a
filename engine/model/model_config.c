/* model_config.c - a GGUF header in, the shape of a transformer out; see model.h.
 *
 * Everything that loading and computing rely on is checked here, before a weight is read: the
 * architecture and its switches, every tensor's presence, shape and type, and that no tensor is
 * left over which the engine would silently leave out. Keys: github.com/ggml-org/ggml,
 * docs/gguf.md.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/model/model_parts.h"

enum {
    LAYERS_MAX = 512,
    HEADS_MAX = 1024,
    HEAD_DIM_MAX = 1024,
    WIDTH_MAX = 1 << 20,
    VOCAB_MAX = 1 << 22
};

/* What the checks share. */
typedef struct Check {
    const Gguf *gguf;
    ModelConfig *config;
    Arch arch;                      /* config's */
    int known;                      /* tensors that the engine has a use for */
    uint64_t bytes_of[QUANT_TYPES]; /* bytes of the layers' matrices by row of quant_types */
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
    return err_set(c->err, EXIT_DATA, "%s: %s", gguf_label(c->gguf), text);
}

const GgufTensor *layer_tensor(const Gguf *gguf, int layer, const LayerPart *part)
{
    char name[TENSOR_NAME_BYTES];
    snprintf(name, sizeof name, "blk.%d.%s", layer, part->name);
    return gguf_tensor(gguf, name);
}

/* An integer key that may be written for each layer, as an array in which they are all equal. */
static int get_u32(const Check *c, const char *key, uint32_t *value)
{
    int32_t of_layer[LAYERS_MAX];
    int count, layers = c->config->layers;
    if (layers == 0 || gguf_get_array(c->gguf, key, GGUF_I32, &count, NULL) <= 0)
        return gguf_get_u32(c->gguf, key, value, c->err);
    if (gguf_array_copy(c->gguf, key, GGUF_I32, of_layer, layers, c->err) < 0)
        return -1;
    for (int i = 1; i < layers; i++)
        if (of_layer[i] != of_layer[0])
            return fail(c, "key '%s' is %d in layer 0 and %d in layer %d; s2d needs layers alike",
                        key, of_layer[0], of_layer[i], i);
    if (of_layer[0] < 0)
        return fail(c, "key '%s' is %d, out of range", key, of_layer[0]);
    *value = (uint32_t)of_layer[0];
    return 1;
}

/* An integer key from 1 to max; fallback: its value when absent, 0 = it must be there. */
static int get_size(const Check *c, const char *name, int max, int fallback, int *value)
{
    char key[TENSOR_NAME_BYTES];
    uint32_t number = 0;
    int found = get_u32(c, arch_key(key, c->arch, name), &number);
    if (found < 0)
        return -1;
    if (found == 0 && fallback == 0)
        return fail(c, "key '%s' is missing; the file is no complete model", key);
    if (found == 0)
        number = (uint32_t)fallback;
    if (number < 1 || number > (uint32_t)max)
        return fail(c, "key '%s' is %u, expected 1 to %d", key, number, max);
    *value = (int)number;
    return 0;
}

/* A float key in (0, 1e12]; fallback: its value when absent, 0 = it must be there. */
static int get_float(const Check *c, const char *name, float fallback, float *value)
{
    char key[TENSOR_NAME_BYTES];
    *value = fallback;
    int found = gguf_get_f32(c->gguf, arch_key(key, c->arch, name), value, c->err);
    if (found < 0)
        return -1;
    if (found == 0 && fallback == 0)
        return fail(c, "key '%s' is missing; the file is no complete model", key);
    if (!(*value > 0 && *value <= 1e12f)) /* NaN fails too */
        return fail(c, "key '%s' is %g, expected a positive number", key, (double)*value);
    return 0;
}

static bool string_is(GgufString string, const char *text)
{
    return string.length == strlen(text) && memcmp(string.data, text, string.length) == 0;
}

static int shown(GgufString string)
{
    return string.length < 60 ? (int)string.length : 60;
}

static int check_arch(Check *c)
{
    GgufString name, type;
    int found = gguf_get_string(c->gguf, "general.type", &type, c->err);
    if (found < 0)
        return -1;
    if (found == 1 && !string_is(type, "model"))
        return fail(c, "this is a file of type '%.*s', not a model", shown(type), type.data);
    found = gguf_get_string(c->gguf, "general.architecture", &name, c->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return fail(c, "key 'general.architecture' is missing; the file is no complete model");
    char known[ARCH_NAMES_BYTES];
    if (!arch_find(&c->arch, name))
        return fail(c, "architecture '%.*s' is not supported; s2d runs %s", shown(name), name.data,
                    arch_names(known));
    c->config->arch = c->arch;
    c->config->rope_neox = arch_info(c->arch)->rope_neox;
    return 0;
}

static int check_heads(Check *c)
{
    ModelConfig *config = c->config;
    if (get_size(c, "attention.head_count", HEADS_MAX, 0, &config->heads) != 0 ||
        get_size(c, "attention.head_count_kv", HEADS_MAX, config->heads, &config->kv_heads) != 0)
        return -1;
    if (config->heads % config->kv_heads != 0)
        return fail(c, "%d attention heads cannot share %d key/value heads", config->heads,
                    config->kv_heads);
    char key[TENSOR_NAME_BYTES];
    uint32_t given;
    bool own_size =
        gguf_get_u32(c->gguf, arch_key(key, c->arch, "attention.key_length"), &given, NULL) == 1;
    if (!own_size && config->hidden % config->heads != 0)
        return fail(c, "%d attention heads do not divide the hidden size %d", config->heads,
                    config->hidden);
    int value_dim, rope_dim;
    if (get_size(c, "attention.key_length", HEAD_DIM_MAX, config->hidden / config->heads,
                 &config->head_dim) != 0 ||
        get_size(c, "attention.value_length", HEAD_DIM_MAX, config->head_dim, &value_dim) != 0 ||
        get_size(c, "rope.dimension_count", HEAD_DIM_MAX, config->head_dim, &rope_dim) != 0)
        return -1;
    if (config->head_dim % 2 != 0)
        return fail(c, "the head size %d is odd; rotary embeddings need pairs", config->head_dim);
    if (value_dim != config->head_dim || rope_dim != config->head_dim)
        return fail(
            c, "keys of %d, values of %d and %d rotated dimensions; s2d needs them to be equal",
            config->head_dim, value_dim, rope_dim);
    return 0;
}

/* A factor of 0 is how some files say that there is none. */
static int get_divisor(const Check *c, const char *name, float *scale)
{
    char key[TENSOR_NAME_BYTES];
    if (gguf_get_f32(c->gguf, arch_key(key, c->arch, name), scale, NULL) == 1 && *scale == 0) {
        *scale = 1;
        return 0;
    }
    return get_float(c, name, 1, scale);
}

/* The divisor of linear rope scaling, under its present and its former key. */
static int get_rope_scale(const Check *c, float *scale)
{
    char key[TENSOR_NAME_BYTES];
    GgufString type;
    int found =
        gguf_get_string(c->gguf, arch_key(key, c->arch, "rope.scaling.type"), &type, c->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return get_divisor(c, "rope.scale_linear", scale);
    *scale = 1;
    if (string_is(type, "none"))
        return 0;
    if (string_is(type, "linear"))
        return get_divisor(c, "rope.scaling.factor", scale);
    return fail(c, "rope scaling '%.*s' is not supported; s2d knows none and linear", shown(type),
                type.data);
}

float rope_scale(const Gguf *gguf, Arch arch)
{
    Check c = {.gguf = gguf, .arch = arch};
    float scale = 1;
    get_rope_scale(&c, &scale);
    return scale;
}

static int check_no_experts(const Check *c)
{
    char key[TENSOR_NAME_BYTES];
    uint32_t experts = 0;
    if (gguf_get_u32(c->gguf, arch_key(key, c->arch, "expert_count"), &experts, c->err) < 0)
        return -1;
    return experts == 0 ? 0 : fail(c, "a mixture of %u experts is not supported", experts);
}

/* rows 0: a vector of `cols` floats. Counts the tensor as known. */
static int check_shape(Check *c, const GgufTensor *tensor, int rows, int cols)
{
    c->known++;
    bool matrix = rows > 0;
    if (tensor->dims[0] != cols || tensor->dims[1] != (matrix ? rows : 1) || tensor->dims[2] != 1 ||
        tensor->dims[3] != 1)
        return fail(c, "tensor '%.*s' is [%lld, %lld], expected [%d, %d]", shown(tensor->name),
                    tensor->name.data, (long long)tensor->dims[0], (long long)tensor->dims[1], cols,
                    matrix ? rows : 1);
    if (!matrix && quant_info(tensor->type)->block != 1)
        return fail(c, "tensor '%.*s' is of type %s, expected F32", shown(tensor->name),
                    tensor->name.data, quant_info(tensor->type)->name);
    return 0;
}

static int check_named(Check *c, const char *name, bool needed, char rows, char cols)
{
    const GgufTensor *tensor = gguf_tensor(c->gguf, name);
    if (tensor == NULL && needed)
        return fail(c, "tensor '%s' is missing; the file is no complete model", name);
    if (tensor == NULL)
        return 0;
    return check_shape(c, tensor, shape_size(c->config, rows), shape_size(c->config, cols));
}

static int check_layer(Check *c, int layer)
{
    for (int i = 0; i < LAYER_PARTS; i++) {
        const LayerPart *part = &layer_parts[i];
        const GgufTensor *tensor = layer_tensor(c->gguf, layer, part);
        if (!arch_allows(c->arch, i) || (tensor == NULL && !arch_requires(c->arch, i)))
            continue;
        if (tensor == NULL)
            return fail(c, "tensor 'blk.%d.%s' is missing; the file is no complete model", layer,
                        part->name);
        int rows = shape_size(c->config, part->rows);
        if (check_shape(c, tensor, rows, shape_size(c->config, part->cols)) != 0)
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
        return fail(c, "tensor 'token_embd.weight' is missing; the file is no complete model");
    if (embed->dims[1] > VOCAB_MAX)
        return fail(c, "a vocabulary of %lld tokens, more than %d", (long long)embed->dims[1],
                    VOCAB_MAX);
    c->config->vocab = (int)embed->dims[1];
    int found = gguf_get_array(c->gguf, "tokenizer.ggml.tokens", GGUF_STRING, &tokens, c->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return fail(c, "key 'tokenizer.ggml.tokens' is missing; the file is no complete model");
    if (tokens > c->config->vocab)
        return fail(c, "the tokenizer has %d tokens, but the embedding only %d rows", tokens,
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
            for (int p = 0; p < LAYER_PARTS; p++)
                known =
                    known || (arch_allows(c->arch, p) && strcmp(rest, layer_parts[p].name) == 0);
        static const char *const others[] = {"token_embd.weight", "output_norm.weight",
                                             "output.weight", "rope_freqs.weight"};
        for (size_t o = 0; o < sizeof others / sizeof *others; o++)
            known = known || strcmp(name, others[o]) == 0;
        if (!known)
            return fail(c, "tensor '%s' belongs to no model that s2d knows", name);
    }
    return 0;
}

static void name_quant(Check *c)
{
    int most = 0;
    c->config->weight_bytes = 0;
    for (int i = 0; i < gguf_tensor_count(c->gguf); i++)
        c->config->weight_bytes += gguf_tensor_at(c->gguf, i)->bytes;
    for (int type = 1; type < QUANT_TYPES; type++)
        if (c->bytes_of[type] > c->bytes_of[most])
            most = type;
    snprintf(c->config->quant, sizeof c->config->quant, "%s", quant_types[most].name);
}

int model_config(ModelConfig *config, const Gguf *gguf, Err *err)
{
    Check c = {.gguf = gguf, .config = config, .err = err};
    *config = (ModelConfig){0};
    float scale;
    if (check_arch(&c) != 0 || check_no_experts(&c) != 0 ||
        get_size(&c, "block_count", LAYERS_MAX, 0, &config->layers) != 0 ||
        get_size(&c, "embedding_length", WIDTH_MAX, 0, &config->hidden) != 0 ||
        get_size(&c, "feed_forward_length", WIDTH_MAX, 0, &config->ffn) != 0 ||
        get_size(&c, "context_length", INT32_MAX, 0, &config->context) != 0 ||
        get_float(&c, "attention.layer_norm_rms_epsilon", 0, &config->norm_eps) != 0 ||
        get_float(&c, "rope.freq_base", 10000, &config->rope_base) != 0 || check_heads(&c) != 0 ||
        get_rope_scale(&c, &scale) != 0 || check_vocab(&c) != 0)
        return -1;
    if (check_named(&c, "token_embd.weight", true, 'V', 'H') != 0 ||
        check_named(&c, "output_norm.weight", true, 0, 'H') != 0 ||
        check_named(&c, "output.weight", false, 'V', 'H') != 0 ||
        check_named(&c, "rope_freqs.weight", false, 0, 'R') != 0)
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
