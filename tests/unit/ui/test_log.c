/* test_log.c - what was said in passing is kept, and can be looked through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/scene.h"
#include "ui/overlay.h"

static void entries_are_clean_lines(void **state)
{
    (void)state;
    Log log = {0};
    log_add(&log, 1, ITEM_NOTE, "one\n\n  \ntwo\033[31m three");
    assert_int_equal(log_count(&log), 2);
    assert_string_equal(log_at(&log, 0)->text, "one");
    assert_string_equal(log_at(&log, 1)->text, "two three");
    log_add(&log, 5, ITEM_NOTE, "two three"); /* said again: only later */
    assert_int_equal(log_count(&log), 2);
    assert_int_equal(log_at(&log, 1)->time, 5);
    log_add(&log, 6, ITEM_ERROR, "two three");
    assert_int_equal(log_count(&log), 3);
    log_close(&log);
    assert_int_equal(log_count(&log), 0);
}

static void the_oldest_go_first(void **state)
{
    (void)state;
    Log log = {0};
    char text[16];
    for (int i = 0; i < LOG_ENTRIES + 7; i++) {
        snprintf(text, sizeof text, "%d", i);
        log_add(&log, i, ITEM_NOTE, text);
    }
    assert_int_equal(log_count(&log), LOG_ENTRIES);
    assert_string_equal(log_at(&log, 0)->text, "7");
    assert_int_equal(log_at(&log, LOG_ENTRIES - 1)->time, LOG_ENTRIES + 6);
    log_close(&log);
}

static char *draw(const View *view, int up, int width, int height)
{
    Cells cells;
    Frame frame = {.log_up = up};
    assert_int_equal(cells_open(&cells, width, height, false), 0);
    overlay_log(&frame, view, &cells);
    char *text = cells_dump(&cells);
    cells_close(&cells);
    assert_non_null(text);
    return text;
}

static void assert_drawn(const View *view, int up, const char *expected)
{
    char *text = draw(view, up, 44, 8);
    assert_string_equal(text, expected);
    free(text);
}

static void the_newest_stand_at_the_bottom(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    int shown;
    assert_drawn(view, 0,
                 "\n"
                 "  +- LOG --------------------------------+\n"
                 "  | nothing yet                          |\n"
                 "  |                                      |\n"
                 "  |                                      |\n"
                 "  |                                      |\n"
                 "  +- Esc closes -------------------------+\n"
                 "\n");
    log_add(&view->log, 0, ITEM_COMMAND, "/spec on");
    log_add(&view->log, 61, ITEM_ERROR, "an error that takes more than one row");
    assert_int_equal(overlay_log_most(view, 44, 8, &shown), 0);
    assert_int_equal(shown, 4);
    assert_drawn(view, 0,
                 "\n"
                 "  +- LOG --------------------------------+\n"
                 "  | 00:00:00  > /spec on                 |\n"
                 "  | 00:01:01  error: an error that takes |\n"
                 "  |           more than one row          |\n"
                 "  |                                      |\n"
                 "  +- Esc closes -------------------------+\n"
                 "\n");
    log_add(&view->log, 3600, ITEM_NOTE, "saved as x");
    log_add(&view->log, 3601, ITEM_NOTE, "the end");
    assert_int_equal(overlay_log_most(view, 44, 8, &shown), 1);
    assert_drawn(view, 0,
                 "\n"
                 "  +- LOG --------------------------------+\n"
                 "  | 00:01:01  error: an error that takes |\n"
                 "  |           more than one row          |\n"
                 "  | 01:00:00  saved as x                 |\n"
                 "  | 01:00:01  the end                    |\n"
                 "  +- arrows scroll, Esc closes ----------+\n"
                 "\n");
    assert_drawn(view, 9,
                 "\n"
                 "  +- LOG --------------------------------+\n"
                 "  | 00:00:00  > /spec on                 |\n"
                 "  | 00:01:01  error: an error that takes |\n"
                 "  |           more than one row          |\n"
                 "  | 01:00:00  saved as x                 |\n"
                 "  +- arrows scroll, Esc closes ----------+\n"
                 "\n");
}

/* What the chat shows of itself is in the log, and stays there when the chat is cleared. */
static void the_chat_is_logged(void **state)
{
    Scene *scene = *state;
    View *view = &scene->view;
    scene_ready(scene);
    view_command(view, "/target 2");
    scene_switch(scene, SWITCH_DONE, 1, 1);
    scene_error(scene, "trouble", false);
    view_note(view, ITEM_WARNING, "beware");
    view_old_note(view, "of a session");
    view_user(view, "a question");
    view_clear(view);
    assert_int_equal(log_count(&view->log), 4);
    assert_string_equal(log_at(&view->log, 0)->text, "/target 2");
    assert_int_equal(log_at(&view->log, 0)->kind, ITEM_COMMAND);
    assert_non_null(strstr(log_at(&view->log, 1)->text, "draft kept"));
    assert_string_equal(log_at(&view->log, 2)->text, "trouble");
    assert_string_equal(log_at(&view->log, 3)->text, "beware");
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("TZ", "UTC", 1);
#define SCENE(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_clean_lines),
        cmocka_unit_test(the_oldest_go_first),
        SCENE(the_newest_stand_at_the_bottom),
        SCENE(the_chat_is_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
