/* test_highlight.c - the parts of code, language by language, as a letter for each byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ui/cells.h"
#include "ui/highlight.h"

/* k keyword, s string, c comment, n number, else a blank; "\n" between lines. */
static void parts_of(const char *info, const char *code, char *out)
{
    Highlight highlight;
    uint16_t styles[256];
    highlight_begin(&highlight, info, strlen(info));
    for (const char *line = code;; line++) {
        size_t n = strcspn(line, "\n");
        highlight_line(&highlight, line, n, styles);
        for (size_t i = 0; i < n; i++)
            *out++ = styles[i] == STYLE_KEYWORD   ? 'k'
                     : styles[i] == STYLE_STRING  ? 's'
                     : styles[i] == STYLE_COMMENT ? 'c'
                     : styles[i] == STYLE_NUMBER  ? 'n'
                                                  : ' ';
        line += n;
        if (*line == '\0')
            break;
        *out++ = '\n';
    }
    *out = '\0';
}

static void test_languages(void **state)
{
    (void)state;
    static const struct {
        const char *info, *code, *parts;
    } cases[] = {
        {"c", "#include <x.h>\nint a = 0x1F; /* one\ntwo */ return \"a\\\"b\"; // it's\nx = '\"';",
         "kkkkkkkk      \nkkk     nnnn  cccccc\ncccccc kkkkkk ssssss  ccccccc\n    sss "},
        {"C++ title=x", "auto x = nullptr;", "kkkk     kkkkkkk "},
        {"python", "def f(x): # 'no'\n  \"\"\"doc\n  it's\"\"\" + 'a'\n  return None",
         "kkk       cccccc\n  ssssss\nsssssssss   sss\n  kkkkkk kkkk"},
        {"js", "const s = `a\n${b}` // c", "kkkkk     ss\nsssss cccc"},
        {"go", "x := `a\\` + 'b'", "     ssss   sss"},
        {"rust", "fn f<'a>(x: &'a str) -> 'b'", "kk              kkk     sss"},
        {"rust", "let s = \"a\nb\"; 1.5", "kkk     ss\nss  nnn"},
        {"bash", "echo \"a # b\" # c\nif [ $#x ]; then 'a\\' fi",
         "kkkk sssssss ccc\nkk          kkkk ssss kk"},
        {"sql", "SELECT a -- x\nfrom t where b = 'it'", "kkkkkk   cccc\nkkkk   kkkkk     ssss"},
        {"json", "{\"a\": true, \"b\": 12}", " sss  kkkk  sss  nn "},
        {"yaml", "a: on # b\nc: d#e", "   kk ccc\n      "},
        {"lua", "local x --[[ a\nb ]] end -- c", "kkkkk   cccccc\ncccc kkk cccc"},
        {"html", "<!-- a\nb --> <p id=\"x\">", "cccccc\nccccc       sss "},
        {"{.python}", "pass", "kkkk"},
        {"text", "if 1 \"x\"", "        "},
        {"", "if 1 \"x\"", "        "},
        {"c", "", ""},
        {"c", "x = \"open\ny", "    sssss\n "},
        {"c", "\"a\\", "sss"},
        {"c", "reif 3a _if", "     nn    "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char parts[256];
        parts_of(cases[i].info, cases[i].code, parts);
        assert_string_equal(parts, cases[i].parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
