/* tiny_model.c - see tiny_model.h.
 *
 * Scales: matrices have entries of variance 1/columns, so that a normalised input gives outputs of
 * about 1 and every layer moves the residual stream by as much as it holds. Signs in the output
 * norm keep a tied head from simply repeating its input token.
 */
#include "tests/support/tiny_model.h"

#include "app/bench/random_weights.h"
#include "tests/support/temp.h"

#include <assert.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t seed_of(uint64_t seed, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u ^ seed; /* FNV-1a */
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return hash;
}

TinyModel tiny_model(Arch arch)
{
    return (TinyModel){.arch = arch,
                       .layers = 4,
                       .hidden = 64,
                       .heads = 4,
                       .kv_heads = 2,
                       .head_dim = 16,
                       .ffn = 96,
                       .experts = 6,
                       .picks = 2,
                       .context = 1024,
                       .seed = 1,
                       .settle_scale = 0.3f,
                       .logit_gain = 3};
}

TinyModel tiny_model_of(Arch arch, QuantType type)
{
    TinyModel tiny = tiny_model(arch);
    tiny.embed_type = tiny.head_type = tiny.attn_type = tiny.ffn_type = tiny.down_type = type;
    if (quant_info(type)->block == 256) {
        tiny.layers = 2;
        tiny.hidden = tiny.ffn = 256;
        tiny.head_dim = 64;
    }
    return tiny;
}

/* One tensor: announced in the first pass, filled in the second. */
typedef struct Pass {
    const TinyModel *tiny;
    GgufWriter *writer;
    bool fill;
} Pass;

/* stack: so many of them, 0 = one. */
static void matrices(const Pass *pass, const char *name, QuantType type, int stack, int rows,
                     int cols, float scale)
{
    if (!pass->fill && stack > 0) {
        gguf_write_stack(pass->writer, name, type, stack, rows, cols);
        return;
    }
    if (!pass->fill) {
        gguf_write_tensor(pass->writer, name, type, rows, cols);
        return;
    }
    float p = pass->tiny->perturb, keep = sqrtf(1 - p * p);
    uint64_t state = seed_of(pass->tiny->seed, name), other = seed_of(~pass->tiny->seed, name);
    float *row = malloc((size_t)cols * sizeof *row);
    void *blocks = malloc(quant_row_bytes(type, cols));
    if (row == NULL || blocks == NULL)
        abort();
    for (int r = 0; r < rows * (stack > 0 ? stack : 1); r++) {
        for (int c = 0; c < cols; c++) {
            float own = noise_normal(&state), strange = noise_normal(&other);
            row[c] = scale * (p == 0 ? own : keep * own + p * strange);
        }
        quant_from_float(type, row, blocks, cols);
        gguf_write_data(pass->writer, blocks, quant_row_bytes(type, cols));
    }
    free(row);
    free(blocks);
}

static void matrix(const Pass *pass, const char *name, QuantType type, int rows, int cols,
                   float scale)
{
    matrices(pass, name, type, 0, rows, cols, scale);
}

/* center + spread * noise; signs: half of the values negated. */
static void vector(const Pass *pass, const char *name, int count, float center, float spread,
                   bool signs)
{
    if (!pass->fill) {
        gguf_write_tensor(pass->writer, name, QUANT_F32, 0, count);
        return;
    }
    uint64_t state = seed_of(pass->tiny->seed, name);
    bool bent = pass->tiny->last_seed > 0 && strcmp(name, "output_norm.weight") == 0;
    for (int i = 0; i < count; i++) {
        float value = center + spread * noise_normal(&state);
        if (signs && (noise_bits(&state) & 1))
            value = -value;
        value *= bent ? 1 + 0.1f * (float)(i % 3 - 1) : 1;
        gguf_write_data(pass->writer, &value, sizeof value);
    }
}

/* Standard deviation of a matrix's outputs for inputs of deviation 1, but for the two whose outputs
 * are added to the residual stream: theirs is `settle`. */
static const float gains[LAYER_PARTS] = {
    [PART_Q] = 1.5f, [PART_K] = 1.5f,   [PART_V] = 1,         [PART_GATE] = 2,
    [PART_UP] = 1,   [PART_ROUTER] = 2, [PART_GATE_EXPS] = 2, [PART_UP_EXPS] = 1};

static void layer_tensors(const Pass *pass, const ModelConfig *shape, int layer)
{
    const TinyModel *t = pass->tiny;
    float settle = t->settle > 0 && layer >= t->settle ? t->settle_scale : 1;
    for (int p = 0; p < LAYER_PARTS; p++) {
        const LayerPart *part = &layer_parts[p];
        int rows = shape_size(shape, part->rows), cols = shape_size(shape, part->cols);
        float root = sqrtf((float)cols);
        bool is_down = p == PART_DOWN || p == PART_DOWN_EXPS, added = p == PART_O || is_down;
        QuantType type = is_down ? t->down_type : part->is_ffn ? t->ffn_type : t->attn_type;
        char name[TENSOR_NAME_BYTES];
        if (!arch_has_usually(t->arch, p) || t->lacks >> p & 1)
            continue;
        if (part->quant_class == QUANT_CLASS_KEPT)
            type = QUANT_F32;
        if (is_down && t->last_gain > 0 && layer == t->layers - 1)
            settle = t->last_gain;
        snprintf(name, sizeof name, "blk.%d.%s", layer, part->name);
        if (part->rows != 0)
            matrices(pass, name, type, part->is_stack ? t->experts : 0, rows, cols,
                     added ? settle / root : gains[p] * (1 / root));
        else if (part->is_bias)
            vector(pass, name, cols, 0, 0.2f, false);
        else
            vector(pass, name, cols, 1, 0.1f, false);
    }
}

static void tensors(const Pass *pass, int vocab)
{
    const TinyModel *t = pass->tiny;
    float head = t->logit_gain / sqrtf((float)t->hidden);
    matrix(pass, "token_embd.weight", t->embed_type, vocab, t->hidden, t->tied ? head : 1);
    if (!t->tied)
        matrix(pass, "output.weight", t->head_type, vocab, t->hidden, head);
    vector(pass, "output_norm.weight", t->hidden, 1, 0.1f, true);
    if (t->rope_factors)
        vector(pass, "rope_freqs.weight", t->head_dim / 2, 2, 0.2f, false);
    TinyModel last = *t;
    last.seed = t->last_seed > 0 ? t->last_seed : t->seed;
    ModelConfig shape = {.hidden = t->hidden,
                         .ffn = t->ffn,
                         .experts = t->experts,
                         .expert_ffn = t->ffn,
                         .heads = t->heads,
                         .kv_heads = t->kv_heads,
                         .head_dim = t->head_dim};
    for (int layer = 0; layer < t->layers - 1; layer++)
        layer_tensors(pass, &shape, layer);
    layer_tensors(&(Pass){&last, pass->writer, pass->fill}, &shape, t->layers - 1);
}

/* n > 0: as an array of so many. */
static void write_size(GgufWriter *writer, const char *key, int value, int n)
{
    enum { LAYERS_MAX = 64 };
    int values[LAYERS_MAX];
    assert(n <= LAYERS_MAX);
    for (int i = 0; i < n; i++)
        values[i] = value;
    if (n > 0)
        gguf_write_array(writer, key, GGUF_I32, values, n);
    else
        gguf_write_u32(writer, key, (uint32_t)value);
}

/* What an architecture has beside what all have, so that each of them is put to use. */
static void write_arch_keys(GgufWriter *writer, Arch arch)
{
    static const struct {
        Arch arch;
        const char *name;
        float value;
    } keys[] = {{ARCH_GRANITE, "embedding_scale", 1.5f},
                {ARCH_GRANITE, "residual_scale", 0.8f},
                {ARCH_GRANITE, "attention.scale", 0.3f},
                {ARCH_GRANITE, "logit_scale", 0.75f},
                {ARCH_PHI3, "rope.scaling.attn_factor", 1.2f},
                {ARCH_MISTRAL3, "rope.scaling.factor", 8},
                {ARCH_MISTRAL3, "attention.temperature_scale", 0.3f}};
    char key[TENSOR_NAME_BYTES];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].arch == arch)
            gguf_write_f32(writer, arch_key(key, arch, keys[i].name), keys[i].value);
    if (arch != ARCH_MISTRAL3)
        return;
    gguf_write_string(writer, arch_key(key, arch, "rope.scaling.type"), "yarn");
    gguf_write_u32(writer, arch_key(key, arch, "rope.scaling.original_context_length"), 64);
}

static int write_model(const TinyModel *t, FILE *stream, Err *err)
{
    const struct {
        const char *name;
        int value;
        bool by_layer; /* files may have it for each layer */
    } sizes[] = {{"block_count", t->layers, false},
                 {"context_length", t->context, false},
                 {"embedding_length", t->hidden, false},
                 {"feed_forward_length", t->ffn, true},
                 {"attention.head_count", t->heads, true},
                 {"attention.head_count_kv", t->kv_heads, true},
                 {"attention.key_length", t->head_dim, false},
                 {"attention.value_length", t->head_dim, false}};
    char key[TENSOR_NAME_BYTES];
    GgufWriter *writer;
    if (gguf_write_open(&writer, stream, err) != 0)
        return -1;
    gguf_write_string(writer, "general.architecture", arch_info(t->arch)->name);
    gguf_write_u32(writer, "general.alignment", 32);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        arch_key(key, t->arch, sizes[i].name);
        write_size(writer, key, sizes[i].value, sizes[i].by_layer ? t->by_layer : 0);
    }
    if (arch_has_experts(t->arch)) {
        arch_key(key, t->arch, "expert_count");
        gguf_write_u32(writer, key, (uint32_t)t->experts);
        arch_key(key, t->arch, "expert_used_count");
        gguf_write_u32(writer, key, (uint32_t)t->picks);
        arch_key(key, t->arch, "expert_feed_forward_length");
        gguf_write_u32(writer, key, (uint32_t)t->ffn);
    }
    arch_key(key, t->arch, "attention.layer_norm_rms_epsilon");
    gguf_write_f32(writer, key, 1e-5f);
    arch_key(key, t->arch, "rope.freq_base");
    gguf_write_f32(writer, key, 10000);
    if (t->rope_scale > 0) {
        arch_key(key, t->arch, "rope.scaling.type");
        gguf_write_string(writer, key, "linear");
        arch_key(key, t->arch, "rope.scaling.factor");
        gguf_write_f32(writer, key, t->rope_scale);
    }
    write_arch_keys(writer, t->arch);
    if (t->window > 0) {
        arch_key(key, t->arch, "attention.sliding_window");
        gguf_write_u32(writer, key, (uint32_t)t->window);
    }
    if (t->more_key)
        gguf_write_raw(writer, (GgufString){t->more_key, strlen(t->more_key)}, t->more_type,
                       t->more, t->more_bytes);
    int vocab = tiny_vocab_write(writer, t->vocab, t->pads) + t->padding;
    tensors(&(Pass){t, writer, false}, vocab);
    tensors(&(Pass){t, writer, true}, vocab);
    return gguf_write_close(writer, err);
}

int tiny_model_write(const TinyModel *tiny, const char *path, Err *err)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return err_set(err, EXIT_IO, "%s: cannot write", path);
    int result = write_model(tiny, file, err);
    if (fclose(file) != 0)
        result = err_set(err, EXIT_IO, "%s: cannot write", path);
    return result;
}

Model *tiny_model_open(const TinyModel *tiny, Kernels *kernels, const char *name,
                       const ModelUse *use)
{
    static const ModelUse whole = {0};
    char path[TEMP_BYTES];
    Model *model;
    Err err = {0};
    temp_file_make(path);
    if (tiny_model_write(tiny, path, &err) != 0 ||
        model_open_draft(&model, kernels, path, name, use ? use : &whole, NULL, NULL, &err) != 0)
        fail_msg("%s: %s", name, err.text);
    unlink(path);
    return model;
}

int tiny_model_bytes(const TinyModel *tiny, unsigned char **data, size_t *bytes, Err *err)
{
    char *memory = NULL;
    *data = NULL;
    FILE *stream = open_memstream(&memory, bytes);
    if (stream == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for a tiny model");
    int result = write_model(tiny, stream, err);
    fclose(stream);
    if (result != 0)
        free(memory);
    else
        *data = (unsigned char *)memory;
    return result;
}
