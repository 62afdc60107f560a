/* test_tokenizer.c - token ids: rules on small vocabularies made here, and reference ids of real
 * ones (tests/references).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/paths.h"
#include "app/profile/catalog.h"
#include "engine/text/nfc.h"
#include "tests/support/cut_vocab.h"
#include "tests/support/small_vocab.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define SPACE "\xc4\xa0"    /* a space in a BPE vocabulary: U+0120 */
#define MARK "\xe2\x96\x81" /* a space in an SPM vocabulary: U+2581 */

static void expect_ids(const Tokenizer *tokenizer, const char *text, bool special,
                       const int *expected, int n)
{
    int *ids, count = encode_text(tokenizer, text, strlen(text), special, &ids);
    assert_int_equal(count, n);
    for (int i = 0; i < n; i++)
        assert_int_equal(ids[i], expected[i]);
    free(ids);
}

#define EXPECT(tokenizer, text, special, ...)                        \
    expect_ids(tokenizer, text, special, (const int[]){__VA_ARGS__}, \
               COUNT(((const int[]){__VA_ARGS__})))

/* Tokens of a BPE vocabulary; the merges are in this order of rank. */
static const char *const letters[] = {"a",        "b",         "c",   "d",         SPACE,
                                      "ab",       "bc",        "cd",  "abc",       SPACE "a",
                                      "<|user|>", "<|user|>x", "<t>", "<|im_end|>"};
static const int letter_types[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 4, 4};
static const char *const letter_merges[] = {"b c", "a b", "c d", "a bc", SPACE " a"};
static const SmallVocab bpe = {.model = "gpt2",
                               .pre = "qwen2",
                               .tokens = letters,
                               .n_tokens = COUNT(letters),
                               .types = letter_types,
                               .n_types = COUNT(letter_types),
                               .merges = letter_merges,
                               .n_merges = COUNT(letter_merges)};

static Tokenizer *open_small(const SmallVocab *vocab)
{
    Err err = {0};
    Tokenizer *tokenizer;
    if (small_vocab_open(&tokenizer, vocab, &err) != 0)
        fail_msg("%s", err.text);
    return tokenizer;
}

static void test_bpe_merges(void **state)
{
    (void)state;
    Tokenizer *t = open_small(&bpe);
    EXPECT(t, "ab", false, 5);
    EXPECT(t, "abc", false, 8);     /* bc comes before ab, and then a bc */
    EXPECT(t, "abcd", false, 8, 3); /* bc also comes before cd */
    EXPECT(t, "ababcd", false, 5, 8, 3);
    EXPECT(t, "cdcd", false, 7, 7);
    EXPECT(t, "a a", false, 0, 9);
    EXPECT(t,
           "a\x01"
           "b",
           false, 0, 1); /* a byte without a token vanishes */
    expect_ids(t, "", false, NULL, 0);
    tokenizer_close(t);
}

static void test_special(void **state)
{
    (void)state;
    Tokenizer *t = open_small(&bpe);
    EXPECT(t, "a<|user|>b", true, 0, 10, 1);
    EXPECT(t, "<|user|>x<|user|>", true, 11, 10); /* the longest */
    EXPECT(t, "a<|user|>b", false, 0,
           1); /* its characters are plain text, which has no tokens here */
    EXPECT(t, "a<t>b", false, 0, 12, 1);   /* added by the makers: also in plain text */
    EXPECT(t, "<|im_end|>a", false, 3, 0); /* structures a chat: never in plain text */
    EXPECT(t, "<|im_end|>a", true, 13, 0);
    assert_true(tokenizer_is_special(t, 10));
    assert_true(tokenizer_is_special(t, 13));
    assert_false(tokenizer_is_special(t, 12));
    assert_true(tokenizer_is_end(t, 13));
    assert_false(tokenizer_is_end(t, 10));
    assert_int_equal(tokenizer_find(t, "<t>"), 12);
    assert_int_equal(tokenizer_find(t, "<t"), -1);
    size_t bytes;
    tokenizer_text(t, 10, false, &bytes);
    assert_int_equal(bytes, 0);
    assert_memory_equal(tokenizer_text(t, 10, true, &bytes), "<|user|>", 8);
    assert_int_equal(bytes, 8);
    assert_memory_equal(tokenizer_text(t, 9, false, &bytes), " a", 2);
    tokenizer_text(t, -1, true, &bytes);
    assert_int_equal(bytes, 0);
    tokenizer_text(t, COUNT(letters), true, &bytes);
    assert_int_equal(bytes, 0);
    tokenizer_close(t);
}

static void test_spans(void **state)
{
    (void)state;
    Tokenizer *t = open_small(&bpe);
    TextSpan spans[] = {{"<|us", 4, true},      {"er|>a", 5, true}, {"bc", 2, false},
                        {"<|user|>", 8, false}, {"d", 1, true},     {"<|user|>", 8, true}};
    int *ids = NULL, count = 0, capacity = 0;
    assert_int_equal(tokenizer_encode_spans(t, spans, COUNT(spans), &ids, &count, &capacity, NULL),
                     0);
    /* A token in two spans is none, words reach over borders, and what was said stays plain. */
    assert_int_equal(count, 3);
    assert_int_equal(ids[0], 8);
    assert_int_equal(ids[1], 3);
    assert_int_equal(ids[2], 10);
    free(ids);
    tokenizer_close(t);
}

/* The same merges by trying all pairs again and again. */
static int merge_slowly(const char *word, int ids[], const int (*merges)[3], int n_merges)
{
    int n = 0;
    for (; word[n] != '\0'; n++)
        ids[n] = word[n] - 'a';
    for (int rank = 0; rank < n_merges; rank++) {
        for (int i = 0; i + 1 < n; i++) {
            if (ids[i] != merges[rank][0] || ids[i + 1] != merges[rank][1])
                continue;
            ids[i] = merges[rank][2];
            memmove(ids + i + 1, ids + i + 2, (size_t)(--n - i - 1) * sizeof *ids);
            rank = -1; /* a new token: the first merges may apply again */
            break;
        }
    }
    return n;
}

static void test_bpe_against_slow(void **state)
{
    enum { LETTERS = 3, MERGES = 24, TOKENS = LETTERS + MERGES, WORD = 60 };
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 200; round++) {
        char token[TOKENS][20], merge[MERGES][40];
        const char *tokens[TOKENS], *lines[MERGES];
        int merges[MERGES][3], n_tokens = LETTERS, n_merges = 0;
        for (int i = 0; i < LETTERS; i++)
            snprintf(token[i], sizeof token[i], "%c", 'a' + i);
        while (n_merges < MERGES) {
            int left = rand_r(&seed) % n_tokens, right = rand_r(&seed) % n_tokens, same = 0;
            if (strlen(token[left]) + strlen(token[right]) > 16)
                continue;
            strcpy(stpcpy(token[n_tokens], token[left]), token[right]);
            while (strcmp(token[same], token[n_tokens]) != 0)
                same++;
            if (same < n_tokens)
                continue;
            snprintf(merge[n_merges], sizeof merge[0], "%s %s", token[left], token[right]);
            merges[n_merges][0] = left;
            merges[n_merges][1] = right;
            merges[n_merges++][2] = n_tokens++;
        }
        for (int i = 0; i < TOKENS; i++)
            tokens[i] = token[i];
        for (int i = 0; i < MERGES; i++)
            lines[i] = merge[i];
        SmallVocab vocab = {.model = "gpt2",
                            .pre = "smollm",
                            .tokens = tokens,
                            .n_tokens = TOKENS,
                            .merges = lines,
                            .n_merges = MERGES};
        Tokenizer *t = open_small(&vocab);
        for (int k = 0; k < 20; k++) {
            char word[WORD + 1] = "";
            int ids[WORD], length = 1 + rand_r(&seed) % WORD;
            for (int i = 0; i < length; i++)
                word[i] = (char)('a' + rand_r(&seed) % LETTERS);
            expect_ids(t, word, false, ids, merge_slowly(word, ids, merges, MERGES));
        }
        tokenizer_close(t);
    }
}

static void test_whole_words(void **state)
{
    (void)state;
    static const char *const tokens[] = {"a", "b", "c", "bc", "abc", SPACE};
    static const char *const merges[] = {"b c"};
    SmallVocab vocab = {.model = "gpt2",
                        .pre = "llama-bpe",
                        .tokens = tokens,
                        .n_tokens = COUNT(tokens),
                        .merges = merges,
                        .n_merges = 1};
    Tokenizer *t = open_small(&vocab);
    EXPECT(t, "abc", false, 4); /* no merge makes it, but the word is a token */
    EXPECT(t, "abca", false, 0, 3, 0);
    tokenizer_close(t);
    vocab.pre = "qwen2";
    t = open_small(&vocab);
    EXPECT(t, "abc", false, 0, 3);
    tokenizer_close(t);
}

static const char *const spm_tokens[] = {"<unk>",  "<s>", "</s>", MARK,     "a",      "b",
                                         MARK "a", "ab",  "aa",   "<0x41>", "<0xC3>", "<0xa9>",
                                         "s",      "<",   ">",    "<s",     MARK "<", "ba"};
static const int spm_types[] = {2, 3, 3, 1, 1, 1, 1, 1, 1, 6, 6, 6, 1, 1, 1, 1, 4, 1};
static const float spm_scores[] = {0, 0, 0, -9, -9, -9, -1, -2, -3,
                                   0, 0, 0, -9, -9, -9, -4, -5, -2};
static const SmallVocab spm = {.model = "llama",
                               .tokens = spm_tokens,
                               .n_tokens = COUNT(spm_tokens),
                               .types = spm_types,
                               .n_types = COUNT(spm_types),
                               .scores = spm_scores,
                               .n_scores = COUNT(spm_scores),
                               .id_key = "unknown_token_id",
                               .id = 0};

static void test_spm(void **state)
{
    (void)state;
    Tokenizer *t = open_small(&spm);
    EXPECT(t, "a", false, 6);     /* a space comes before the text */
    EXPECT(t, "ab", false, 6, 5); /* the better score first */
    EXPECT(t, "baa", false, 3, 17, 4);
    EXPECT(t, "bab", false, 3, 17, 5);         /* ba and ab score alike: the left one */
    EXPECT(t, "A\u00e9", false, 3, 9, 10, 11); /* no token: its bytes */
    EXPECT(t, "B", false, 3, 0);               /* no byte either: unknown */
    EXPECT(t, "b<s>", false, 3, 5, 15, 14);    /* not the control token <s> */
    EXPECT(t, "b<s>a", true, 3, 5, 1, 6);
    EXPECT(t, "b\xc3", false, 3, 5, 10);
    expect_ids(t, "", false, NULL, 0);
    size_t bytes;
    assert_memory_equal(tokenizer_text(t, 6, false, &bytes), " a", 2);
    assert_memory_equal(tokenizer_text(t, 11, false, &bytes), "\xa9", 1);
    assert_int_equal(bytes, 1);
    /* A text that continues another begins without the space. */
    int *ids = NULL, count = 0, capacity = 0;
    assert_int_equal(tokenizer_encode(t, "b", 1, false, &ids, &count, &capacity, NULL), 0);
    assert_int_equal(tokenizer_encode(t, "a", 1, false, &ids, &count, &capacity, NULL), 0);
    assert_int_equal(count, 3);
    assert_int_equal(ids[2], 4);
    free(ids);
    tokenizer_close(t);
}

static void expect_refused(const SmallVocab *vocab, const char *why)
{
    Err err = {0};
    Tokenizer *tokenizer;
    if (small_vocab_open(&tokenizer, vocab, &err) == 0)
        fail_msg("opened, although: %s", why);
    assert_int_equal(err.code, EXIT_DATA);
    if (strstr(err.text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

#define REFUSED(base, why, ...)      \
    do {                             \
        SmallVocab vocab = base;     \
        __VA_ARGS__;                 \
        expect_refused(&vocab, why); \
    } while (0)

static void test_bad_vocabularies(void **state)
{
    static const char *const no_space[] = {"ab"};
    static const char *const ends_in_space[] = {"ab "};
    static const char *const unknown_left[] = {"x b"};
    static const char *const unknown_sum[] = {"a d"};
    static const char *const bad_byte[] = {"<0x-1>", "a"}, *const bad_digits[] = {"<0xZZ>", "a"};
    static const int byte_types[] = {6, 1}, wrong_types[] = {1, 7};
    static const float scores[] = {0, 0}, not_a_number[] = {0, 0.0f / 0.0f};
    (void)state;
    REFUSED(bpe, "no tokenizer.ggml.model", vocab.model = NULL);
    REFUSED(bpe, "not known", vocab.model = "bert");
    REFUSED(bpe, "pre-tokenizer 'poro-chat' is not known (default, smollm, ",
            vocab.pre = "poro-chat");
    REFUSED(bpe, "no tokenizer.ggml.tokens", vocab.tokens = NULL);
    REFUSED(bpe, "no tokenizer.ggml.merges", vocab.merges = NULL);
    REFUSED(bpe, "13 entries for 14", vocab.n_types--);
    REFUSED(spm, "17 entries for 18", vocab.n_scores--);
    REFUSED(spm, "no tokenizer.ggml.scores", vocab.scores = NULL);
    REFUSED(bpe, "eos_token_id is 14", vocab.id_key = "eos_token_id", vocab.id = 14);
    REFUSED(bpe, "eos_token_id is 4294967294", vocab.id_key = "eos_token_id",
            vocab.id = UINT32_MAX - 1);
    REFUSED(bpe, "bos_token_id is 99", vocab.id_key = "bos_token_id", vocab.id = 99);
    REFUSED(bpe, "merge 0", vocab.merges = no_space, vocab.n_merges = 1);
    REFUSED(bpe, "merge 0", vocab.merges = ends_in_space, vocab.n_merges = 1);
    REFUSED(bpe, "merge 0", vocab.merges = unknown_left, vocab.n_merges = 1);
    REFUSED(bpe, "merge 0", vocab.merges = unknown_sum, vocab.n_merges = 1);
    REFUSED(spm, "'<0x-1>'", vocab.tokens = bad_byte, vocab.n_tokens = 2, vocab.types = byte_types,
            vocab.n_types = 2, vocab.scores = scores, vocab.n_scores = 2);
    REFUSED(spm, "'<0xZZ>'", vocab.tokens = bad_digits, vocab.n_tokens = 2,
            vocab.types = byte_types, vocab.n_types = 2, vocab.scores = scores, vocab.n_scores = 2);
    REFUSED(spm, "type 7", vocab.n_tokens = 2, vocab.types = wrong_types, vocab.n_types = 2,
            vocab.scores = scores, vocab.n_scores = 2);
    REFUSED(spm, "not a number", vocab.n_tokens = 2, vocab.n_types = 2, vocab.scores = not_a_number,
            vocab.n_scores = 2);
    REFUSED(spm, "no unknown token", vocab.id_key = NULL);
}

static void test_long_token(void **state)
{
    (void)state;
    char *text = malloc(5001);
    assert_non_null(text);
    memset(text, 'a', 5000);
    text[5000] = '\0';
    const char *tokens[] = {"a", text};
    REFUSED(bpe, "token 1 has 5000 bytes", vocab.tokens = tokens, vocab.n_tokens = 2,
            vocab.types = NULL);
    free(text);
}

/* What is odd about real files and harms nothing. */
static void test_odd_vocabularies(void **state)
{
    static const int types[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 0, 4, 4};
    const char *tokens[COUNT(letters)];
    (void)state;
    for (int id = 0; id < COUNT(letters); id++) { /* a token without text, of any type */
        if (id < 9 && id != 4 && id != 6)
            continue; /* a merge names it */
        SmallVocab vocab = bpe;
        memcpy(tokens, letters, sizeof letters);
        tokens[id] = "";
        vocab.tokens = tokens;
        vocab.n_merges = 0;
        Tokenizer *t = open_small(&vocab);
        size_t bytes;
        if (id == 10)
            EXPECT(t, "a<|user|>b", true, 0, 1);
        else
            EXPECT(t, "a<|user|>b", true, 0, 10, 1);
        tokenizer_text(t, id, true, &bytes);
        assert_int_equal(bytes, 0);
        assert_int_equal(tokenizer_find(t, ""), -1);
        tokenizer_close(t);
    }
    SmallVocab vocab = bpe;
    vocab.types = types; /* 0: the converters' "undefined" */
    vocab.id_key = "eos_token_id";
    vocab.id = UINT32_MAX; /* -1: there is none */
    Tokenizer *t = open_small(&vocab);
    assert_true(tokenizer_is_special(t, 11));
    assert_int_equal(tokenizer_eos(t), -1);
    tokenizer_close(t);
}

/* Is the draft with this vocabulary one for the target? The first id that differs, -1 = none. */
static void expect_pair(const SmallVocab *draft, const SmallVocab *target, int differ, int first,
                        const char *refused)
{
    Err err = {0};
    int at;
    Tokenizer *a = open_small(draft), *b = open_small(target);
    int rc = tokenizer_compatible(a, b, &err);
    if (rc != (refused ? -1 : 0))
        fail_msg("%s: %s", refused ? refused : "not refused", err.text);
    if (refused && strstr(err.text, refused) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, refused);
    assert_int_equal(tokenizer_differences(a, b, &at), differ);
    assert_int_equal(at, first);
    tokenizer_close(a);
    tokenizer_close(b);
}

/* Ids that no text becomes and no template writes may differ. */
static void test_compatible_fillers(void **state)
{
    enum { N = COUNT(letters) + 3 };
    const char *tokens[N], *others[N];
    int types[N], other_types[N];
    (void)state;
    memcpy(tokens, letters, sizeof letters);
    memcpy(types, letter_types, sizeof letter_types);
    for (int i = COUNT(letters); i < N; i++) {
        tokens[i] = i % 2 ? "[PAD1]" : "[PAD0]";
        types[i] = 5;
    }
    memcpy(others, tokens, sizeof tokens);
    memcpy(other_types, types, sizeof types);
    SmallVocab target = bpe, draft = bpe;
    target.tokens = tokens;
    target.types = types;
    draft.tokens = others;
    draft.types = other_types;
    target.n_tokens = target.n_types = draft.n_tokens = draft.n_types = N;
    expect_pair(&draft, &target, 0, -1, NULL);
    others[N - 2] = "<|PAD_TOKEN|>"; /* a reserved one renamed */
    other_types[N - 2] = 3;
    expect_pair(&draft, &target, 1, N - 2, NULL);
    expect_pair(&target, &draft, 1, N - 2, NULL);
    others[11] = "<|reserved|>"; /* a control token of no template */
    expect_pair(&draft, &target, 2, 11, NULL);
    target.n_tokens = target.n_types = N - 1; /* more padding in the draft, or in the target */
    expect_pair(&draft, &target, 3, 11, NULL);
    expect_pair(&target, &draft, 3, 11, NULL);
    /* Now ids that a conversation may have. */
    other_types[N - 2] = 4;
    expect_pair(&draft, &target, 3, 11, "'<|PAD_TOKEN|>' in the draft");
    other_types[N - 2] = 1;
    expect_pair(&draft, &target, 3, 11, "'<|PAD_TOKEN|>' in the draft");
    other_types[N - 2] = 3;
    other_types[N - 1] = 1;
    expect_pair(&draft, &target, 3, 11, "token 16, '[PAD0]'");
    other_types[N - 1] = 5;
    others[13] = "<|im_start|>";
    expect_pair(&draft, &target, 4, 11, "token 13 is '<|im_start|>' in the draft");
    others[13] = letters[13];
    other_types[8] = 5; /* unused, they say, but merges make it */
    others[8] = "<abc>";
    types[8] = 5;
    draft.n_merges = 3; /* the draft's do not */
    expect_pair(&draft, &target, 4, 8, "token 8 is '<abc>'");
}

static void test_compatible(void **state)
{
    (void)state;
    Err err = {0};
    SmallVocab fewer = bpe, other = bpe;
    fewer.n_tokens = fewer.n_types = 13;
    const char *tokens[COUNT(letters)];
    memcpy(tokens, letters, sizeof letters);
    tokens[8] = "abd";
    other.n_merges = 3; /* none that makes token 8 */
    other.tokens = tokens;
    Tokenizer *full = open_small(&bpe), *draft = open_small(&fewer), *strange = open_small(&other);
    assert_int_equal(tokenizer_compatible(full, full, &err), 0);
    assert_int_equal(tokenizer_compatible(draft, full, &err), 0); /* the target may have more */
    assert_int_equal(tokenizer_compatible(full, draft, &err), -1);
    assert_non_null(strstr(err.text, "14 tokens"));
    assert_non_null(strstr(err.text, "token 13, '<|im_end|>'"));
    err.code = 0;
    assert_int_equal(tokenizer_compatible(full, strange, &err), -1);
    assert_non_null(strstr(err.text, "token 8 is 'abc'"));
    tokenizer_close(full);
    tokenizer_close(draft);
    tokenizer_close(strange);
}

/* Every byte, in every neighbourhood, comes back. */
static void test_round_trip(void **state)
{
    enum { SIZE = 5000 };
    (void)state;
    unsigned seed = 7;
    Tokenizer *tokenizers[] = {tiny_vocab_open(TINY_BPE), tiny_vocab_open(TINY_SPM)};
    for (int round = 0; round < 20; round++) {
        char text[SIZE];
        for (int i = 0; i < SIZE; i++)
            text[i] = (char)(round % 2 ? rand_r(&seed) : " the\nworld,you"[rand_r(&seed) % 14]);
        for (int k = 0; k < 2; k++) {
            int *ids, count = encode_text(tokenizers[k], text, SIZE, false, &ids);
            size_t bytes;
            char *back = decode_ids(tokenizers[k], ids, count, &bytes), *composed = NULL;
            size_t expected = SIZE;
            if (k == 0) /* qwen2 composes first */
                assert_int_equal(nfc_compose(text, SIZE, &composed, &expected, NULL), 0);
            if (composed == NULL)
                expected = SIZE;
            assert_int_equal(bytes, expected + (size_t)k); /* SPM puts a space before the text */
            assert_memory_equal(back + k, composed ? composed : text, expected);
            free(composed);
            free(back);
            free(ids);
        }
    }
    tokenizer_close(tokenizers[0]);
    tokenizer_close(tokenizers[1]);
}

static void expect_same_ids(const Tokenizer *tokenizer, const char *a, const char *b, bool same)
{
    int *ids[2], n = encode_text(tokenizer, a, strlen(a), true, &ids[0]);
    int m = encode_text(tokenizer, b, strlen(b), true, &ids[1]);
    bool equal = n == m && memcmp(ids[0], ids[1], sizeof(int) * (size_t)n) == 0;
    if (equal != same)
        fail_msg("\"%s\" and \"%s\" have %s ids", a, b, equal ? "the same" : "other");
    free(ids[0]);
    free(ids[1]);
}

/* The same characters are the same tokens, however they were put together: for models that were
 * trained so, and for no others. */
static void test_composed(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"cafe\u0301", "caf\u00e9"},
        {"\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00"}, /* Hangul */
        {"\u304b\u3099", "\u304c"},                               /* kana */
        {"a\u0323\u0302", "\u1ead"},                              /* in steps */
        {"a\u0302\u0323", "\u1ead"},                              /* in the other order */
        {"\u212b", "\u00c5"},                                     /* one for another */
        {"\xff"
         "e\u0301\xc3",
         "\xff\u00e9\xc3"},                                            /* beside what is no text */
        {"<|im_end|>e\u0301<|im_end|>", "<|im_end|>\u00e9<|im_end|>"}, /* and special tokens */
    };
    Tokenizer *qwen = tiny_vocab_open(TINY_BPE), *spm = tiny_vocab_open(TINY_SPM);
    for (int i = 0; i < COUNT(pairs); i++) {
        expect_same_ids(qwen, pairs[i][0], pairs[i][1], true);
        expect_same_ids(spm, pairs[i][0], pairs[i][1], false);
    }
    /* A mark is not put onto a special token's last character, which would be no token then. */
    int *ids, n = encode_text(qwen, "<|im_end|>\u0338", 12, true, &ids);
    assert_true(n > 1 && ids[0] == tokenizer_find(qwen, "<|im_end|>"));
    free(ids);
    /* What is composed already, and compatible characters, which form C keeps. */
    expect_same_ids(qwen, "\ufb01", "fi", false);
    /* The border between two spans is none between characters. */
    TextSpan spans[] = {{"cafe", 4, true}, {"\u0301", 2, false}};
    int *whole, *parts = NULL, count = 0, capacity = 0;
    n = encode_text(qwen, "caf\u00e9", 5, false, &whole);
    assert_int_equal(tokenizer_encode_spans(qwen, spans, 2, &parts, &count, &capacity, NULL), 0);
    assert_int_equal(count, n);
    assert_memory_equal(parts, whole, sizeof(int) * (size_t)n);
    free(whole);
    free(parts);
    tokenizer_close(qwen);
    tokenizer_close(spm);
}

/* Would take hours if any step were quadratic. */
static void test_long_texts(void **state)
{
    enum { SIZE = 1 << 20 };
    static const char *const patterns[] = {
        "a",   " ", "\n", "the",          "\xff", "<",       "<|im_end|>",
        " \n", "'", "1",  "\xe6\x97\xa5", "er",   "e\u0301", "\u0301\u0323"};
    (void)state;
    char *text = malloc(SIZE);
    assert_non_null(text);
    Tokenizer *tokenizers[] = {tiny_vocab_open(TINY_BPE), tiny_vocab_open(TINY_SPM)};
    for (int p = 0; p < COUNT(patterns); p++) {
        for (size_t i = 0; i < SIZE; i++)
            text[i] = patterns[p][i % strlen(patterns[p])];
        for (int k = 0; k < 2; k++) {
            int *ids, count = encode_text(tokenizers[k], text, SIZE, true, &ids);
            assert_in_range(count, SIZE / 10, SIZE + 1);
            free(ids);
        }
    }
    tokenizer_close(tokenizers[0]);
    tokenizer_close(tokenizers[1]);
    free(text);
}

/* whole_ids: of the tokenizer's tokens, NULL = they have the row's numbers. */
static int check_row(const char *name, const Tokenizer *tokenizer, const int *whole_ids,
                     const json_t *row)
{
    const json_t *text = json_object_get(row, "text"), *expected = json_object_get(row, "ids");
    bool special = json_is_true(json_object_get(row, "parse_special"));
    int *ids, count = encode_text(tokenizer, json_string_value(text), json_string_length(text),
                                  special, &ids);
    int same = count == (int)json_array_size(expected);
    for (int i = 0; same && i < count; i++)
        same = (whole_ids ? whole_ids[ids[i]] : ids[i]) ==
               json_integer_value(json_array_get(expected, (size_t)i));
    if (!same)
        print_error("%s: other ids for %s\n", name, json_string_value(text));
    free(ids);
    return same;
}

/* Every reference row whose `key` is `name`; returns how many. */
static int check_file(const char *path, const char *key, const char *name,
                      const Tokenizer *tokenizer, const int *whole_ids)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    int equal = 0, rows = 0;
    for (json_t *row; (row = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL));
         json_decref(row)) {
        if (strcmp(json_string_value(json_object_get(row, key)), name) != 0)
            continue;
        rows++;
        equal += check_row(name, tokenizer, whole_ids, row);
    }
    fclose(file);
    print_message("%s: %d of %d reference rows equal\n", name, equal, rows);
    assert_int_equal(equal, rows);
    return rows;
}

static void check_rows(const char *model, const Tokenizer *tokenizer, const int *whole_ids)
{
    int rows = check_file("tests/references/tokens.jsonl", "model", model, tokenizer, whole_ids);
    assert_in_range(rows, 58, 60);
}

/* Tokens that reach over the borders of words tell where each of them is. */
static void test_pretokenizers(void **state)
{
    static const char *const kinds[] = {"smollm",    "refact", "qwen2",  "qwen35", "llama-bpe",
                                        "smaug-bpe", "dbrx",   "tekken", "gpt-4o"};
    (void)state;
    for (int i = 0; i < COUNT(kinds); i++) {
        CutVocab vocab;
        cut_vocab_open_as(&vocab, "lines", kinds[i]);
        int rows =
            check_file("tests/references/pretokens.jsonl", "pre", kinds[i], vocab.tokenizer, NULL);
        assert_int_equal(rows, 71);
        cut_vocab_close(&vocab);
    }
}

static void test_reference(void **state)
{
    (void)state;
    static const char *const models[] = {"smollm2-135m", "qwen2.5-coder-0.5b", "llama-bpe",
                                         "llama-spm", "gemma-3"};
    for (int i = 0; i < COUNT(models); i++) {
        CutVocab vocab;
        cut_vocab_open(&vocab, models[i]);
        check_rows(models[i], vocab.tokenizer, vocab.whole_ids);
        cut_vocab_close(&vocab);
    }
}

/* The same rows by the models' own files, of those that are here. */
static void test_reference_files(void **state)
{
    (void)state;
    static const char *const models[] = {"smollm2-135m", "qwen2.5-coder-0.5b"};
    int checked = 0;
    for (int i = 0; i < COUNT(models); i++) {
        char path[PATH_BYTES];
        Gguf *gguf;
        Tokenizer *tokenizer;
        Err err = {0};
        if (catalog_resolve(models[i], path, sizeof path, NULL) != 0) {
            print_message("not checked: %s is not here; s2d pull brings it\n", models[i]);
            continue;
        }
        if (gguf_open(&gguf, path, &err) != 0 || tokenizer_open(&tokenizer, gguf, &err) != 0)
            fail_msg("%s", err.text);
        gguf_close(gguf);
        check_rows(models[i], tokenizer, NULL);
        if (i == 1) { /* as Hugging Face has it; llama.cpp does not compose */
            int *ids, count = encode_text(tokenizer, "cafe\u0301", 6, false, &ids);
            assert_int_equal(count, 2);
            assert_true(ids[0] == 924 && ids[1] == 58858);
            free(ids);
        }
        tokenizer_close(tokenizer);
        checked++;
    }
    if (checked == 0)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bpe_merges),
        cmocka_unit_test(test_special),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_bpe_against_slow),
        cmocka_unit_test(test_whole_words),
        cmocka_unit_test(test_spm),
        cmocka_unit_test(test_bad_vocabularies),
        cmocka_unit_test(test_long_token),
        cmocka_unit_test(test_compatible),
        cmocka_unit_test(test_compatible_fillers),
        cmocka_unit_test(test_odd_vocabularies),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_composed),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_pretokenizers),
        cmocka_unit_test(test_reference_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
