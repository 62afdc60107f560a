/* fuzz_tokenizer.c - any bytes as text, or as a vocabulary file.
 *
 * The first byte says how the rest is read. Text must encode in linear time to known ids without a
 * control token that nobody asked for, and decode to itself, or to its NFC. A file is refused with a reason, or
 * its tokenizer works.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/text/nfc.h"
#include "engine/text/pretoken.h"
#include "engine/text/translate.h"
#include "tests/support/small_vocab.h"

enum {
    MODE_SPM = 1,         /* else BPE */
    MODE_SPECIAL = 2,     /* special tokens in the text count */
    MODE_FILE = 4,        /* a GGUF file instead of text */
    MODE_LONG = 0xf0,     /* all of these: the text again and again; takes long, so it is rare */
    LONG_BYTES = 1 << 13, /* enough to see what grows with the square; test_tokenizer has longer */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void check_words(const char *text, size_t bytes)
{
    for (int kind = PRETOKEN_DEFAULT; kind <= PRETOKEN_LLAMA3; kind++) {
        Pretokens walk = {.kind = (PretokenKind)kind, .text = text, .bytes = bytes};
        size_t total = 0;
        for (size_t n; (n = pretoken_next(&walk)) > 0;)
            total += n;
        demand(total == bytes);
    }
}

/* In SPM a special space is a space, and one comes first. */
static size_t as_spm(const char *text, size_t bytes, char *out)
{
    size_t n = 0;
    if (bytes > 0)
        out[n++] = ' ';
    for (size_t i = 0; i < bytes;) {
        bool mark = bytes - i >= 3 && memcmp(text + i, "\xe2\x96\x81", 3) == 0;
        out[n++] = mark ? ' ' : text[i];
        i += mark ? 3 : 1;
    }
    return n;
}

static void compose(char **text, size_t *bytes)
{
    char *composed;
    size_t n;
    demand(nfc_compose(*text, *bytes, &composed, &n, NULL) == 0);
    if (composed == NULL)
        return;
    free(*text);
    *text = composed;
    *bytes = n;
}

static void check_text(const Tokenizer *tokenizer, const char *text, size_t bytes, bool special,
                       bool spm)
{
    int *ids, count = encode_text(tokenizer, text, bytes, special, &ids);
    for (int i = 0; i < count; i++) {
        demand(ids[i] >= 0 && ids[i] < tokenizer_vocab(tokenizer));
        demand(special || !tokenizer_is_special(tokenizer, ids[i]));
    }
    if (!spm || !special) { /* SPM puts a space behind every special token */
        size_t back_bytes, expected_bytes = bytes;
        char *back = decode_ids(tokenizer, ids, count, &back_bytes), *expected = malloc(bytes + 1);
        demand(expected != NULL);
        if (spm)
            expected_bytes = as_spm(text, bytes, expected);
        else if (bytes > 0)
            memcpy(expected, text, bytes);
        if (!spm) { /* qwen2 composes, but nothing over a special token */
            compose(&back, &back_bytes);
            compose(&expected, &expected_bytes);
        }
        demand(back_bytes == expected_bytes && memcmp(back, expected, back_bytes) == 0);
        free(expected);
        free(back);
    }
    free(ids);
}

static void check_long(const Tokenizer *tokenizer, const char *text, size_t bytes, bool special,
                       bool spm)
{
    char *longer = malloc(LONG_BYTES);
    demand(longer != NULL);
    for (size_t i = 0; i < LONG_BYTES; i++)
        longer[i] = bytes > 0 ? text[i % bytes] : 'a';
    check_text(tokenizer, longer, LONG_BYTES, special, spm);
    free(longer);
}

static void check_translation(const Tokenizer *draft, const Tokenizer *target)
{
    Translation t;
    int *ids = NULL, count = 0, capacity = 0;
    demand(translation_open(&t, draft, target, NULL) == 0);
    for (int i = 0; i < t.n_shared; i++)
        demand((i == 0 || t.shared[i] > t.shared[i - 1]) && t.to_draft[t.shared[i]] >= 0 &&
               t.to_draft[t.shared[i]] < tokenizer_vocab(draft));
    for (int id = 0; id < tokenizer_vocab(target); id++) {
        int before = count;
        demand(translation_append(&t, id, &ids, &count, &capacity, NULL) == 0 && count > before);
    }
    for (int i = 0; i < count; i++)
        demand(ids[i] >= 0 && ids[i] < tokenizer_vocab(draft));
    free(ids);
    translation_close(&t);
}

/* other: to translate from and to. */
static void check_file(const char *data, size_t bytes, const Tokenizer *other)
{
    Gguf *gguf;
    Tokenizer *tokenizer;
    Err err = {0};
    if (gguf_open_memory(&gguf, data, bytes, "fuzz.gguf", &err) != 0)
        return;
    if (tokenizer_open(&tokenizer, gguf, &err) != 0) {
        demand(err.code != 0 && err.text[0] != '\0');
        gguf_close(gguf);
        return;
    }
    gguf_close(gguf);
    int *ids;
    static const char text[] = "The lazy dog's\n\t <|im_end|></s> 12 \xff\xe6\x97\xa5 <0x41>";
    for (int special = 0; special < 2; special++) {
        int count = encode_text(tokenizer, text, sizeof text - 1, special, &ids);
        for (int i = 0; i < count; i++)
            demand(ids[i] >= 0 && ids[i] < tokenizer_vocab(tokenizer));
        free(ids);
    }
    for (int id = 0; id < tokenizer_vocab(tokenizer); id++) {
        size_t n;
        demand(tokenizer_text(tokenizer, id, true, &n) != NULL &&
               n <= tokenizer_piece(tokenizer, id).length);
    }
    demand(tokenizer_compatible(tokenizer, tokenizer, NULL) == 0);
    check_translation(tokenizer, tokenizer);
    check_translation(tokenizer, other);
    check_translation(other, tokenizer);
    tokenizer_close(tokenizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Tokenizer *tokenizers[2]; /* made once, for all inputs */
    if (tokenizers[0] == NULL) {
        tokenizers[0] = tiny_vocab_open(TINY_BPE);
        tokenizers[1] = tiny_vocab_open(TINY_SPM);
    }
    if (size == 0)
        return 0;
    int mode = data[0];
    const char *text = (const char *)data + 1;
    const Tokenizer *tokenizer = tokenizers[mode & MODE_SPM];
    size--;
    if (mode & MODE_FILE) {
        check_file(text, size, tokenizer);
        return 0;
    }
    check_words(text, size);
    check_text(tokenizer, text, size, mode & MODE_SPECIAL, mode & MODE_SPM);
    if ((mode & MODE_LONG) == MODE_LONG)
        check_long(tokenizer, text, size, mode & MODE_SPECIAL, mode & MODE_SPM);
    return 0;
}
