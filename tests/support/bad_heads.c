/* bad_heads.c - see bad_heads.h.
 *
 * A case changes one key or tensor of a valid file, which is copied around it.
 */
#include "tests/support/bad_heads.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gguf/gguf_write.h"
#include "tests/support/tiny_head.h"

enum { EAGLE, EAGLE3, MEDUSA, HYDRA, PLUS, VOCAB = 310, LISTED = 8 };

/* What takes the place of what was called so. */
typedef enum What { NO_KEY, TEXT, U32, F32, INTS, NO_TENSOR, SHAPE, VALUE } What;

typedef struct Case {
    const char *name;
    int head;
    bool late; /* head_open sees it */
    const char *says, *where;
    What what;
    const char *text;
    double number; /* of a tensor: every value */
    int ints[10], n;
    QuantType type; /* of another shape */
    int rows, cols; /* rows 0: a vector */
} Case;

#define KEY(name, head, says, where, ...)                   \
    {                                                       \
        name, head, false, says, where, .what = __VA_ARGS__ \
    }
#define LATE(name, head, says, where, ...)                 \
    {                                                      \
        name, head, true, says, where, .what = __VA_ARGS__ \
    }

static const Case cases[] = {
    KEY("01-a-model", EAGLE, "not 'adapter'", "general.type", TEXT, .text = "model"),
    KEY("01-no-type", EAGLE, "not 'adapter'", "general.type", NO_KEY),
    KEY("01-lora", EAGLE, "not 'head'", "adapter.type", TEXT, .text = "lora"),
    KEY("02-no-kind", EAGLE, "'s2d.head' is ''", "s2d.head", NO_KEY),
    KEY("02-other-kind", EAGLE, "'s2d.head' is 'eagle2'", "s2d.head", TEXT, .text = "eagle2"),
    KEY("02-kind-number", EAGLE, "expected string", "s2d.head", U32, .number = 1),
    KEY("02-of-another-kind", EAGLE, "'s2d.head.branches' is missing", "s2d.head", TEXT,
        .text = "hydra"),
    KEY("03-short-hash", MEDUSA, "no SHA-256", "s2d.base.sha256", TEXT, .text = "0123"),
    KEY("04-no-hidden", MEDUSA, "'s2d.head.hidden' is missing", "s2d.head.hidden", NO_KEY),
    KEY("04-hidden-1", MEDUSA, "expected 2 to", "s2d.head.hidden", U32, .number = 1),
    KEY("04-hidden-2-32", MEDUSA, "expected 2 to", "s2d.head.hidden", U32, .number = 4294967295.0),
    KEY("04-hidden-64", MEDUSA, "expected 64 x 64", "s2d.head.hidden", U32, .number = 64),
    KEY("04-no-vocab", EAGLE, "'s2d.head.vocab' is missing", "s2d.head.vocab", NO_KEY),
    KEY("04-vocab-2-24", EAGLE, "expected 2 to", "s2d.head.vocab", U32, .number = 16777216),
    KEY("04-layers-513", EAGLE, "expected at most 512", "s2d.head.layers", U32, .number = 513),
    KEY("05-list-falls", EAGLE3, "does not ascend at 5", "s2d.vocab", INTS, .ints = {1, 9, 5},
        .n = 3),
    KEY("05-list-twice", HYDRA, "does not ascend at 9", "s2d.vocab", INTS, .ints = {9, 9}, .n = 2),
    KEY("05-list-negative", MEDUSA, "does not ascend at -1", "s2d.vocab", INTS, .ints = {-1, 9},
        .n = 2),
    KEY("05-list-empty", MEDUSA, "has 0 elements", "s2d.vocab", INTS, .n = 0),
    KEY("05-list-too-far", EAGLE3, "holds token 310", "s2d.vocab", INTS, .ints = {1, 310}, .n = 2),
    KEY("05-list-shorter", EAGLE3, "expected 32 x 7", "s2d.vocab", INTS,
        .ints = {1, 2, 3, 4, 5, 6, 7}, .n = 7),
    KEY("05-no-list", HYDRA, "expected 32 x 310", "s2d.vocab", NO_KEY),
    KEY("06-no-taps", EAGLE3, "'s2d.head.taps' is missing", "s2d.head.taps", NO_KEY),
    KEY("06-taps-fall", EAGLE3, "does not ascend at 1", "s2d.head.taps", INTS, .ints = {2, 1, 3},
        .n = 3),
    KEY("06-four-taps", EAGLE3, "has 4 elements", "s2d.head.taps", INTS, .ints = {0, 1, 2, 3},
        .n = 4),
    KEY("06-two-taps", EAGLE3, "'head.fc.2.weight' belongs to no", "s2d.head.taps", INTS,
        .ints = {1, 2}, .n = 2),
    KEY("06-tap-too-deep", EAGLE3, "names layer 5", "s2d.head.taps", INTS, .ints = {1, 2, 5},
        .n = 3),
    KEY("07-no-branches", MEDUSA, "'s2d.head.branches' is missing", "s2d.head.branches", NO_KEY),
    KEY("07-branches-0", HYDRA, "expected 1 to 8", "s2d.head.branches", U32, .number = 0),
    KEY("07-branches-9", HYDRA, "expected 1 to 8", "s2d.head.branches", U32, .number = 9),
    KEY("07-branches-4", HYDRA, "'head.3.fc.0.weight' is missing", "s2d.head.branches", U32,
        .number = 4),
    KEY("07-blocks-17", PLUS, "up to 16", "s2d.head.blocks", U32, .number = 17),
    KEY("07-blocks-of-medusa", MEDUSA, "only Hydra has blocks", "s2d.head.blocks", U32,
        .number = 1),
    KEY("07-no-blocks", PLUS, "'head.0.block.weight' belongs to no", "s2d.head.blocks", NO_KEY),
    KEY("08-no-ffn", EAGLE, "'s2d.head.ffn' is missing", "s2d.head.ffn", NO_KEY),
    KEY("08-no-ffn-of-hydra", PLUS, "belongs to no hydra", "s2d.head.ffn", NO_KEY),
    KEY("08-ffn-2-31", EAGLE, "expected 2 to", "s2d.head.ffn", U32, .number = 2147483648.0),
    KEY("08-heads-0", EAGLE, "expected 1 to", "s2d.head.heads", U32, .number = 0),
    KEY("08-heads-1025", EAGLE, "expected 1 to 1024", "s2d.head.heads", U32, .number = 1025),
    KEY("08-heads-8", PLUS, "'head.blk.attn_q.weight'", "s2d.head.heads", U32, .number = 8),
    KEY("08-kv-heads-3", EAGLE3, "must be a multiple", "s2d.head.kv_heads", U32, .number = 3),
    KEY("08-head-dim-15", EAGLE3, "the last even", "s2d.head.head_dim", U32, .number = 15),
    KEY("08-head-dim-1026", EAGLE3, "expected 2 to 1024", "s2d.head.head_dim", U32, .number = 1026),
    KEY("08-no-rope", EAGLE, "'s2d.head.rope_base' is missing or no", "s2d.head.rope_base", NO_KEY),
    KEY("08-rope-0", EAGLE, "no positive number", "s2d.head.rope_base", F32, .number = 0),
    KEY("08-rope-nan", EAGLE, "no positive number", "s2d.head.rope_base", F32,
        .number = (double)NAN),
    KEY("08-eps-negative", EAGLE, "no positive number", "s2d.head.norm_eps", F32, .number = -1),
    KEY("08-eps-infinite", EAGLE, "no positive number", "s2d.head.norm_eps", F32,
        .number = (double)INFINITY),
    KEY("09-no-fc", EAGLE, "'head.fc.1.weight' is missing", "head.fc.1.weight", NO_TENSOR),
    KEY("09-no-norm", EAGLE3, "'head.hidden_norm.weight' is missing", "head.hidden_norm.weight",
        NO_TENSOR),
    KEY("09-no-down", PLUS, "'head.blk.ffn_down.weight' is missing", "head.blk.ffn_down.weight",
        NO_TENSOR),
    KEY("09-no-output", MEDUSA, "'head.2.output.weight' is missing", "head.2.output.weight",
        NO_TENSOR),
    KEY("09-no-skip", HYDRA, "'head.1.skip.2.weight' is missing", "head.1.skip.2.weight",
        NO_TENSOR),
    KEY("10-fc-uncut", EAGLE, "is 64 x 32, expected 32 x 32", "head.fc.0.weight", SHAPE,
        .type = QUANT_F32, .rows = 32, .cols = 64),
    KEY("10-output-short", HYDRA, "is 32 x 7, expected 32 x 8", "head.0.output.weight", SHAPE,
        .type = QUANT_Q8_0, .rows = 7, .cols = 32),
    KEY("10-bias-long", HYDRA, "is 9 x 1, expected 8 x 1", "head.0.output.bias", SHAPE,
        .type = QUANT_F32, .cols = 9),
    KEY("10-norm-matrix", EAGLE3, "expected 32 x 1", "head.norm.weight", SHAPE, .type = QUANT_F32,
        .rows = 2, .cols = 32),
    KEY("10-norm-q8", EAGLE3, "is of type Q8_0, expected F32", "head.norm.weight", SHAPE,
        .type = QUANT_Q8_0, .cols = 32),
    KEY("11-first-norm", EAGLE, "belongs to no eagle head", "head.blk.attn_norm.weight", SHAPE,
        .type = QUANT_F32, .cols = 32),
    KEY("11-third-fc", EAGLE, "belongs to no eagle head", "head.fc.2.weight", SHAPE,
        .type = QUANT_F32, .rows = 32, .cols = 32),
    KEY("11-fourth-branch", MEDUSA, "belongs to no medusa head", "head.3.fc.0.weight", SHAPE,
        .type = QUANT_F32, .rows = 32, .cols = 32),
    KEY("11-bias-of-medusa", MEDUSA, "belongs to no medusa head", "head.0.output.bias", SHAPE,
        .type = QUANT_F32, .cols = LISTED),
    KEY("11-block-of-none", HYDRA, "belongs to no hydra head", "head.0.block.weight", SHAPE,
        .type = QUANT_F32, .rows = 32, .cols = 32),
    KEY("11-a-models", HYDRA, "belongs to no hydra head", "blk.0.attn_q.weight", SHAPE,
        .type = QUANT_F32, .rows = 32, .cols = 32),
    LATE("12-other-vocab", EAGLE, "vocabulary", "s2d.head.vocab", U32, .number = VOCAB + 1),
    LATE("12-other-layers", MEDUSA, "number of layers", "s2d.head.layers", U32, .number = 5),
    LATE("13-fc-nan", EAGLE, "head.fc.1.weight", "head.fc.1.weight", VALUE, .number = (double)NAN),
    LATE("13-norm-infinite", EAGLE3, "head.norm.weight", "head.norm.weight", VALUE,
         .number = (double)INFINITY),
    LATE("13-bias-nan", HYDRA, "head.2.output.bias", "head.2.output.bias", VALUE,
         .number = (double)NAN),
    LATE("13-output-nan", MEDUSA, "head.0.output.weight", "head.0.output.weight", VALUE,
         .number = (double)NAN),
};

TinyModel bad_head_target(void)
{
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    tiny.hidden = 32;
    tiny.head_dim = 8;
    tiny.ffn = 48;
    return tiny;
}

int bad_head_count(void)
{
    return (int)(sizeof cases / sizeof *cases);
}

const char *bad_head_name(int index)
{
    static const char *const good[GOOD_HEADS] = {"eagle", "eagle3", "medusa", "hydra", "plus"};
    return index < 0 ? good[-1 - index] : cases[index].name;
}

const char *bad_head_says(int index, bool *early)
{
    *early = !cases[index].late;
    return cases[index].says;
}

static void make_good(int kind, unsigned char **data, size_t *bytes)
{
    static const int ids[LISTED] = {1, 2, 3, 5, 8, 13, 200, 309};
    TinyModel target = bad_head_target();
    HeadInfo info =
        kind == PLUS ? tiny_hydra_plus(&target, VOCAB) : tiny_head((HeadKind)kind, &target, VOCAB);
    info.layer.head_dim = 8;
    info.layer.ffn = 48;
    if (kind != EAGLE) {
        info.n_vocab = LISTED;
        info.ids = ids;
    }
    if (tiny_head_bytes(&info, data, bytes, NULL) != 0)
        abort();
}

/* ---- the copy ---- */

typedef struct Copy {
    const Case *c;
    const Gguf *from;
    GgufWriter *to;
} Copy;

static bool is_key(What what)
{
    return what < NO_TENSOR;
}

static bool is_changed(const Case *c, GgufString name)
{
    return strlen(c->where) == name.length && memcmp(c->where, name.data, name.length) == 0;
}

static void copy_key(void *user, GgufString key, GgufType type, const char *value)
{
    Copy *copy = user;
    size_t bytes;
    (void)value;
    const void *raw = gguf_raw_value(copy->from, key, &type, &bytes);
    if (!is_key(copy->c->what) || !is_changed(copy->c, key))
        gguf_write_raw(copy->to, key, type, raw, bytes);
}

static void put_key(const Case *c, GgufWriter *to)
{
    switch (c->what) {
    case TEXT:
        gguf_write_string(to, c->where, c->text);
        break;
    case U32:
        gguf_write_u32(to, c->where, (uint32_t)c->number);
        break;
    case F32:
        gguf_write_f32(to, c->where, (float)c->number);
        break;
    case INTS:
        gguf_write_array(to, c->where, GGUF_I32, c->ints, c->n);
        break;
    default:
        break;
    }
}

/* fill: the second time, data. */
static void put_tensor(const Copy *copy, const GgufTensor *tensor, bool fill)
{
    const Case *c = copy->c;
    bool changed = !is_key(c->what) && (tensor == NULL || is_changed(c, tensor->name));
    if (changed && c->what == NO_TENSOR)
        return;
    bool shape = changed && c->what == SHAPE;
    QuantType type = shape ? c->type : tensor->type;
    bool vector = shape ? c->rows == 0 : tensor->n_dims == 1;
    int cols = shape ? c->cols : (int)tensor->dims[0];
    int rows = vector ? 0 : shape ? c->rows : (int)tensor->dims[1];
    char name[TENSOR_NAME_BYTES];
    if (tensor)
        snprintf(name, sizeof name, "%.*s", (int)tensor->name.length, tensor->name.data);
    if (!fill) {
        gguf_write_tensor(copy->to, tensor ? name : c->where, type, rows, cols);
        return;
    }
    size_t n = quant_row_bytes(type, cols) * (size_t)(vector ? 1 : rows);
    float *data = calloc(1, n);
    assert(data != NULL && (!changed || shape || type == QUANT_F32));
    if (!changed && gguf_read(copy->from, tensor, 0, data, n, NULL) != 0)
        abort();
    for (size_t i = 0; changed && c->what == VALUE && i < n / sizeof *data; i++)
        data[i] = (float)c->number;
    gguf_write_data(copy->to, data, n);
    free(data);
}

void bad_head_make(int index, unsigned char **data, size_t *bytes)
{
    unsigned char *good;
    size_t size;
    char *memory = NULL;
    Gguf *from;
    if (index < 0) {
        make_good(-1 - index, data, bytes);
        return;
    }
    const Case *c = &cases[index];
    make_good(c->head, &good, &size);
    FILE *stream = open_memstream(&memory, bytes);
    Copy copy = {.c = c};
    if (gguf_open_memory(&from, good, size, "good", NULL) != 0 || !stream ||
        gguf_write_open(&copy.to, stream, NULL) != 0)
        abort();
    copy.from = from;
    gguf_each_key(from, copy_key, &copy);
    put_key(c, copy.to);
    bool more = c->what == SHAPE && gguf_tensor(from, c->where) == NULL;
    for (int fill = 0; fill < 2; fill++) {
        for (int i = 0; i < gguf_tensor_count(from); i++)
            put_tensor(&copy, gguf_tensor_at(from, i), fill);
        if (more)
            put_tensor(&copy, NULL, fill);
    }
    if (gguf_write_close(copy.to, NULL) != 0 || fclose(stream) != 0)
        abort();
    gguf_close(from);
    free(good);
    *data = (unsigned char *)memory;
}
