/* test_text.c - what text becomes before it may reach a terminal, and how wide it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "ui/text.h"

static void assert_cleans(const char *in, size_t n, const char *expected)
{
    char out[512];
    /* Whole, and cut at every place. */
    for (size_t cut = 0; cut <= n; cut++) {
        TextCleaner cleaner = {0};
        size_t length = text_clean(&cleaner, in, cut, out);
        length += text_clean(&cleaner, in + cut, n - cut, out + length);
        assert_int_equal(length, strlen(out));
        assert_string_equal(out, expected);
    }
}

#define CLEANS(in, expected) assert_cleans(in, sizeof(in) - 1, expected)

static void test_plain_text_stays(void **state)
{
    (void)state;
    CLEANS("plain text,\ttabs\nand lines", "plain text,\ttabs\nand lines");
    CLEANS("gr\u00fc\u00dfe \u65e5\u672c \U0001F642 e\u0301",
           "gr\u00fc\u00dfe \u65e5\u672c \U0001F642 e\u0301");
}

static void test_escape_sequences_go(void **state)
{
    (void)state;
    CLEANS("a\033[31mb\033[0mc", "abc");
    CLEANS("a\033[?1049hb", "ab");
    CLEANS("a\033]0;title\007b", "ab");
    CLEANS("a\033]8;;http://x\033\\b", "ab");
    CLEANS("a\033]52;c;AAAA\033\\b", "ab");
    CLEANS("a\033P1$q\033\\b\033cc", "abc");
    CLEANS("a\033(Bb", "ab");
    CLEANS("a\033\033[31mb", "ab");
    CLEANS("a\302\23331mb", "ab"); /* U+009B is CSI too */
    CLEANS("a\302\2350;t\007b", "ab");
    /* One that never ends takes the rest of its line, not of the answer. */
    CLEANS("a\033]0;title\nb", "a\nb");
    CLEANS("a\033[31\nb", "a\nb");
}

static void test_controls_go(void **state)
{
    (void)state;
    CLEANS("a\b\b\r\f\v\x7f"
           "b\a\0c",
           "abc");
    CLEANS("a\302\205b\302\240c", "ab\u00a0c"); /* C1 goes, the blank after it stays */
    CLEANS("a\u202eb\u2066c\u200fd", "abcd");   /* bidi */
    CLEANS("a\U000E0041b", "ab");               /* tags */
}

/* Joiners, selectors and soft hyphens belong to the text; they have no width. A character newer than
 * libc is drawn. Only what separates lines is put as a terminal knows it. */
static void test_text_is_kept_whole(void **state)
{
    (void)state;
    static const char family[] = "\U0001F468\u200d\U0001F469\u200d\U0001F467 \u2764\ufe0f";
    CLEANS("\U0001F468\u200d\U0001F469\u200d\U0001F467 \u2764\ufe0f", family);
    CLEANS("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
           "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645");
    CLEANS("soft\u00adhyphen zero\u200bwidth", "soft\u00adhyphen zero\u200bwidth");
    CLEANS("new \U0001FACD, to come \U0001FAFF", "new \U0001FACD, to come \U0001FAFF");
    CLEANS("line\u2028two\u2029three", "line\ntwo\nthree");
    assert_int_equal(text_width(family, sizeof family - 1), 6 + 1 + 1);
    assert_int_equal(text_width("a\u00adb", 4), 2);
    assert_true(text_char_width(0x1FACD) > 0);
    assert_int_equal(text_char_width(0x202E), -1);
}

/* As where neither the environment names UTF-8 nor C.UTF-8 is there. */
static void test_no_locale_is_needed(void **state)
{
    (void)state;
    setlocale(LC_CTYPE, "C");
    CLEANS("caf\u00e9 \u65e5 \U0001F642", "caf\u00e9 \u65e5 \U0001F642");
    int width = text_width("\u65e5\U0001F642", 7);
    setlocale(LC_CTYPE, "C.UTF-8");
    assert_int_equal(width, 4);
}

static void test_bad_bytes_are_replaced(void **state)
{
    (void)state;
    CLEANS("a\xff"
           "b\xc0\x80",
           "a\ufffdb\ufffd\ufffd");
    CLEANS("a\xe4\xb8z", "a\ufffdz");
    CLEANS("\xed\xa0\x80", "\ufffd"); /* a surrogate */
    CLEANS("\xf4\x90\x80\x80", "\ufffd");
    /* A character cut at the end waits for its rest. */
    TextCleaner cleaner = {0};
    char out[64];
    assert_int_equal(text_clean(&cleaner, "\xe6\x97", 2, out), 0);
    assert_int_equal(text_clean(&cleaner, "\xa5", 1, out), 3);
    assert_string_equal(out, "\u65e5");
}

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(text_width("abc", 3), 3);
    assert_int_equal(text_width("\u65e5\u672c", 6), 4);
    assert_int_equal(text_width("\U0001F642", 4), 2);
    assert_int_equal(text_width("e\u0301x", 4), 2);
    assert_int_equal(text_width("a\tb", 3), TEXT_TAB + 1);
    assert_int_equal(text_width("\xff", 1), 1);
    assert_int_equal(text_char_width(0x1b), -1);
    assert_int_equal(text_char_width(0x9b), -1);
}

static void test_fit_keeps_whole_characters(void **state)
{
    (void)state;
    assert_int_equal(text_fit("abcdef", 6, 3), 3);
    assert_int_equal(text_fit("a\u65e5b", 5, 2), 1);
    assert_int_equal(text_fit("a\u65e5b", 5, 3), 4);
    assert_int_equal(text_fit("e\u0301x", 4, 1), 3);
    assert_int_equal(text_fit("abc", 3, 0), 0);
}

/* Wraps and joins the lines with '|'. */
static void assert_wraps(const char *in, int columns, const char *expected)
{
    char out[256] = "";
    size_t n = strlen(in), skip;
    for (size_t at = 0; at < n;) {
        size_t length = text_wrap(in + at, n - at, columns, &skip);
        assert_true(length + skip > 0);
        strncat(out, in + at, length);
        strcat(out, "|");
        at += length + skip;
    }
    assert_string_equal(out, expected);
}

static void test_wrap(void **state)
{
    (void)state;
    assert_wraps("the quick brown fox", 10, "the quick|brown fox|");
    assert_wraps("the quick brown fox", 9, "the quick|brown fox|");
    assert_wraps("the quick brown fox", 8, "the|quick|brown|fox|");
    assert_wraps("unbreakable", 4, "unbr|eaka|ble|");
    assert_wraps("a\nb\n\nc", 10, "a|b||c|");
    assert_wraps("batch-invariant rows", 10, "batch-|invariant|rows|");
    assert_wraps("ab   cd", 3, "ab|cd|");
    assert_wraps("abc   \nd", 3, "abc|d|");
    assert_wraps("\u65e5\u672c\u8a9e\u6587", 5, "\u65e5\u672c|\u8a9e\u6587|");
    assert_wraps("\u65e5\u672c", 1, "\u65e5|\u672c|"); /* too narrow: one each, clipped later */
}

static void test_clean_line(void **state)
{
    (void)state;
    char out[16];
    text_clean_line("a\nb\tc\033[2Jd", out, sizeof out);
    assert_string_equal(out, "a b cd");
    text_clean_line("0123456789\u65e5\u672c\u8a9e", out, sizeof out);
    assert_string_equal(out, "0123456789"
                             "\u65e5");
}

static void test_quote(void **state)
{
    (void)state;
    char out[64];
    text_quote(" the", out, sizeof out);
    assert_string_equal(out, "' the'");
    text_quote("\n\t\r", out, sizeof out);
    assert_string_equal(out, "'\\n\\t\\r'");
    text_quote("\033[2J", out, sizeof out);
    assert_string_equal(out, "'\\x1B[2J'");
    text_quote("\xe6\x97", out, sizeof out);
    assert_string_equal(out, "'\\xE6\\x97'");
    text_quote("\u202e\ufffd", out, sizeof out);
    assert_string_equal(out, "'\\u202E\ufffd'");
    text_quote("abcdefgh", out, 8);
    assert_string_equal(out, "'abcde'");
}

static void test_truncate(void **state)
{
    (void)state;
    char text[] = "abcdef", wide[] = "\u65e5\u672c\u8a9e", fits[] = "abc", none[] = "ab";
    text_truncate(text, 4);
    assert_string_equal(text, "abc\u2026");
    text_truncate(wide, 4);
    assert_string_equal(wide, "\u65e5\u2026");
    text_truncate(fits, 3);
    assert_string_equal(fits, "abc");
    text_truncate(none, 1); /* no room in memory for an ellipsis */
    assert_string_equal(none, "~");
}

static void test_encode_decode(void **state)
{
    (void)state;
    static const uint32_t chars[] = {1,      0x7f,   0x80,   0x7ff,   0x800,
                                     0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < sizeof chars / sizeof chars[0]; i++) {
        char bytes[4];
        uint32_t back;
        size_t n = text_encode(chars[i], bytes);
        assert_int_equal(text_decode(bytes, n, &back), n);
        assert_int_equal(back, chars[i]);
    }
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text_stays),
        cmocka_unit_test(test_escape_sequences_go),
        cmocka_unit_test(test_controls_go),
        cmocka_unit_test(test_text_is_kept_whole),
        cmocka_unit_test(test_no_locale_is_needed),
        cmocka_unit_test(test_bad_bytes_are_replaced),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_fit_keeps_whole_characters),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_clean_line),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_truncate),
        cmocka_unit_test(test_encode_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
