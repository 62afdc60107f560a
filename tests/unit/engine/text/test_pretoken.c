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
    Pretokens acceptance = {.text = text, .bytes = strlen(text)};
    assert_int_equal(pretoken_by_name(&acceptance.kind, pre, strlen(pre)), 0);
    char *words = calloc(1, 2 * strlen(text) + 1), *out = words;
    assert_non_null(words);
    for (size_t n, at = 0; (n = pretoken_next(&acceptance)) > 0; at += n) {
        if (at > 0)
            *out++ = '|';
        out = (char *)memcpy(out, text + at, n) + n;
    }
    assert_string_equal(words, expected);
    free(words);
}

/* Words that all four cut alike. */
static void test_common(void **state)
{
    static const char *const kinds[] = {"smollm", "qwen2", "llama-bpe", "default"};
    (void)state;
    for (int i = 0; i < 4; i++) {
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

static void test_unknown(void **state)
{
    PretokenKind kind;
    (void)state;
    assert_int_equal(pretoken_by_name(&kind, "tekken", 6), -1);
    assert_int_equal(pretoken_by_name(&kind, "qwen", 4), -1);
    assert_int_equal(pretoken_by_name(&kind, "", 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_common),  cmocka_unit_test(test_smollm),
        cmocka_unit_test(test_qwen2),   cmocka_unit_test(test_llama3),
        cmocka_unit_test(test_default), cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
