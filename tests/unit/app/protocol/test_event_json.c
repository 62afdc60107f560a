/* test_event_json.c - every event survives the way through JSON, and nothing else gets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h"

/* A small generator, so that every run sees the same values. */
typedef struct Noise {
    uint64_t state;
} Noise;

static uint32_t draw(Noise *noise)
{
    noise->state = noise->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(noise->state >> 32);
}

static int draw_int(Noise *noise, int low, int high)
{
    return low + (int)(draw(noise) % (uint32_t)(high - low + 1));
}

/* Any finite float, tiny and huge ones too. */
static float draw_float(Noise *noise)
{
    for (;;) {
        uint32_t bits = draw(noise);
        float value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value))
            return value;
    }
}

static double draw_ms(Noise *noise)
{
    return (double)draw_int(noise, 0, 2000000000) / 1000;
}

static void draw_text(Noise *noise, char *text, int size)
{
    static const char *const parts[] = {"a", "\"", "\\", "\n", "\x1b", "é", "漢", "😀", " ", "{"};
    int n = 0;
    text[0] = '\0';
    for (int i = draw_int(noise, 0, size); i > 0; i--) {
        const char *part = parts[draw(noise) % 10];
        if (n + (int)strlen(part) >= size)
            break;
        n += sprintf(text + n, "%s", part);
    }
}

static void draw_floats(Noise *noise, float *values, int n)
{
    for (int i = 0; i < n; i++)
        values[i] = draw_float(noise);
}

static void draw_stats(Noise *noise, EventStats *stats)
{
    stats->tokens = draw_int(noise, 0, 100000);
    stats->rounds = draw_int(noise, 0, 100000);
    stats->drafted = draw_int(noise, 0, 100000);
    stats->accepted = draw_int(noise, 0, 100000);
    stats->mat = draw_float(noise);
    stats->tokens_per_s = draw_float(noise);
    stats->plain_tokens_per_s = draw_float(noise);
    stats->plain_rounds = draw_int(noise, 0, 100);
    stats->plain_age = draw_int(noise, 0, 1000);
    stats->gain = draw_float(noise);
    stats->gain_low = draw_float(noise);
    stats->gain_high = draw_float(noise);
    stats->n_exits = draw_int(noise, 0, EXITS_MAX);
    for (int i = 0; i < stats->n_exits; i++) {
        stats->by_exit_drafted[i] = draw_int(noise, 0, 1000);
        stats->by_exit_accepted[i] = draw_int(noise, 0, 1000);
    }
    for (int i = 0; i < DEPTH_MAX; i++)
        stats->reached[i] = draw_int(noise, 0, 3) == 0 ? 0 : draw_int(noise, 0, 1000);
    stats->draft_ms = draw_ms(noise);
    stats->verify_ms = draw_ms(noise);
    stats->accept_ms = draw_ms(noise);
    stats->other_ms = draw_ms(noise);
    stats->prefill_ms = draw_ms(noise);
    stats->draft_prefill_ms = draw_ms(noise);
    stats->back_copies = draw_int(noise, 0, 1000);
    stats->back_bytes = (uint64_t)draw_int(noise, 0, 1000000) << 20;
}

static void draw_node(Noise *noise, EventNode *node, const EventRound *round, int index)
{
    node->id = index + 1;
    node->parent = draw_int(noise, 0, index);
    node->depth = node->parent ? round->nodes[node->parent - 1].depth + 1 : 1;
    if (node->depth > DEPTH_MAX) {
        node->parent = 0;
        node->depth = 1;
    }
    node->token = draw_int(noise, 0, 150000);
    draw_text(noise, node->text, TOKEN_TEXT);
    node->p = draw_float(noise);
    node->exit = draw_int(noise, 0, 80);
    node->accepted = draw(noise) % 2;
    node->n_visited = draw_int(noise, 0, EXITS_MAX);
    for (int i = 0; i < node->n_visited; i++)
        node->visited[i] = (EventVisit){i * 6, draw_int(noise, 0, 99999), draw_float(noise)};
}

static void draw_round(Noise *noise, EventRound *round)
{
    round->round = draw_int(noise, 1, 1000);
    draw_text(noise, round->target, sizeof(round->target));
    round->n_nodes = draw_int(noise, 0, NODES_MAX - 1);
    for (int i = 0; i < round->n_nodes; i++) {
        draw_node(noise, &round->nodes[i], round, i);
        round->accepted += round->nodes[i].accepted;
    }
    round->bonus_token = draw_int(noise, 0, 150000);
    draw_text(noise, round->bonus_text, TOKEN_TEXT);
    round->draft_ms = draw_ms(noise);
    round->verify_ms = draw_ms(noise);
    round->accept_ms = draw_ms(noise);
    round->other_ms = draw_ms(noise);
    round->plain_ms = draw_ms(noise);
    round->plain_low_ms = draw_ms(noise);
    round->plain_high_ms = draw_ms(noise);
    round->pass_ms = draw_ms(noise);
    round->n_exit_times = draw_int(noise, 0, EXITS_MAX);
    for (int i = 0; i < round->n_exit_times; i++)
        round->exit_times[i] =
            (EventExitTime){draw_int(noise, 1, 100), draw_int(noise, 0, 1000), draw_ms(noise)};
    round->ctx_used = draw_int(noise, 0, 100000);
    round->n_thresholds = draw_int(noise, 0, EXITS_MAX);
    draw_floats(noise, round->thresholds, round->n_thresholds);
    draw_text(noise, round->mode, sizeof(round->mode));
    round->predicted_gain = draw_float(noise);
    round->n_words = draw_int(noise, 0, WORDS_MAX);
    for (int i = 0; i < round->n_words; i++) {
        round->words[i].token = draw_int(noise, 0, 150000);
        draw_text(noise, round->words[i].text, TOKEN_TEXT);
    }
}

static void draw_ready(Noise *noise, EventReady *ready)
{
    draw_text(noise, ready->version, sizeof(ready->version));
    draw_text(noise, ready->device, sizeof(ready->device));
    draw_text(noise, ready->target, sizeof(ready->target));
    draw_text(noise, ready->draft, sizeof(ready->draft));
    draw_text(noise, ready->adapter, sizeof(ready->adapter));
    draw_text(noise, ready->drafter, sizeof(ready->drafter));
    draw_text(noise, ready->quant, sizeof(ready->quant));
    draw_text(noise, ready->kv, sizeof(ready->kv));
    draw_text(noise, ready->thinking, sizeof(ready->thinking));
    draw_text(noise, ready->date, sizeof(ready->date));
    ready->n_targets = draw_int(noise, 0, 8);
    ready->target_index = draw_int(noise, 0, 7);
    for (int i = 0; i < ready->n_targets; i++)
        draw_text(noise, ready->targets[i], sizeof(ready->targets[i]));
    ready->n_exits = draw_int(noise, 0, EXITS_MAX);
    for (int i = 0; i < ready->n_exits; i++)
        ready->exits[i] = draw_int(noise, 0, 80);
    draw_floats(noise, ready->thresholds, ready->n_exits);
    ready->drafts = draw(noise) % 2;
    ready->drafts_by_model = draw(noise) % 2;
    ready->exits_in_use = draw(noise) % 2;
    ready->exits_trained = draw(noise) % 2;
    ready->auto_thresholds = draw(noise) % 2;
    ready->thresholds_from = (ThresholdsFrom)draw_int(noise, 0, 3);
    draw_text(noise, ready->tree, sizeof(ready->tree));
    ready->top_k = draw_int(noise, 0, 200000);
    ready->top_p = draw_float(noise);
    ready->n_profile = draw_int(noise, 0, EXITS_MAX);
    draw_floats(noise, ready->profile_thresholds, ready->n_profile);
    ready->n_tuned = draw_int(noise, 0, EXITS_MAX);
    draw_floats(noise, ready->tuned_thresholds, ready->n_tuned);
    ready->vocab = draw_int(noise, 0, 200000);
    ready->ctx = draw_int(noise, 0, 200000);
    ready->seed = draw_int(noise, 0, 2000000000);
    ready->temperature = draw_float(noise);
    ready->spec = (SpecMode)draw_int(noise, 0, 2);
    ready->load_ms = draw_ms(noise);
    ready->memory_bytes = ((uint64_t)draw(noise) << 20) + draw(noise);
    draw_floats(noise, ready->verify_ms, VERIFY_POINTS);
}

static void draw_switch(Noise *noise, EventSwitch *swap)
{
    swap->stage = (SwitchStage)draw_int(noise, 0, 4);
    draw_text(noise, swap->target, sizeof(swap->target));
    swap->target_index = draw_int(noise, -1, 7);
    swap->fraction = draw_float(noise);
    draw_text(noise, swap->reason, sizeof(swap->reason));
    swap->room = (SwitchRoom)draw_int(noise, 0, 2);
    swap->draft_kv_kept = draw(noise) % 2;
    swap->ms = draw_ms(noise);
    swap->n_thresholds = draw_int(noise, 0, EXITS_MAX);
    draw_floats(noise, swap->thresholds, swap->n_thresholds);
}

static void draw_forecast(Noise *noise, EventForecast *forecast)
{
    int n = forecast->n_exits = draw_int(noise, 0, EXITS_MAX);
    forecast->places = draw_int(noise, 0, 256);
    forecast->speed = draw_float(noise);
    draw_floats(noise, forecast->thresholds, n);
    draw_floats(noise, forecast->lower, n);
    draw_floats(noise, forecast->upper, n);
    draw_floats(noise, forecast->lower_speed, n);
    draw_floats(noise, forecast->upper_speed, n);
    forecast->searched = draw(noise) % 2;
    draw_floats(noise, forecast->best, n);
    forecast->best_speed = draw_float(noise);
    forecast->moved = draw(noise) % 2;
}

static void draw_compare(Noise *noise, EventCompare *compare)
{
    compare->pairs = draw_int(noise, 0, 1000);
    compare->first = draw_int(noise, 0, 1);
    compare->checked = draw_int(noise, 0, 100000);
    compare->equal = draw(noise) % 2;
    compare->parted = draw_int(noise, 0, 100000);
    compare->two_texts = draw(noise) % 2;
    compare->kept = draw_int(noise, 0, 1);
    compare->ctx_used = draw_int(noise, 0, 100000);
    for (int i = 0; i < 2; i++) {
        EventCompareSide *side = &compare->sides[i];
        draw_text(noise, side->target, sizeof(side->target));
        draw_text(noise, side->name, sizeof(side->name));
        side->tokens = draw_int(noise, 0, 100000);
        side->rounds = draw_int(noise, 0, 100000);
        side->ms = draw_ms(noise);
        side->draft_ms = draw_ms(noise);
        side->verify_ms = draw_ms(noise);
        side->block_tokens = draw_int(noise, 0, 100);
        side->block_rounds = draw_int(noise, 0, 100);
        side->block_ms = draw_ms(noise);
        side->said = draw_int(noise, 0, 100000);
        side->over = draw(noise) % 2;
    }
}

/* text: room for the text of a text or question event. */
static void draw_event(Noise *noise, EventType type, Event *event, char text[256])
{
    memset(event, 0, sizeof(*event));
    event->type = type;
    event->t_ms = draw_ms(noise);
    event->turn = draw_int(noise, 0, 1000);
    switch (type) {
    case EVENT_READY:
        draw_ready(noise, &event->u.ready);
        break;
    case EVENT_PREFILL:
        event->u.prefill.done = draw_int(noise, 0, 1000);
        event->u.prefill.total = draw_int(noise, 0, 1000);
        event->u.prefill.ms = draw_ms(noise);
        event->u.prefill.draft_ms = draw_ms(noise);
        event->u.prefill.token = draw_int(noise, -1, 200000);
        break;
    case EVENT_WARNING:
        draw_text(noise, event->u.warning.code, sizeof(event->u.warning.code));
        draw_text(noise, event->u.warning.message, sizeof(event->u.warning.message));
        break;
    case EVENT_LOAD:
        draw_text(noise, event->u.load.model, sizeof(event->u.load.model));
        event->u.load.fraction = draw_float(noise);
        break;
    case EVENT_ROUND:
        draw_round(noise, &event->u.round);
        break;
    case EVENT_TEXT:
    case EVENT_OTHER_TEXT:
        draw_text(noise, text, 256);
        event->u.text = (EventText){text, draw_int(noise, -1, 80)};
        break;
    case EVENT_SWITCH:
        draw_switch(noise, &event->u.swap);
        break;
    case EVENT_STATS:
        draw_stats(noise, &event->u.stats);
        break;
    case EVENT_COMPARE:
        draw_compare(noise, &event->u.compare);
        break;
    case EVENT_FORECAST:
        draw_forecast(noise, &event->u.forecast);
        break;
    case EVENT_DONE:
        draw_text(noise, event->u.done.reason, sizeof(event->u.done.reason));
        draw_stats(noise, &event->u.done.totals);
        event->u.done.seed = draw_int(noise, 0, 2000000000);
        break;
    case EVENT_COUNT:
        event->u.count.number = draw_int(noise, 0, 1000);
        event->u.count.tokens = draw_int(noise, -1, 200000);
        break;
    case EVENT_ERROR:
        event->u.error.code = draw_int(noise, 0, 255);
        draw_text(noise, event->u.error.message, sizeof(event->u.error.message));
        event->u.error.fatal = draw(noise) % 2;
        event->u.error.kept = draw(noise) % 2;
        break;
    case EVENT_QUESTION:
        draw_text(noise, text, 256);
        event->u.question = (EventQuestion){text};
        break;
    }
}

static void every_event_survives(void **state)
{
    (void)state;
    Noise noise = {1};
    for (int i = 0; i < 500; i++) {
        Event event, back;
        Err err = {0};
        char text[256];
        draw_event(&noise, (EventType)(i % (EVENT_QUESTION + 1)), &event, text);
        char *line = event_to_line(&event);
        assert_non_null(line);
        assert_null(strchr(line, '\n'));
        if (event_from_line(&back, line, strlen(line), &err) != 0)
            fail_msg("%s\n%s", err.text, line);
        if (event.type == EVENT_TEXT || event.type == EVENT_OTHER_TEXT) {
            assert_string_equal(event.u.text.text, back.u.text.text);
            assert_int_equal(event.u.text.source, back.u.text.source);
            assert_int_equal(event.turn, back.turn);
            assert_true(event.t_ms == back.t_ms);
        } else if (event.type == EVENT_QUESTION) {
            assert_string_equal(event.u.question.text, back.u.question.text);
        } else if (memcmp(&event, &back, sizeof(event)) != 0) {
            fail_msg("a %s event changed:\n%s", event_name(event.type), line);
        }
        char *again = event_to_line(&back);
        assert_string_equal(line, again);
        free(again);
        free(line);
        event_free(&back);
    }
}

static void bytes_that_are_no_utf8_become_replacement_characters(void **state)
{
    (void)state;
    Event event = {.type = EVENT_ROUND, .u.round.round = 1}, back;
    strcpy(event.u.round.bonus_text, "a\xff\xe6\xbc"
                                     "b");
    memset(event.u.round.mode, 0x80, sizeof(event.u.round.mode) - 1); /* grows threefold: cut */
    char *line = event_to_line(&event);
    assert_int_equal(event_from_line(&back, line, strlen(line), NULL), 0);
    assert_true(strncmp(back.u.round.bonus_text, "a\ufffd\ufffd", 7) == 0);
    assert_string_equal(strchr(back.u.round.bonus_text, 'b'), "b");
    assert_string_equal(back.u.round.mode, "\ufffd\ufffd\ufffd");
    free(line);
    /* A token's bytes in a message: the Err has them printable, and so has the line. */
    Err err = {0};
    event = (Event){.type = EVENT_ERROR};
    err_set(&err, EXIT_DATA, "token 7 ('%.*s')", 4, "\xe6\x97\x1b[2J");
    strcpy(event.u.error.message, err.text);
    line = event_to_line(&event);
    assert_int_equal(event_from_line(&back, line, strlen(line), NULL), 0);
    assert_string_equal(back.u.error.message, "token 7 ('???[')");
    free(line);
    strcpy(event.u.error.message, "cut in \xe6\x97");
    line = event_to_line(&event);
    assert_int_equal(event_from_line(&back, line, strlen(line), NULL), 0);
    assert_true(strncmp(back.u.error.message, "cut in \ufffd", 10) == 0);
    free(line);
}

static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    Event event;
    static const char line[] =
        "{\"v\":1,\"event\":\"load\",\"t_ms\":1,\"turn\":0,\"fraction\":0.5,\"model\":\""
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx漢\"}";
    assert_int_equal(event_from_line(&event, line, strlen(line), NULL), 0);
    assert_int_equal(strlen(event.u.load.model), 62); /* of 63 bytes, the character does not fit */
}

static void what_is_not_finite_is_read_as_not_known(void **state)
{
    (void)state;
    Event event = {.type = EVENT_LOAD, .t_ms = (double)NAN, .u.load.fraction = INFINITY}, back;
    char *line = event_to_line(&event);
    assert_int_equal(event_from_line(&back, line, strlen(line), NULL), 0);
    assert_true(back.t_ms == 0 && back.u.load.fraction == 0);
    free(line);
    event.t_ms = DBL_MAX; /* of which there are no microseconds */
    line = event_to_line(&event);
    assert_non_null(line);
    assert_int_equal(event_from_line(&back, line, strlen(line), NULL), 0);
    assert_true(back.t_ms == 0);
    free(line);
}

#define HEAD "{\"v\":1,\"t_ms\":1,\"turn\":1,\"event\":"
#define ROUND(nodes, accepted)                                                                   \
    HEAD "\"round\",\"round\":1,\"target\":\"t\",\"nodes\":[" nodes "],\"accepted\":" accepted   \
         ",\"bonus\":{\"token\":1,\"text\":\"\"},\"ms\":{\"draft\":1,\"verify\":1,\"accept\":1," \
         "\"other\":1},"                                                                         \
         "\"ctx_used\":1,\"thresholds\":[],\"mode\":\"spec\",\"predicted_gain\":1}"
#define NODE(id, parent, depth)                             \
    "{\"id\":" id ",\"parent\":" parent ",\"depth\":" depth \
    ",\"token\":1,\"text\":\"\",\"p\":1,\"exit\":6,\"accepted\":false,\"visited\":[]}"

static void wrong_lines_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *line, *reason;
    } cases[] = {
        {"", "not a JSON line"},
        {"[]", "\"v\""},
        {"nonsense", "not a JSON line"},
        {"{\"v\":2,\"event\":\"load\",\"t_ms\":1,\"turn\":0}", "version 2"},
        {"{\"v\":1,\"event\":\"lied\",\"t_ms\":1,\"turn\":0}", "\"event\" has no known value"},
        {"{\"v\":1,\"event\":7,\"t_ms\":1,\"turn\":0}", "\"event\" has no known value"},
        {"{\"v\":1,\"v\":1,\"event\":\"load\",\"t_ms\":1,\"turn\":0}", "not a JSON line"},
        {"{\"v\":1,\"event\":\"load\",\"t_ms\":1,\"turn\":-1}", "\"turn\" is out of range"},
        {HEAD "\"load\",\"model\":\"m\"}", "load event: \"fraction\" is missing"},
        {HEAD "\"load\",\"model\":7,\"fraction\":0}", "\"model\" is not a text"},
        {HEAD "\"load\",\"model\":\"\",\"fraction\":1e300}", "\"fraction\" is out of range"},
        {HEAD "\"load\",\"model\":\"\",\"fraction\":1e999}", "not a JSON line"},
        {HEAD "\"load\",\"model\":\"a\\u0000b\",\"fraction\":0}", "not a JSON line"},
        {HEAD "\"error\",\"code\":70,\"message\":\"\",\"fatal\":0}", "neither true nor false"},
        {HEAD "\"error\",\"code\":7.5,\"message\":\"\",\"fatal\":true}", "not a whole number"},
        {HEAD "\"text\",\"pieces\":[]}", "too few"},
        {HEAD "\"text\",\"pieces\":[{\"text\":\"a\",\"source\":0},{\"text\":\"a\",\"source\":0}]}",
         "too many"},
        {HEAD "\"text\",\"pieces\":[{\"text\":\"a\",\"source\":\"b\"}]}", "not a whole number"},
        {ROUND(NODE("1", "0", "1") "," NODE("1", "0", "1"), "0"), "names two nodes"},
        {ROUND(NODE("1", "2", "1"), "0"), "\"parent\" is no node"},
        {ROUND(NODE("1", "1", "2"), "0"), "\"parent\" is no node"},
        {ROUND(NODE("1", "0", "2"), "0"), "\"depth\""},
        {ROUND(NODE("64", "0", "1"), "0"), "\"id\" is out of range"},
        {ROUND(NODE("0", "0", "1"), "0"), "\"id\" is out of range"},
        {ROUND(NODE("1", "0", "1"), "1"), "\"accepted\" is not the number"},
        {ROUND("7", "0"), "\"id\" is missing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Event event;
        Err err = {0};
        assert_int_equal(event_from_line(&event, cases[i].line, strlen(cases[i].line), &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        if (!strstr(err.text, cases[i].reason))
            fail_msg("%s\n  says: %s\n  not:  %s", cases[i].line, err.text, cases[i].reason);
    }
    Event event;
    static const char good[] = ROUND(NODE("2", "0", "1") "," NODE("1", "2", "2"), "0");
    assert_int_equal(event_from_line(&event, good, strlen(good), NULL), 0);
    assert_int_equal(event.u.round.nodes[1].parent, 2);
}

/* Replaces each value in turn by another kind of value: an error, never a crash or a false
 * success. */
/* Traces from before these fields came to be are still read. */
static bool is_younger(const Event *event, const char *key)
{
    if (event->type == EVENT_PREFILL)
        return strcmp(key, "token") == 0;
    if (event->type == EVENT_ERROR)
        return strcmp(key, "kept") == 0;
    if (event->type == EVENT_STATS)
        return strcmp(key, "plain_age") == 0 || strncmp(key, "gain", 4) == 0;
    if (event->type == EVENT_COMPARE)
        return strcmp(key, "parted") == 0 || strcmp(key, "two_texts") == 0 ||
               strcmp(key, "kept") == 0;
    if (event->type == EVENT_ROUND)
        return strcmp(key, "exit_times") == 0 || strcmp(key, "words") == 0 ||
               strcmp(key, "plain") == 0;
    return event->type == EVENT_READY &&
           (strcmp(key, "drafts") == 0 || strcmp(key, "drafts_by_model") == 0 ||
            strcmp(key, "exits_in_use") == 0 || strcmp(key, "head") == 0 ||
            strcmp(key, "thresholds_from") == 0 || strcmp(key, "tree") == 0 ||
            strcmp(key, "thinking") == 0 || strcmp(key, "date") == 0 || strcmp(key, "top_k") == 0 ||
            strcmp(key, "top_p") == 0 || strcmp(key, "profile_thresholds") == 0 ||
            strcmp(key, "tuned_thresholds") == 0);
}

static void every_field_is_checked(void **state)
{
    (void)state;
    Noise noise = {7};
    for (int type = 0; type <= EVENT_QUESTION; type++) {
        Event event, back;
        char text[256];
        draw_event(&noise, (EventType)type, &event, text);
        json_t *object = event_to_json(&event);
        const char *key;
        json_t *value;
        json_object_foreach(object, key, value)
        {
            json_t *changed = json_copy(object);
            json_object_set_new(changed, key, json_pack("[{}]"));
            char *line = json_dumps(changed, 0);
            assert_int_equal(event_from_line(&back, line, strlen(line), NULL), -1);
            free(line);
            json_object_del(changed, key);
            line = json_dumps(changed, 0);
            if ((event_from_line(&back, line, strlen(line), NULL) == 0) != is_younger(&event, key))
                fail_msg("without its %s: %s", key, line);
            if (type == EVENT_PREFILL && strcmp(key, "token") == 0)
                assert_int_equal(back.u.prefill.token, -1);
            free(line);
            json_decref(changed);
        }
        json_decref(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_survives),
        cmocka_unit_test(bytes_that_are_no_utf8_become_replacement_characters),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(what_is_not_finite_is_read_as_not_known),
        cmocka_unit_test(wrong_lines_are_refused_with_a_reason),
        cmocka_unit_test(every_field_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
