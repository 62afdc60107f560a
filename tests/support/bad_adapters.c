/* bad_adapters.c - see bad_adapters.h.
 *
 * The valid adapter is a list of keys and tensors; each case changes one entry of it, adds one or
 * takes one away.
 */
#include "tests/support/bad_adapters.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench/random_weights.h"
#include "engine/gguf/gguf_write.h"

typedef enum KeyKind { KEY_TEXT, KEY_U32, KEY_F32, KEY_INTS } KeyKind;

typedef struct PlanKey {
    const char *name;
    KeyKind kind;
    const char *text;
    double number;
    int ints[12], n;
} PlanKey;

typedef struct PlanTensor {
    const char *name;
    QuantType type;
    int rows, cols; /* rows 0: a vector */
} PlanTensor;

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const PlanKey keys[] = {
    {"general.type", KEY_TEXT, "adapter", 0, {0}, 0},
    {"adapter.type", KEY_TEXT, "lora", 0, {0}, 0},
    {"general.architecture", KEY_TEXT, "llama", 0, {0}, 0},
    {"adapter.lora.alpha", KEY_F32, NULL, 6, {0}, 0},
    {"s2d.base.sha256", KEY_TEXT, HASH, 0, {0}, 0},
    {"s2d.layers", KEY_U32, NULL, 3, {0}, 0},
    {"s2d.exits", KEY_INTS, NULL, 0, {1, 2, 3}, 3},
    {"s2d.exit.2.copy_of", KEY_U32, NULL, 3, {0}, 0},
    {"s2d.vocab", KEY_INTS, NULL, 0, {1, 5, 9, 40}, 4},
};

static const PlanTensor tensors[] = {
    {"s2d.exit.1.norm.weight", QUANT_F32, 0, 64},
    {"s2d.exit.1.blk.attn_norm.weight", QUANT_F16, 0, 64},
    {"s2d.exit.1.blk.attn_q.weight", QUANT_Q8_0, 64, 64},
    {"s2d.exit.1.blk.attn_k.weight", QUANT_F16, 32, 64},
    {"s2d.exit.1.blk.attn_v.weight", QUANT_BF16, 32, 64},
    {"s2d.exit.1.blk.attn_output.weight", QUANT_Q5_1, 64, 64},
    {"s2d.exit.1.blk.ffn_norm.weight", QUANT_F32, 0, 64},
    {"s2d.exit.1.blk.ffn_gate.weight", QUANT_Q5_0, 96, 64},
    {"s2d.exit.1.blk.ffn_up.weight", QUANT_Q4_0, 96, 64},
    {"s2d.exit.1.blk.ffn_down.weight", QUANT_F32, 64, 96},
    {"s2d.exit.2.blk.attn_norm.weight", QUANT_F32, 0, 64},
    {"s2d.exit.2.blk.attn_q.weight.lora_a", QUANT_F32, 3, 64},
    {"s2d.exit.2.blk.attn_q.weight.lora_b", QUANT_F16, 64, 3},
    {"s2d.exit.2.blk.ffn_down.weight.lora_a", QUANT_F32, 2, 96},
    {"s2d.exit.2.blk.ffn_down.weight.lora_b", QUANT_F32, 64, 2},
    {"blk.0.ffn_up.weight.lora_a", QUANT_Q8_0, 32, 64},
    {"blk.0.ffn_up.weight.lora_b", QUANT_Q4_0, 96, 32},
};

enum {
    KEYS = sizeof keys / sizeof *keys,
    TENSORS = sizeof tensors / sizeof *tensors,
};

/* In place of the entry of that name, or at the end; NULL = nothing. */
typedef struct Case {
    const char *name;
    bool early;
    const char *says;
    const char *where;
    PlanKey key;
    PlanTensor tensor;
} Case;

#define EARLY(name, says, where, ...)         \
    {                                         \
        name, true, says, where, __VA_ARGS__, \
        {                                     \
            NULL, QUANT_F32, 0, 0             \
        }                                     \
    }
#define LATE_KEY(name, says, where, ...)       \
    {                                          \
        name, false, says, where, __VA_ARGS__, \
        {                                      \
            NULL, QUANT_F32, 0, 0              \
        }                                      \
    }
#define LATE(name, says, where, ...)                                             \
    {                                                                            \
        name, false, says, where, {NULL, KEY_TEXT, NULL, 0, {0}, 0}, __VA_ARGS__ \
    }
#define TEXT(key, value)                \
    {                                   \
        key, KEY_TEXT, value, 0, {0}, 0 \
    }
#define NUMBER(key, value)                \
    {                                     \
        key, KEY_U32, NULL, value, {0}, 0 \
    }
#define FLOAT(key, value)                 \
    {                                     \
        key, KEY_F32, NULL, value, {0}, 0 \
    }
#define INTS(key, n, ...)                        \
    {                                            \
        key, KEY_INTS, NULL, 0, {__VA_ARGS__}, n \
    }
#define NO_KEY                          \
    {                                   \
        NULL, KEY_TEXT, NULL, 0, {0}, 0 \
    }
#define NO_TENSOR             \
    {                         \
        NULL, QUANT_F32, 0, 0 \
    }

static const Case cases[] = {
    EARLY("01-a-model", "not 'adapter'", "general.type", TEXT("general.type", "model")),
    EARLY("01-no-type", "not 'adapter'", "general.type", NO_KEY),
    EARLY("01-type-number", "expected string", "general.type", NUMBER("general.type", 1)),
    EARLY("01-control-vector", "not 'lora'", "adapter.type", TEXT("adapter.type", "control")),
    EARLY("02-mamba", "'mamba'", "general.architecture", TEXT("general.architecture", "mamba")),
    LATE_KEY("02-qwen2", "the draft's base is llama", "general.architecture",
             TEXT("general.architecture", "qwen2")),
    EARLY("03-no-hash", "not known", "s2d.base.sha256", NO_KEY),
    EARLY("03-short-hash", "not known", "s2d.base.sha256", TEXT("s2d.base.sha256", "0123")),
    EARLY("03-capital-hash", "not known", "s2d.base.sha256",
          TEXT("s2d.base.sha256",
               "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef")),
    EARLY("04-no-layers", "is missing", "s2d.layers", NO_KEY),
    EARLY("04-layers-0", "expected 1 to", "s2d.layers", NUMBER("s2d.layers", 0)),
    EARLY("04-layers-2-32", "expected 1 to", "s2d.layers", NUMBER("s2d.layers", 4294967295.0)),
    EARLY("04-layers-5", "the last one 5", "s2d.layers", NUMBER("s2d.layers", 5)),
    EARLY("05-no-exits", "'s2d.exits' is missing", "s2d.exits", NO_KEY),
    EARLY("05-empty-exits", "has 0 elements", "s2d.exits", INTS("s2d.exits", 0, 0)),
    EARLY("05-nine-exits", "has 9 elements", "s2d.exits",
          INTS("s2d.exits", 9, 1, 2, 3, 4, 5, 6, 7, 8, 9)),
    EARLY("05-exit-0", "expected 1 or more", "s2d.exits", INTS("s2d.exits", 2, 0, 3)),
    EARLY("05-exit-negative", "does not ascend", "s2d.exits", INTS("s2d.exits", 2, -1, 3)),
    EARLY("05-exits-fall", "does not ascend", "s2d.exits", INTS("s2d.exits", 3, 2, 1, 3)),
    EARLY("05-exit-twice", "does not ascend", "s2d.exits", INTS("s2d.exits", 3, 1, 1, 3)),
    EARLY("05-last-is-not-layers", "the last one 3", "s2d.exits", INTS("s2d.exits", 2, 1, 2)),
    EARLY("05-exits-text", "expected array", "s2d.exits", TEXT("s2d.exits", "1 2 3")),
    EARLY("06-vocab-negative", "does not ascend", "s2d.vocab", INTS("s2d.vocab", 2, -5, 3)),
    EARLY("06-vocab-falls", "does not ascend", "s2d.vocab", INTS("s2d.vocab", 3, 1, 9, 5)),
    EARLY("06-vocab-empty", "has 0 elements", "s2d.vocab", INTS("s2d.vocab", 0, 0)),
    LATE_KEY("06-vocab-large", "short list holds token 1000000", "s2d.vocab",
             INTS("s2d.vocab", 2, 1, 1000000)),
    EARLY("07-alpha-0", "positive", "adapter.lora.alpha", FLOAT("adapter.lora.alpha", 0)),
    EARLY("07-alpha-negative", "positive", "adapter.lora.alpha", FLOAT("adapter.lora.alpha", -1)),
    EARLY("07-alpha-nan", "positive", "adapter.lora.alpha",
          FLOAT("adapter.lora.alpha", (double)NAN)),
    LATE_KEY("07-no-alpha", "needs it", "adapter.lora.alpha", NO_KEY),
    EARLY("08-copy-of-2-31", "expected 0 to", "s2d.exit.2.copy_of",
          NUMBER("s2d.exit.2.copy_of", 2147483648.0)),
    LATE_KEY("08-copy-of-4", "a copy of layer 4", "s2d.exit.2.copy_of",
             NUMBER("s2d.exit.2.copy_of", 4)),
    LATE_KEY("08-no-copy", "changes nothing", "s2d.exit.2.copy_of", NO_KEY),
    LATE("09-no-q", "attn_q.weight' is missing", "s2d.exit.1.blk.attn_q.weight", NO_TENSOR),
    LATE("09-no-norm", "attn_norm.weight' is missing", "s2d.exit.1.blk.attn_norm.weight",
         NO_TENSOR),
    LATE("09-no-down", "3 of 4 tensors", "s2d.exit.1.blk.ffn_down.weight", NO_TENSOR),
    LATE("10-norm-length", "expected [64, 1]", "s2d.exit.1.norm.weight",
         {"s2d.exit.1.norm.weight", QUANT_F32, 0, 65}),
    LATE("10-norm-matrix", "expected [64, 1]", "s2d.exit.1.norm.weight",
         {"s2d.exit.1.norm.weight", QUANT_F32, 2, 64}),
    LATE("10-norm-q8", "expected F32", "s2d.exit.1.norm.weight",
         {"s2d.exit.1.norm.weight", QUANT_Q8_0, 0, 64}),
    LATE("10-q-shape", "expected [64, 64]", "s2d.exit.1.blk.attn_q.weight",
         {"s2d.exit.1.blk.attn_q.weight", QUANT_Q8_0, 64, 32}),
    LATE("11-rank-differs", "expected [3, 64]", "s2d.exit.2.blk.attn_q.weight.lora_b",
         {"s2d.exit.2.blk.attn_q.weight.lora_b", QUANT_F16, 64, 4}),
    LATE("11-no-b", "no partner", "s2d.exit.2.blk.attn_q.weight.lora_b", NO_TENSOR),
    LATE("11-no-a", "no partner", "blk.0.ffn_up.weight.lora_a", NO_TENSOR),
    LATE("11-rank-5000", "rank 5000", "s2d.exit.2.blk.attn_q.weight.lora_a",
         {"s2d.exit.2.blk.attn_q.weight.lora_a", QUANT_F32, 5000, 64}),
    LATE("11-pair-of-a-norm", "no adapter that s2d knows", "",
         {"s2d.exit.2.blk.ffn_norm.weight.lora_a", QUANT_F32, 2, 64}),
    LATE("11-pair-and-own", "changes nothing", "",
         {"s2d.exit.1.blk.attn_q.weight.lora_a", QUANT_F32, 2, 64}),
    LATE("12-head-pair", "no adapter that s2d knows", "",
         {"output.weight.lora_a", QUANT_F32, 2, 64}),
    LATE("12-whole-base-layer", "no adapter that s2d knows", "",
         {"blk.1.attn_q.weight", QUANT_F32, 64, 64}),
    LATE("12-layer-not-used", "no adapter that s2d knows", "",
         {"blk.3.attn_q.weight.lora_a", QUANT_F32, 2, 64}),
    LATE("12-other-exit", "no adapter that s2d knows", "",
         {"s2d.exit.4.norm.weight", QUANT_F32, 0, 64}),
    LATE("12-written-oddly", "no adapter that s2d knows", "",
         {"s2d.exit.02.norm.weight", QUANT_F32, 0, 64}),
    LATE("12-blank", "no adapter that s2d knows", "",
         {"s2d.exit. 2.norm.weight", QUANT_F32, 0, 64}),
    LATE("12-negative", "no adapter that s2d knows", "",
         {"blk.-1.attn_q.weight.lora_a", QUANT_F32, 2, 64}),
    LATE("12-unknown-part", "no adapter that s2d knows", "",
         {"s2d.exit.1.blk.ssm.weight", QUANT_F32, 2, 64}),
    LATE("12-unknown-tensor", "no adapter that s2d knows", "",
         {"s2d.exit.1.head", QUANT_F32, 2, 64}),
};

TinyModel bad_adapter_base(void)
{
    return tiny_model(ARCH_LLAMA);
}

int bad_adapter_count(void)
{
    return (int)(sizeof cases / sizeof *cases);
}

const char *bad_adapter_name(int index)
{
    return index < 0 ? "good" : cases[index].name;
}

const char *bad_adapter_says(int index, bool *early)
{
    *early = cases[index].early;
    return cases[index].says;
}

static void write_key(GgufWriter *writer, const PlanKey *key)
{
    if (key->name == NULL)
        return;
    switch (key->kind) {
    case KEY_TEXT:
        gguf_write_string(writer, key->name, key->text);
        break;
    case KEY_U32:
        gguf_write_u32(writer, key->name, (uint32_t)key->number);
        break;
    case KEY_F32:
        gguf_write_f32(writer, key->name, (float)key->number);
        break;
    case KEY_INTS:
        gguf_write_array(writer, key->name, GGUF_I32, key->ints, key->n);
        break;
    }
}

static void write_tensor(GgufWriter *writer, const PlanTensor *tensor)
{
    uint64_t state = strlen(tensor->name);
    size_t row_bytes = quant_row_bytes(tensor->type, tensor->cols);
    float *row = malloc((size_t)tensor->cols * sizeof *row);
    void *blocks = malloc(row_bytes);
    assert(row && blocks);
    for (int r = 0; r < (tensor->rows > 0 ? tensor->rows : 1); r++) {
        for (int c = 0; c < tensor->cols; c++)
            row[c] = 0.1f * noise_normal(&state) + (tensor->rows == 0);
        quant_from_float(tensor->type, row, blocks, tensor->cols);
        gguf_write_data(writer, blocks, row_bytes);
    }
    free(row);
    free(blocks);
}

void bad_adapter_make(int index, unsigned char **data, size_t *bytes)
{
    static const Case good = {.where = "-"};
    const Case *c = index < 0 ? &good : &cases[index];
    char *memory = NULL;
    FILE *stream = open_memstream(&memory, bytes);
    GgufWriter *writer;
    PlanTensor plan[TENSORS + 1];
    int n = 0;
    if (!stream || gguf_write_open(&writer, stream, NULL) != 0)
        abort();
    for (int i = 0; i < KEYS; i++) {
        bool here = strcmp(c->where, keys[i].name) == 0;
        write_key(writer, here ? &c->key : &keys[i]);
    }
    for (int i = 0; i < TENSORS; i++) {
        bool here = strcmp(c->where, tensors[i].name) == 0;
        if (!here || c->tensor.name)
            plan[n++] = here ? c->tensor : tensors[i];
    }
    if (*c->where == '\0')
        plan[n++] = c->tensor;
    for (int i = 0; i < n; i++)
        gguf_write_tensor(writer, plan[i].name, plan[i].type, plan[i].rows, plan[i].cols);
    for (int i = 0; i < n; i++)
        write_tensor(writer, &plan[i]);
    if (gguf_write_close(writer, NULL) != 0 || fclose(stream) != 0)
        abort();
    *data = (unsigned char *)memory;
}
