/* test_worker.c - the worker on tiny models, seen through a client: what every request ends in, and
 * what a front learns when the worker dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/commands.h"
#include "app/protocol/client.h"
#include "tests/support/model_folder.h"
#include "tests/support/patience.h"

static ModelFolder folder;

/* --- talking --- */

static Client *start(void)
{
    Client *client;
    Err err = {0};
    if (client_open(&client, NULL, &err) != 0)
        fail_msg("%s", err.text);
    return client;
}

/* 1 = an event, -1 = the worker is gone. */
static int next(Client *client, Event *event, Err *err)
{
    for (;;) {
        int got = client_next(client, event, err);
        if (got != 0)
            return got;
        if (client_wait(client, PATIENCE_MS) == 0)
            fail_msg("the worker says nothing");
    }
}

/* The next event of a type; others are dropped. Its text, if any, is freed. */
static Event await(Client *client, EventType type)
{
    static Event event;
    Err err = {0};
    for (;;) {
        if (next(client, &event, &err) < 0)
            fail_msg("no %s event came: %s", event_name(type), err.text);
        event_free(&event);
        if (event.type == type)
            return event;
        if (event.type == EVENT_ERROR && type == EVENT_READY)
            fail_msg("%s", event.u.error.message);
    }
}

static EventSwitch await_switch(Client *client)
{
    for (;;) {
        EventSwitch swap = await(client, EVENT_SWITCH).u.swap;
        if (swap.stage == SWITCH_DONE || swap.stage == SWITCH_FAILED)
            return swap;
    }
}

static void send_request(Client *client, const Request *request)
{
    Err err = {0};
    if (client_send(client, request, &err) != 0)
        fail_msg("%s", err.text);
}

static void send_line(Client *client, const char *line)
{
    assert_int_equal(send(client_fd(client), line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

/* draft NULL = none. */
static void send_load_for(Client *client, const char *target, const char *draft, int context,
                          int threads)
{
    static char paths[3][256];
    Request request = {.type = REQUEST_LOAD};
    RequestLoad *load = &request.u.load;
    Profile *profile = &load->profile;
    profile->targets[0].model = model_folder_file(&folder, target, paths[0]);
    profile->targets[1].model = model_folder_file(&folder, "second.gguf", paths[1]);
    profile->n_targets = 2;
    if (draft) {
        profile->draft_base = model_folder_file(&folder, draft, paths[2]);
        profile->n_exits = 2;
        profile->exits[0] = 2;
        profile->exits[1] = 4;
    }
    profile->tree_auto = true;
    profile->top_p = 1;
    profile->threads = threads;
    profile->context = context;
    load->spec = SPEC_ON;
    strcpy(load->isa, "auto");
    send_request(client, &request);
}

static void send_load(Client *client, const char *target, const char *draft, int context)
{
    send_load_for(client, target, draft, context, 1);
}

static void send_say(Client *client, Message *messages, int n, int max_tokens)
{
    Request request = {.type = REQUEST_SAY};
    request.u.say = (RequestSay){.messages = messages,
                                 .n_messages = n,
                                 .ignore_eos = true,
                                 .max_tokens = max_tokens,
                                 .seed = 1};
    send_request(client, &request);
}

static void send_question(Client *client, const char *text, int max_tokens)
{
    Message message = {.role = ROLE_USER, .text = text};
    send_say(client, &message, 1, max_tokens);
}

static void send_type(Client *client, RequestType type)
{
    Request request = {.type = type};
    send_request(client, &request);
}

static void send_switch(Client *client, int index, const char *file)
{
    char path[256];
    Request request = {.type = REQUEST_SWITCH};
    request.u.swap.index = index;
    request.u.swap.name = file ? model_folder_file(&folder, file, path) : NULL;
    send_request(client, &request);
}

typedef struct Answer {
    char text[1 << 16];
    char reason[16];
    EventStats totals;
    int prompt;          /* tokens read */
    EventSwitch swap;    /* the last one */
    char targets[2][64]; /* of the first and the last round */
} Answer;

/* Everything up to `done`. */
static void listen_answer(Client *client, Answer *answer)
{
    Event event;
    Err err = {0};
    memset(answer, 0, sizeof(*answer));
    for (bool done = false; !done;) {
        if (next(client, &event, &err) < 0)
            fail_msg("%s", err.text);
        if (event.type == EVENT_TEXT)
            strncat(answer->text, event.u.text.text,
                    sizeof(answer->text) - strlen(answer->text) - 1);
        if (event.type == EVENT_PREFILL && answer->totals.rounds == 0)
            answer->prompt = event.u.prefill.total;
        if (event.type == EVENT_SWITCH)
            answer->swap = event.u.swap;
        if (event.type == EVENT_ROUND)
            memcpy(answer->targets[event.u.round.round > 1], event.u.round.target, 64);
        if (event.type == EVENT_DONE) {
            memcpy(answer->reason, event.u.done.reason, sizeof(answer->reason));
            answer->totals = event.u.done.totals;
            done = true;
        }
        event_free(&event);
    }
}

static Client *start_loaded(const char *draft)
{
    Client *client = start();
    send_load(client, "target.gguf", draft, 0);
    await(client, EVENT_READY);
    return client;
}

/* Waits for the worker's end and returns the reason. */
static Err await_end(Client *client)
{
    Event event;
    Err err = {0};
    while (next(client, &event, &err) > 0)
        event_free(&event);
    return err;
}

/* --- the tests --- */

static void it_loads_and_answers(void **state)
{
    (void)state;
    static Answer answer, again;
    Client *client = start();
    send_load(client, "target.gguf", "draft.gguf", 500);
    EventReady ready = await(client, EVENT_READY).u.ready;
    assert_string_equal(ready.version, S2D_VERSION);
    assert_string_equal(ready.target, "target");
    assert_string_equal(ready.draft, "draft");
    assert_string_equal(ready.drafter, "ngram+s2d");
    assert_int_equal(ready.n_targets, 2);
    assert_string_equal(ready.targets[1], "second");
    assert_int_equal(ready.target_index, 0);
    assert_int_equal(ready.n_exits, 2);
    assert_int_equal(ready.ctx, 500);
    assert_true(ready.memory_bytes > 0 && ready.verify_ms[0] > 0);

    send_question(client, "hello", 50);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "length");
    assert_int_equal(answer.totals.tokens + 1, 50);
    assert_true(answer.totals.drafted > 0 && strlen(answer.text) > 0);

    send_question(client, "hello", 50);
    listen_answer(client, &again);
    assert_string_equal(answer.text, again.text);
    assert_int_equal(again.prompt, 1); /* the rest of the prompt was in the cache */
    client_close(client);
}

static void more_threads_than_processors_are_capped_and_said(void **state)
{
    (void)state;
    Client *client = start();
    send_load_for(client, "target.gguf", NULL, 500, 1024);
    Event event = await(client, EVENT_WARNING);
    assert_string_equal(event.u.warning.code, "threads");
    assert_non_null(strstr(event.u.warning.message, "1024 threads are more"));
    assert_null(strstr(await(client, EVENT_READY).u.ready.device, "1024"));
    client_close(client);
}

static void the_text_does_not_depend_on_what_is_set(void **state)
{
    (void)state;
    static Answer plain, answer;
    static const char *const sets[] = {
        "{\"request\":\"set\",\"drafter\":\"sd\",\"spec\":\"on\"}\n",
        "{\"request\":\"set\",\"drafter\":\"exit:2\",\"tree\":\"4x3x12\"}\n",
        "{\"request\":\"set\",\"drafter\":\"s2d\",\"thresholds\":[0.2,0.05],\"tree\":\"off\"}\n",
        "{\"request\":\"set\",\"drafter\":\"self\",\"tree\":\"auto\"}\n",
        "{\"request\":\"set\",\"drafter\":\"ngram\",\"spec\":\"auto\"}\n",
        "{\"request\":\"set\",\"drafter\":\"s2d\",\"auto_thresholds\":true}\n",
    };
    Client *client = start_loaded("draft.gguf");
    send_line(client,
              "{\"request\":\"set\",\"spec\":\"off\",\"sampling\":{\"temperature\":0.8}}\n");
    assert_int_equal(await(client, EVENT_READY).u.ready.spec, SPEC_OFF);
    send_question(client, "hello", 80);
    listen_answer(client, &plain);
    assert_int_equal(plain.totals.drafted, 0);
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        send_line(client, sets[i]);
        await(client, EVENT_READY);
        send_question(client, "hello", 80);
        listen_answer(client, &answer);
        assert_string_equal(plain.text, answer.text);
    }
    client_close(client);
}

/* Where the first token is whole characters the ids of an answer are known, and the next question
 * reads neither the first one nor the answer again. (Many a token of a tiny model is a mere
 * byte.) */
static void an_answer_keeps_its_own_tokens(void **state)
{
    (void)state;
    static const char *const questions[] = {"why", "no", "yes", "ok", "how", "what"};
    static Answer first, second;
    int kept = 0;
    Client *client = start_loaded(NULL);
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        Message messages[3] = {{.role = ROLE_USER, .text = questions[i]},
                               {.role = ROLE_ASSISTANT, .text = first.text},
                               {.role = ROLE_USER, .text = "and now?"}};
        send_say(client, messages, 1, 60);
        listen_answer(client, &first);
        send_say(client, messages, 3, 5);
        listen_answer(client, &second);
        kept += second.prompt < 40;
    }
    assert_in_range(kept, 1, 6);
    client_close(client);
}

/* On until a threshold is set by hand; over a change of target, too. */
static void thresholds_may_be_automatic(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool automatic;
        ThresholdsFrom from;
    } steps[] = {
        {"{\"request\":\"set\",\"drafter\":\"s2d\"}\n", false, THRESHOLDS_PROFILE},
        {"{\"request\":\"set\",\"auto_thresholds\":true}\n", true, THRESHOLDS_AUTO},
        {"{\"request\":\"set\",\"spec\":\"on\"}\n", true, THRESHOLDS_AUTO},
        {"{\"request\":\"set\",\"drafter\":\"ngram\"}\n", false,
         THRESHOLDS_PROFILE}, /* which has no exits */
        {"{\"request\":\"set\",\"drafter\":\"s2d\"}\n", true, THRESHOLDS_AUTO},
        {"{\"request\":\"switch\",\"target\":1}\n", true, THRESHOLDS_AUTO},
        {"{\"request\":\"set\",\"thresholds\":[0.2,0.1]}\n", false, THRESHOLDS_HAND},
        {"{\"request\":\"set\",\"thresholds\":[0.2,0.1],\"auto_thresholds\":true}\n", true,
         THRESHOLDS_AUTO},
        {"{\"request\":\"set\",\"auto_thresholds\":false}\n", false, THRESHOLDS_AUTO},
    };
    Client *client = start_loaded("draft.gguf");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        send_line(client, steps[i].line);
        Event event = await(client, EVENT_READY);
        assert_int_equal(event.u.ready.auto_thresholds, steps[i].automatic);
        assert_int_equal(event.u.ready.n_exits > 0, i != 3);
        assert_int_equal(event.u.ready.thresholds_from, steps[i].from);
        assert_string_equal(event.u.ready.tree, "auto");
    }
    client_close(client);
}

/* What was kept is what a later worker begins with; the profile's stay known. */
static void thresholds_may_be_kept(void **state)
{
    (void)state;
    Client *client = start_loaded("draft.gguf");
    send_line(client, "{\"request\":\"set\",\"drafter\":\"s2d\",\"thresholds\":[0.35,0.1]}\n");
    EventReady ready = await(client, EVENT_READY).u.ready;
    float before = ready.profile_thresholds[0];
    assert_int_equal(ready.n_profile, 2);
    assert_int_equal(ready.n_tuned, 0);
    send_line(client, "{\"request\":\"set\",\"keep\":true}\n");
    ready = await(client, EVENT_READY).u.ready;
    assert_int_equal(ready.n_tuned, 2);
    assert_float_equal(ready.tuned_thresholds[0], 0.35, 1e-6);
    send_line(client, "{\"request\":\"set\",\"drafter\":\"ngram\"}\n");
    await(client, EVENT_READY);
    send_line(client, "{\"request\":\"set\",\"keep\":true}\n");
    assert_non_null(strstr(await(client, EVENT_ERROR).u.error.message, "nothing to keep"));
    client_close(client);
    client = start_loaded("draft.gguf");
    send_line(client, "{\"request\":\"set\",\"drafter\":\"s2d\"}\n");
    ready = await(client, EVENT_READY).u.ready;
    assert_float_equal(ready.thresholds[0], 0.35, 1e-6);
    assert_float_equal(ready.thresholds[1], 0.1, 1e-6);
    assert_float_equal(ready.profile_thresholds[0], before, 1e-6);
    client_close(client);
    char path[PATH_BYTES];
    assert_int_equal(paths_get(PLACE_STATE, "tuned.json", path, sizeof path, NULL), 0);
    assert_int_equal(unlink(path), 0); /* other tests begin with the profile's */
}

/* While they are watched, an answer brings forecasts, and so does a change after it. */
static void steps_are_forecast(void **state)
{
    (void)state;
    static Answer answer;
    Client *client = start_loaded("draft.gguf");
    send_line(client,
              "{\"request\":\"set\",\"drafter\":\"s2d\",\"spec\":\"on\",\"forecasts\":true}\n");
    await(client, EVENT_READY);
    send_question(client, "hello", 80);
    EventForecast said = await(client, EVENT_FORECAST).u.forecast;
    assert_true(said.places > 0 && said.speed > 0 && !said.searched);
    assert_int_equal(said.n_exits, 2);
    listen_answer(client, &answer);
    send_line(client, "{\"request\":\"set\",\"thresholds\":[0.4,0.1]}\n");
    said = await(client, EVENT_FORECAST).u.forecast;
    assert_float_equal(said.thresholds[0], 0.4, 1e-6);
    assert_float_equal(said.upper[0], 0.45, 1e-6);
    client_close(client);
}

/* The question "hello" to two settings. message: where it is kept. */
static Request comparing_request(Message *message)
{
    *message = (Message){.role = ROLE_USER, .text = "hello"};
    return (Request){.type = REQUEST_SAY,
                     .u.say = {.messages = message,
                               .n_messages = 1,
                               .ignore_eos = true,
                               .max_tokens = 80,
                               .seed = 1,
                               .compare = true}};
}

/* Two settings say what one says; what is set meanwhile waits for the answer's end. */
static void two_settings_answer_in_turn(void **state)
{
    (void)state;
    static Answer plain, both;
    Message message;
    Request request = comparing_request(&message);
    RequestSet *sides = request.u.say.sides;
    Client *client = start_loaded("draft.gguf");
    send_question(client, "hello", 80);
    listen_answer(client, &plain);
    strcpy(sides[0].drafter, "sd");
    strcpy(sides[0].tree, "4x3x12");
    sides[1].has_spec = true;
    sides[1].spec = SPEC_OFF;
    send_request(client, &request);
    send_line(client, "{\"request\":\"set\",\"spec\":\"off\"}\n");
    EventCompare compare = await(client, EVENT_COMPARE).u.compare;
    assert_int_equal(compare.pairs, 0);
    assert_string_equal(compare.sides[1].name, "plain");
    assert_non_null(strstr(compare.sides[0].name, "sd tree 4x3x12"));
    while (compare.checked < 79) {
        compare = await(client, EVENT_COMPARE).u.compare;
        assert_true(compare.equal);
    }
    assert_string_equal(await(client, EVENT_DONE).u.done.reason, "length");
    assert_int_equal(await(client, EVENT_READY).u.ready.spec, SPEC_OFF);
    send_request(client, &request); /* again, to hear the text */
    listen_answer(client, &both);
    assert_string_equal(plain.text, both.text);
    strcpy(sides[0].drafter, "exit:77");
    send_request(client, &request);
    assert_non_null(strstr(await(client, EVENT_ERROR).u.error.message, "exit:77"));
    assert_string_equal(await(client, EVENT_DONE).u.done.reason, "error");
    client_close(client);
}

/* What a comparison said until DONE. */
typedef struct Compared {
    char text[2][4096]; /* kept, other */
    EventCompare last;
    char reason[16];
    int loads;
} Compared;

static void listen_compared(Client *client, Compared *compared)
{
    *compared = (Compared){0};
    for (bool done = false; !done;) {
        Event event;
        Err err = {0};
        if (next(client, &event, &err) <= 0)
            fail_msg("%s", err.text);
        bool other = event.type == EVENT_OTHER_TEXT;
        if (event.type == EVENT_TEXT || other)
            strncat(compared->text[other], event.u.text.text,
                    sizeof compared->text[0] - strlen(compared->text[0]) - 1);
        if (event.type == EVENT_COMPARE)
            compared->last = event.u.compare;
        compared->loads += event.type == EVENT_LOAD;
        done = event.type == EVENT_DONE;
        if (done)
            strcpy(compared->reason, event.u.done.reason);
        event_free(&event);
    }
}

/* The profile's second target answers beside the first one, each as it does alone; then the first one goes
 * on as if nothing had been. */
static void two_targets_answer_in_turn(void **state)
{
    (void)state;
    static Answer first, second, again;
    static Compared both;
    Message message;
    Request request = comparing_request(&message);
    RequestSet *sides = request.u.say.sides;
    Client *client = start_loaded("draft.gguf");
    send_question(client, "hello", 80);
    listen_answer(client, &first);
    for (int other = 0; other < 2; other++) {
        sides[other] = (RequestSet){.has_target = true, .target = 1};
        sides[1 - other] = (RequestSet){.has_spec = true, .spec = SPEC_OFF};
        send_request(client, &request);
        listen_compared(client, &both);
        assert_true((both.loads > 0) == (other == 0)); /* then it is there */
        assert_string_equal(both.reason, "length");
        assert_true(both.last.two_texts && both.last.kept == 1 - other);
        assert_string_equal(both.last.sides[other].target, "second");
        assert_string_equal(both.last.sides[1 - other].name, "plain");
        assert_string_equal(both.text[0], first.text);
        send_question(client, "hello", 80);
        listen_answer(client, &again);
        assert_string_equal(first.text, again.text);
    }
    sides[0] = sides[1] = (RequestSet){.has_target = true, .target = 1};
    send_request(client, &request);
    assert_non_null(strstr(await(client, EVENT_ERROR).u.error.message, "target that is loaded"));
    await(client, EVENT_DONE);
    sides[0] = (RequestSet){.has_target = true, .target = 7};
    send_request(client, &request);
    assert_non_null(strstr(await(client, EVENT_ERROR).u.error.message, "no target 8"));
    await(client, EVENT_DONE);
    send_line(client, "{\"request\":\"switch\",\"target\":1}\n");
    await(client, EVENT_READY);
    send_question(client, "hello", 80);
    listen_answer(client, &second);
    assert_string_equal(both.text[1], second.text);
    client_close(client);
}

static void wrong_requests_are_answered_and_survived(void **state)
{
    (void)state;
    static const struct {
        const char *line, *reason;
    } cases[] = {
        {"nonsense\n", "not a JSON line"},
        {"{}\n", "must be load, say"},
        {"[1]\n", "not an object"},
        {"{\"request\":\"say\"}\n", "\"messages\""},
        {"{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"a\"}],\"seed\":-1}\n",
         "\"seed\""},
        {"{\"request\":\"set\",\"drafter\":\"magic\"}\n", "\"drafter\""},
        {"{\"request\":\"set\",\"tree\":\"0x0x0\"}\n", "\"tree\""},
        {"{\"request\":\"set\",\"thresholds\":[0.1,0.2,0.3]}\n", "3 thresholds for 2 exits"},
        {"{\"request\":\"set\",\"drafter\":\"exit:5\"}\n", "exit:5"},
        {"{\"request\":\"set\",\"colour\":1}\n", "\"colour\" is not known"},
        {"{\"request\":\"stop\",\"v\":2}\n", "version 2"},
    };
    static Answer answer;
    Client *client = start_loaded("draft.gguf");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        send_line(client, cases[i].line);
        Event event = await(client, EVENT_ERROR);
        assert_false(event.u.error.fatal);
        if (!strstr(event.u.error.message, cases[i].reason))
            fail_msg("%s  says %s", cases[i].line, event.u.error.message);
    }
    send_line(client, "\n\n{\"request\":\"stop\"}\n"); /* nothing to stop */
    send_question(client, "hello", 10);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "length");
    client_close(client);
}

/* Before a load there is nothing to count with; in an answer's middle it does not wait for its end. */
static void texts_are_counted(void **state)
{
    (void)state;
    Request request = {.type = REQUEST_COUNT, .u.count = {.number = 3, .text = "hello <|im_end|>"}};
    Client *client = start();
    Event event;
    Err err = {0};
    send_request(client, &request);
    assert_int_equal(await(client, EVENT_COUNT).u.count.tokens, -1);
    send_load(client, "target.gguf", NULL, 0);
    await(client, EVENT_READY);
    send_request(client, &request);
    event = await(client, EVENT_COUNT);
    assert_int_equal(event.u.count.number, 3);
    int tokens = event.u.count.tokens;
    assert_in_range(tokens, 2, 16);
    send_question(client, "hello", 400);
    await(client, EVENT_TEXT);
    request.u.count.number = 4;
    send_request(client, &request);
    bool counted = false, done = false;
    while (!done) {
        assert_int_equal(next(client, &event, &err), 1);
        event_free(&event);
        done = event.type == EVENT_DONE;
        if (event.type == EVENT_COUNT) {
            assert_int_equal(event.u.count.number, 4);
            assert_int_equal(event.u.count.tokens, tokens);
            counted = true;
        }
    }
    assert_true(counted);
    client_close(client);
}

static void a_load_that_fails_says_why(void **state)
{
    (void)state;
    static Answer answer;
    Client *client = start();
    send_question(client, "hello", 5); /* before any load */
    assert_int_equal(await(client, EVENT_ERROR).u.error.code, EXIT_USAGE);
    assert_string_equal(await(client, EVENT_DONE).u.done.reason, "error");

    send_load(client, "missing.gguf", NULL, 0);
    Event missing = await(client, EVENT_ERROR);
    assert_int_equal(missing.u.error.code, EXIT_NOINPUT);
    assert_false(missing.u.error.kept); /* for there is nothing */
    send_load(client, "tiny.yaml", NULL, 0);
    assert_int_equal(await(client, EVENT_ERROR).u.error.code, EXIT_DATA);
    send_load(client, "huge.gguf", NULL, 1 << 20);
    Event event = await(client, EVENT_ERROR);
    assert_int_equal(event.u.error.code, EXIT_MEMORY);
    assert_non_null(strstr(event.u.error.message, "GB"));

    send_load(client, "target.gguf", "draft.gguf", 0);
    await(client, EVENT_READY);
    send_load(client, "missing.gguf", NULL, 0); /* what was loaded stays */
    assert_true(await(client, EVENT_ERROR).u.error.kept);
    send_question(client, "hello", 10);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "length");
    client_close(client);
}

/* A draft of another vocabulary drafts, and it is said how many of its tokens it knows. */
static void a_draft_may_have_another_vocabulary(void **state)
{
    (void)state;
    static Answer answer;
    Client *client = start();
    send_load(client, "target.gguf", "spm.gguf", 0);
    Event warning = await(client, EVENT_WARNING);
    assert_string_equal(warning.u.warning.code, "vocabulary");
    assert_non_null(strstr(warning.u.warning.message, "% of its tokens"));
    await(client, EVENT_READY);
    send_question(client, "hello", 10);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "length");
    client_close(client);
}

/* --- every request ends once --- */

/* The ends up to the DONE of a `say` with this seed, as letters: D done, E error, R ready, S and F
 * a switch that is done or failed. */
static void listen_ends(Client *client, int seed, char *ends, size_t size)
{
    size_t n = 0;
    for (bool last = false; !last;) {
        Event event;
        Err err = {0};
        char letter = 0;
        if (next(client, &event, &err) < 0)
            fail_msg("%s", err.text);
        if (event.type == EVENT_DONE)
            letter = 'D';
        else if (event.type == EVENT_ERROR)
            letter = 'E';
        else if (event.type == EVENT_READY)
            letter = 'R';
        else if (event.type == EVENT_SWITCH && event.u.swap.stage == SWITCH_DONE)
            letter = 'S';
        else if (event.type == EVENT_SWITCH && event.u.swap.stage == SWITCH_FAILED)
            letter = 'F';
        if (letter && n + 1 < size)
            ends[n++] = letter;
        last = event.type == EVENT_DONE && event.u.done.seed == seed;
        event_free(&event);
    }
    ends[n] = '\0';
}

static int letter_order(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

/* Which of set, switch and say ends first depends on how far an answer is: the letters are sorted. */
static void check_ends(const char *line, char *got, const char *wanted, const char *more)
{
    char all[64];
    snprintf(all, sizeof all, "%s%s", wanted, more);
    qsort(got, strlen(got), 1, letter_order);
    qsort(all, strlen(all), 1, letter_order);
    if (strcmp(got, all) != 0)
        fail_msg("%s: ends %s, not %s", line, got, all);
}

static void every_request_ends_once(void **state)
{
    (void)state;
    /* F/: the folder. Ends without models, and with. */
    static const struct {
        const char *line, *empty, *loaded;
    } cases[] = {
        {"{\"request\":\"load\",\"profile\":{\"targets\":[{\"model\":\"F/second.gguf\"}],"
         "\"context\":500,\"threads\":1}}",
         "R", "R"},
        {"{\"request\":\"load\",\"profile\":{\"targets\":[{\"model\":\"F/none.gguf\"}],"
         "\"threads\":1}}",
         "E", "E"},
        {"{\"request\":\"load\",\"profile\":{}}", "E", "E"},
        {"{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"a\"}],"
         "\"max_tokens\":3}",
         "ED", "D"},
        {"{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"a\"}],"
         "\"max_tokens\":-1}",
         "ED", "ED"},
        {"{\"request\":\"say\",\"messages\":[]}", "ED", "ED"},
        {"{\"request\":\"say\",\"v\":2}", "ED", "ED"},
        {"{\"request\":\"set\",\"spec\":\"on\"}", "E", "R"},
        {"{\"request\":\"set\",\"thresholds\":[0.1,0.2,0.3]}", "E", "E"},
        {"{\"request\":\"set\",\"spec\":\"maybe\"}", "E", "E"},
        {"{\"request\":\"switch\",\"target\":1}", "F", "SR"},
        {"{\"request\":\"switch\",\"target\":0}", "F", "SR"},
        {"{\"request\":\"switch\",\"target\":5}", "F", "F"},
        {"{\"request\":\"switch\",\"target\":\"F/none.gguf\"}", "F", "F"},
        {"{\"request\":\"switch\"}", "E", "E"},
        {"{\"request\":\"stop\"}", "", ""},
        {"{\"request\":\"stop\",\"what\":1}", "E", "E"},
        {"{\"request\":\"quit\",\"when\":1}", "E", "E"},
        {"{\"request\":\"sing\"}", "E", "E"},
        {"[]", "E", "E"},
        {"say", "E", "E"},
    };
    enum { LAST = 4242 };
    static const char last[] =
        "{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"b\"}],\"max_tokens\":2,"
        "\"seed\":4242}\n";
    static const char *const states[] = {"without models", "idle", "answering"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int s = 0; s < 3; s++) {
            char line[512], name[600], ends[64];
            const char *place = strstr(cases[i].line, "F/");
            int head = (int)(place ? place - cases[i].line : 0);
            snprintf(line, sizeof line, "%.*s%s%s\n", head, cases[i].line, place ? folder.path : "",
                     cases[i].line + head + (place ? 1 : 0));
            snprintf(name, sizeof name, "%s, %s", states[s], cases[i].line);
            Client *client = s == 0 ? start() : start_loaded("draft.gguf");
            if (s == 2) {
                send_question(client, "hello", 200);
                await(client, EVENT_ROUND);
            }
            send_line(client, line);
            send_line(client, last);
            listen_ends(client, LAST, ends, sizeof ends);
            bool loaded = s > 0 || strcmp(cases[i].empty, "R") == 0;
            check_ends(name, ends, s == 0 ? cases[i].empty : cases[i].loaded,
                       s == 2   ? "DD"
                       : loaded ? "D"
                                : "ED");
            client_close(client);
        }
    }
}

/* What has no place in the queue ends as well: a `say` in its turn, with DONE. */
static void a_say_for_which_there_is_no_place_is_done(void **state)
{
    (void)state;
    enum { WAIT = 256, MORE = 5 };
    static const char wrong[] = "{\"request\":\"say\",\"messages\":[]}\n";
    int stopped = 0, failed = 0, errors = 0;
    Client *client = start_loaded(NULL);
    send_question(client, "hello", 0);
    await(client, EVENT_ROUND);
    for (int i = 0; i < WAIT + MORE; i++)
        send_question(client, "hello", 0);
    send_line(client, wrong);
    send_line(client, "{\"request\":\"load\",\"profile\":{\"targets\":[{\"model\":\"a\"}]}}\n");
    send_type(client, REQUEST_STOP);
    while (stopped + failed < 1 + WAIT + MORE + 1) {
        Event event;
        Err err = {0};
        if (next(client, &event, &err) < 0)
            fail_msg("%s", err.text);
        if (event.type == EVENT_DONE && strcmp(event.u.done.reason, "stopped") == 0)
            stopped++;
        else if (event.type == EVENT_DONE)
            failed++;
        errors += event.type == EVENT_ERROR;
        event_free(&event);
    }
    assert_int_equal(stopped, 1 + WAIT);
    assert_int_equal(failed, MORE + 1);
    assert_int_equal(errors, MORE + 2); /* the load, too */
    static Answer answer;
    send_question(client, "hello", 5);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "length");
    client_close(client);
}

/* By the client, which knows the limit, and by the worker: one ERROR, and the line is dropped. */
static void a_request_that_is_too_long_is_refused(void **state)
{
    (void)state;
    static Answer answer;
    size_t bytes = (size_t)REQUEST_LINE_MAX + (1 << 20);
    char *text = malloc(bytes + 2);
    assert_non_null(text);
    memset(text, 'a', bytes);
    text[bytes] = '\0';
    Client *client = start_loaded(NULL);
    Message message = {.role = ROLE_USER, .text = text};
    Request request = {.type = REQUEST_SAY, .u.say = {.messages = &message, .n_messages = 1}};
    Err err = {0};
    assert_int_equal(client_send(client, &request, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    text[bytes] = '\n';
    text[bytes + 1] = '\0';
    for (size_t at = 0; at < bytes + 1;) { /* it may end in the middle of what a read takes */
        size_t part = bytes + 1 - at < 1000000 ? bytes + 1 - at : 1000000;
        assert_int_equal(send(client_fd(client), text + at, part, MSG_NOSIGNAL), part);
        at += part;
    }
    free(text);
    Event event = await(client, EVENT_ERROR);
    assert_int_equal(event.u.error.code, EXIT_DATA);
    assert_false(event.u.error.fatal);
    char ends[8];
    send_question(client, "hello", 5); /* seed 1 */
    listen_ends(client, 1, ends, sizeof ends);
    assert_string_equal(ends, "D");
    send_question(client, "hello", 5);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "length");
    client_close(client);
}

static void stop_ends_the_answer(void **state)
{
    (void)state;
    static Answer answer;
    Client *client = start_loaded("draft.gguf");
    send_question(client, "hello", 0);
    await(client, EVENT_ROUND);
    send_type(client, REQUEST_STOP);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "stopped");
    /* A stop is for what was asked before it, not after. */
    send_question(client, "one", 0);
    send_question(client, "two", 0);
    send_type(client, REQUEST_STOP);
    send_question(client, "three", 5);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "stopped");
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "stopped");
    assert_int_equal(answer.totals.tokens, 0);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "length");
    client_close(client);
}

static void the_context_ends_an_answer(void **state)
{
    (void)state;
    static Answer answer;
    Client *client = start();
    send_load(client, "target.gguf", "draft.gguf", 100);
    await(client, EVENT_READY);
    send_question(client, "hello", 0);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "context");
    assert_true(answer.totals.tokens > 10);
    client_close(client);
}

/* In two parts it has the text that it has in one. */
static void an_answer_goes_on(void **state)
{
    (void)state;
    static Answer whole, first, rest;
    char text[sizeof(first.text) + sizeof(rest.text)];
    Client *client = start_loaded(NULL);
    Message messages[] = {{.role = ROLE_USER, .text = "why"},
                          {.role = ROLE_ASSISTANT, .text = first.text}};
    send_say(client, messages, 1, 40);
    listen_answer(client, &whole);
    send_say(client, messages, 1, 15);
    listen_answer(client, &first);
    send_say(client, messages, 2, 25);
    listen_answer(client, &rest);
    snprintf(text, sizeof(text), "%s%s", first.text, rest.text);
    assert_string_equal(text, whole.text);
    /* The two together are one answer, whose tokens are known. */
    Message later[] = {{.role = ROLE_USER, .text = "why"},
                       {.role = ROLE_ASSISTANT, .text = text},
                       {.role = ROLE_USER, .text = "and now?"}};
    send_say(client, later, 3, 5);
    listen_answer(client, &rest);
    assert_true(rest.prompt < 40);
    client_close(client);
}

static void a_question_that_does_not_fit_is_measured(void **state)
{
    (void)state;
    static Answer answer;
    char text[1200] = "";
    int question, context, left;
    Client *client = start();
    send_load(client, "target.gguf", "draft.gguf", 100);
    await(client, EVENT_READY);
    for (int i = 0; i < 200; i++)
        strcat(text, "why ");
    Message messages[] = {{.role = ROLE_USER, .text = "hello"},
                          {.role = ROLE_ASSISTANT, .text = "hello"},
                          {.role = ROLE_USER, .text = text}};
    int before = 100;
    for (int n = 1; n <= 3; n += 2) { /* alone, and behind an exchange */
        send_say(client, n == 1 ? &messages[2] : messages, n, 5);
        Event event = await(client, EVENT_WARNING);
        assert_string_equal(event.u.warning.code, "question-too-long");
        assert_int_equal(sscanf(event.u.warning.message,
                                "the question has %d tokens, and of the context's %d there are %d",
                                &question, &context, &left),
                         3);
        assert_int_equal(context, 100);
        assert_true(question >= 100 && left > 0 && (n == 1 ? left == 100 : left < before));
        before = left;
        listen_answer(client, &answer);
        assert_string_equal(answer.reason, "context");
        assert_string_equal(answer.text, "");
    }
    send_question(client, "hello", 5);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "length");
    client_close(client);
}

static void the_target_changes_between_answers(void **state)
{
    (void)state;
    static Answer first, second, direct;
    Client *client = start_loaded("draft.gguf");
    send_question(client, "hello", 20);
    listen_answer(client, &first);
    send_switch(client, 1, NULL);
    EventSwitch swap = await_switch(client);
    assert_int_equal(swap.stage, SWITCH_DONE);
    assert_string_equal(swap.target, "second");
    assert_int_equal(await(client, EVENT_READY).u.ready.target_index, 1);
    send_question(client, "hello", 20);
    listen_answer(client, &second);
    assert_string_not_equal(first.text, second.text);

    send_switch(client, -1, "target.gguf"); /* and back, by name */
    assert_int_equal(await_switch(client).stage, SWITCH_DONE);
    send_question(client, "hello", 20);
    listen_answer(client, &direct);
    assert_string_equal(first.text, direct.text);

    send_switch(client, -1, "draft.gguf"); /* one that the profile does not name */
    assert_int_equal(await_switch(client).stage, SWITCH_DONE);
    EventReady ready = await(client, EVENT_READY).u.ready;
    assert_int_equal(ready.n_targets, 3);
    assert_int_equal(ready.target_index, 2);
    client_close(client);

    client = start();
    send_load(client, "second.gguf", NULL, 0);
    await(client, EVENT_READY);
    send_question(client, "hello", 20);
    listen_answer(client, &direct);
    assert_string_equal(second.text, direct.text);

    send_switch(client, -1, "spm.gguf"); /* another vocabulary: between answers it may be had */
    swap = await_switch(client);
    assert_int_equal(swap.stage, SWITCH_DONE);
    assert_false(swap.draft_kv_kept);
    send_question(client, "hello", 20);
    listen_answer(client, &direct);
    assert_string_equal(direct.targets[0], "spm");
    client_close(client);
}

/* A target that computes no numbers ends its answer, and nothing else: another one can be had. */
static void an_answer_without_a_number_is_an_error(void **state)
{
    (void)state;
    static Answer direct, answer;
    Client *client = start_loaded(NULL);
    send_question(client, "hello", 20);
    listen_answer(client, &direct);
    send_switch(client, -1, "overflow.gguf");
    assert_int_equal(await_switch(client).stage, SWITCH_DONE);
    for (int i = 0; i < 2; i++) {
        send_question(client, "hello", 20);
        Event event = await(client, EVENT_ERROR);
        assert_int_equal(event.u.error.code, EXIT_DATA);
        assert_false(event.u.error.fatal);
        assert_non_null(strstr(event.u.error.message, "overflow"));
        event = await(client, EVENT_DONE);
        assert_string_equal(event.u.done.reason, "error");
        assert_true(event.u.done.totals.prefill_ms > 0); /* that much was done */
    }
    send_switch(client, -1, "target.gguf");
    assert_int_equal(await_switch(client).stage, SWITCH_DONE);
    send_question(client, "hello", 20);
    listen_answer(client, &answer);
    assert_string_equal(answer.text, direct.text);
    client_close(client);
}

static void the_target_changes_in_the_middle_of_an_answer(void **state)
{
    (void)state;
    static Answer answer;
    Client *client = start_loaded("draft.gguf");
    send_question(client, "hello", 0);
    assert_string_equal(await(client, EVENT_ROUND).u.round.target, "target");
    send_switch(client, 1, NULL);
    assert_int_equal(await_switch(client).stage, SWITCH_DONE);
    assert_string_equal(await(client, EVENT_ROUND).u.round.target, "second");
    send_type(client, REQUEST_STOP);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "stopped");
    client_close(client);
}

static void a_switch_that_fails_changes_nothing(void **state)
{
    (void)state;
    static Answer undisturbed, answer;
    static const char *const files[] = {"missing.gguf", "tiny.yaml", "spm.gguf", "huge.gguf"};
    Client *client = start();
    send_load(client, "target.gguf", "draft.gguf", 1 << 20); /* as long as a model goes */
    await(client, EVENT_READY);
    send_question(client, "hello", 200);
    listen_answer(client, &undisturbed);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        kill(client_pid(client), SIGSTOP);
        send_question(client, "hello", 200);
        send_switch(client, -1, files[i]); /* taken at the first poll of the answer */
        kill(client_pid(client), SIGCONT);
        listen_answer(client, &answer);
        assert_int_equal(answer.swap.stage, SWITCH_FAILED);
        assert_true(strlen(answer.swap.reason) > 10);
        assert_string_equal(answer.text, undisturbed.text);
        assert_string_equal(answer.targets[1], "target");
    }
    send_switch(client, 5, NULL);
    assert_int_equal(await_switch(client).stage, SWITCH_FAILED);
    client_close(client);
}

static void a_worker_that_is_killed_says_so(void **state)
{
    (void)state;
    static Answer answer;
    signal(SIGCHLD, SIG_IGN); /* as whoever starts the front may have it */
    Client *client = start_loaded("draft.gguf");
    send_question(client, "hello", 0);
    await(client, EVENT_ROUND);
    kill(client_pid(client), SIGKILL);
    Err err = await_end(client);
    assert_int_equal(err.code, EXIT_INTERNAL);
    assert_non_null(strstr(err.text, "killed by signal 9 (out of memory?)"));
    assert_int_equal(client_fd(client), -1);
    Request stop = {.type = REQUEST_STOP};
    assert_int_equal(client_send(client, &stop, NULL), -1);

    assert_int_equal(client_restart(client, &err), 0);
    send_load(client, "target.gguf", NULL, 0);
    await(client, EVENT_READY);
    send_question(client, "hello", 5);
    listen_answer(client, &answer);
    assert_string_equal(answer.reason, "length");
    client_close(client);
}

static void a_program_that_is_no_worker_is_told_apart(void **state)
{
    (void)state;
    Client *client;
    Err err = {0};
    ClientOptions missing = {.program = "/nowhere/s2d"}, chatter = {.program = "/bin/echo"};
    assert_int_equal(client_open(&client, &missing, &err), 0);
    err = await_end(client);
    assert_non_null(strstr(err.text, "/nowhere/s2d: No such file"));
    client_close(client);
    assert_int_equal(client_open(&client, &chatter, &err), 0);
    err = await_end(client);
    assert_int_equal(err.code, EXIT_INTERNAL);
    assert_non_null(strstr(err.text, "protocol"));
    client_close(client);
}

/* --host: an ssh that runs the worker here. */
static void a_worker_may_be_far_away(void **state)
{
    (void)state;
    char self[256] = "", script[1024], path[4096], old[2048];
    assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    snprintf(script, sizeof(script),
             "#!/bin/sh\n"
             "test \"$*\" = '-o BatchMode=yes -- box s2d worker' || { echo \"what is $*?\" >&2; "
             "exit 255; }\n"
             "exec %s worker\n",
             self);
    assert_int_equal(model_folder_write(&folder, "ssh", script), 0);
    assert_int_equal(chmod(model_folder_file(&folder, "ssh", path), 0700), 0);
    snprintf(old, sizeof(old), "%s", getenv("PATH"));
    snprintf(path, sizeof(path), "%s:%s", folder.path, old);
    setenv("PATH", path, 1);
    Client *client, *refused;
    Err err = {0};
    assert_int_equal(client_open(&client, &(ClientOptions){.host = "box"}, &err), 0);
    assert_int_equal(client_open(&refused, &(ClientOptions){.host = "another"}, &err), 0);
    setenv("PATH", old, 1);
    send_load(client, "target.gguf", NULL, 0);
    assert_string_equal(await(client, EVENT_READY).u.ready.target, "target");
    client_close(client);
    assert_non_null(strstr(await_end(refused).text, "what is -o BatchMode=yes -- another"));
    client_close(refused);
}

/* What it no longer may do, seen from outside: no new privileges, and a filter. */
static void a_loaded_worker_is_confined(void **state)
{
    (void)state;
    char path[64], line[256];
    int privileges = -1, filter = -1;
    Client *client = start_loaded(NULL);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)client_pid(client));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        sscanf(line, "NoNewPrivs: %d", &privileges);
        sscanf(line, "Seccomp: %d", &filter);
    }
    fclose(file);
    client_close(client);
    assert_int_equal(privileges, 1);
    if (filter == -1) {
        print_message("this kernel has no seccomp\n");
        skip();
    }
#if defined(__SANITIZE_ADDRESS__) /* needs calls that the filter kills for */
    assert_int_equal(filter, 0);
#else
    assert_int_equal(filter, 2);
#endif
}

static void the_end_of_its_input_ends_it(void **state)
{
    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        Client *client = start_loaded("draft.gguf");
        if (busy) {
            send_question(client, "hello", 0);
            await(client, EVENT_ROUND);
        }
        shutdown(client_fd(client), SHUT_WR);
        Err err = await_end(client);
        assert_non_null(strstr(err.text, "ended with status 0"));
        client_close(client);
    }
    Client *client = start();
    send_load(client, "huge.gguf", NULL, 64); /* in the middle of a load, or before it */
    shutdown(client_fd(client), SHUT_WR);
    await_end(client);
    client_close(client);
    client = start_loaded(NULL);
    send_type(client, REQUEST_QUIT);
    assert_non_null(strstr(await_end(client).text, "status 0"));
    client_close(client);
}

static void a_front_that_is_killed_takes_its_worker_along(void **state)
{
    (void)state;
    int tell[2];
    assert_int_equal(pipe(tell), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* the worker's end comes here */
    pid_t front = fork();
    if (front == 0) {
        Client *client = start_loaded(NULL);
        send_question(client, "hello", 0);
        pid_t worker = client_pid(client);
        if (write(tell[1], &worker, sizeof(worker)) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    pid_t worker;
    assert_int_equal(read(tell[0], &worker, sizeof(worker)), sizeof(worker));
    kill(front, SIGKILL);
    assert_int_equal(waitpid(front, NULL, 0), front);
    assert_int_equal(waitpid(worker, NULL, 0), worker); /* hangs when it lives on */
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    close(tell[0]);
    close(tell[1]);
}

/* The worst case: it hears nothing, neither that its input ends nor a signal that can be caught. */
static void closing_ends_a_worker_that_is_stopped(void **state)
{
    (void)state;
    Client *client = start_loaded("draft.gguf");
    send_question(client, "hello", 0);
    await(client, EVENT_ROUND);
    pid_t worker = client_pid(client);
    assert_int_equal(kill(worker, SIGSTOP), 0);
    client_close(client);
    assert_int_equal(waitpid(worker, NULL, WNOHANG), -1); /* neither alive nor a zombie */
    assert_int_equal(errno, ECHILD);
}

static void a_trace_holds_every_event(void **state)
{
    (void)state;
    static Answer answer;
    char path[256], line[1 << 16];
    int events = 0, done = 0;
    Client *client = start();
    Err err = {0};
    assert_int_equal(client_trace(client, model_folder_file(&folder, "trace", path), &err), 0);
    send_load(client, "target.gguf", "draft.gguf", 0);
    await(client, EVENT_READY);
    send_question(client, "hello", 20);
    listen_answer(client, &answer);
    assert_int_equal(client_trace(client, NULL, &err), 0);
    client_close(client);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        Event event;
        assert_int_equal(event_from_line(&event, line, strlen(line), NULL), 0);
        done += event.type == EVENT_DONE;
        events++;
        event_free(&event);
    }
    fclose(file);
    assert_int_equal(done, 1);
    assert_true(events > 5);
}

static int setup(void **state)
{
    (void)state;
    return model_folder_make(&folder);
}

static int teardown(void **state)
{
    (void)state;
    model_folder_remove(&folder);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return cmd_worker(argc - 1, argv + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_loads_and_answers),
        cmocka_unit_test(more_threads_than_processors_are_capped_and_said),
        cmocka_unit_test(the_text_does_not_depend_on_what_is_set),
        cmocka_unit_test(an_answer_keeps_its_own_tokens),
        cmocka_unit_test(thresholds_may_be_automatic),
        cmocka_unit_test(thresholds_may_be_kept),
        cmocka_unit_test(steps_are_forecast),
        cmocka_unit_test(two_settings_answer_in_turn),
        cmocka_unit_test(two_targets_answer_in_turn),
        cmocka_unit_test(wrong_requests_are_answered_and_survived),
        cmocka_unit_test(texts_are_counted),
        cmocka_unit_test(a_load_that_fails_says_why),
        cmocka_unit_test(a_draft_may_have_another_vocabulary),
        cmocka_unit_test(every_request_ends_once),
        cmocka_unit_test(a_say_for_which_there_is_no_place_is_done),
        cmocka_unit_test(a_request_that_is_too_long_is_refused),
        cmocka_unit_test(stop_ends_the_answer),
        cmocka_unit_test(the_context_ends_an_answer),
        cmocka_unit_test(an_answer_goes_on),
        cmocka_unit_test(a_question_that_does_not_fit_is_measured),
        cmocka_unit_test(the_target_changes_between_answers),
        cmocka_unit_test(an_answer_without_a_number_is_an_error),
        cmocka_unit_test(the_target_changes_in_the_middle_of_an_answer),
        cmocka_unit_test(a_switch_that_fails_changes_nothing),
        cmocka_unit_test(a_worker_that_is_killed_says_so),
        cmocka_unit_test(a_program_that_is_no_worker_is_told_apart),
        cmocka_unit_test(a_worker_may_be_far_away),
        cmocka_unit_test(a_loaded_worker_is_confined),
        cmocka_unit_test(the_end_of_its_input_ends_it),
        cmocka_unit_test(a_front_that_is_killed_takes_its_worker_along),
        cmocka_unit_test(closing_ends_a_worker_that_is_stopped),
        cmocka_unit_test(a_trace_holds_every_event),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
