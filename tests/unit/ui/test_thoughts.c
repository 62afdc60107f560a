/* test_thoughts.c - what a model thought: found in an answer, dimmed, folded, counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/scene.h"
#include "ui/clip.h"
#include "ui/markdown.h"
#include "ui/thoughts.h"

static void expect(const char *text, const char *inner, const char *answer, bool open)
{
    Thoughts found;
    assert_true(thoughts_find(text, strlen(text), &found));
    assert_int_equal(found.open, open);
    assert_int_equal(found.to - found.from, strlen(inner));
    assert_memory_equal(text + found.from, inner, strlen(inner));
    assert_string_equal(text + found.end, answer);
}

static void test_found(void **state)
{
    (void)state;
    Thoughts none;
    static const char *const plain[] = {"",         "Hi.",     "<thin", "a <think>b</think>",
                                        "</think>", "[/THINK]"};
    expect("<think>\nHm.\n\nSo.\n</think>\n\nYes.", "Hm.\n\nSo.", "Yes.", false);
    expect(" \n<think>a</think>b</think>c", "a", "b</think>c", false);
    expect("<think>\n\n</think>\n\nYes.", "", "Yes.", false);
    expect("[THINK]Hm.[/THINK]Yes.", "Hm.", "Yes.", false);
    expect("<think>\nHm. </thi", "Hm. </thi", "", true);
    expect("<think>[/THINK]", "[/THINK]", "", true);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_false(thoughts_find(plain[i], strlen(plain[i]), &none));
    assert_true(thoughts_ended_by("</think>\n\n") && thoughts_ended_by("[/THINK]"));
    assert_false(thoughts_ended_by("<think>"));
}

typedef struct Drawn {
    char text[1024];
    int dim, codes; /* bytes, blocks of code */
} Drawn;

static void on_line(void *user, const Line *line)
{
    Drawn *drawn = user;
    size_t used = strlen(drawn->text);
    snprintf(drawn->text + used, sizeof drawn->text - used, "%*s%.*s\n", line->indent, "",
             (int)line->bytes, line->text);
    for (size_t i = 0; i < line->bytes; i++)
        drawn->dim += (line->attrs[i] & 0xff) == STYLE_DIM;
    drawn->codes += line->begins_code;
}

static void looks(View *view, int item, const char *expected, int dim)
{
    Drawn drawn = {0};
    const Item *answer = &view->scrollback.items[item];
    int lines = markdown_lines(view, answer, 60, 0, true, on_line, &drawn);
    assert_int_equal(lines, markdown_lines(view, answer, 60, 0, true, NULL, NULL));
    assert_string_equal(drawn.text, expected);
    assert_int_equal(drawn.dim, dim);
}

static void test_folded(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    static const char *const opening[] = {"\n", "Hm", "."}, *const ending[] = {"\n", "</think>"},
                             *const rest[] = {"\n\n", "Yes", "."};
    scene_say(scene, "Why?");
    int answer = view->scrollback.n_items;
    scene_text(scene, "<think>", 0);
    scene_round(scene, opening, 3, 0);
    looks(view, answer, "Hm.\n", 3);
    view_fold(view);
    looks(view, answer, "Hm.\n", 3); /* it still thinks */
    scene_round(scene, ending, 2, 0);
    scene_round(scene, rest, 3, 0);
    scene_done(scene, "eos");
    assert_int_equal(view->scrollback.items[answer].thought_tokens, 6);
    looks(view, answer, "thought for 6 tokens\nYes.\n", 20);
    view_fold(view);
    looks(view, answer, "Hm.\n\nYes.\n", 3);
    /* An answer without thoughts has no such figure. */
    scene_say(scene, "And?");
    answer = view->scrollback.n_items;
    scene_round(scene, rest, 3, 0);
    scene_done(scene, "eos");
    assert_int_equal(view->scrollback.items[answer].thought_tokens, 0);
}

/* Blocks of code have their numbers whether they are in sight or not. */
static void test_code(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    static const char text[] =
        "<think>\n```c\nint i;\n```\nor\n```\nx\n```\n</think>\n```c\ny\n```";
    view_answer(view, text, "", false);
    int answer = view->scrollback.n_items - 1;
    for (int folded = 0; folded < 2; folded++) {
        Drawn drawn = {0};
        markdown_lines(view, &view->scrollback.items[answer], 60, 0, true, on_line, &drawn);
        assert_int_equal(drawn.codes, 3);
        assert_int_equal(strstr(drawn.text, "thought\n") != NULL, folded);
        assert_int_equal(strstr(drawn.text, "int i;") != NULL, !folded);
        view_fold(view);
    }
}

/* A copy of the answer is the answer. */
static void test_copied(void **state)
{
    (void)state;
    const char *answers[] = {"<think>\nHm.\n</think>\n\nYes.\n"};
    Clip clip;
    assert_int_equal(clip_pick(answers, 1, 0, CLIP_ANSWER, &clip, NULL), 0);
    assert_int_equal(clip.bytes, 4);
    assert_memory_equal(clip.text, "Yes.", 4);
    free(clip.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test_setup_teardown(test_folded, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(test_code, scene_setup, scene_teardown),
        cmocka_unit_test(test_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
