/* test_markdown.c - tables and emphasis: as they are drawn, and as they grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/markdown.h"
#include "ui/panes/pane.h"

typedef struct Drawn {
    char text[1 << 13];
    int rules; /* bytes of lines */
    int italics, bold;
    int widest;
} Drawn;

static void on_line(void *user, const Line *line)
{
    Drawn *drawn = user;
    size_t used = strlen(drawn->text);
    assert_true(used + line->bytes + 80 < sizeof drawn->text);
    snprintf(drawn->text + used, sizeof drawn->text - used, "%*s%.*s\n", line->indent, "",
             (int)line->bytes, line->text);
    for (size_t i = 0; i < line->bytes; i++) {
        drawn->rules += (line->attrs[i] & ATTR_RULE) != 0;
        drawn->italics += (line->attrs[i] & ATTR_ITALIC) != 0;
        drawn->bold += (line->attrs[i] & ATTR_BOLD) != 0;
    }
    int width = line->indent + text_width(line->text, line->bytes);
    drawn->widest = width > drawn->widest ? width : drawn->widest;
}

/* The text as an answer, that still grows or not; its lines, drawn without a view. */
static int draw(Drawn *drawn, const char *text, size_t bytes, bool open, int width)
{
    static const View view;
    Item item = {.kind = ITEM_ANSWER, .open = open, .text = strndup(text, bytes), .bytes = bytes};
    memset(drawn, 0, sizeof *drawn);
    int lines = markdown_lines(&view, &item, width, 0, true, on_line, drawn);
    assert_int_equal(lines, markdown_lines(&view, &item, width, 0, true, NULL, NULL));
    free(item.text);
    return lines;
}

static void looks(const char *text, int width, const char *expected)
{
    static Drawn drawn;
    draw(&drawn, text, strlen(text), false, width);
    assert_string_equal(drawn.text, expected);
    assert_true(drawn.widest <= width);
}

static void tables_stand_in_columns(void **state)
{
    (void)state;
    looks("|Name|Count|Note|\n|:--|--:|:-:|\n|a|1|x|\n| b c | 200 | |\nend", 40,
          "\n" /* below the speaker's name */
          "Name | Count | Note\n"
          "-----+-------+-----\n"
          "a    |     1 |  x\n"
          "b c  |   200 |\n"
          "end\n");
    looks("Here:\n\nA | B\n--- | ---\n1 | 2\n\nafter", 40,
          "Here:\n\nA | B\n--+--\n1 | 2\n\nafter\n");
    /* Wide characters, marks that are not shown, a bar in a cell, too few and too many cells. */
    looks("x\n| \xe4\xb8\xad\xe6\x96\x87 | b |\n|--|--|\n| **e**\\|`f` |\n| 1 | 2 | 3 |", 40,
          "x\n\xe4\xb8\xad\xe6\x96\x87  | b\n------+--\ne|`f` |\n1     | 2\n");
    Drawn drawn;
    const char *table = "x\n|a|b|\n|-|-|\n|c|d|";
    draw(&drawn, table, strlen(table), false, 40);
    assert_int_equal(drawn.bold, 2);
    assert_int_equal(drawn.rules, 2 + 1 + 4);
}

static void narrow_tables_wrap(void **state)
{
    (void)state;
    const char *table =
        "x\n|Flag|What it does|\n|---|---|\n|-v|prints every line twice|\n|-q|none|";
    looks(table, 23,
          "x\n"
          "Flag | What it does\n"
          "-----+-----------------\n"
          "-v   | prints every\n"
          "     | line twice\n"
          "-q   | none\n");
    /* Where there is no room for columns it stays text. */
    Drawn drawn;
    draw(&drawn, table, strlen(table), false, 9);
    assert_int_equal(drawn.rules, 0);
    assert_non_null(strstr(drawn.text, "|Flag|"));
    for (int width = 4; width < 60; width++) {
        draw(&drawn, table, strlen(table), false, width);
        assert_true(drawn.widest <= width);
    }
}

static void what_is_no_table_is_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x\na | b\nc | d",   "x\n|a|b|\n|-|\n|c|d|", "x\n|a|b|\n|-|x|\n|c|d|",    "x\na\n---\nb",
        "x\n|a|b|\n\n|-|-|", "x\n|a|b|\n|:|-|",      "x\n```\n|a|b|\n|-|-|\n```",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        Drawn drawn;
        draw(&drawn, texts[i], strlen(texts[i]), false, 40);
        assert_int_equal(drawn.rules, 0);
    }
}

/* Text until it is a table, and then a table for good; nothing above it moves. */
static void a_growing_table_does_not_flicker(void **state)
{
    (void)state;
    static Drawn drawn;
    const char *text = "Above\nit:\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 | 4 |\n\nBelow.";
    const char *rule = strstr(text, "--:|\n") + 5, *second = strstr(text, "| 3");
    int lines = 0;
    for (const char *end = text + 12; end <= text + strlen(text); end++) {
        int now = draw(&drawn, text, (size_t)(end - text), true, 40);
        assert_true(now >= lines);
        lines = now;
        assert_true((drawn.rules > 0) == (end >= rule));
        assert_memory_equal(drawn.text, "Above\nit:\n", 10);
        if (end > second + 2 && end <= second + 9) /* a row that grows stands below as text */
            assert_non_null(strstr(drawn.text, "1 | 2\n| 3"));
        if (end == second + 10)
            assert_non_null(strstr(drawn.text, "1 | 2\n3 | 4\n"));
    }
}

static void emphasis_is_of_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
        int italics, bold;
    } cases[] = {
        {"an *italic word* here", "an italic word here\n", 11, 0},
        {"an _italic_, and", "an italic, and\n", 6, 0},
        {"***both*** and **bold *in* bold**", "both and bold in bold\n", 6, 4 + 12},
        {"2*3*4 and a_b_c and x * y * z", "2*3*4 and a_b_c and x * y * z\n", 0, 0},
        {"*p = *q; __init__ _", "*p = *q; __init__ _\n", 0, 0},
        {"`*code*` *", "`*code*` *\n", 0, 0},
        {"*a `*` b", "*a `*` b\n", 0, 0},
        {"*.c and *.h", "*.c and *.h\n", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static Drawn drawn;
        draw(&drawn, cases[i].text, strlen(cases[i].text), false, 60);
        assert_string_equal(drawn.text, cases[i].shown);
        assert_int_equal(drawn.italics, cases[i].italics);
        assert_int_equal(drawn.bold, cases[i].bold);
    }
    Drawn drawn; /* not closed yet: text */
    draw(&drawn, "so *grow", 8, true, 60);
    assert_string_equal(drawn.text, "so *grow\n");
}

/* On a screen its lines are lines, and each cell has the colour of who proposed it. */
static void a_screen_has_lines(void **state)
{
    (void)state;
    View view;
    Cells cells;
    assert_int_equal(view_open(&view, NULL), 0);
    view_answer(&view, "|a|b|\n|-|-|\n|c|d|", "", false);
    assert_int_equal(cells_open(&cells, 20, 5, true), 0);
    pane_chat.draw(&view, &cells, (Rect){0, 0, 5, 20}, false);
    char *text = cells_dump(&cells);
    assert_string_equal(text, "s2d>\na \xe2\x94\x82 b\n\xe2\x94\x80\xe2\x94\x80\xe2\x94\xbc"
                              "\xe2\x94\x80\xe2\x94\x80\nc \xe2\x94\x82 d\n\n");
    free(text);
    cells_close(&cells);
    view_close(&view);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_stand_in_columns),
        cmocka_unit_test(narrow_tables_wrap),
        cmocka_unit_test(what_is_no_table_is_text),
        cmocka_unit_test(a_growing_table_does_not_flicker),
        cmocka_unit_test(emphasis_is_of_words),
        cmocka_unit_test(a_screen_has_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
