/* bad_files.c - see bad_files.h.
 *
 * A table names for every case where to go in the valid file (a byte, a key, a tensor) and what to
 * put there. Positions are found by the names in the file, so that the valid file may change.
 */
#include "tests/support/bad_files.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tiny_model.h"

#define LAST_TENSOR "blk.1.ffn_down.weight"
#define TENSOR_Q "blk.0.attn_q.weight"
#define SPARE_TENSOR "rope_freqs.weight" /* loads without it as well */
#define TENSOR_K "blk.0.attn_k.weight"
#define TOKENS "tokenizer.ggml.tokens"

typedef struct Case Case;
struct Case {
    const char *name;
    BadStage stage;
    const char *says;
    void (*make)(BadFile *file, const Case *c);
    const char *where; /* a key, a tensor, or bytes to look for */
    int at;            /* distance from there, or an index */
    uint64_t number;   /* what to put there */
    int size;          /* bytes of it */
    const char *text;  /* or this */
    int spm;
};

static size_t find(const BadFile *file, const void *what, size_t bytes)
{
    unsigned char *found = memmem(file->data, file->size, what, bytes);
    assert(found != NULL);
    return (size_t)(found - file->data);
}

/* Position just after a key's or a tensor's name. */
static size_t find_name(const BadFile *file, const char *name)
{
    unsigned char text[128];
    uint64_t length = strlen(name);
    memcpy(text, &length, 8);
    memcpy(text + 8, name, length);
    return find(file, text, 8 + length) + 8 + length;
}

static void splice(BadFile *file, size_t at, size_t removed, const void *inserted, size_t n)
{
    file->data = realloc(file->data, file->size + n);
    assert(file->data != NULL);
    memmove(file->data + at + n, file->data + at + removed, file->size - at - removed);
    memcpy(file->data + at, inserted, n);
    file->size += n - removed;
}

size_t good_file_header(const BadFile *file)
{
    return find_name(file, LAST_TENSOR) + 4 + 16 + 4 + 8;
}

/* A splice in the header that leaves the tensors' data aligned. */
static void splice_header(BadFile *file, size_t at, size_t removed, const void *inserted, size_t n)
{
    static const unsigned char zeros[64];
    size_t end = good_file_header(file);
    size_t pad = (32 - end % 32) % 32;
    splice(file, at, removed, inserted, n);
    end = end + n - removed;
    splice(file, end, pad, zeros, (32 - end % 32) % 32);
}

static void cut(BadFile *file, const Case *c)
{
    file->size = c->number;
}

/* A string that would end one byte past the end of the file. */
static void overrun(BadFile *file, const Case *c)
{
    size_t at = find_name(file, c->where) + 4;
    uint64_t length = file->size - (at + 8) + 1;
    memcpy(file->data + at, &length, 8);
}

static void set_byte(BadFile *file, const Case *c)
{
    memcpy(file->data + c->at, &c->number, (size_t)c->size);
}

/* at 0: a key's type; 4: its value, or a tensor's first dimension */
static void set_after(BadFile *file, const Case *c)
{
    memcpy(file->data + find_name(file, c->where) + c->at, &c->number, (size_t)c->size);
}

/* Replaces bytes anywhere by as many others. */
static void set_text(BadFile *file, const Case *c)
{
    memcpy(file->data + find(file, c->where, strlen(c->where)) + c->at, c->text, strlen(c->text));
}

static void set_nul(BadFile *file, const Case *c)
{
    file->data[find(file, c->where, strlen(c->where)) + (size_t)c->at] = '\0';
}

/* A new name for a tensor, shape and data as they were. */
static void rename_tensor(BadFile *file, const Case *c)
{
    size_t at = find_name(file, c->where) - strlen(c->where);
    uint64_t length = strlen(c->text);
    memcpy(file->data + at - 8, &length, 8);
    splice_header(file, at, strlen(c->where), c->text, length);
}

/* A new first key: `where` of type `at`, its value `text`, or else `number`. */
static void add_key(BadFile *file, const Case *c)
{
    unsigned char raw[256];
    uint64_t length = strlen(c->where), n_keys;
    uint32_t type = (uint32_t)c->at;
    size_t n = 0;
    memcpy(raw, &length, 8);
    memcpy(raw + 8, c->where, length);
    n = 8 + length;
    memcpy(raw + n, &type, 4);
    n += 4;
    if (c->text != NULL) {
        length = strlen(c->text);
        memcpy(raw + n, &length, 8);
        memcpy(raw + n + 8, c->text, length);
        n += 8 + length;
    } else {
        memcpy(raw + n, &c->number, (size_t)c->size);
        n += (size_t)c->size;
    }
    memcpy(&n_keys, file->data + 16, 8);
    n_keys++;
    memcpy(file->data + 16, &n_keys, 8);
    splice_header(file, 24, 0, raw, n);
}

/* A new first key that is an array: elements of type `at`, `number` of them, no data. */
static void add_array(BadFile *file, const Case *c)
{
    unsigned char raw[12];
    uint32_t element = (uint32_t)c->at;
    memcpy(raw, &element, 4);
    memcpy(raw + 4, &c->number, 8);
    Case key = {.where = c->where, .at = GGUF_ARRAY, .number = 0, .size = 0};
    add_key(file, &key);
    splice_header(file, 24 + 8 + strlen(c->where) + 4, 0, raw, sizeof raw);
}

/* at: n_dims; number: the first dimension; the others follow from `size` as in the cases below */
static void set_dims(BadFile *file, size_t at, int n, const uint64_t *dims)
{
    uint32_t n_dims = (uint32_t)n;
    unsigned char raw[32];
    memcpy(file->data + at, &n_dims, 4);
    memcpy(raw, dims, 8 * (size_t)n);
    splice_header(file, at + 4, 16, raw, 8 * (size_t)n);
}

/* 2^30 * 2^30 * 16 values of 4 bytes: 2^66 wraps to 0 */
static void wrap_dims(BadFile *file, const Case *c)
{
    uint64_t dims[3] = {1u << 30, 1u << 30, 16};
    size_t at = find_name(file, c->where);
    set_dims(file, at, 3, dims);
    memset(file->data + at + 4 + 24, 0, 4); /* F32 */
}

/* (2^31 - 1) * 715827883 * 3 values of 4 bytes are SIZE_MAX - 3 bytes */
static void most_dims(BadFile *file, const Case *c)
{
    uint64_t dims[3] = {2147483647, 715827883, 3};
    size_t at = find_name(file, c->where);
    set_dims(file, at, 3, dims);
    memset(file->data + at + 4 + 24, 0, 4);
}

static void overlap(BadFile *file, const Case *c)
{
    size_t from = find_name(file, c->where) + 24, to = find_name(file, c->text) + 24;
    memcpy(file->data + to, file->data + from, 8);
}

/* Takes the last `at` elements of 4 bytes from an array. */
static void shorten_array(BadFile *file, const Case *c)
{
    size_t at = find_name(file, c->where) + 4 + 4;
    uint64_t count;
    memcpy(&count, file->data + at, 8);
    size_t end = at + 8 + 4 * count, removed = 4 * (size_t)c->at;
    count -= (uint64_t)c->at;
    memcpy(file->data + at, &count, 8);
    splice_header(file, end - removed, removed, "", 0);
}

/* Writes into the data of a tensor. */
static void set_data(BadFile *file, const Case *c)
{
    size_t end = good_file_header(file);
    uint64_t offset;
    int vector = strstr(c->where, "norm") != NULL;
    memcpy(&offset, file->data + find_name(file, c->where) + (vector ? 16 : 24), 8);
    memcpy(file->data + (end + 31) / 32 * 32 + offset + (size_t)c->at, &c->number, (size_t)c->size);
}

/* The embedding and the head lose a row: fewer than tokens. */
static void drop_rows(BadFile *file, const Case *c)
{
    uint64_t rows;
    size_t at = find_name(file, c->where) + 4 + 8;
    memcpy(&rows, file->data + at, 8);
    rows--;
    memcpy(file->data + at, &rows, 8);
}

#define HUGE_63 0x8000000000000000u
#define HUGE_60 0x1000000000000000u
#define NAME_64 "blk.0.attn_q.weight_______________________________________64____"

/* Short forms of the most frequent lines. */
#define PUT(name, distance, value, bytes) \
    set_after, .where = name, .at = distance, .number = value, .size = bytes
#define DATA(name, distance, value, bytes) \
    set_data, .where = name, .at = distance, .number = value, .size = bytes
#define ARRAY(element, count) add_array, .where = "a", .at = element, .number = count

#define LEFT_OVER(name) \
    BAD_CONFIG, "no model that s2d knows", rename_tensor, .where = SPARE_TENSOR, .text = name

static const Case cases[] = {
    {"01-empty", BAD_HEADER, "not a GGUF", cut, .number = 0},
    {"01-three-bytes", BAD_HEADER, "not a GGUF", cut, .number = 3},
    {"01-other-format", BAD_HEADER, "not a GGUF", set_byte, .at = 0, .number = 0x46464952,
     .size = 4},
    {"02-version-0", BAD_HEADER, "version 0", set_byte, .at = 4, .number = 0, .size = 4},
    {"02-version-1", BAD_HEADER, "version 1", set_byte, .at = 4, .number = 1, .size = 4},
    {"02-version-4", BAD_HEADER, "version 4", set_byte, .at = 4, .number = 4, .size = 4},
    {"02-big-endian", BAD_HEADER, "big-endian", set_byte, .at = 4, .number = 3u << 24, .size = 4},
    {"03-tensors-2-60", BAD_HEADER, "more than fit", set_byte, .at = 8, .number = HUGE_60,
     .size = 8},
    {"03-tensors-2-63", BAD_HEADER, "more than fit", set_byte, .at = 8, .number = HUGE_63,
     .size = 8},
    {"03-keys-2-60", BAD_HEADER, "more than fit", set_byte, .at = 16, .number = HUGE_60, .size = 8},
    {"03-keys-2-63", BAD_HEADER, "more than fit", set_byte, .at = 16, .number = HUGE_63, .size = 8},
    {"04-key-length", BAD_HEADER, "bytes long", set_byte, .at = 24, .number = UINT64_MAX,
     .size = 8},
    {"05-string-ends-late", BAD_HEADER, "inside a string", overrun,
     .where = "general.architecture"},
    {"06-empty-key", BAD_HEADER, "bytes long", add_key, .where = "", .at = GGUF_U32, .number = 1,
     .size = 4},
    {"06-key-twice", BAD_HEADER, "twice", add_key, .where = "general.alignment", .at = GGUF_U32,
     .number = 32, .size = 4},
    {"06-escape-in-key", BAD_HEADER, "0x1b", add_key, .where = "general.\x1b[2J", .at = GGUF_U32,
     .number = 1, .size = 4},
    {"07-type-13", BAD_HEADER, "unknown type", PUT("general.alignment", 0, 13, 4)},
    {"07-type-minus-1", BAD_HEADER, "unknown type", PUT("general.alignment", 0, UINT32_MAX, 4)},
    {"07-bool-2", BAD_HEADER, "neither true", PUT("tokenizer.ggml.add_bos_token", 4, 2, 1)},
    {"08-nested-array", BAD_HEADER, "array of arrays", ARRAY(GGUF_ARRAY, 1)},
    {"08-element-13", BAD_HEADER, "unknown type", ARRAY(13, 1)},
    {"09-array-wraps-u64", BAD_HEADER, "more elements", ARRAY(GGUF_U64, HUGE_63 / 4 + 1)},
    {"09-array-wraps-string", BAD_HEADER, "more elements", ARRAY(GGUF_STRING, HUGE_63 / 4 + 1)},
    {"09-array-2-32", BAD_HEADER, "more elements", ARRAY(GGUF_U8, 1ull << 32)},
    {"10-alignment-0", BAD_HEADER, "alignment is 0", PUT("general.alignment", 4, 0, 4)},
    {"10-alignment-3", BAD_HEADER, "alignment is 3", PUT("general.alignment", 4, 3, 4)},
    {"10-alignment-2-31", BAD_HEADER, "alignment is 2147483648",
     PUT("general.alignment", 4, 1u << 31, 4)},
    {"10-alignment-float", BAD_HEADER, "expected an integer",
     PUT("general.alignment", 0, GGUF_F32, 4)},
    {"11-dims-0", BAD_HEADER, "1 to 4 dimensions", PUT(TENSOR_Q, 0, 0, 4)},
    {"11-dims-5", BAD_HEADER, "1 to 4 dimensions", PUT(TENSOR_Q, 0, 5, 4)},
    {"11-dims-2-32", BAD_HEADER, "1 to 4 dimensions", PUT(TENSOR_Q, 0, UINT32_MAX, 4)},
    {"12-dimension-0", BAD_HEADER, "dimension", PUT(TENSOR_Q, 4, 0, 8)},
    {"12-dimension-negative", BAD_HEADER, "dimension", PUT(TENSOR_Q, 12, UINT64_MAX - 63, 8)},
    {"12-dimensions-wrap", BAD_HEADER, "larger than any file", wrap_dims, .where = TENSOR_Q},
    {"13-bytes-size-max", BAD_HEADER, "past the end", most_dims, .where = TENSOR_Q},
    {"14-part-of-a-block", BAD_HEADER, "whole number of blocks", PUT(TENSOR_Q, 4, 63, 8)},
    {"14-type-34", BAD_HEADER, "type 34", PUT(TENSOR_Q, 20, 34, 4)},
    {"14-type-unknown", BAD_HEADER, "type 4294967295", PUT(TENSOR_Q, 20, UINT32_MAX, 4)},
    {"15-offset-unaligned", BAD_HEADER, "alignment", PUT(TENSOR_Q, 24, 33, 8)},
    {"15-overlap", BAD_HEADER, "overlaps", overlap, .where = TENSOR_Q, .text = TENSOR_K},
    {"15-past-the-end", BAD_HEADER, "past the end", PUT(TENSOR_Q, 24, 1ull << 40, 8)},
    {"15-offset-wraps", BAD_HEADER, "past the end", PUT(TENSOR_Q, 24, UINT64_MAX - 31, 8)},
    {"16-tensor-twice", BAD_HEADER, "twice", rename_tensor, .where = TENSOR_Q, .text = TENSOR_K},
    {"16-name-64", BAD_HEADER, "64 bytes long", rename_tensor, .where = TENSOR_Q, .text = NAME_64},
    {"16-name-nul", BAD_HEADER, "0x00", set_nul, .where = TENSOR_Q, .at = 5},
    {"16-name-escape", BAD_HEADER, "0x1b", set_text, .where = TENSOR_Q, .at = 5, .text = "\x1b"},
    {"17-missing", BAD_CONFIG, "'blk.0.attn_q.weight' is missing", set_text, .where = TENSOR_Q,
     .at = 11, .text = "x"},
    {"17-missing-embedding", BAD_CONFIG, "is missing", set_text, .where = "token_embd.weight",
     .text = "tokem"},
    {"17-shape", BAD_CONFIG, "expected [64, 64]", PUT(TENSOR_Q, 12, 32, 8)},
    {"17-left-over", BAD_CONFIG, "no model that s2d knows", PUT("llama.block_count", 4, 1, 4)},
    {"17-layer-00", LEFT_OVER("blk.00.attn_norm.weight")},
    {"17-layer-blank", LEFT_OVER("blk. 1.attn_norm.weight")},
    {"17-layer-plus", LEFT_OVER("blk.+1.attn_norm.weight")},
    {"17-layer-minus", LEFT_OVER("blk.-0.attn_norm.weight")},
    {"17-layer-wraps", LEFT_OVER("blk.4294967297.ffn_up.weight")},
    {"17-layer-none", LEFT_OVER("blk..attn_norm.weight")},
    {"17-few-rows", BAD_CONFIG, "tokens, but the embedding", drop_rows,
     .where = "token_embd.weight"},
    {"17-head-rows", BAD_CONFIG, "'output.weight' is", drop_rows, .where = "output.weight"},
    {"18-heads-0", BAD_CONFIG, "is 0, expected", PUT("llama.attention.head_count", 4, 0, 4)},
    {"18-kv-heads-3", BAD_CONFIG, "cannot share", PUT("llama.attention.head_count_kv", 4, 3, 4)},
    {"18-blocks-513", BAD_CONFIG, "expected 1 to 512", PUT("llama.block_count", 4, 513, 4)},
    {"18-rope-nan", BAD_CONFIG, "positive", PUT("llama.rope.freq_base", 4, 0x7fc00000, 4)},
    {"18-hidden-2-31", BAD_CONFIG, "expected 1 to", PUT("llama.embedding_length", 4, 1u << 31, 4)},
    {"18-odd-head", BAD_CONFIG, "odd", PUT("llama.attention.key_length", 4, 15, 4)},
    {"18-value-head", BAD_CONFIG, "to be equal", PUT("llama.attention.value_length", 4, 8, 4)},
    {"18-architecture", BAD_CONFIG, "llama, qwen2", set_text, .where = "llama", .text = "mamba"},
    {"18-adapter", BAD_CONFIG, "not a model", add_key, .where = "general.type", .at = GGUF_STRING,
     .text = "adapter"},
    {"18-split", BAD_HEADER, "one of 3 parts", add_key, .where = "split.count", .at = GGUF_U16,
     .number = 3, .size = 2},
    {"18-experts", BAD_CONFIG, "mixture", add_key, .where = "llama.expert_count", .at = GGUF_U32,
     .number = 8, .size = 4},
    {"18-rope-scaling", BAD_CONFIG, "none, linear", add_key, .where = "llama.rope.scaling.type",
     .at = GGUF_STRING, .text = "dynamic"},
    {"18-rope-odd", BAD_CONFIG, "in pairs", add_key, .where = "llama.rope.dimension_count",
     .at = GGUF_U32, .number = 7, .size = 4},
    {"18-rope-wide", BAD_CONFIG, "in pairs", add_key, .where = "llama.rope.dimension_count",
     .at = GGUF_U32, .number = 18, .size = 4},
    {"18-no-tokens", BAD_CONFIG, TOKENS, set_text, .where = TOKENS, .text = "tokenizex"},
    {"19-few-types", BAD_VOCAB, NULL, shorten_array, .where = "tokenizer.ggml.token_type", .at = 1},
    {"19-few-scores", BAD_VOCAB, NULL, shorten_array, .where = "tokenizer.ggml.scores", .at = 1,
     .spm = 1},
    {"20-eos-large", BAD_VOCAB, NULL, PUT("tokenizer.ggml.eos_token_id", 4, 100000, 4)},
    {"20-eos-minus-2", BAD_VOCAB, NULL, PUT("tokenizer.ggml.eos_token_id", 4, UINT32_MAX - 1, 4)},
    {"21-byte-minus-1", BAD_VOCAB, NULL, set_text, .where = "<0x41>", .text = "<0x-1>", .spm = 1},
    {"21-byte-zz", BAD_VOCAB, NULL, set_text, .where = "<0x41>", .text = "<0xZZ>", .spm = 1},
    {"22-merge-no-space", BAD_VOCAB, NULL, set_text, .where = "\xc4\xa0 t", .at = 2, .text = "x"},
    {"23-scale-nan", BAD_WEIGHTS, "NaN", DATA(TENSOR_Q, 34 * 5, 0x7e00, 2)},
    {"23-scale-infinite", BAD_WEIGHTS, "NaN", DATA("output.weight", 0, 0xfc00, 2)},
    {"23-norm-nan", BAD_WEIGHTS, "NaN", DATA("blk.1.ffn_norm.weight", 60, 0x7fc00000, 4)},
};

int bad_file_count(void)
{
    return (int)(sizeof cases / sizeof *cases);
}

void good_file_make(BadFile *file, int spm)
{
    TinyModel tiny = tiny_model_of(ARCH_LLAMA, QUANT_Q8_0);
    tiny.layers = 2;
    tiny.vocab = spm ? TINY_SPM : TINY_BPE;
    tiny.rope_factors = true;
    *file = (BadFile){.name = spm ? "good-spm" : "good-bpe"};
    if (tiny_model_bytes(&tiny, &file->data, &file->size, NULL) != 0)
        abort();
}

void bad_file_make(BadFile *file, int index)
{
    const Case *c = &cases[index];
    good_file_make(file, c->spm);
    file->name = c->name;
    file->stage = c->stage;
    file->says = c->says;
    c->make(file, c);
}
