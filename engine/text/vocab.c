/* vocab.c - see vocab.h. */
#include "engine/text/vocab.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const char tokens_key[] = "tokenizer.ggml.tokens";
static const char types_key[] = "tokenizer.ggml.token_type";

GgufString string_table_at(const StringTable *table, int index)
{
    size_t start = table->start[index];
    return (GgufString){table->bytes + start, table->start[index + 1] - start};
}

GgufString vocab_piece(const Vocab *vocab, int id)
{
    return string_table_at(&vocab->pieces, id);
}

int id_list_add(IdList *list, int id, Err *err)
{
    if (list->count == list->capacity) {
        if (list->capacity > INT_MAX / 2)
            return err_set(err, EXIT_DATA, "the text has too many tokens");
        int capacity = list->capacity < 64 ? 64 : 2 * list->capacity;
        int *ids = realloc(list->ids, (size_t)capacity * sizeof *ids);
        if (ids == NULL)
            return err_set(err, EXIT_MEMORY, "no memory for %d token ids", capacity);
        list->ids = ids;
        list->capacity = capacity;
    }
    list->ids[list->count++] = id;
    return 0;
}

static uint64_t hash_bytes(uint64_t seed, const char *text, size_t bytes)
{
    uint64_t hash = seed;
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash ^ hash >> 32;
}

static bool piece_equals(const Vocab *vocab, int id, const char *text, size_t bytes)
{
    GgufString piece = vocab_piece(vocab, id);
    return piece.length == bytes && memcmp(piece.data, text, bytes) == 0;
}

/* The slot that holds the string, or the free one where it belongs. */
static int *find_slot(const Vocab *vocab, const char *text, size_t bytes)
{
    uint32_t i = hash_bytes(vocab->seed, text, bytes) & vocab->slot_mask;
    while (vocab->slots[i] >= 0 && !piece_equals(vocab, vocab->slots[i], text, bytes))
        i = (i + 1) & vocab->slot_mask;
    return &vocab->slots[i];
}

int vocab_find(const Vocab *vocab, const char *text, size_t bytes)
{
    return bytes > TOKEN_MAX_BYTES ? -1 : *find_slot(vocab, text, bytes);
}

int vocab_find_plain(const Vocab *vocab, const char *text, size_t bytes)
{
    int id = vocab_find(vocab, text, bytes);
    if (id < 0)
        return -1;
    uint8_t type = vocab->types[id];
    return type == TOKEN_NORMAL || type == TOKEN_USER || type == TOKEN_UNUSED ? id : -1;
}

/* The byte at `depth` of special number i in the sorted list; -1 = the string has ended. */
static int special_byte(const Vocab *vocab, int i, size_t depth)
{
    GgufString piece = vocab_piece(vocab, vocab->specials[i]);
    return depth < piece.length ? (unsigned char)piece.data[depth] : -1;
}

/* The first i in from … to-1 whose byte at `depth` is `byte` or more; `to` when there is none. */
static int lower_bound(const Vocab *vocab, int from, int to, size_t depth, int byte)
{
    while (from < to) {
        int middle = from + (to - from) / 2;
        if (special_byte(vocab, middle, depth) < byte)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

int vocab_match_special(const Vocab *vocab, const char *text, size_t bytes, bool control)
{
    if (bytes == 0 || !vocab->special_start[(unsigned char)text[0]])
        return -1;
    int best = -1, from = 0, to = vocab->n_specials;
    for (size_t depth = 0; depth < bytes && from < to; depth++) {
        int byte = (unsigned char)text[depth];
        from = lower_bound(vocab, from, to, depth, byte);
        to = lower_bound(vocab, from, to, depth, byte + 1);
        /* Strings that end here sort before the longer ones. */
        for (int i = from; i < to && special_byte(vocab, i, depth + 1) < 0; i++)
            if (control || vocab->types[vocab->specials[i]] == TOKEN_USER)
                best = vocab->specials[i];
    }
    return best;
}

static int read_pieces(Vocab *vocab, const Gguf *gguf, Err *err)
{
    const char *path = gguf_path(gguf);
    int found = gguf_get_array(gguf, tokens_key, GGUF_STRING, &vocab->count, err);
    if (found < 0)
        return -1;
    if (found == 0 || vocab->count == 0)
        return err_set(err, EXIT_DATA, "%s: no %s; the file holds no vocabulary", path, tokens_key);

    size_t total = 0;
    for (int i = 0; i < vocab->count; i++) {
        size_t length = gguf_array_string(gguf, tokens_key, i).length;
        if (length > TOKEN_MAX_BYTES)
            return err_set(err, EXIT_DATA, "%s: token %d has %zu bytes; up to %d are allowed", path,
                           i, length, TOKEN_MAX_BYTES);
        total += length;
    }
    vocab->pieces.bytes = malloc(total + 1);
    vocab->pieces.start = malloc(((size_t)vocab->count + 1) * sizeof *vocab->pieces.start);
    if (vocab->pieces.bytes == NULL || vocab->pieces.start == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the vocabulary", path);
    size_t at = 0;
    for (int i = 0; i < vocab->count; i++) {
        GgufString piece = gguf_array_string(gguf, tokens_key, i);
        memcpy(vocab->pieces.bytes + at, piece.data, piece.length);
        vocab->pieces.start[i] = at;
        at += piece.length;
    }
    vocab->pieces.start[vocab->count] = at;
    return 0;
}

bool vocab_is_chat_token(GgufString piece)
{
    static const char *const names[] = {
        "<|im_start|>",      "<|im_end|>",    "<|im_sep|>",      "<|start_header_id|>",
        "<|end_header_id|>", "<|eot_id|>",    "<|eom_id|>",      "<|begin_of_text|>",
        "<|end_of_text|>",   "<|endoftext|>", "<|end|>",         "<|system|>",
        "<|user|>",          "<|assistant|>", "<start_of_turn>", "<end_of_turn>"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == piece.length && memcmp(names[i], piece.data, piece.length) == 0)
            return true;
    return false;
}

static int read_types(Vocab *vocab, const Gguf *gguf, Err *err)
{
    const char *path = gguf_path(gguf);
    int count, found = gguf_get_array(gguf, types_key, GGUF_I32, &count, err);
    if (found < 0)
        return -1;
    if (found > 0 && count != vocab->count)
        return err_set(err, EXIT_DATA, "%s: %s has %d entries for %d tokens", path, types_key,
                       count, vocab->count);
    vocab->types = malloc((size_t)vocab->count);
    int32_t *types = malloc((size_t)vocab->count * sizeof *types);
    int rc = -1;
    if (vocab->types == NULL || types == NULL) {
        err_set(err, EXIT_MEMORY, "%s: no memory for the vocabulary", path);
        goto done;
    }
    if (found > 0 && gguf_array_copy(gguf, types_key, GGUF_I32, types, count, err) < 0)
        goto done;
    for (int i = 0; i < vocab->count; i++) {
        int32_t type = found > 0 ? types[i] : TOKEN_NORMAL;
        if (type == TOKEN_UNDEFINED)
            type = TOKEN_UNUSED;
        if (type < TOKEN_NORMAL || type > TOKEN_BYTE) {
            err_set(err, EXIT_DATA, "%s: token %d has type %d; 0 to 6 are known", path, i, type);
            goto done;
        }
        /* Some files mark the tokens that structure a chat as merely added. Plain text must never
         * become one of these. */
        bool chat = type == TOKEN_USER && vocab_is_chat_token(vocab_piece(vocab, i));
        vocab->types[i] = (uint8_t)(chat ? TOKEN_CONTROL : type);
    }
    rc = 0;
done:
    free(types);
    return rc;
}

static uint64_t make_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)time(NULL) * 0x2545f4914f6cdd1du ^ (uint64_t)(uintptr_t)&seed;
    return seed;
}

static int index_pieces(Vocab *vocab, const char *path, Err *err)
{
    size_t slots = 16;
    while (slots < (size_t)vocab->count * 2)
        slots *= 2;
    vocab->slots = malloc(slots * sizeof *vocab->slots);
    if (vocab->slots == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the vocabulary", path);
    for (size_t i = 0; i < slots; i++)
        vocab->slots[i] = -1;
    vocab->slot_mask = (uint32_t)(slots - 1);
    vocab->seed = make_seed();
    for (int i = 0; i < vocab->count; i++) {
        GgufString piece = vocab_piece(vocab, i);
        if (piece.length > 0) /* what has no text is never found in one */
            *find_slot(vocab, piece.data, piece.length) = i;
    }
    return 0;
}

static int compare_specials(const void *a, const void *b, void *user)
{
    const Vocab *vocab = user;
    GgufString left = vocab_piece(vocab, *(const int *)a);
    GgufString right = vocab_piece(vocab, *(const int *)b);
    size_t common = left.length < right.length ? left.length : right.length;
    int order = memcmp(left.data, right.data, common);
    if (order == 0)
        order = (left.length > right.length) - (left.length < right.length);
    return order != 0 ? order : *(const int *)a - *(const int *)b;
}

static bool is_special(const Vocab *vocab, int id)
{
    uint8_t type = vocab->types[id];
    return type >= TOKEN_UNKNOWN && type <= TOKEN_USER && vocab_piece(vocab, id).length > 0;
}

static int index_specials(Vocab *vocab, const char *path, Err *err)
{
    for (int i = 0; i < vocab->count; i++)
        vocab->n_specials += is_special(vocab, i);
    vocab->specials = malloc(((size_t)vocab->n_specials + 1) * sizeof *vocab->specials);
    if (vocab->specials == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the vocabulary", path);
    int n = 0;
    for (int i = 0; i < vocab->count; i++) {
        if (!is_special(vocab, i))
            continue;
        vocab->specials[n++] = i;
        vocab->special_start[(unsigned char)vocab_piece(vocab, i).data[0]] = true;
    }
    qsort_r(vocab->specials, (size_t)n, sizeof *vocab->specials, compare_specials, vocab);
    return 0;
}

int vocab_open(Vocab *vocab, const Gguf *gguf, Err *err)
{
    memset(vocab, 0, sizeof *vocab);
    if (read_pieces(vocab, gguf, err) == 0 && read_types(vocab, gguf, err) == 0 &&
        index_pieces(vocab, gguf_path(gguf), err) == 0 &&
        index_specials(vocab, gguf_path(gguf), err) == 0)
        return 0;
    vocab_close(vocab);
    return -1;
}

void vocab_close(Vocab *vocab)
{
    free(vocab->pieces.bytes);
    free(vocab->pieces.start);
    free(vocab->types);
    free(vocab->slots);
    free(vocab->specials);
    memset(vocab, 0, sizeof *vocab);
}
