/* test_held_events.c - events that wait while the screen stands still come out as they went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/chat/held_events.h"
#include "app/protocol/event_json.h"

static void the_oldest_comes_first(void **state)
{
    (void)state;
    HeldEvents held = {0};
    Event event;
    char word[16];
    assert_int_equal(held_events_next(&held, &event), 0);
    for (int in = 0, out = 0, batch = 1; batch <= 600; batch += 300) {
        for (int i = 0; i < batch; i++) {
            snprintf(word, sizeof(word), "w%d", in++);
            event = (Event){.type = EVENT_TEXT, .t_ms = in, .u.text = {word, 6}};
            assert_int_equal(held_events_add(&held, &event), 0);
        }
        while (out < in - (batch > 1 ? 1 : 0)) { /* the last batch is not taken to its end */
            assert_int_equal(held_events_next(&held, &event), 1);
            snprintf(word, sizeof(word), "w%d", out++);
            assert_string_equal(event.u.text.text, word);
            assert_true(event.t_ms == out && event.u.text.source == 6);
            event_free(&event);
        }
    }
    held_events_close(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
