/* test_theme.c - the themes: whether their texts can be read, and which one a terminal gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ui/keys.h"
#include "ui/look.h"

static void test_contrast_is_wcags(void **state)
{
    (void)state;
    assert_true(theme_contrast(0xFFFFFF, 0x000000) > 20.99);
    assert_true(theme_contrast(0xFFFFFF, 0x000000) < 21.01);
    assert_true(theme_contrast(0x777777, 0xFFFFFF) > 4.47); /* known to fall just short */
    assert_true(theme_contrast(0x777777, 0xFFFFFF) < 4.49);
    assert_true(theme_contrast(0x123456, 0x123456) == 1);
    assert_int_equal(look_rgb(16), 0x000000);
    assert_int_equal(look_rgb(231), 0xFFFFFF);
    assert_int_equal(look_rgb(67), 0x5F87AF);
    assert_int_equal(look_rgb(234), 0x1C1C1C);
}

static double contrast_of(const Theme *theme, int style, bool of_16)
{
    Look look = look_of(theme, style, true);
    return of_16 ? theme_contrast(look_rgb(look.fore.of_16), look_rgb(look.back.of_16))
                 : theme_contrast(look_rgb(look.fore.of_256), look_rgb(look.back.of_256));
}

/* Every text of every theme with colours, on its ground, reversed or not. */
static void test_every_text_can_be_read(void **state)
{
    (void)state;
    for (int choice = THEME_DARK; choice < THEME_NONE; choice++) {
        const Theme *theme = look_theme((ThemeChoice)choice);
        double least = choice == THEME_CONTRAST ? 7 : LOOK_CONTRAST;
        for (int style = 0; style < STYLE_COUNT; style++) {
            const LookColour *colour = &theme->colours[style];
            assert_non_null(look_style_name(style));
            assert_in_range(colour->of_256, 16, 255);
            double enough = look_is_line(style) ? LOOK_LINE_CONTRAST : least;
            if (contrast_of(theme, style, false) < enough)
                fail_msg("%s: %s has %.2f", theme_name((ThemeChoice)choice), look_style_name(style),
                         contrast_of(theme, style, false));
            if (colour->of_16 >= 0 && contrast_of(theme, style, true) < LOOK_CONTRAST)
                fail_msg("%s: %s has %.2f with 16 colours", theme_name((ThemeChoice)choice),
                         look_style_name(style), contrast_of(theme, style, true));
        }
    }
}

static void test_exits_differ(void **state)
{
    (void)state;
    for (int choice = THEME_DARK; choice < THEME_NONE; choice++)
        for (int a = STYLE_FREE; a < STYLE_COUNT; a++)
            for (int b = a + 1; b < STYLE_COUNT; b++)
                if ((a == STYLE_FREE || a >= STYLE_EXIT) && b >= STYLE_EXIT)
                    assert_int_not_equal(look_theme((ThemeChoice)choice)->colours[a].of_256,
                                         look_theme((ThemeChoice)choice)->colours[b].of_256);
}

/* The terminal's own ground stays where all texts reach the contrast on it, and only there. */
static void test_ground(void **state)
{
    (void)state;
    const Theme *dark = look_theme(THEME_DARK), *light = look_theme(THEME_LIGHT);
    static const struct {
        Ground ground;
        bool dark_paints, light_paints;
    } cases[] = {
        {{true, 0x000000}, false, true}, {{true, 0x1E1E1E}, false, true},
        {{true, 0xFFFFFF}, true, false}, {{true, 0xFDF6E3}, true, false},
        {{true, 0x808080}, true, true},  {{false, 0x000000}, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(look_paints(dark, cases[i].ground), cases[i].dark_paints);
        assert_int_equal(look_paints(light, cases[i].ground), cases[i].light_paints);
        assert_true(look_paints(look_theme(THEME_CONTRAST), cases[i].ground));
        assert_false(look_paints(look_theme(THEME_NONE), cases[i].ground));
    }
}

static void test_choice(void **state)
{
    (void)state;
    Ground unknown = {0}, white = {true, 0xFFFFFF}, black = {true, 0x101010};
    ThemeChoice choice;
    assert_int_equal(theme_choose(THEME_AUTO, unknown, false), THEME_DARK);
    assert_int_equal(theme_choose(THEME_AUTO, white, false), THEME_LIGHT);
    assert_int_equal(theme_choose(THEME_AUTO, black, false), THEME_DARK);
    assert_int_equal(theme_choose(THEME_AUTO, white, true), THEME_NONE);
    assert_int_equal(theme_choose(THEME_CONTRAST, white, true), THEME_CONTRAST);
    char list[64] = "";
    for (int i = 0; i < THEME_COUNT; i++) {
        assert_true(theme_find(theme_name((ThemeChoice)i), &choice));
        assert_int_equal(choice, i);
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? "|" : "",
                 theme_name(choice));
    }
    assert_string_equal(list, THEME_NAMES);
    assert_false(theme_find("", &choice));
}

static void test_environment(void **state)
{
    (void)state;
    assert_int_equal(ground_of_environment("15;0").rgb, 0x000000);
    assert_true(ground_of_environment("15;0").known);
    assert_int_equal(ground_of_environment("0;15").rgb, 0xFFFFFF);
    assert_int_equal(ground_of_environment("0;default;7").rgb, 0xFFFFFF);
    static const char *const wrong[] = {NULL,         "",     "15",   "15;",
                                        "15;default", "0;16", "0;-1", "0;7x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(ground_of_environment(wrong[i]).known);
}

/* The keys that bytes make, as numbers and characters: "g:ffffff a". */
static void keys_of(const char *const *pieces, char *out, size_t bytes)
{
    KeyParser parser = {0};
    Key key;
    out[0] = '\0';
    for (; *pieces != NULL; pieces++) {
        bool silence = strcmp(*pieces, "...") == 0;
        if (!silence)
            keys_feed(&parser, *pieces, strlen(*pieces));
        while (keys_next(&parser, &key, silence)) {
            size_t n = strlen(out);
            if (key.code == KB_GROUND && key.number >= 0)
                snprintf(out + n, bytes - n, "[%06x]", (unsigned)key.number);
            else if (key.code == KB_GROUND)
                snprintf(out + n, bytes - n, "[end]");
            else
                snprintf(out + n, bytes - n, "%s%s", key.code == KB_ALT ? "Alt-" : "", key.bytes);
        }
    }
    keys_close(&parser);
}

/* Answers of the terminal are never typing, however late and in what pieces they come. */
static void test_answers_are_no_typing(void **state)
{
    (void)state;
    static const struct {
        const char *pieces[6], *keys;
    } cases[] = {
        {{"\033]11;rgb:ffff/8000/0000\033\\"}, "[ff8000]"},
        {{"\033]11;rgb:ff/80/00\aq"}, "[ff8000]q"},
        {{"\033]11;rgba:f/8/0/ffff\033\\"}, "[ff8800]"},
        {{"\033]11;rgb:1c1c/1c1c/1c1c\033\\\033[?62;22cx"}, "[1c1c1c][end]x"},
        {{"a\033]11;rgb:ff", "ff/ffff/ffff\033", "\\b"}, "a[ffffff]b"},
        {{"\033]11;rgb:ff", "...", "ff/ffff/ffff\033\\b"}, "b"},
        {{"\033]11;rgb:ff", "...", "ff/ffff/ffff\033", "\\b"}, "b"},
        {{"\033]11;rgb:ff", "...", "ff/ff", "...", "hello"}, "hello"},
        {{"\033]11;rgb:ffff/ffff/ffff", "...", "\ahello"}, "hello"},
        {{"\033]10;rgb:ffff/ffff/ffff\033\\y"}, "y"},
        {{"\033]11;nonsense\033\\y"}, "y"},
        {{"\033]", "...", "1"}, "Alt-]1"},
        {{"\033]x"}, "Alt-]x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char keys[128];
        keys_of(cases[i].pieces, keys, sizeof keys);
        assert_string_equal(keys, cases[i].keys);
    }
}

/* The lowest contrast among styles from `first` to `last`, lines aside. */
static double lowest(const Theme *theme, int first, int last)
{
    double least = 21;
    for (int style = first; style <= last; style++)
        if (!look_is_line(style) && contrast_of(theme, style, false) < least)
            least = contrast_of(theme, style, false);
    return least;
}

/* A theme's row of the table in README.md. */
static void table_row(ThemeChoice choice, char *out, size_t bytes)
{
    const Theme *theme = look_theme(choice);
    snprintf(out, bytes, "| `%s` | #%06x | %.1f | %.1f | %.1f | %.1f | %.1f |\n",
             theme_name(choice), (unsigned)look_rgb(theme->ground.of_256),
             contrast_of(theme, STYLE_TEXT, false), contrast_of(theme, STYLE_DIM, false),
             lowest(theme, STYLE_EXIT, STYLE_COUNT - 1), lowest(theme, STYLE_KEYWORD, STYLE_NUMBER),
             lowest(theme, 0, STYLE_COUNT - 1));
}

/* What the README says of it is so. */
static void test_readme(void **state)
{
    (void)state;
    static char text[1 << 17];
    FILE *file = fopen("README.md", "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    for (int choice = THEME_DARK; choice < THEME_NONE; choice++) {
        char row[128];
        table_row((ThemeChoice)choice, row, sizeof row);
        if (strstr(text, row) == NULL)
            fail_msg("README.md has no row %s", row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contrast_is_wcags),
        cmocka_unit_test(test_every_text_can_be_read),
        cmocka_unit_test(test_exits_differ),
        cmocka_unit_test(test_ground),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_answers_are_no_typing),
        cmocka_unit_test(test_readme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
