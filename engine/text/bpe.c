/* bpe.c - see bpe.h. */
#include "engine/text/bpe.h"

#include "engine/text/merge.h"
#include "engine/text/nfc.h"
#include "engine/text/pretoken.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

static const char merges_key[] = "tokenizer.ggml.merges";

typedef struct Merge {
    uint64_t pair; /* left id, right id */
    int id;        /* what they make; -1 = a free slot */
    uint32_t rank; /* lower goes first */
} Merge;

struct Bpe {
    const Vocab *vocab;
    const Pretokenizer *pre;
    int byte_ids[256]; /* -1 = the vocabulary has no token for the byte */
    Merge *merges;     /* [mask + 1] open addressing by pair */
    uint32_t mask;
};

/* GPT-2 writes a byte that prints as the character of that number, and the 68 others, in their
 * order, as U+0100 … U+0143: 0x00 to 0x20, 0x7f to 0xa0 and 0xad. */
static ucs4_t byte_code(unsigned char byte)
{
    if (byte <= 0x20)
        return 0x100u + byte;
    if (byte >= 0x7f && byte <= 0xa0)
        return 0x121u + byte - 0x7f;
    return byte == 0xad ? 0x143u : byte;
}

/* The byte that a character stands for; -1 = none. */
static int code_byte(ucs4_t code)
{
    if (code >= 0x100 && code <= 0x120)
        return (int)(code - 0x100);
    if (code >= 0x121 && code <= 0x142)
        return (int)(code - 0x121 + 0x7f);
    if (code == 0x143)
        return 0xad;
    return code < 0x100 && byte_code((unsigned char)code) == code ? (int)code : -1;
}

/* Writes the character that stands for a byte as UTF-8; returns how many bytes that takes: 1 or
 * 2. */
static size_t write_code(char byte, char *out)
{
    return (size_t)u8_uctomb((uint8_t *)out, byte_code((unsigned char)byte), 2);
}

size_t bpe_decode(GgufString piece, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < piece.length;) {
        ucs4_t code;
        int length = u8_mbtoucr(&code, (const uint8_t *)piece.data + i, piece.length - i);
        int byte = length > 0 ? code_byte(code) : -1;
        if (byte >= 0) {
            out[n++] = (char)byte;
            i += (size_t)length;
            continue;
        }
        /* Not of the table: kept as it is. */
        for (int k = length > 0 ? length : 1; k > 0; k--)
            out[n++] = piece.data[i++];
    }
    return n;
}

static uint64_t make_pair(int left, int right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

/* The slot that holds the merge of a pair, or the free one where it belongs. */
static Merge *find_merge(const Bpe *bpe, uint64_t pair)
{
    uint64_t hash = (pair ^ bpe->vocab->seed) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 32) * (bpe->vocab->seed | 1);
    uint32_t i = (uint32_t)(hash >> 32) & bpe->mask;
    while (bpe->merges[i].id >= 0 && bpe->merges[i].pair != pair)
        i = (i + 1) & bpe->mask;
    return &bpe->merges[i];
}

static int add_merge(Bpe *bpe, const char *path, int rank, GgufString text, Err *err)
{
    /* The left part is never empty, so that a merge of a token that begins with a space works. */
    const char *space = text.length > 2 ? memchr(text.data + 1, ' ', text.length - 2) : NULL;
    if (space == NULL || text.length > 2 * TOKEN_MAX_BYTES + 1)
        return err_set(err, EXIT_DATA, "%s: merge %d is not two tokens with a space between", path,
                       rank);
    size_t left_bytes = (size_t)(space - text.data), right_bytes = text.length - left_bytes - 1;
    char both[2 * TOKEN_MAX_BYTES];
    memcpy(both, text.data, left_bytes);
    memcpy(both + left_bytes, space + 1, right_bytes);
    int left = vocab_find(bpe->vocab, text.data, left_bytes);
    int right = vocab_find(bpe->vocab, space + 1, right_bytes);
    int id = vocab_find(bpe->vocab, both, left_bytes + right_bytes);
    if (left < 0 || right < 0 || id < 0)
        return err_set(err, EXIT_DATA, "%s: merge %d names a token that is not in the vocabulary",
                       path, rank);
    /* Plain text must never become a control token. */
    if (bpe->vocab->types[id] == TOKEN_CONTROL || bpe->vocab->types[id] == TOKEN_UNKNOWN)
        return 0;
    Merge *merge = find_merge(bpe, make_pair(left, right));
    if (merge->id < 0)
        *merge = (Merge){make_pair(left, right), id, (uint32_t)rank};
    return 0;
}

static int read_merges(Bpe *bpe, const Gguf *gguf, Err *err)
{
    const char *path = gguf_path(gguf);
    int count, found = gguf_get_array(gguf, merges_key, GGUF_STRING, &count, err);
    if (found < 0)
        return -1;
    if (found == 0)
        return err_set(err, EXIT_DATA, "%s: no %s, which a gpt2 vocabulary needs", path,
                       merges_key);
    size_t slots = 16;
    while (slots < (size_t)count * 2)
        slots *= 2;
    bpe->merges = malloc(slots * sizeof *bpe->merges);
    if (bpe->merges == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for %d merges", path, count);
    for (size_t i = 0; i < slots; i++)
        bpe->merges[i] = (Merge){0, -1, 0};
    bpe->mask = (uint32_t)(slots - 1);
    for (int i = 0; i < count; i++)
        if (add_merge(bpe, path, i, gguf_array_string(gguf, merges_key, i), err) != 0)
            return -1;
    return 0;
}

static int read_pre(Bpe *bpe, const Gguf *gguf, Err *err)
{
    GgufString name;
    int found = gguf_get_string(gguf, "tokenizer.ggml.pre", &name, err);
    if (found < 0)
        return -1;
    if (found == 0)
        name = (GgufString){"default", 7};
    bpe->pre = pretoken_by_name(name.data, name.length);
    if (bpe->pre != NULL)
        return 0;
    char names[PRETOKEN_NAMES_BYTES];
    return err_set(err, EXIT_DATA, "%s: pre-tokenizer '%.*s' is not known (%s are)",
                   gguf_path(gguf), (int)(name.length < 40 ? name.length : 40), name.data,
                   pretoken_names(names, sizeof names));
}

static void find_bytes(Bpe *bpe)
{
    for (int byte = 0; byte < 256; byte++) {
        char text[2];
        bpe->byte_ids[byte] = vocab_find_plain(bpe->vocab, text, write_code((char)byte, text));
    }
}

int bpe_open(Bpe **out, const Gguf *gguf, const Vocab *vocab, Err *err)
{
    Bpe *bpe = calloc(1, sizeof *bpe);
    if (bpe == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the tokenizer", gguf_path(gguf));
    bpe->vocab = vocab;
    find_bytes(bpe);
    if (read_pre(bpe, gguf, err) != 0 || read_merges(bpe, gguf, err) != 0) {
        bpe_close(bpe);
        return -1;
    }
    *out = bpe;
    return 0;
}

void bpe_close(Bpe *bpe)
{
    if (bpe == NULL)
        return;
    free(bpe->merges);
    free(bpe);
}

bool bpe_adds_bos(const Bpe *bpe)
{
    return bpe->pre->bos;
}

static bool merge_rule(const void *user, const char *text, const Symbol *left, const Symbol *right,
                       uint32_t *priority, int *id)
{
    (void)text;
    const Merge *merge = find_merge(user, make_pair(left->id, right->id));
    *priority = merge->rank;
    *id = merge->id;
    return merge->id >= 0;
}

/* The token that is the whole word; -1 = none. */
static int find_word(const Bpe *bpe, const char *word, size_t bytes)
{
    char text[TOKEN_MAX_BYTES + 2];
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (n >= TOKEN_MAX_BYTES)
            return -1;
        n += write_code(word[i], text + n);
    }
    return vocab_find_plain(bpe->vocab, text, n);
}

static int encode_word(const Bpe *bpe, Merger *merger, const char *word, size_t bytes, IdList *out,
                       Err *err)
{
    if (merger_reserve(merger, (int)bytes, err) != 0)
        return -1;
    for (size_t i = 0; i < bytes; i++)
        merger_add(merger, (int)i, 1, bpe->byte_ids[(unsigned char)word[i]]);
    merger_run(merger, word, merge_rule, bpe);
    for (int i = 0; i >= 0; i = merger->symbols[i].next)
        if (merger->symbols[i].id >= 0 && id_list_add(out, merger->symbols[i].id, err) != 0)
            return -1;
    return 0;
}

static int encode_words(const Bpe *bpe, const char *text, size_t bytes, IdList *out, Err *err)
{
    if (bytes > INT_MAX / 4)
        return err_set(err, EXIT_DATA, "a text of %zu bytes is too long to tokenize", bytes);
    Merger merger = {0};
    Pretokens words = {.kind = bpe->pre->kind, .text = text, .bytes = bytes};
    int rc = 0;
    for (size_t n, at = 0; rc == 0 && (n = pretoken_next(&words)) > 0; at += n) {
        int id = bpe->pre->whole_words ? find_word(bpe, text + at, n) : -1;
        rc =
            id >= 0 ? id_list_add(out, id, err) : encode_word(bpe, &merger, text + at, n, out, err);
    }
    merger_close(&merger);
    return rc;
}

int bpe_encode(const Bpe *bpe, const char *text, size_t bytes, IdList *out, Err *err)
{
    char *composed = NULL;
    size_t composed_bytes;
    if (bpe->pre->nfc && nfc_compose(text, bytes, &composed, &composed_bytes, err) != 0)
        return -1;
    int rc = composed ? encode_words(bpe, composed, composed_bytes, out, err)
                      : encode_words(bpe, text, bytes, out, err);
    free(composed);
    return rc;
}
