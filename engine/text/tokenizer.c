/* tokenizer.c - see tokenizer.h. Special tokens are found here; the text between them goes to bpe.c
 * or spm.c. */
#include "engine/text/tokenizer.h"

#include "engine/text/bpe.h"
#include "engine/text/spm.h"
#include "engine/text/vocab.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ENDS = 16 };

struct Tokenizer {
    Vocab vocab;
    StringTable texts; /* the bytes that each token stands for */
    Bpe *bpe;          /* either this */
    Spm *spm;          /* or that */
    int bos, eos, unknown;
    int ends[MAX_ENDS]; /* ids that end an answer */
    int n_ends;
    bool add_bos;
    bool add_space; /* SPM: a space before the first word */
};

int tokenizer_vocab(const Tokenizer *tokenizer)
{
    return tokenizer->vocab.count;
}

int tokenizer_bos(const Tokenizer *tokenizer)
{
    return tokenizer->bos;
}

int tokenizer_eos(const Tokenizer *tokenizer)
{
    return tokenizer->eos;
}

bool tokenizer_adds_bos(const Tokenizer *tokenizer)
{
    return tokenizer->add_bos;
}

bool tokenizer_is_end(const Tokenizer *tokenizer, int id)
{
    for (int i = 0; i < tokenizer->n_ends; i++)
        if (tokenizer->ends[i] == id)
            return true;
    return false;
}

static bool is_id(const Tokenizer *tokenizer, int id)
{
    return id >= 0 && id < tokenizer->vocab.count;
}

bool tokenizer_is_special(const Tokenizer *tokenizer, int id)
{
    if (!is_id(tokenizer, id))
        return false;
    uint8_t type = tokenizer->vocab.types[id];
    return type == TOKEN_CONTROL || type == TOKEN_UNKNOWN || type == TOKEN_UNUSED;
}

int tokenizer_find(const Tokenizer *tokenizer, const char *token)
{
    return vocab_find(&tokenizer->vocab, token, strlen(token));
}

GgufString tokenizer_piece(const Tokenizer *tokenizer, int id)
{
    return is_id(tokenizer, id) ? vocab_piece(&tokenizer->vocab, id) : (GgufString){"", 0};
}

/* Some models' marks of thoughts are control tokens: who reads the answer sees them all the same. */
static bool marks_thoughts(GgufString text)
{
    static const char *const marks[] = {"<think>", "</think>", "[THINK]", "[/THINK]"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (text.length == strlen(marks[i]) && memcmp(text.data, marks[i], text.length) == 0)
            return true;
    return false;
}

const char *tokenizer_text(const Tokenizer *tokenizer, int id, bool special, size_t *bytes)
{
    *bytes = 0;
    if (!is_id(tokenizer, id))
        return "";
    GgufString text = string_table_at(&tokenizer->texts, id);
    if (!special && tokenizer_is_special(tokenizer, id) && !marks_thoughts(text))
        return "";
    *bytes = text.length;
    return text.data;
}

/* Encodes text that holds no special tokens. */
static int encode_plain(const Tokenizer *tokenizer, const char *text, size_t bytes, IdList *list,
                        Err *err)
{
    if (tokenizer->bpe != NULL)
        return bpe_encode(tokenizer->bpe, text, bytes, list, err);
    uint8_t last =
        list->count == 0 ? TOKEN_CONTROL : tokenizer->vocab.types[list->ids[list->count - 1]];
    bool after_special = last == TOKEN_CONTROL || last == TOKEN_USER || last == TOKEN_UNKNOWN;
    return spm_encode(tokenizer->spm, text, bytes, tokenizer->add_space && after_special, list,
                      err);
}

int tokenizer_encode_spans(const Tokenizer *tokenizer, const TextSpan *spans, int n_spans,
                           int **ids, int *count, int *capacity, Err *err)
{
    size_t total = 1;
    for (int s = 0; s < n_spans; s++)
        total += spans[s].bytes;
    char *plain = malloc(total); /* the text since the last special token */
    if (plain == NULL)
        return err_set(err, EXIT_MEMORY, "no memory to tokenize %zu bytes", total);
    size_t n = 0;
    int rc = 0;
    IdList list = {*ids, *count, *capacity};
    for (int s = 0; s < n_spans && rc == 0; s++) {
        const TextSpan *span = &spans[s];
        for (size_t i = 0; i < span->bytes && rc == 0;) {
            int id = vocab_match_special(&tokenizer->vocab, span->text + i, span->bytes - i,
                                         span->special);
            if (id < 0) {
                plain[n++] = span->text[i++];
                continue;
            }
            rc = encode_plain(tokenizer, plain, n, &list, err);
            n = 0;
            if (rc == 0)
                rc = id_list_add(&list, id, err);
            i += vocab_piece(&tokenizer->vocab, id).length;
        }
    }
    if (rc == 0)
        rc = encode_plain(tokenizer, plain, n, &list, err);
    free(plain);
    *ids = list.ids;
    *count = list.count;
    *capacity = list.capacity;
    return rc;
}

int tokenizer_encode(const Tokenizer *tokenizer, const char *text, size_t bytes, bool special,
                     int **ids, int *count, int *capacity, Err *err)
{
    TextSpan span = {text, bytes, special};
    return tokenizer_encode_spans(tokenizer, &span, 1, ids, count, capacity, err);
}

/* Reads the id of a special token; *id = -1 when the file does not name it. */
static int read_id(const Tokenizer *tokenizer, const Gguf *gguf, const char *key, int *id, Err *err)
{
    uint32_t value;
    int found = gguf_get_u32(gguf, key, &value, err);
    *id = -1;
    if (found <= 0)
        return found;
    if (value == UINT32_MAX) /* -1, as some files say that there is none */
        return 0;
    if (value >= (uint32_t)tokenizer->vocab.count)
        return err_set(err, EXIT_DATA, "%s: %s is %u, but the vocabulary has %d tokens",
                       gguf_path(gguf), key, value, tokenizer->vocab.count);
    *id = (int)value;
    return 0;
}

static void add_end(Tokenizer *tokenizer, int id)
{
    if (id >= 0 && tokenizer->n_ends < MAX_ENDS && !tokenizer_is_end(tokenizer, id))
        tokenizer->ends[tokenizer->n_ends++] = id;
}

static int read_ids(Tokenizer *tokenizer, const Gguf *gguf, Err *err)
{
    static const char *const names[] = {"<|im_end|>", "<|eot_id|>",    "<|eom_id|>",
                                        "<|end|>",    "<|endoftext|>", "<|end_of_text|>",
                                        "</s>",       "<end_of_turn>"};
    int eot, eom;
    if (read_id(tokenizer, gguf, "tokenizer.ggml.bos_token_id", &tokenizer->bos, err) != 0 ||
        read_id(tokenizer, gguf, "tokenizer.ggml.eos_token_id", &tokenizer->eos, err) != 0 ||
        read_id(tokenizer, gguf, "tokenizer.ggml.unknown_token_id", &tokenizer->unknown, err) !=
            0 ||
        read_id(tokenizer, gguf, "tokenizer.ggml.eot_token_id", &eot, err) != 0 ||
        read_id(tokenizer, gguf, "tokenizer.ggml.eom_token_id", &eom, err) != 0)
        return -1;
    add_end(tokenizer, tokenizer->eos);
    add_end(tokenizer, eot);
    add_end(tokenizer, eom);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int id = tokenizer_find(tokenizer, names[i]);
        if (id >= 0 && tokenizer->vocab.types[id] == TOKEN_CONTROL)
            add_end(tokenizer, id);
    }
    return 0;
}

/* Opens the kind of tokenizer that the file names, and what is on by default with it. */
static int open_kind(Tokenizer *tokenizer, const Gguf *gguf, Err *err)
{
    GgufString model;
    int found = gguf_get_string(gguf, "tokenizer.ggml.model", &model, err);
    if (found < 0)
        return -1;
    if (found == 0)
        return err_set(err, EXIT_DATA, "%s: no tokenizer.ggml.model; the file holds no tokenizer",
                       gguf_path(gguf));
    if (model.length == 4 && memcmp(model.data, "gpt2", 4) == 0) {
        if (bpe_open(&tokenizer->bpe, gguf, &tokenizer->vocab, err) != 0)
            return -1;
        tokenizer->add_bos = bpe_adds_bos(tokenizer->bpe);
        return 0;
    }
    if (model.length == 5 && memcmp(model.data, "llama", 5) == 0) {
        tokenizer->add_bos = true;
        tokenizer->add_space = true;
        return spm_open(&tokenizer->spm, gguf, &tokenizer->vocab, tokenizer->unknown, err);
    }
    return err_set(err, EXIT_DATA, "%s: tokenizer '%.*s' is not known (gpt2 and llama are)",
                   gguf_path(gguf), (int)(model.length < 40 ? model.length : 40), model.data);
}

static size_t decode_token(const Tokenizer *tokenizer, int id, char *out)
{
    GgufString piece = vocab_piece(&tokenizer->vocab, id);
    TokenType type = tokenizer->vocab.types[id];
    if (type != TOKEN_NORMAL && type != TOKEN_BYTE) {
        memcpy(out, piece.data, piece.length);
        return piece.length;
    }
    return tokenizer->bpe != NULL ? bpe_decode(piece, out) : spm_decode(piece, type, out);
}

static int make_texts(Tokenizer *tokenizer, const char *path, Err *err)
{
    int n = tokenizer->vocab.count;
    size_t total = tokenizer->vocab.pieces.start[n], at = 0;
    tokenizer->texts.bytes = malloc(total + 1); /* no token grows when it is decoded */
    tokenizer->texts.start = malloc(((size_t)n + 1) * sizeof *tokenizer->texts.start);
    if (tokenizer->texts.bytes == NULL || tokenizer->texts.start == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the vocabulary", path);
    for (int id = 0; id < n; id++) {
        tokenizer->texts.start[id] = at;
        at += decode_token(tokenizer, id, tokenizer->texts.bytes + at);
    }
    tokenizer->texts.start[n] = at;
    return 0;
}

int tokenizer_open(Tokenizer **out, const Gguf *gguf, Err *err)
{
    Tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (tokenizer == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the tokenizer", gguf_path(gguf));
    if (vocab_open(&tokenizer->vocab, gguf, err) != 0 || read_ids(tokenizer, gguf, err) != 0 ||
        open_kind(tokenizer, gguf, err) != 0 ||
        gguf_get_bool(gguf, "tokenizer.ggml.add_bos_token", &tokenizer->add_bos, err) < 0 ||
        gguf_get_bool(gguf, "tokenizer.ggml.add_space_prefix", &tokenizer->add_space, err) < 0 ||
        make_texts(tokenizer, gguf_path(gguf), err) != 0) {
        tokenizer_close(tokenizer);
        return -1;
    }
    tokenizer->add_bos = tokenizer->add_bos && tokenizer->bos >= 0;
    *out = tokenizer;
    return 0;
}

void tokenizer_close(Tokenizer *tokenizer)
{
    if (tokenizer == NULL)
        return;
    bpe_close(tokenizer->bpe);
    spm_close(tokenizer->spm);
    free(tokenizer->texts.bytes);
    free(tokenizer->texts.start);
    vocab_close(&tokenizer->vocab);
    free(tokenizer);
}

/* Does the token's own text become the token? What does not is never made of a longer text either:
 * merges within a word go the same way whatever stands around it. */
static bool makes_itself(const Tokenizer *tokenizer, int id)
{
    IdList list = {0};
    GgufString text = string_table_at(&tokenizer->texts, id);
    int rc = tokenizer->bpe != NULL
                 ? bpe_encode(tokenizer->bpe, text.data, text.length, &list, NULL)
                 : spm_encode(tokenizer->spm, text.data, text.length, false, &list, NULL);
    bool made = rc != 0 || (list.count == 1 && list.ids[0] == id);
    free(list.ids);
    return made;
}

/* May the token stand in a conversation: can a text become it, or does a template write it? Not so
 * the ids that only fill a vocabulary up. */
static bool is_in_use(const Tokenizer *tokenizer, int id)
{
    if (!is_id(tokenizer, id) || vocab_piece(&tokenizer->vocab, id).length == 0)
        return false;
    if (id == tokenizer->bos || id == tokenizer->unknown || tokenizer_is_end(tokenizer, id) ||
        vocab_is_chat_token(vocab_piece(&tokenizer->vocab, id)))
        return true;
    switch ((TokenType)tokenizer->vocab.types[id]) {
    case TOKEN_CONTROL:
    case TOKEN_UNKNOWN:
        return false;
    case TOKEN_UNUSED:
        return makes_itself(tokenizer, id);
    default:
        return true;
    }
}

static bool differ(GgufString a, GgufString b)
{
    return a.length != b.length || memcmp(a.data, b.data, a.length) != 0;
}

/* The first id from `id` on that is not the same in both; -1 = none. */
static int next_difference(const Tokenizer *draft, const Tokenizer *target, int id)
{
    int most = draft->vocab.count > target->vocab.count ? draft->vocab.count : target->vocab.count;
    for (; id < most; id++)
        if (!is_id(draft, id) || !is_id(target, id) ||
            differ(vocab_piece(&draft->vocab, id), vocab_piece(&target->vocab, id)))
            return id;
    return -1;
}

static int shown(GgufString piece)
{
    return piece.length < 40 ? (int)piece.length : 40;
}

int tokenizer_compatible(const Tokenizer *draft, const Tokenizer *target, Err *err)
{
    for (int id = next_difference(draft, target, 0); id >= 0;
         id = next_difference(draft, target, id + 1)) {
        GgufString a = tokenizer_piece(draft, id), b = tokenizer_piece(target, id);
        if (!is_id(draft, id) || (!is_in_use(draft, id) && !is_in_use(target, id)))
            continue;
        if (!is_id(target, id))
            return err_set(err, EXIT_DATA,
                           "the draft knows %d tokens and the target %d, and token %d, '%.*s', is "
                           "one that texts have; choose a pair that shares a vocabulary",
                           draft->vocab.count, target->vocab.count, id, shown(a), a.data);
        return err_set(
            err, EXIT_DATA,
            "token %d is '%.*s' in the draft and '%.*s' in the target; choose a pair that "
            "shares a vocabulary",
            id, shown(a), a.data, shown(b), b.data);
    }
    return 0;
}

int tokenizer_differences(const Tokenizer *draft, const Tokenizer *target, int *first)
{
    int n = 0;
    *first = -1;
    for (int id = next_difference(draft, target, 0); id >= 0;
         id = next_difference(draft, target, id + 1)) {
        if (n++ == 0)
            *first = id;
    }
    return n;
}
