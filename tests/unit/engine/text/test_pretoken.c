/* test_pretoken.c - where words end, by the regular expressions of each pre-tokenizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/text/pretoken.h"

/* Cuts `text` and compares with `expected`, in which '|' stands between words. */
static void expect_words(const char *pre, const char *text, const char *expected)
{
    const Pretokenizer *pretokenizer = pretoken_by_name(pre, strlen(pre));
    assert_non_null(pretokenizer);
    Pretokens walk = {.kind = pretokenizer->kind, .text = text, .bytes = strlen(text)};
    char *words = calloc(1, 2 * strlen(text) + 1), *out = words;
    assert_non_null(words);
    for (size_t n, at = 0; (n = pretoken_next(&walk)) > 0; at += n) {
        if (at > 0)
            *out++ = '|';
        out = (char *)memcpy(out, text + at, n) + n;
    }
    assert_string_equal(words, expected);
    free(words);
}

/* Words that all of them cut alike. */
static void test_common(void **state)
{
    static const char *const kinds[] = {"smollm", "qwen2",  "llama-bpe", "default",
                                        "qwen35", "tekken", "gpt-4o"};
    (void)state;
    for (int i = 0; i < 7; i++) {
        expect_words(kinds[i], "", "");
        expect_words(kinds[i], "Hello world", "Hello| world");
        expect_words(kinds[i], "a   b", "a|  | b");
        expect_words(kinds[i], "a  ", "a|  ");
        expect_words(kinds[i], "na\u00efve \u65e5\u672c", "na\u00efve| \u65e5\u672c");
    }
}

static void test_smollm(void **state)
{
    (void)state;
    expect_words("smollm", "it's IT'S we'll", "it|'s| IT|'|S| we|'ll");
    expect_words("smollm", "x 12 34", "x| |1|2| |3|4");
    expect_words("smollm", "a  1", "a|  |1"); /* the digit ends what the spaces can see */
    expect_words("smollm", "a\n\nb", "a|\n|\n|b");
    expect_words("smollm", "f(x) == 3", "f|(|x|)| ==| |3");
    expect_words("smollm", "\u0663\u0664", "\u0663|\u0664");
}

static void test_qwen2(void **state)
{
    (void)state;
    expect_words("qwen2", "it's IT'S we'LL", "it|'s| IT|'S| we|'LL");
    expect_words("qwen2", "x 12", "x| |1|2");
    expect_words("qwen2", "(x) !!\n\ny", "(x|)| !!\n\n|y");
    expect_words("qwen2", "a \n \n  b", "a| \n \n| | b");
    expect_words("qwen2", "\tx\u00a0y\nz", "\tx|\u00a0y|\n|z");
    expect_words("qwen2", "a\n \t", "a|\n| \t");
}

static void test_llama3(void **state)
{
    (void)state;
    expect_words("llama-bpe", "1234567 12", "123|456|7| |12");
    expect_words("llama-bpe", "'Tis 'twas", "'T|is| '|twas");
    expect_words("llama-bpe", "don't-stop", "don|'t|-stop");
}

static void test_tekken(void **state)
{
    (void)state;
    expect_words("tekken", "HTTPServer fooBar X", "HTTPServer| foo|Bar| X");
    expect_words("tekken", "it's we'LL", "it|'s| we|'LL");
    expect_words("tekken", "12 3", "1|2| |3");
    expect_words("tekken", "a://b\n//\n", "a|://|b|\n|//\n");
    /* Letters without case end what capitals have begun, or go on with it. */
    expect_words("tekken", "\u4e2dAB \u4e2dAb A\u4e2dB", "\u4e2d|AB| \u4e2dAb| A\u4e2d|B");
    expect_words("tekken", "a\u0301b \u0301 \u0301x", "a\u0301b| \u0301| \u0301x");
    expect_words("tekken", "\u041c\u041e \u041c\u043e\u041c", "\u041c\u041e| \u041c\u043e|\u041c");
}

static void test_gpt4o(void **state)
{
    (void)state;
    expect_words("gpt-4o", "it's we'LL HTTP'd", "it's| we'LL| HTTP'd");
    expect_words("gpt-4o", "1234 5", "123|4| |5");
    expect_words("gpt-4o", "x'y 's", "x|'y| '|s");
}

static void test_qwen35(void **state)
{
    (void)state;
    expect_words("qwen35", "it's HTTPServer 12", "it|'s| HTTPServer| |1|2");
    expect_words("qwen35", "a\u0301b \u0301 .\u0301. \u0301",
                 "a\u0301b| \u0301| .|\u0301|.| \u0301");
    expect_words("qwen35", "\n\u0301x !\n\n", "\n|\u0301x| !\n\n");
}

static void test_default(void **state)
{
    (void)state;
    expect_words("default", "1234567", "123|456|7");
    expect_words("default", "x 1234", "x| |123|4");
    expect_words("default", "a+b=c, d", "a|+|b|=|c|,| d");
    expect_words("default", "don't", "don|'|t"); /* the apostrophe is cut off first */
    expect_words("default", "12\u0663456\u0664", "12\u0663|456|\u0664");
    expect_words("default", "a `b\u00ac", "a| `|b|\u00ac");
}

static void test_invalid(void **state)
{
    (void)state;
    expect_words("qwen2", "a\xff\xfe b\xe6\x97", "a|\xff\xfe| b|\xe6\x97");
    expect_words("smollm", "\xc3", "\xc3");
}

static void test_names(void **state)
{
    char names[PRETOKEN_NAMES_BYTES];
    (void)state;
    assert_null(pretoken_by_name("poro-chat", 9));
    assert_null(pretoken_by_name("qwen", 4));
    assert_null(pretoken_by_name("", 0));
    pretoken_names(names, sizeof names);
    assert_in_range(strlen(names), 20, sizeof names - 2);
    assert_non_null(strstr(names, "default, smollm, "));
    assert_non_null(strstr(names, " and llama4"));
    /* What the models' tokenizers do beside cutting. */
    assert_true(pretoken_by_name("qwen35", 6)->nfc && !pretoken_by_name("tekken", 6)->nfc);
    assert_true(pretoken_by_name("tekken", 6)->whole_words && pretoken_by_name("tekken", 6)->bos);
    assert_false(pretoken_by_name("gpt-4o", 6)->whole_words);
    assert_false(pretoken_by_name("smaug-bpe", 9)->bos);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_common),  cmocka_unit_test(test_smollm),
        cmocka_unit_test(test_qwen2),   cmocka_unit_test(test_llama3),
        cmocka_unit_test(test_default), cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_tekken),
        cmocka_unit_test(test_gpt4o),   cmocka_unit_test(test_qwen35),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
