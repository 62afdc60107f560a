/* test_clip.c - what is copied: blocks of code and answers, their numbers, and how they go to the
 * terminal. */
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

static void assert_block(const char *text, int number, const char *expected)
{
    size_t at = 0, n = strlen(text), bytes;
    Fence fence = {0};
    FenceBlock block;
    for (int i = 0; i < number; i++)
        assert_true(fence_next(text, n, &at, &fence, &block));
    char *copy = fence_copy(text, &block, &bytes);
    assert_non_null(copy);
    assert_string_equal(copy, expected);
    assert_int_equal(bytes, strlen(expected));
    free(copy);
}

static void blocks_are_what_stands_between_fences(void **state)
{
    (void)state;
    static const char text[] = "before\n```c\nint x;\n\n    y;\n```\nbetween `x`\n"
                               "~~~\n```\n~~~\n"
                               "- a list\n  ```sh\n  ls\n    -l\n ok\n  ```\n````\nopen\n```";
    assert_block(text, 1, "int x;\n\n    y;\n");
    assert_block(text, 2, "```\n");
    assert_block(text, 3, "ls\n  -l\nok\n"); /* without the indent of its fence */
    assert_block(text, 4, "open\n```");      /* as far as it has come */
    Fence fence = {0};
    assert_int_equal(fence_count(text, strlen(text), &fence), 4);
    assert_int_equal(fence.length, 4);
    fence = (Fence){0};
    assert_int_equal(fence_count("", 0, &fence), 0);
    assert_block("```\n```", 1, "");
    /* Within code, what is open at the beginning is no block of this text. */
    fence = (Fence){'`', 3};
    assert_int_equal(fence_count("x\n```\n```py\n", 12, &fence), 1);
}

static const char *const answers[] = {"```\none\n```\n", "no code\n\n",
                                      "```\ntwo\n```\n```\nthree\n"};

static void assert_picked(int n, int gone, int number, const char *what, const char *text)
{
    Clip clip;
    Err err = {0};
    if (clip_pick(answers, n, gone, number, &clip, &err) != 0)
        fail_msg("%s", err.text);
    assert_string_equal(clip.what, what);
    assert_string_equal(clip.text, text);
    assert_int_equal(clip.bytes, strlen(text));
    free(clip.text);
}

static void assert_not_picked(int n, int gone, int number, const char *why)
{
    Clip clip;
    Err err = {0};
    assert_int_equal(clip_pick(answers, n, gone, number, &clip, &err), -1);
    assert_null(clip.text);
    assert_non_null(strstr(err.text, why));
}

static void blocks_have_numbers_through_the_chat(void **state)
{
    (void)state;
    assert_picked(3, 0, 1, "code block 1", "one\n");
    assert_picked(3, 0, 3, "code block 3", "three\n");
    assert_picked(3, 7, 9, "code block 9", "two\n"); /* the oldest are gone */
    assert_picked(3, 0, CLIP_NEWEST, "code block 3", "three\n");
    assert_picked(2, 0, CLIP_NEWEST, "the answer", "no code");
    assert_picked(2, 0, CLIP_ANSWER, "the answer", "no code");
    assert_not_picked(0, 0, CLIP_NEWEST, "no answer");
    assert_not_picked(3, 0, 4, "there are 1 to 3");
    assert_not_picked(3, 7, 7, "there are 8 to 10");
}

static void a_divided_answer_is_one(void **state)
{
    (void)state;
    Scene *scene = malloc(sizeof *scene);
    Clip clip;
    assert_non_null(scene);
    scene_open(scene);
    scene_ready(scene);
    view_answer(&scene->view, "```\nfirst\n```\n", "", false);
    scene_say(scene, "a question");
    scene_text(scene, "Code:\n```c\nint x", 0);
    scene_switch(scene, SWITCH_DONE, 1, 1);
    scene_text(scene, ";\n```\nand\n```\n\033[31mlast\n```\n", 0);
    view_note(&scene->view, ITEM_NOTE, "```\nnot an answer\n```");
    assert_int_equal(clip_pick_shown(&scene->view.scrollback, 0, 2, &clip, NULL), 0);
    assert_string_equal(clip.text, "int x;\n");
    free(clip.text);
    assert_int_equal(clip_pick_shown(&scene->view.scrollback, 0, CLIP_NEWEST, &clip, NULL), 0);
    assert_string_equal(clip.what, "code block 3");
    assert_string_equal(clip.text, "last\n");
    free(clip.text);
    assert_int_equal(clip_pick_shown(&scene->view.scrollback, 0, CLIP_ANSWER, &clip, NULL), 0);
    assert_string_equal(clip.text, "Code:\n```c\nint x;\n```\nand\n```\nlast\n```");
    free(clip.text);
    /* The older one counts as the newest, whichever of its parts is named. */
    const Scrollback *scrollback = &scene->view.scrollback;
    for (int i = 0; i < scrollback->n_items; i++) {
        const Item *item = &scrollback->items[i];
        if (item->kind != ITEM_ANSWER)
            continue;
        assert_int_equal(clip_pick_shown(scrollback, item->id, CLIP_ANSWER, &clip, NULL), 0);
        assert_int_equal(strncmp(clip.text, i == 0 ? "```\nfirst" : "Code:", 5), 0);
        assert_int_equal(clip.bytes, i == 0 ? 13 : 38);
        free(clip.text);
    }
    scene_close(scene);
    free(scene);
}

static void assert_written(const char *text, const char *expected)
{
    char *out = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&out, &bytes);
    assert_non_null(stream);
    clip_write(stream, text, strlen(text));
    fclose(stream);
    assert_string_equal(out, expected);
    free(out);
}

/* The base64 of RFC 4648's examples. */
static void text_goes_to_the_terminal_in_base64(void **state)
{
    (void)state;
    assert_written("", "\033]52;c;\a");
    assert_written("f", "\033]52;c;Zg==\a");
    assert_written("fo", "\033]52;c;Zm8=\a");
    assert_written("foo", "\033]52;c;Zm9v\a");
    assert_written("foobar", "\033]52;c;Zm9vYmFy\a");
    assert_written("\u00e4\xff\n~", "\033]52;c;w6T/Cn4=\a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_what_stands_between_fences),
        cmocka_unit_test(blocks_have_numbers_through_the_chat),
        cmocka_unit_test(a_divided_answer_is_one),
        cmocka_unit_test(text_goes_to_the_terminal_in_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
