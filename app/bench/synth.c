/* synth.c - see synth.h.
 *
 * The file is streamed: blocks are drawn from a small pool of quantised noise, so a 40 GB model
 * needs no memory to speak of and is written as fast as the disk takes it. Scales are such that
 * every layer's output is about 1.
 */
#include "app/bench/synth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/bench/random_weights.h"
#include "app/bench/shapes.h"
#include "app/profile/catalog.h"
#include "engine/gguf/gguf_write.h"

enum {
    UNIT = 256,        /* values that are drawn at once: whole blocks of every type */
    POOL_UNITS = 1024, /* of noise to draw from */
    POOLS = 8,         /* more than there are (type, scale) pairs in a model */
    BUFFER_BYTES = 1 << 20,
};

/* Quantised noise of one type and one standard deviation. */
typedef struct Pool {
    QuantType type;
    float scale;
    unsigned char *units; /* [POOL_UNITS] of UNIT values; NULL = not made yet */
} Pool;

typedef struct Synth {
    Shape shape;
    QuantType type;
    const char *out;
    const Gguf *source; /* of the vocabulary */
    int vocab;
    uint64_t random;
    Pool pools[POOLS];
    unsigned char *buffer;
    GgufWriter *writer;
    bool fill;   /* second pass: data */
    bool failed; /* no memory */
} Synth;

static const Pool *pool_get(Synth *s, QuantType type, float scale)
{
    Pool *pool = s->pools;
    while (pool->units != NULL && (pool->type != type || pool->scale != scale))
        pool++;
    if (pool->units != NULL)
        return pool;
    size_t unit_bytes = quant_row_bytes(type, UNIT);
    *pool = (Pool){type, scale, malloc(POOL_UNITS * unit_bytes)};
    if (pool->units == NULL)
        return NULL;
    for (int u = 0; u < POOL_UNITS; u++) {
        float values[UNIT];
        for (int i = 0; i < UNIT; i++)
            values[i] = scale * noise_normal(&s->random);
        quant_from_float(type, values, pool->units + (size_t)u * unit_bytes, UNIT);
    }
    return pool;
}

/* gain: standard deviation of the outputs for inputs of deviation 1. stack: so many of them, 0 = one. */
static void matrices(Synth *s, const char *name, QuantType type, int stack, int rows, int cols,
                     float gain)
{
    if (!s->fill && stack > 0) {
        gguf_write_stack(s->writer, name, type, stack, rows, cols);
        return;
    }
    if (!s->fill) {
        gguf_write_tensor(s->writer, name, type, rows, cols);
        return;
    }
    const Pool *pool = s->failed ? NULL : pool_get(s, type, gain / sqrtf((float)cols));
    if (pool == NULL) {
        s->failed = true;
        return;
    }
    size_t unit_bytes = quant_row_bytes(type, UNIT), full = BUFFER_BYTES / unit_bytes * unit_bytes;
    uint64_t left =
        quant_row_bytes(type, cols) * (uint64_t)rows * (uint64_t)(stack > 0 ? stack : 1);
    while (left > 0) {
        for (size_t at = 0; at < full && at < left; at += unit_bytes) {
            size_t unit = (size_t)(noise_bits(&s->random) >> 32) % POOL_UNITS;
            memcpy(s->buffer + at, pool->units + unit * unit_bytes, unit_bytes);
        }
        size_t bytes = left < full ? (size_t)left : full;
        gguf_write_data(s->writer, s->buffer, bytes);
        left -= bytes;
    }
}

static void matrix(Synth *s, const char *name, int rows, int cols, float gain)
{
    matrices(s, name, quant_fitting(s->type, cols), 0, rows, cols, gain);
}

static void vector(Synth *s, const char *name, int count, float value)
{
    if (!s->fill) {
        gguf_write_tensor(s->writer, name, QUANT_F32, 0, count);
        return;
    }
    for (int i = 0; i < count; i++)
        gguf_write_data(s->writer, &value, sizeof value);
}

static void layer(Synth *s, int index)
{
    ModelConfig config = shape_config(&s->shape);
    for (int p = 0; p < LAYER_PARTS; p++) {
        const LayerPart *part = &layer_parts[p];
        int cols = shape_size(&config, part->cols);
        char name[TENSOR_NAME_BYTES];
        if (!arch_has_usually(config.arch, p))
            continue;
        snprintf(name, sizeof name, "blk.%d.%s", index, part->name);
        if (part->rows == 0)
            vector(s, name, cols, part->is_bias ? 0.01f : 1);
        else
            matrices(s, name,
                     part->quant_class == QUANT_CLASS_KEPT ? QUANT_F32
                                                           : quant_fitting(s->type, cols),
                     part->is_stack ? config.experts : 0, shape_size(&config, part->rows), cols, 1);
    }
}

static void tensors(Synth *s, bool fill)
{
    s->fill = fill;
    matrix(s, "token_embd.weight", s->vocab, s->shape.hidden, 3);
    if (!s->shape.tied)
        matrix(s, "output.weight", s->vocab, s->shape.hidden, 3);
    vector(s, "output_norm.weight", s->shape.hidden, 1);
    for (int i = 0; i < s->shape.layers; i++)
        layer(s, i);
}

static void shape_keys(Synth *s)
{
    const Shape *h = &s->shape;
    const struct {
        const char *name;
        int value;
    } sizes[] = {{"block_count", h->layers},
                 {"context_length", h->context},
                 {"embedding_length", h->hidden},
                 {"feed_forward_length", h->ffn},
                 {"attention.head_count", h->heads},
                 {"attention.head_count_kv", h->kv_heads},
                 {"attention.key_length", h->head_dim},
                 {"attention.value_length", h->head_dim},
                 {"rope.dimension_count", h->head_dim}};
    const struct {
        const char *name;
        int value;
    } experts[] = {{"expert_count", h->experts},
                   {"expert_used_count", h->picks},
                   {"expert_feed_forward_length", h->expert_ffn}};
    char text[96], key[TENSOR_NAME_BYTES];
    gguf_write_string(s->writer, "general.architecture", arch_info(h->arch)->name);
    gguf_write_string(s->writer, "general.type", "model");
    snprintf(text, sizeof text, "random weights in the shape of %s", h->name);
    gguf_write_string(s->writer, "general.name", text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        arch_key(key, h->arch, sizes[i].name);
        gguf_write_u32(s->writer, key, (uint32_t)sizes[i].value);
    }
    for (size_t i = 0; h->experts > 0 && i < sizeof experts / sizeof *experts; i++) {
        arch_key(key, h->arch, experts[i].name);
        gguf_write_u32(s->writer, key, (uint32_t)experts[i].value);
    }
    arch_key(key, h->arch, "attention.layer_norm_rms_epsilon");
    gguf_write_f32(s->writer, key, h->norm_eps);
    arch_key(key, h->arch, "rope.freq_base");
    gguf_write_f32(s->writer, key, h->rope_base);
    if (arch_info(h->arch)->scales) {
        arch_key(key, h->arch, "logit_scale");
        gguf_write_f32(s->writer, key, 1);
    }
    if (h->window > 0) {
        arch_key(key, h->arch, "attention.sliding_window");
        gguf_write_u32(s->writer, key, (uint32_t)h->window);
    }
}

typedef struct Copy {
    const Gguf *from;
    GgufWriter *to;
} Copy;

static void copy_key(void *user, GgufString key, GgufType type, const char *value)
{
    static const char prefix[] = "tokenizer.";
    const Copy *copy = user;
    size_t bytes;
    (void)value;
    if (key.length < sizeof prefix - 1 || memcmp(key.data, prefix, sizeof prefix - 1) != 0)
        return;
    const void *raw = gguf_raw_value(copy->from, key, &type, &bytes);
    gguf_write_raw(copy->to, key, type, raw, bytes);
}

/* Vicuna's files often come without a template. */
static void vocab_keys(Synth *s, const Gguf *vocab)
{
    GgufString template;
    gguf_each_key(vocab, copy_key, &(Copy){vocab, s->writer});
    if (strncmp(s->shape.name, "vicuna", 6) == 0 &&
        gguf_get_string(vocab, "tokenizer.chat_template", &template, NULL) == 0)
        gguf_write_string(
            s->writer, "tokenizer.chat_template",
            "{% for message in messages %}{% if message['role'] == 'user' %}"
            "{{ 'USER: ' + message['content'] + ' ' }}{% elif message['role'] == 'assistant' %}"
            "{{ 'ASSISTANT: ' + message['content'] + eos_token }}{% else %}"
            "{{ message['content'] + ' ' }}{% endif %}{% endfor %}"
            "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}");
}

static int write_model(FILE *stream, void *user, Err *err)
{
    Synth *s = user;
    int result = -1;
    s->buffer = malloc(BUFFER_BYTES);
    if (s->buffer == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for a buffer");
    if (gguf_write_open(&s->writer, stream, err) == 0) {
        shape_keys(s);
        vocab_keys(s, s->source);
        tensors(s, false);
        tensors(s, true);
        if (s->failed)
            err_set(err, EXIT_MEMORY, "no memory for the noise that weights are drawn from");
        result = gguf_write_close(s->writer, err);
    }
    for (int i = 0; i < POOLS; i++)
        free(s->pools[i].units);
    free(s->buffer);
    return result;
}

/* Whole or not at all: a half-written model is never found under its name. */
static int write_file(Synth *s, Err *err)
{
    struct stat st;
    if (stat(s->out, &st) == 0 && !S_ISREG(st.st_mode))
        return err_set(err, EXIT_USAGE, "%s is there and is no file; name another one", s->out);
    return save_stream(s->out, write_model, s, err);
}

int synth_layers(const char *shape)
{
    Shape found;
    return shape_find(&found, shape, NULL) == 0 ? found.layers : 0;
}

/* To the file `out` or, where that is NULL, to the stream. */
static int synthesise(const SynthOptions *options, const char *out, FILE *stream, SynthInfo *info,
                      Err *err)
{
    char path[PATH_BYTES];
    Gguf *vocab;
    Synth s = {.type = options->type, .out = out, .random = (uint64_t)options->seed};
    if (shape_find(&s.shape, options->shape, err) != 0 ||
        catalog_resolve(options->vocab_file, path, sizeof path, err) != 0 ||
        gguf_open(&vocab, path, err) != 0)
        return -1;
    if (options->layers > 0)
        s.shape.layers = options->layers;
    int found = gguf_get_array(vocab, "tokenizer.ggml.tokens", GGUF_STRING, &s.vocab, err);
    int result = -1;
    if (found == 0 || (found == 1 && s.vocab == 0))
        err_set(err, EXIT_DATA, "%s: no vocabulary in this file", gguf_label(vocab));
    else if (found == 1) {
        s.source = vocab;
        result = out ? write_file(&s, err) : write_model(stream, &s, err);
    }
    gguf_close(vocab);
    *info = (SynthInfo){s.shape.layers, s.vocab};
    return result;
}

int synth_write(const SynthOptions *options, const char *out, SynthInfo *info, Err *err)
{
    return synthesise(options, out, NULL, info, err);
}

int synth_write_stream(const SynthOptions *options, FILE *stream, SynthInfo *info, Err *err)
{
    return synthesise(options, NULL, stream, info, err);
}
