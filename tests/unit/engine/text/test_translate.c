/* test_translate.c - two vocabularies of one text: which tokens are the same, and what a draft reads for
 * the others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/text/translate.h"
#include "tests/support/small_vocab.h"

static void expect_same_text(const Tokenizer *a, int x, const Tokenizer *b, int y)
{
    size_t n, m;
    const char *left = tokenizer_text(a, x, false, &n), *right = tokenizer_text(b, y, false, &m);
    assert_int_equal(n, m);
    assert_memory_equal(left, right, n);
}

static void test_shared(void **state)
{
    Tokenizer *bpe = tiny_vocab_open(TINY_BPE), *spm = tiny_vocab_open(TINY_SPM);
    const Tokenizer *pairs[][2] = {{bpe, spm}, {spm, bpe}, {bpe, bpe}};
    (void)state;
    for (int p = 0; p < 3; p++) {
        const Tokenizer *draft = pairs[p][0], *target = pairs[p][1];
        Translation t;
        assert_int_equal(translation_open(&t, draft, target, NULL), 0);
        bool *taken = calloc((size_t)tokenizer_vocab(draft), sizeof *taken);
        assert_true(t.n_shared > 300); /* every byte, and the merges */
        for (int i = 0; i < t.n_shared; i++) {
            int own = t.to_draft[t.shared[i]];
            assert_true(i == 0 || t.shared[i] > t.shared[i - 1]);
            assert_in_range(own, 0, tokenizer_vocab(draft) - 1);
            assert_false(taken[own]); /* one of the target's each */
            taken[own] = true;
            expect_same_text(draft, own, target, t.shared[i]);
        }
        assert_true(translation_overlap(&t) > 0.95f && translation_overlap(&t) <= 1);
        free(taken);
        translation_close(&t);
    }
    tokenizer_close(bpe);
    tokenizer_close(spm);
}

/* What the draft reads is the text, whatever of it the draft's tokenizer would have joined, and a longer
 * text only adds to it. */
static void test_reading(void **state)
{
    static const char text[] =
        "Hello world, the worlds \xc3\xa9\xe2\x82\xac and <|im_start|>ing\n\n1 2";
    Tokenizer *bpe = tiny_vocab_open(TINY_BPE), *spm = tiny_vocab_open(TINY_SPM);
    const Tokenizer *pairs[][2] = {{bpe, spm}, {spm, bpe}};
    (void)state;
    for (int p = 0; p < 2; p++) {
        const Tokenizer *draft = pairs[p][0], *target = pairs[p][1];
        int *ids = NULL, *read = NULL, n = 0, n_read = 0, room = 0, read_room = 0;
        char expected[256] = "", got[256] = "";
        Translation t;
        assert_int_equal(translation_open(&t, draft, target, NULL), 0);
        assert_int_equal(tokenizer_encode(target, text, strlen(text), true, &ids, &n, &room, NULL),
                         0);
        for (int i = 0; i < n; i++) {
            int before = n_read;
            assert_int_equal(translation_append(&t, ids[i], &read, &n_read, &read_room, NULL), 0);
            assert_true(n_read > before);
            size_t bytes;
            const char *piece = tokenizer_text(target, ids[i], true, &bytes);
            strncat(expected, piece, bytes);
        }
        for (int i = 0; i < n_read; i++) {
            size_t bytes;
            const char *piece = tokenizer_text(draft, read[i], true, &bytes);
            strncat(got, piece, bytes);
        }
        assert_string_equal(got + (got[0] == ' '), expected + (expected[0] == ' '));
        free(ids);
        free(read);
        translation_close(&t);
    }
    tokenizer_close(bpe);
    tokenizer_close(spm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
