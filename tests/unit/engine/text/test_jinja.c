/* test_jinja.c - templates write what Jinja writes, set as transformers sets it; what is not known
 * is refused. The expected texts are those of jinja2 3.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/text/jinja.h"

static const Message talk[] = {{.role = ROLE_SYSTEM, .text = "S"},
                               {.role = ROLE_USER, .text = " Ab c "},
                               {.role = ROLE_ASSISTANT, .text = "x</t>y"}};

static char *render(const char *template, size_t bytes, size_t *n)
{
    struct tm date = {.tm_year = 126, .tm_mon = 0, .tm_mday = 5, .tm_wday = 1};
    JinjaInput input = {
        .messages = talk, .n_messages = 3, .bos = "<s>", .eos = "</s>", .date = &date};
    return jinja_render(template, bytes, &input, n);
}

static void test_writes(void **state)
{
    (void)state;
    static const struct {
        const char *template, *text;
    } cases[] = {
        {"", ""},
        {"a\n", "a"},
        {"a\n\n", "a\n"},
        {"a b", "a b"},
        {"{{ messages[1]['content'] }}|{{ messages[1].content.strip() }}|{{ messages[1].content | "
         "trim }}|",
         " Ab c |Ab c|Ab c|"},
        {"{{ messages[0].role }} {{ messages[-1]['role'] }} {{ messages | length }} {{ "
         "messages[1:] | length }} {{ messages[:1][0].content }}",
         "system assistant 3 2 S"},
        {"{{ bos_token + 'a' ~ 1 ~ true ~ none }}{{ eos_token }}", "<s>a1TrueNone</s>"},
        {"{{ 'a' 'b' \"c\\n\\t\\\\\\'\\\"\" }}", "abc\n\t\\'\""},
        {"{{ nothing }}|{{ nothing is defined }}|{{ messages is defined }}|{{ tools is none }}|{{ "
         "nothing | default('d') }}|{{ '' | default('e', true) }}",
         "|False|True|True|d|e"},
        {"{{ 'x' if messages[0].tool_calls else 'y' }}{{ 'x' if false }}{{ 1 if 0 else 2 if 0 else "
         "3 }}",
         "y3"},
        {"{% if messages[0].role == 'user' %}u{% elif messages[0].role == 'system' %}s{% else "
         "%}e{% endif %}{% if false %}{{ raise_exception('no') }}{% else %}f{% endif %}",
         "sf"},
        {"{% for m in messages %}{{ loop.index0 }}{{ loop.index }}{{ loop.first }}{{ loop.last "
         "}}{{ loop.length }}{{ loop.revindex }}{{ m.role }};{% endfor %}{{ m }}",
         "01TrueFalse33system;12FalseFalse32user;23FalseTrue31assistant;"},
        {"{% set x = 'a' %}{% for m in messages %}{{ x }}{% set x = m.role %}{{ x }}{% endfor %}{{ "
         "x }}",
         "asystemauseraassistanta"},
        {"{% set ns = namespace(x='a', n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% "
         "set ns.x = m.role %}{% endfor %}{{ ns.x }}{{ ns.n }}",
         "assistant3"},
        {"{% if true %}{% set y = 'b' %}{% endif %}{{ y }}", "b"},
        {"{% for a in ['p', 'q'] %}{% for b in [1, 2] %}{{ a }}{{ b }}{{ loop.index }}{% endfor "
         "%}{{ loop.index }}{% endfor %}",
         "p11p221q11q222"},
        {"{% for m in [] %}x{% endfor %}{% for m in nothing %}x{% endfor %}.", "."},
        {"{{ messages[2].content.split('</t>')[-1] }}{{ messages[2].content.split('</t>') | length "
         "}}{{ '  a'.lstrip() }}{{ 'a\n\n'.rstrip('\n') }}.",
         "y2aa."},
        {"{{ 'Abc'.startswith('A') }}{{ 'Abc'.endswith('x') }}{{ 'aB' | upper }}{{ 'aB'.lower() "
         "}}{{ 'abc'[1] }}{{ 'abc'[1:] }}{{ 'abc' | first }}{{ 'abc' | last }}",
         "TrueFalseABabbbcac"},
        {"{{ 'b' in 'abc' }}{{ 'z' not in 'abc' }}{{ 'role' in messages[0] }}{{ 'tool' in "
         "messages[0] }}{{ 'a' in ['a'] }}",
         "TrueTrueTrueFalseTrue"},
        {"{{ not true }}{{ not not true }}{{ true and false or true }}{{ 1 == 1 and 'a' != 'b' "
         "}}{{ 1 < 2 }}{{ 2 <= 1 }}{{ 3 > 2 }}{{ 3 >= 4 }}{{ 7 % 2 }}{{ 1 == true }}{{ '' == false "
         "}}",
         "FalseTrueTrueTrueTrueFalseTrueFalse1TrueFalse"},
        {"{{ 'a' + ' b ' | trim + 'c' }}{{ ('a' + ' b ') | trim }}{{ 'a' is string }}{{ 1 is "
         "string }}{{ messages[0] is mapping }}{{ x is not defined }}{{ not x is defined }}",
         "abca bTrueFalseTrueTrueTrue"},
        {"{{ '' or 'a' }}{{ 'b' and 'c' }}{{ x.y if x is defined else 'n' }}{{ (x is defined and "
         "x.y) or 'm' }}",
         "acnm"},
        {"a\n  {% if true %}\n  b\n  {% endif %}\nc", "a\n  b\nc"},
        {"a  {%- if true -%}  b  {%- endif %}  c {{- ' d ' -}}  e", "ab  c d e"},
        {"a\n  {# note #}\n  b{# x -#}\n  c  {#- y #}d", "a\n  bcd"},
        {"a\n  {{ 'b' }}\n  {%+ if true +%}\n c{% endif %}\n", "a\n  b\n  \n c"},
        {"{% if true %}\n\na{% endif %}", "\na"},
        {"  {% if true %}x{% endif %}  {% if true %}y{% endif %}", "x  y"},
        {"{{ '}}' }}{{ \"{%\" }}{{'#}'}}{ % } {", "}}{%#}{ % } {"},
        {"{% for m in messages[::-1] %}{{ m.role[:1] }}{{ loop.previtem.role[:1] if loop.previtem "
         "}}{{ loop.nextitem is defined }}{% endfor %}",
         "aTrueuaTruesuFalse"},
        {"{% macro a(b, c='d') %}[{{ b }}{{ c }}{{ m is defined }}{{ n }}]{% endmacro %}{% set n = "
         "'g' %}{% for m in [1] %}{{ a('x') }}{{ a(1, c='') | length }}{% endfor %}{{ a('y', "
         "'z') | trim }}",
         "[xdFalseg]9[yzFalseg]"},
        {"{% macro a(x) %}{% if x %}{{ x }}{{ a(x - 1) }}{% endif %}{% endmacro %}{{ a(3) }}",
         "321"},
        {"{% if false %}{% macro a() %}b{% endmacro %}{{ a() }}{% endif %}{{ a is defined }}",
         "False"},
        {"{% generation %}a{{ 1 }}{% endgeneration %}", "a1"},
        {"{{ strftime_now('%d %b %Y|%B %d, %y|%Y-%m-%d|%a %A') }}{{ strftime_now is defined }}",
         "05 Jan 2026|January 05, 26|2026-01-05|Mon MondayTrue"},
        {"{{ 'a-b-a'.replace('a', 'cc').replace('x', 'y') }}", "cc-b-cc"},
        {"{{ messages[0].get('role') }}{{ messages[0].get('x') is none }}", "systemTrue"},
        {"{{ messages | selectattr('role', 'equalto', 'user') | list | length }}", "1"},
        {"{% if tools %}{% for k, v in tools.items() if k != 'a' %}{{ v | tojson(indent=4) "
         "}}{% endfor %}{% endif %}b",
         "b"},
        {"{{ messages[5] }}|{{ messages[5] is defined }}", "|False"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n;
        char *text = render(cases[i].template, strlen(cases[i].template), &n);
        if (text == NULL)
            fail_msg("refused: %s", cases[i].template);
        if (n != strlen(cases[i].text) || memcmp(text, cases[i].text, n) != 0)
            fail_msg("%s: \"%.*s\", not \"%s\"", cases[i].template, (int)n, text, cases[i].text);
        free(text);
    }
}

/* What is wrong, what Jinja would not write either, and what this does not know: also where it is
 * not reached. */
static void test_refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{{",
        "{% if true %}",
        "{% endif %}",
        "{% endfor %}",
        "{{ 'a }}",
        "{{ a b }}",
        "{% if %}x{% endif %}",
        "{{ raise_exception('no') }}",
        "{{ x.y }}",
        "{{ 'a' + 1 }}",
        "{{ 'a' + none }}",
        "{{ messages[0].role.nothing() }}",
        "{{ 'a' | nothing }}",
        "{{ 'a' is nothing }}",
        "{% nothing %}",
        "{% for m in 'abc' if m %}{{ m }}{% endfor %}",
        "{% for m in 3 %}{% endfor %}",
        "{{ loop.nothing }}{% for m in messages %}{{ loop.nothing }}{% endfor %}",
        "{% if x.y %}{% endif %}",
        "{% set a = x.y %}",
        "{{ (1 }}",
        "{{ [1, }}",
        "{# a",
        "{% else %}",
        "{% if true %}{% else %}{% else %}{% endif %}",
        "{% if true %}{% else %}{% elif true %}{% endif %}",
        "{{ '\\x41' }}",
        "{% set a %}b{% endset %}",
        "{{ {'a': 1} }}",
        "{{ 1.5 }}",
        "{{ 'a' if }}",
        "{{ not }}",
        "{% if false %}{{ a b }}{% endif %}",
        "{% if false %}{% nothing %}{% endif %}",
        "{% set messages.x = 1 %}",
        "{{ 1 < 2 < 3 }}",
        "{{ messages }}",
        "{{ 12 }}",
        "{{ messages[::2] }}",
        "{{ messages[1::-1] }}",
        "{{ 'ab'[::-1] }}",
        "{% macro a() %}",
        "{% macro a(b) %}{% endmacro %}{{ a(1, 2) }}",
        "{% macro a(b) %}{% endmacro %}{{ a(c=2) }}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% macro a() %}{% if true %}{% endmacro %}{{ a() }}",
        "{% endmacro %}",
        "{% endgeneration %}",
        "{% generation %}x",
        "{{ strftime_now('%H') }}",
        "{{ strftime_now('%') }}",
        "{{ strftime_now() }}",
        "{{ strftime_now }}",
        "{{ 'a'.replace('', 'b') }}",
        "{{ 'a'.replace('a') }}",
        "{{ tools | tojson }}",
        "{{ messages | selectattr('role') | list | length }}",
        "{% for k, v in messages %}{% endfor %}",
        "{% for m in messages if m.role %}{% endfor %}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n;
        char *text = render(cases[i], strlen(cases[i]), &n);
        if (text)
            fail_msg("%s: \"%.*s\"", cases[i], (int)n, text);
    }
}

/* Thinking on, off or not said; a date, or none. */
static void test_inputs(void **state)
{
    (void)state;
    static const char template[] =
        "{{ enable_thinking is defined }}{{ enable_thinking }}{{ thinking }}";
    static const char *const texts[] = {"False", "TrueFalseFalse", "TrueTrueTrue"};
    for (int i = 0; i < 3; i++) {
        JinjaInput input = {.bos = "", .eos = "", .thinking = (JinjaThinking)i};
        size_t n;
        char *text = jinja_render(template, strlen(template), &input, &n);
        assert_non_null(text);
        assert_int_equal(n, strlen(texts[i]));
        assert_memory_equal(text, texts[i], n);
        free(text);
        static const char dated[] = "{{ strftime_now('%d') }}";
        assert_null(jinja_render(dated, strlen(dated), &input, &n));
    }
    struct tm date = {.tm_mday = 7};
    bool asked = false;
    size_t n;
    JinjaInput input = {.bos = "", .eos = "", .date = &date, .dated = &asked};
    free(jinja_render("a", 1, &input, &n));
    assert_false(asked);
    free(jinja_render("{{ strftime_now('%d') }}", 24, &input, &n));
    assert_true(asked);
}

static void repeat(const char *begin, const char *middle, const char *end, int times)
{
    size_t n, bytes = 0, room = (strlen(begin) + strlen(end)) * (size_t)times + strlen(middle) + 1;
    char *template = malloc(room);
    for (int i = 0; i < times; i++)
        bytes += (size_t)(stpcpy(template + bytes, begin) - (template + bytes));
    bytes += (size_t)(stpcpy(template + bytes, middle) - (template + bytes));
    for (int i = 0; i < times; i++)
        bytes += (size_t)(stpcpy(template + bytes, end) - (template + bytes));
    assert_null(render(template, bytes, &n));
    free(template);
}

/* Depth, steps, memory and output end; the stack and the patience do not. */
static void test_bounds(void **state)
{
    (void)state;
    repeat("{% if true %}", "x", "{% endif %}", 100000);
    repeat("{% for m in messages %}", "x", "{% endfor %}", 40);
    repeat("{{ (((((((((((((((((((((((((((((((((((((((((((((((((((", "1", ")))))", 1000);
    repeat("{{ [", "", "", 100000);
    repeat("{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}", "", "", 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
