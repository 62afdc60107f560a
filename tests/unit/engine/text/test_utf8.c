/* test_utf8.c - whole characters out of byte pieces, whatever the cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/text/utf8.h"

/* Feeds `in` cut into pieces of `piece` bytes and expects `out`. */
static void feed(const char *in, const char *expected, size_t piece)
{
    Utf8 utf8 = {0};
    char all[256] = "", out[64];
    for (size_t i = 0, n = strlen(in); i < n; i += piece) {
        utf8_feed(&utf8, in + i, n - i < piece ? n - i : piece, out, sizeof out);
        strcat(all, out);
    }
    utf8_finish(&utf8, out, sizeof out);
    strcat(all, out);
    assert_string_equal(all, expected);
}

#define BAD "\xEF\xBF\xBD"

static void test_pieces(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"h\xC3\xA9llo \xE4\xB8\xAD \xF0\x9F\x99\x82!",
         "h\xC3\xA9llo \xE4\xB8\xAD \xF0\x9F\x99\x82!"},
        {"a\xE4\xB8"
         "b",
         "a" BAD "b"},                                /* cut short by a letter */
        {"\xE4\xB8\xE4\xB8\xAD", BAD "\xE4\xB8\xAD"}, /* and by the next character */
        {"\x80\xBF", BAD BAD},                        /* lone continuations */
        {"\xC0\xAF", BAD BAD},                        /* overlong slash */
        {"\xE0\x80\xAF", BAD BAD BAD},
        {"\xED\xA0\x80", BAD BAD BAD},         /* a surrogate */
        {"\xF4\x90\x80\x80", BAD BAD BAD BAD}, /* above U+10FFFF */
        {"\xFF", BAD},
        {"end\xF0\x9F\x99", "end" BAD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= 5; piece++)
            feed(cases[i][0], cases[i][1], piece);
}

static void test_small_buffer(void **state)
{
    (void)state;
    Utf8 utf8 = {0};
    char out[4];
    assert_int_equal(utf8_feed(&utf8, "abcdefgh", 8, out, sizeof out), 3);
    assert_string_equal(out, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces),
                                       cmocka_unit_test(test_small_buffer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
