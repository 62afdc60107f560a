/* test_chat.c - the conversation's rules against a worker that is real but for its models. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/chat/chat.h"
#include "app/chat/slash.h"
#include "app/chat/slash_tune.h"
#include "app/protocol/event_json.h"
#include "tests/support/fake_worker.h"
#include "tests/support/patience.h"
#include "tests/support/temp.h"

/* A front that writes down what it is told, as "kind: text" lines. */
typedef struct Witness {
    char heard[1 << 16];
    char edit[256];
    int errors, changed, asked;
    int question; /* that was to be edited */
} Witness;

static void hear(Witness *witness, const char *kind, const char *text)
{
    size_t used = strlen(witness->heard);
    snprintf(witness->heard + used, sizeof(witness->heard) - used, "%s: %.999s\n", kind, text);
}

static void on_event(void *user, const Event *event)
{
    if (event->type == EVENT_DONE)
        hear(user, "done", event->u.done.reason);
    if (event->type == EVENT_ERROR) {
        ((Witness *)user)->errors++;
        hear(user, event->u.error.fatal ? "fatal" : "error", event->u.error.message);
    }
}
static void on_said(void *user, const char *text)
{
    hear(user, "said", text);
}
static void on_queued(void *user, const char *text)
{
    hear(user, "queued", text);
}
static void on_unqueued(void *user)
{
    hear(user, "unqueued", "");
}
static void on_note(void *user, NoteKind kind, const char *text)
{
    static const char *const kinds[] = {"note", "warning", "refused"};
    hear(user, kinds[kind], text);
}
static void on_notice(void *user, const char *text)
{
    hear(user, "notice", text);
}
static void on_taken_back(void *user, const char *text)
{
    snprintf(((Witness *)user)->edit, 256, "%s", text);
}
static void on_nothing(void *user)
{
    (void)user;
}
static void on_changed(void *user)
{
    ((Witness *)user)->changed++;
}
static void on_asked(void *user)
{
    ((Witness *)user)->asked++;
}

static void on_dropped(void *user, int questions)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", questions);
    hear(user, "dropped", text);
}
static void on_edit(void *user, int question, const char *text)
{
    ((Witness *)user)->question = question;
    on_taken_back(user, text);
}
static int on_copy(void *user, int number, Err *err)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", number);
    hear(user, "copied", text);
    return number == 99 ? err_set(err, EXIT_USAGE, "no block 99") : 0;
}
static void on_search(void *user, const char *text)
{
    hear(user, "searched", text);
}
static void on_mouse(void *user, bool on)
{
    hear(user, "mouse", on ? "yes" : "no");
}

static const ChatFront front = {
    .event = on_event,
    .said = on_said,
    .queued = on_queued,
    .unqueued = on_unqueued,
    .note = on_note,
    .notice = on_notice,
    .taken_back = on_taken_back,
    .answer_dropped = on_nothing,
    .changed = on_changed,
    .renamed = on_nothing,
    .asked = on_asked,
    .stopping = on_nothing,
    .dropped = on_dropped,
    .edit = on_edit,
    .copy = on_copy,
    .search = on_search,
    .mouse = on_mouse,
    .goes_on = on_nothing,
    .sessions = on_nothing,
};

static char folder[TEMP_BYTES];
static char profile[128];
static char other_profile[128];

typedef struct Fixture {
    Chat chat;
    Witness witness;
} Fixture;

/* Until the worker says something, for a moment at most; how long that may have been. */
static int wait_ms(const Chat *chat)
{
    enum { MOMENT_MS = 10 };
    struct pollfd polled = {.fd = client_fd(chat->client), .events = POLLIN};
    poll(&polled, 1, MOMENT_MS);
    return MOMENT_MS;
}

/* Lets the chat run until it is in this state. */
static void run_until(Chat *chat, ChatState state)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += wait_ms(chat)) {
        assert_int_equal(chat_pump(chat), 0);
        if (chat->state == state && chat->n_queue == 0)
            return;
    }
    fail_msg("the chat is in state %d, not %d", chat->state, state);
}

static void run_until_text(Chat *chat, const char *text)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += wait_ms(chat)) {
        assert_int_equal(chat_pump(chat), 0);
        if (transcript_answer(&chat->transcript) &&
            strstr(transcript_answer(&chat->transcript)->text, text))
            return;
    }
    fail_msg("no answer with \"%s\"", text);
}

static int start(void **state)
{
    Err err = {0};
    Options options = {.profile = profile};
    ClientOptions client = {.program = "/proc/self/exe"};
    Fixture *fixture = calloc(1, sizeof(*fixture));
    *state = fixture;
    if (chat_open(&fixture->chat, &front, &fixture->witness, &options, &client, &err) != 0) {
        print_error("%s\n", err.text);
        return -1;
    }
    run_until(&fixture->chat, CHAT_IDLE);
    return 0;
}

static int end(void **state)
{
    Fixture *fixture = *state;
    chat_close(&fixture->chat);
    free(fixture);
    return 0;
}

static void say(Fixture *fixture, const char *line)
{
    if (chat_line(&fixture->chat, line) != 0)
        fail_msg("%s: %s", line, fixture->witness.heard);
    run_until(&fixture->chat, CHAT_IDLE);
}

static void refused(Fixture *fixture, const char *line, const char *why)
{
    fixture->witness.heard[0] = '\0';
    assert_int_not_equal(chat_line(&fixture->chat, line), 0);
    if (!strstr(fixture->witness.heard, why))
        fail_msg("%s: \"%s\" is not in \"%s\"", line, why, fixture->witness.heard);
}

static const char *answer(const Fixture *fixture)
{
    return transcript_answer(&fixture->chat.transcript)->text;
}

static void test_ask(void **state)
{
    Fixture *f = *state;
    say(f, "hello");
    assert_string_equal(answer(f), "[2] hello"); /* with the profile's system message */
    say(f, "again");
    assert_string_equal(answer(f), "[4] again");
    say(f, "//stats");
    assert_string_equal(answer(f), "[6] /stats");
    Entry *last = transcript_answer(&f->chat.transcript);
    assert_string_equal(last->reason, "eos");
    assert_int_equal(last->n_runs, 2);
    assert_int_equal(last->runs[0].source, 6);
    assert_int_equal(last->totals.tokens, 2);
}

static void test_undo_regen_clear(void **state)
{
    Fixture *f = *state;
    refused(f, "/undo", "nothing to take back");
    refused(f, "/regen", "no question");
    say(f, "one");
    say(f, "two");
    say(f, "/regen");
    assert_string_equal(answer(f), "[4] two");
    assert_int_equal(transcript_answer(&f->chat.transcript)->seed, 8);
    say(f, "/regen");
    assert_int_equal(transcript_answer(&f->chat.transcript)->seed, 9);
    assert_non_null(strstr(f->witness.heard, "seed 9"));
    say(f, "/undo");
    assert_string_equal(f->witness.edit, "two");
    assert_int_equal(f->chat.transcript.n, 2);
    say(f, "three");
    assert_string_equal(answer(f), "[4] three");
    assert_int_equal(transcript_answer(&f->chat.transcript)->seed, 7);
    say(f, "/drop");
    assert_int_equal(f->chat.transcript.n, 4); /* it stays to be read, */
    refused(f, "/drop", "no older question");
    say(f, "and now");
    assert_string_equal(answer(f), "[4] and now"); /* by the person alone */
    say(f, "/clear");
    assert_int_equal(f->chat.transcript.n, 0);
    say(f, "four");
    assert_string_equal(answer(f), "[2] four");
}

/* An old question comes back; until another one is sent in its place nothing is gone. */
static void test_edit(void **state)
{
    Fixture *f = *state;
    Chat *chat = &f->chat;
    refused(f, "/edit", "no question to edit");
    say(f, "one");
    say(f, "two");
    say(f, "three");
    refused(f, "/edit 4", "there is no question 4: this chat has 3");
    refused(f, "/edit two", "/edit");
    refused(f, "/edit 0", "/edit");
    say(f, "/edit");
    assert_int_equal(f->witness.question, 3);
    assert_string_equal(f->witness.edit, "three");
    say(f, "/edit 2");
    assert_int_equal(f->witness.question, 2);
    assert_string_equal(f->witness.edit, "two");
    assert_int_equal(chat->transcript.n, 6);
    /* What cannot be sent: the chat is as it was, and the text is to be edited again. */
    size_t bytes = (size_t)REQUEST_LINE_MAX + 1;
    char *text = calloc(1, bytes + 1);
    assert_non_null(text);
    memset(text, 'a', bytes);
    f->witness.question = f->witness.changed = 0;
    assert_int_equal(chat_ask_instead(chat, 2, text), -1);
    assert_int_equal(chat->transcript.n, 6);
    assert_string_equal(chat->transcript.entries[2].text, "two");
    assert_string_equal(answer(f), "[6] three");
    assert_int_equal(f->witness.question, 2);
    assert_int_equal(f->witness.changed, 1);
    free(text);
    /* Not while an answer comes. */
    chat_line(chat, "please wait");
    run_until_text(chat, "more");
    f->witness.question = 0;
    assert_int_equal(chat_ask_instead(chat, 2, "too early"), -1);
    assert_int_equal(f->witness.question, 2);
    assert_string_equal(f->witness.edit, "too early");
    assert_non_null(strstr(f->witness.heard, "before the answer is over"));
    chat_stop(chat);
    run_until(chat, CHAT_IDLE);
    assert_int_equal(chat->transcript.n, 8);
    f->witness.heard[0] = '\0';
    assert_int_equal(chat_ask_instead(chat, 2, "TWO"), 0);
    run_until(chat, CHAT_IDLE);
    assert_non_null(strstr(f->witness.heard, "dropped: 3\nsaid: TWO"));
    assert_int_equal(chat->transcript.n, 4);
    assert_string_equal(chat->transcript.entries[0].text, "one");
    assert_string_equal(answer(f), "[4] TWO");
    /* One that is no more is asked as a new one. */
    assert_int_equal(chat_ask_instead(chat, 7, "seven"), 0);
    run_until(chat, CHAT_IDLE);
    assert_string_equal(answer(f), "[6] seven");
}

/* They are other names, and what is the front's is handed on to it. */
static void test_other_names_and_the_front(void **state)
{
    Fixture *f = *state;
    say(f, "one");
    say(f, "/retry");
    assert_int_equal(transcript_answer(&f->chat.transcript)->seed, 8);
    say(f, "/model 2");
    say(f, "two"); /* behind it */
    assert_string_equal(f->chat.ready.target, "small");
    f->witness.heard[0] = '\0';
    say(f, "/copy");
    say(f, "/copy answer");
    say(f, "/copy 12");
    say(f, "/search  two words ");
    say(f, "/search");
    say(f, "/set mouse off");
    assert_string_equal(f->witness.heard,
                        "copied: -1\ncopied: 0\ncopied: 12\nsearched: two words\nsearched: \n"
                        "mouse: no\nnotice: mouse off: it is the terminal's\n");
    refused(f, "/copy 99", "no block 99");
    refused(f, "/copy all", "/copy");
    refused(f, "/set mouse maybe", "neither on nor off");
    say(f, "/set");
    assert_non_null(strstr(f->witness.heard, "mouse off"));
    assert_true(slash_is_command("/copy 1") && slash_is_command("/nonsense"));
    assert_false(slash_is_command("/tmp/a") || slash_is_command("//copy") ||
                 slash_is_command("/a\n/b") || slash_is_command("copy"));
    assert_false(f->chat.quit);
    say(f, "/exit");
    assert_true(f->chat.quit);
}

static void test_queue_and_stop(void **state)
{
    Fixture *f = *state;
    assert_false(chat_stop(&f->chat));
    chat_line(&f->chat, "please wait");
    run_until_text(&f->chat, "more");
    chat_line(&f->chat, "next");
    assert_int_equal(f->chat.n_queue, 1);
    assert_non_null(strstr(f->witness.heard, "queued: next"));
    refused(f, "/undo", "stop it first");
    refused(f, "/clear", "stop it first");
    refused(f, "/load x", "stop it first");
    refused(f, "/draft x", "stop it first");
    assert_true(chat_stop(&f->chat));
    assert_true(chat_stop(&f->chat));
    run_until(&f->chat, CHAT_IDLE);
    assert_string_equal(answer(f), "[4] next");
    assert_string_equal(f->chat.transcript.entries[1].reason, "stopped");
    assert_int_equal(f->witness.asked, 2);
    assert_non_null(strstr(f->witness.heard, "done: stopped\nunqueued: \nsaid: next"));
}

/* Until the worker has counted the files. */
static void run_until_counted(Chat *chat)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += wait_ms(chat)) {
        assert_int_equal(chat_pump(chat), 0);
        if (!files_await_counts(chat))
            return;
    }
    fail_msg("files are not counted");
}

/* The first question that the trace keeps; free it. */
static char *traced_question(Fixture *f)
{
    char path[64], line[128], *text = NULL, *question = NULL;
    size_t room = 0;
    snprintf(path, sizeof path, "%s/asked.jsonl", folder);
    snprintf(line, sizeof line, "/export trace %s", path);
    say(f, line);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (!question && getline(&text, &room, file) > 0) {
        Event event;
        assert_int_equal(event_from_line(&event, text, strlen(text), NULL), 0);
        if (event.type == EVENT_QUESTION)
            question = strdup(event.u.question.text);
        event_free(&event);
    }
    free(text);
    fclose(file);
    assert_non_null(question);
    return question;
}

static void test_files(void **state)
{
    Fixture *f = *state;
    char path[64], other[64], line[256];
    snprintf(path, sizeof path, "%s/qa b.c", folder);
    snprintf(other, sizeof other, "%s/qb.txt", folder);
    file_write_text(path, "int a;\n");
    file_write_text(other, "two\n");
    say(f, "/file");
    assert_non_null(strstr(f->witness.heard, "no file joins"));
    snprintf(line, sizeof line, "/file %s/q*b*", folder);
    say(f, line);
    run_until_counted(&f->chat);
    snprintf(line, sizeof line, "note: file %s: 6 tokens, joins the next question", path);
    assert_non_null(strstr(f->witness.heard, line));
    snprintf(line, sizeof line, "file %s: 3 tokens, joins the next question; 2 files with 9 tokens",
             other);
    assert_non_null(strstr(f->witness.heard, line));
    say(f, "what is it?");
    snprintf(line, sizeof line, "said: what is it?\n[%s  6 tokens]\n[%s  3 tokens]\n", path, other);
    assert_non_null(strstr(f->witness.heard, line));
    snprintf(line, sizeof line,
             "what is it?\n\n<file name=\"%s\" bytes=\"6\" tokens=\"6\">\nint a;\n</file>\n\n"
             "<file name=\"%s\" bytes=\"3\" tokens=\"3\">\ntwo\n</file>",
             path, other);
    assert_string_equal(f->chat.transcript.entries[0].text, line);
    assert_string_equal(answer(f) + 4, line); /* what the model got */
    char *traced = traced_question(f), shown[256];
    snprintf(shown, sizeof shown, "what is it?\n[%s  6 tokens]\n[%s  3 tokens]", path, other);
    assert_string_equal(traced, shown); /* names, as on the screen */
    free(traced);
    say(f, "and now?");
    assert_string_equal(answer(f), "[4] and now?"); /* they join one question */

    say(f, "/undo");
    say(f, "/undo");
    assert_string_equal(f->witness.edit, "what is it?");
    assert_int_equal(f->chat.files.n, 2);
    say(f, "why?");
    assert_string_equal(answer(f) + 4 + 4, line + 11);

    snprintf(line, sizeof line, "/file %s", path);
    say(f, line);
    say(f, "/file none");
    assert_int_equal(f->chat.files.n, 0);
    say(f, line);
    run_until_counted(&f->chat);
    say(f, "/clear");
    assert_int_equal(f->chat.files.n, 0);
    snprintf(line, sizeof line, "/file %s/none*", folder);
    refused(f, line, "nothing matches");
    refused(f, "/file not-here", "there is no such file");
    unlink(path);
    unlink(other);
}

/* One that is too large for the context, and one that nobody will count. */
static void test_files_that_do_not_fit(void **state)
{
    Fixture *f = *state;
    char path[64], line[256], text[5001];
    memset(text, 'x', 5000);
    text[5000] = '\0';
    snprintf(path, sizeof path, "%s/large", folder);
    file_write_text(path, text);
    snprintf(line, sizeof line, "/file %s", path);
    say(f, line);
    run_until_counted(&f->chat);
    assert_non_null(strstr(f->witness.heard, "5000 tokens, but the context takes 4096"));
    assert_int_equal(f->chat.files.n, 0);
    chat_line(&f->chat, "please die");
    file_write_text(path, "small");
    chat_line(&f->chat, line);
    run_until(&f->chat, CHAT_IDLE);
    run_until_counted(&f->chat);
    assert_int_equal(f->chat.files.n, 1);
    say(f, "go on");
    assert_non_null(strstr(answer(f), "\nsmall\n</file>"));
    unlink(path);
}

static void test_roles(void **state)
{
    Fixture *f = *state;
    static Config config;
    const char *yaml = "roles: {brief: Be brief., kind: Be kind.}";
    say(f, "/role");
    assert_non_null(strstr(f->witness.heard, "no roles"));
    refused(f, "/role brief", "nor any other");
    assert_int_equal(config_parse(&config, yaml, strlen(yaml), "c", NULL), 0);
    f->chat.options.config = &config;
    say(f, "/role brief");
    assert_string_equal(f->chat.system, "Be brief.");
    say(f, "/role");
    assert_non_null(strstr(f->witness.heard, "brief          Be brief.  (now)\nkind"));
    refused(f, "/role rude", "there are brief, kind");
    char *offered = slash_complete(&f->chat, "/role ", 6, "", 1);
    assert_string_equal(offered, "kind");
    free(offered);
    config_close(&config);
}

static void test_stop_strings(void **state)
{
    Fixture *f = *state;
    say(f, "/set stop \\n\\n");
    say(f, "/set stop You:");
    assert_int_equal(f->chat.stops.n, 2);
    assert_string_equal(f->chat.stops.text[0], "\n\n");
    assert_non_null(strstr(f->witness.heard, "notice: stop \"\\n\\n\", \"You:\""));
    say(f, "/set");
    assert_non_null(
        strstr(f->witness.heard, "(until the context is full)\nstop \"\\n\\n\", \"You:\""));
    refused(f, "/set stop", "at least one character");
    refused(f, "/set stop \\q", "behind a backslash");
    assert_int_equal(f->chat.stops.n, 2);
    say(f, "/set stop none");
    assert_int_equal(f->chat.stops.n, 0);
}

/* It is given back, the chat is as it was, and the next one goes out. */
static void test_question_that_cannot_be_sent(void **state)
{
    Fixture *f = *state;
    size_t bytes = (size_t)REQUEST_LINE_MAX + 1;
    char *text = malloc(bytes + 1);
    assert_non_null(text);
    memset(text, 'a', bytes);
    text[bytes] = '\0';
    say(f, "one");
    int before = f->chat.transcript.n;
    refused(f, text, "too long");
    free(text);
    assert_int_equal(f->chat.state, CHAT_IDLE);
    assert_int_equal(f->chat.transcript.n, before);
    assert_int_equal(f->witness.asked, 1);
    assert_true(strlen(f->witness.edit) == sizeof f->witness.edit - 1);
    say(f, "two");
    assert_string_equal(answer(f), "[4] two");
}

static void test_switch(void **state)
{
    Fixture *f = *state;
    refused(f, "/target 3", "there is no target 3");
    refused(f, "/target 99", "99");
    chat_line(&f->chat, "please wait");
    run_until_text(&f->chat, "more");
    assert_int_equal(chat_line(&f->chat, "/target small"), 0);
    for (int ms = 0; ms < PATIENCE_MS && strcmp(f->chat.ready.target, "small") != 0;
         ms += wait_ms(&f->chat))
        assert_int_equal(chat_pump(&f->chat), 0);
    assert_int_equal(f->chat.state, CHAT_ANSWERING);
    chat_stop(&f->chat);
    run_until(&f->chat, CHAT_IDLE);
    assert_string_equal(transcript_answer(&f->chat.transcript)->target, "small");
    /* The line stands where it happened, and each target has its own rounds. */
    const Transcript *transcript = &f->chat.transcript;
    const Entry *note = &transcript->entries[transcript->n - 2], *before = note - 1;
    assert_int_equal(note->kind, ENTRY_NOTE);
    assert_string_equal(note->text, "target big > small (0.4 s), draft kept");
    assert_string_equal(before->target, "big");
    assert_string_equal(before->reason, "switched");
    assert_non_null(strstr(before->text, "please wait"));
    assert_true(before->totals.rounds > 0);
    assert_true(transcript_continues(transcript, transcript->n - 1));
    int answers;
    EventStats totals;
    transcript_totals(transcript, &totals, &answers);
    assert_int_equal(answers, 1);
    assert_int_equal(totals.rounds, before->totals.rounds + note[1].totals.rounds);
    say(f, "/stats");
    assert_non_null(strstr(f->witness.heard, "this answer, by big: "));
    assert_non_null(strstr(f->witness.heard, "this answer, by small: "));
    assert_non_null(strstr(f->witness.heard, "this chat, 1 answer: "));
    assert_string_equal(f->chat.target, "small");
    assert_int_equal(chat_line(&f->chat, "/target nowhere"), 0);
    say(f, "hello"); /* behind the refusal */
    assert_string_equal(f->chat.ready.target, "small");
    assert_string_equal(f->chat.target, "small");
}

static void test_worker_dies(void **state)
{
    Fixture *f = *state;
    say(f, "/target 2");
    say(f, "one"); /* what is asked after a switch is answered after it */
    say(f, "/tau 12 0.25");
    say(f, "/set temperature 0.5");
    chat_line(&f->chat, "now die");
    run_until(&f->chat, CHAT_LOADING);
    assert_non_null(strstr(f->witness.heard, "fatal: the worker was killed by signal 9"));
    assert_non_null(strstr(f->witness.heard, "the chat is kept"));
    assert_int_equal(f->witness.errors, 1);
    assert_string_equal(answer(f), "[4] now die");
    assert_string_equal(transcript_answer(&f->chat.transcript)->reason, "error");
    run_until(&f->chat, CHAT_IDLE);
    say(f, "two");
    assert_string_equal(answer(f), "[6] two");
    assert_string_equal(f->chat.ready.target, "small"); /* the new worker has the target, */
    assert_float_equal(f->chat.ready.thresholds[1], 0.25f, 1e-6f); /* the thresholds */
    assert_float_equal(f->chat.ready.temperature, 0.5f, 1e-6f);    /* and the sampling */
}

/* On until one is set by hand; a new worker is told. */
static void test_automatic_thresholds(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *line, *question;
        bool automatic;
    } steps[] = {
        {"/tau all 0.75", "one", false}, {"/tau auto", "two", true},
        {"/spec on", "now die", true},   {"/tau auto off", "three", false},
        {"/tau auto", "four", true},     {"/tau 6 0.5", "five", false},
    };
    say(f, "hello");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        say(f, steps[i].line);
        say(f, steps[i].question);
        say(f, "and?");
        assert_int_equal(f->chat.ready.auto_thresholds, steps[i].automatic);
    }
    /* A worker that began anew has the profile's. */
    assert_float_equal(f->chat.ready.thresholds[0], 0.5f, 1e-6f);
    assert_float_equal(f->chat.ready.thresholds[1], 0.5f, 1e-6f);
}

/* What `/ab` takes of a setting, and what it refuses. */
static void test_settings_to_compare(void **state)
{
    Fixture *f = *state;
    RequestSet set;
    Err err = {0};
    static const struct {
        const char *text, *reason;
    } wrong[] = {
        {"", "is none of now"},
        {"mow", "is none of now"},
        {"e7=.5", "no exit e7"},
        {"e6=2", "/ab"},
        {"e6=", "/ab"},
        {"tree=9", "no tree"},
        {"drafter=magic", "no drafter"},
        {"tuned", "no thresholds"},
        {"now,,plain", "is none of"},
        {"now=1", "is none of now"},
        {"drafter=sd,e6=.5", "alone"},
        {"target=3", "no target 3"},
        {"target=", "no target"},
        {"target=nobody", "no target nobody"},
        {"target=2,profile", "of the target that is loaded"},
    };
    say(f, "hello");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        err = (Err){0};
        assert_int_equal(ab_setting(&f->chat, wrong[i].text, &set, &err), -1);
        if (!strstr(err.text, wrong[i].reason))
            fail_msg("%s: %s", wrong[i].text, err.text);
    }
    assert_int_equal(ab_setting(&f->chat, "now", &set, &err), 0);
    assert_true(set.n_thresholds == 0 && !set.has_spec && !set.tree[0] && !set.drafter[0]);
    assert_int_equal(ab_setting(&f->chat, "plain", &set, &err), 0);
    assert_true(set.has_spec && set.spec == SPEC_OFF);
    assert_int_equal(ab_setting(&f->chat, "e6=.25,12=1,tree=4x3x12", &set, &err), 0);
    assert_int_equal(set.n_thresholds, 2);
    assert_float_equal(set.thresholds[0], 0.25, 1e-6);
    assert_float_equal(set.thresholds[1], 1, 1e-6);
    assert_string_equal(set.tree, "4x3x12");
    assert_int_equal(ab_setting(&f->chat, "all=.75", &set, &err), 0);
    assert_float_equal(set.thresholds[1], 0.75, 1e-6);
    assert_int_equal(ab_setting(&f->chat, "profile", &set, &err), 0);
    assert_float_equal(set.thresholds[0], 0.5, 1e-6);
    assert_int_equal(ab_setting(&f->chat, "drafter=sd,tree=off", &set, &err), 0);
    assert_string_equal(set.drafter, "sd");
    assert_int_equal(ab_setting(&f->chat, "plain,target=2", &set, &err), 0);
    assert_true(set.has_target && set.target == 1 && set.has_spec);
    char named[96];
    snprintf(named, sizeof named, "target=%s", f->chat.ready.targets[1]);
    assert_int_equal(ab_setting(&f->chat, named, &set, &err), 0);
    assert_true(set.has_target && set.target == 1);
    assert_int_equal(ab_setting(&f->chat, "target=1", &set, &err), 0);
    assert_false(set.has_target); /* it is loaded */
}

/* The last question is answered again, with the seed that it had. */
static void test_two_settings_answer(void **state)
{
    Fixture *f = *state;
    assert_int_equal(chat_line(&f->chat, "/ab plain"), EXIT_USAGE); /* what? */
    say(f, "hello");
    say(f, "/set seed 9");
    int n = f->chat.transcript.n;
    uint32_t seed = transcript_answer(&f->chat.transcript)->seed;
    say(f, "/ab plain");
    assert_string_equal(answer(f), "[2] hello");
    assert_int_equal(f->chat.transcript.n, n);
    assert_int_equal(transcript_answer(&f->chat.transcript)->seed, seed);
    assert_int_equal(chat_line(&f->chat, "/ab"), EXIT_USAGE);
    assert_int_equal(chat_line(&f->chat, "/ab now plain now"), EXIT_USAGE);
    assert_int_equal(chat_line(&f->chat, "/ab target=2 target=2,plain"), EXIT_USAGE);
}

/* What a device failed at can go on with the CPU, in the same chat. */
static void test_device_fails(void **state)
{
    Fixture *f = *state;
    say(f, "/tau 12 0.25");
    say(f, "one");
    for (int yes = 0; yes < 2; yes++) {
        f->witness.heard[0] = '\0';
        chat_line(&f->chat, "now break");
        run_until(&f->chat, CHAT_LOST);
        assert_non_null(strstr(f->witness.heard, "status 69: a device failed: computing: no more"));
        assert_non_null(strstr(f->witness.heard, "warning: go on with the CPU? y or n"));
        say(f, yes ? "y" : "another question"); /* which tries the device again */
        assert_string_equal(f->chat.ready.device, yes ? "cpu" : "auto");
    }
    assert_float_equal(chat_thresholds(&f->chat)[1], 0.25f, 1e-6f);
    say(f, "two");
    assert_string_equal(f->chat.ready.device, "cpu");
    assert_non_null(strstr(answer(f), "two"));
    say(f, "y"); /* an answer to nothing is a question */
    assert_non_null(strstr(answer(f), "y"));
}

static void await_offer(Fixture *f, const char *line, ChatOffer offer)
{
    f->witness.heard[0] = '\0';
    say(f, line);
    for (int ms = 0; ms < PATIENCE_MS && f->chat.offer != offer; ms += wait_ms(&f->chat))
        assert_int_equal(chat_pump(&f->chat), 0);
    assert_int_equal(f->chat.offer, offer);
}

static void test_memory_is_asked_for(void **state)
{
    Fixture *f = *state;
    await_offer(f, "/target wide", OFFER_UNLOAD);
    assert_non_null(strstr(f->witness.heard, "unload what is not in use, and load wide? y or n"));
    say(f, "n");
    say(f, "one"); /* behind whatever was asked for */
    assert_string_equal(f->chat.ready.target, "big");
    await_offer(f, "/target wide", OFFER_UNLOAD);
    say(f, "/stats"); /* no answer: the offer is gone */
    say(f, "Y");
    assert_string_equal(f->chat.ready.target, "big");
    await_offer(f, "/target wide", OFFER_UNLOAD);
    say(f, "YES");
    say(f, "two");
    assert_string_equal(f->chat.ready.target, "wide");
    await_offer(f, "/target widest", OFFER_REPLACE);
    assert_non_null(strstr(f->witness.heard, "unload the current target, and load widest?"));
    say(f, "y");
    say(f, "three");
    assert_string_equal(f->chat.ready.target, "widest");
    assert_string_equal(f->chat.ready.draft, "nested");
}

static void test_worker_killed_idle(void **state)
{
    Fixture *f = *state;
    say(f, "one");
    kill(client_pid(f->chat.client), SIGKILL);
    run_until(&f->chat, CHAT_LOADING);
    say(f, "two");
    assert_string_equal(answer(f), "[4] two");
}

static void test_context_full(void **state)
{
    Fixture *f = *state;
    say(f, "the context");
    assert_string_equal(transcript_answer(&f->chat.transcript)->reason, "context");
    assert_non_null(strstr(f->witness.heard, "/drop"));
    say(f, "now refuse");
    assert_string_equal(transcript_answer(&f->chat.transcript)->reason, "error");
    assert_non_null(strstr(f->witness.heard, "error: refused"));
    /* An empty answer is no message: the two questions go as one. */
    say(f, "well");
    assert_string_equal(answer(f), "[4] now refuse\n\nwell");
}

/* It goes back into the line, with its size told; nothing of it stays in the chat. */
static void test_question_too_long(void **state)
{
    Fixture *f = *state;
    say(f, "one");
    say(f, "this is toolong");
    assert_string_equal(f->witness.edit, "this is toolong");
    assert_int_equal(f->chat.transcript.n, 2);
    assert_non_null(strstr(f->witness.heard, "the question has 5000 tokens"));
    say(f, "two");
    assert_string_equal(answer(f), "[4] two");
}

/* An answer that the context cuts off goes on, without the oldest exchange. */
static void test_go_on(void **state)
{
    Fixture *f = *state;
    say(f, "one");
    say(f, "fill the context");
    assert_int_equal(f->chat.offer, OFFER_GO_ON);
    say(f, "y");
    assert_string_equal(answer(f),
                        "[3] [4] fill the context"); /* the system's, what was asked and said */
    Transcript *transcript = &f->chat.transcript;
    assert_int_equal(transcript->n, 5);
    assert_true(transcript->entries[0].dropped && transcript->entries[1].dropped);
    assert_true(transcript_continues(transcript, 4));
    say(f, "next");
    assert_string_equal(answer(f), "[4] next"); /* the two parts are one message */
    say(f, "fill the context");
    say(f, "n");
    assert_int_equal(f->chat.offer, OFFER_NONE);
}

static void test_nearly_full(void **state)
{
    Fixture *f = *state;
    say(f, "make it nearlyfull");
    assert_non_null(strstr(f->witness.heard, "85 % full"));
    f->witness.heard[0] = '\0';
    say(f, "still nearlyfull");
    assert_null(strstr(f->witness.heard, "% full")); /* told once */
}

static void test_other_models(void **state)
{
    Fixture *f = *state;
    say(f, "one");
    say(f, "/target 2");
    say(f, "two");
    say(f, "/draft another");
    assert_string_equal(f->chat.ready.draft, "another");
    assert_string_equal(f->chat.ready.target, "small");
    say(f, "three");
    assert_string_equal(answer(f), "[6] three");
    /* A load that fails leaves what was there. */
    say(f, "/draft missing");
    assert_non_null(strstr(f->witness.heard, "error: missing: there is no such model"));
    assert_null(strstr(f->witness.heard, "loaded again")); /* nothing was unloaded */
    assert_string_equal(f->chat.ready.draft, "another");
    assert_string_equal(f->chat.ready.target, "small");
    say(f, "four");
    assert_string_equal(answer(f), "[8] four");
    refused(f, "/profile /nowhere/at-all.yaml", "nowhere");
    char line[256];
    snprintf(line, sizeof(line), "/profile %s", other_profile);
    say(f, line);
    assert_string_equal(f->chat.ready.target, "third");
    say(f, "five");
    assert_string_equal(answer(f), "[10] five");
    assert_int_equal(f->chat.settings.seed, 99);
}

static const char *last_question(const Fixture *f)
{
    const Transcript *transcript = &f->chat.transcript;
    return transcript->entries[transcript_last_question(transcript)].text;
}

/* What is taken back is what was said. */
static void test_undo_alters_nothing(void **state)
{
    Fixture *f = *state;
    static const char text[] = "\U0001F468\u200d\U0001F469 a\u00adb\u2028c \U0001FACD \u202ed";
    say(f, text);
    say(f, "/undo");
    assert_string_equal(f->witness.edit, text);
}

static void test_text_is_no_command(void **state)
{
    Fixture *f = *state;
    static const char *const cases[][2] = {
        {"/usr/bin/env: bad interpreter. Why?", "/usr/bin/env: bad interpreter. Why?"},
        {"/* sum */ int add(int a, int b);", "/* sum */ int add(int a, int b);"},
        {"// returns the sum\nint add(int a, int b);",
         "// returns the sum\nint add(int a, int b);"},
        {"/quit\nis a command", "/quit\nis a command"},
        {"/a/", "/a/"},
        {"//quit", "/quit"},
        {"/// a comment", "// a comment"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        say(f, cases[i][0]);
        assert_string_equal(last_question(f), cases[i][1]);
    }
    assert_false(f->chat.quit);
    refused(f, "/bogus", "no command /bogus;");
    refused(f, "/tarqet 2", "no command /tarqet;");
}

/* As completion understands it, wherever a file is named. */
static void test_tilde_is_home(void **state)
{
    Fixture *f = *state;
    char path[128], wrong[160];
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    setenv("HOME", folder, 1);
    say(f, "one");
    say(f, "/export md ~/tilde.md");
    say(f, "/save ~/tilde.json");
    say(f, "/load ~/tilde.json");
    snprintf(path, sizeof(path), "%s/tilde.md", folder);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/tilde.json", folder);
    assert_int_equal(unlink(path), 0);
    snprintf(wrong, sizeof(wrong), "%s/none.", folder);
    refused(f, "/load ~/none.json", wrong);
    refused(f, "/profile ~/none.yaml", wrong);
    snprintf(path, sizeof(path), "%s/none.gguf", folder);
    assert_int_equal(chat_line(&f->chat, "/target ~/none.gguf"), 0);
    assert_string_equal(f->chat.switching, path);
    say(f, "two"); /* behind the refusal */
    assert_int_equal(chat_line(&f->chat, "/draft ~/none.gguf"), 0);
    assert_string_equal(f->chat.wanted_options.draft, path);
    run_until(&f->chat, CHAT_IDLE);
    say(f, "/system ~ is a tilde");
    assert_string_equal(f->chat.system, "~ is a tilde");
    f->chat.options.host = "box"; /* models lie there, in no home folder of ours */
    refused(f, "/target ~/none.gguf", "~/none.gguf: no ~ for files on box");
    refused(f, "/draft ~/none.gguf", "~/none.gguf: no ~ for files on box");
    refused(f, "/profile ~/none.yaml", wrong);
    f->chat.options.host = NULL;
    if (home)
        setenv("HOME", home, 1);
    else
        unsetenv("HOME");
    free(home);
}

static void test_settings(void **state)
{
    Fixture *f = *state;
    refused(f, "/set temperature", "not a number");
    refused(f, "/set temperature 11", "from 0 to 10");
    refused(f, "/set temperature nan", "not a number");
    refused(f, "/set top_k 1.5", "whole number");
    refused(f, "/set color red", "the names are");
    refused(f, "/tau 7 0.5", "no exit after layer 7");
    refused(f, "/tau 6 1.5", "from 0 to 1");
    refused(f, "/tau 6", "/tau EXIT|all VALUE");
    refused(f, "/tau auto on", "/tau");
    refused(f, "/tau 7 0.5", "but after 6, 12");
    refused(f, "/tau e 0.5", "no exit after layer e");
    refused(f, "/set max_tokens 5000", "from 0 to 4096");
    refused(f, "/tree 1x2", "neither auto");
    refused(f, "/tree 1x99x1", "width 1 to 16");
    say(f, "/drafter");
    assert_non_null(strstr(f->witness.heard, "drafter s2d; there are plain"));
    say(f, "/tree");
    assert_non_null(strstr(f->witness.heard, "tree auto"));
    say(f, "/spec");
    assert_non_null(strstr(f->witness.heard, "speculation auto"));
    say(f, "/tau");
    assert_non_null(
        strstr(f->witness.heard, "thresholds after layers 6 0.50, 12 0.50: of the profile"));
    refused(f, "/spec maybe", "none of auto, on, off");
    refused(f, "/theme light", "there are no colours here");
    refused(f, "/drafter oracle", "none of plain");
    refused(f, "/bogus 1", "no command /bogus");
    refused(f, "/stats now", "takes no arguments");
    refused(f, "/", "no command /");
    say(f, "/set top_p 1e-45"); /* as the command line does */
    say(f, "/set temperature 1e-38");
    say(f, "/set top_k 2147483647");
    assert_int_equal(f->chat.settings.top_k, INT_MAX);
    say(f, "/set top_k 0");
    assert_true(f->chat.settings.top_p == 1e-45 && f->chat.settings.temperature == 1e-38);
    say(f, "/set top_p 0");
    assert_float_equal(f->chat.settings.top_p, 0, 0);
    refused(f, "/set top_p -1", "from 0 to 1");
    say(f, "/set temperature 0");
    say(f, "/set top_p 0.9");
    say(f, "/set max_tokens 5");
    assert_float_equal(f->chat.settings.top_p, 0.9, 1e-9);
    assert_int_equal(f->chat.settings.max_tokens, 5);
    chat_line(&f->chat, "/tau all 0.75");
    chat_line(&f->chat, "/tau e6 0.5"); /* before the worker confirmed the first */
    chat_line(&f->chat, "/spec off");
    say(f, "hello");
    assert_float_equal(f->chat.ready.thresholds[0], 0.5f, 1e-6f);
    assert_float_equal(f->chat.ready.thresholds[1], 0.75f, 1e-6f);
    assert_int_equal(f->chat.ready.spec, SPEC_OFF);
    say(f, "/system");
    assert_non_null(strstr(f->witness.heard, "note: system: Be brief."));
    say(f, "/system none");
    say(f, "hello");
    assert_string_equal(answer(f), "[3] hello");
    say(f, "/stats");
    assert_non_null(strstr(f->witness.heard, "this chat, 2 answers: 2 rounds"));
    assert_non_null(strstr(f->witness.heard, "2 copies back from the device, 1.5 kB"));
    assert_non_null(strstr(f->witness.heard, "4 copies back from the device, 3.0 kB"));
}

/* Where a session's file is. */
static const char *file_of(const char *name)
{
    static char path[PATH_BYTES];
    Err err = {0};
    assert_int_equal(session_path(name, path, sizeof(path), &err), 0);
    return path;
}

static void test_save_load(void **state)
{
    Fixture *f = *state;
    refused(f, "/save", "no name yet");
    refused(f, "/save a/../b", "");
    refused(f, "/save .hidden", "dot");
    refused(f, "/load none", "no such file");
    say(f, "one");
    say(f, "/set seed 42");
    say(f, "/save first");
    assert_string_equal(f->chat.session, "first");
    say(f, "two"); /* kept without being saved again */
    say(f, "/clear");
    assert_string_equal(f->chat.session, "");
    say(f, "other");
    refused(f, "/save first", "already");
    say(f, "/save second");
    say(f, "/load first");
    assert_string_equal(f->chat.session, "first");
    assert_int_equal(f->chat.transcript.n, 4);
    assert_string_equal(answer(f), "[4] two");
    assert_int_equal(f->chat.settings.seed, 42);
    say(f, "three");
    assert_string_equal(answer(f), "[6] three");
    say(f, "/load second");
    assert_string_equal(answer(f), "[2] other");
    int changed = f->witness.changed;
    char path[128];
    snprintf(path, sizeof(path), "%s/bad.json", folder);
    file_write_text(path, "{\"version\": 1}");
    refused(f, "/load bad.json", "no such file"); /* a name with its ending is a path */
    char line[160];
    snprintf(line, sizeof(line), "/load %s", path);
    refused(f, line, "bad.json");
    assert_int_equal(f->witness.changed, changed);
    assert_string_equal(answer(f), "[2] other");
    snprintf(line, sizeof(line), "/save %s", path); /* a copy */
    say(f, line);
    assert_string_equal(f->chat.session, "second");
    say(f, "/load first");
    say(f, line + 0);
    snprintf(line, sizeof(line), "/load %s", path);
    say(f, line);
    assert_string_equal(answer(f), "[6] three");
    assert_string_equal(f->chat.session, ""); /* it goes on in a session of its own */
    say(f, "four");
    assert_true(stored_is_dated(f->chat.keep.store.name));
}

static void test_rename_delete(void **state)
{
    Fixture *f = *state;
    say(f, "here");
    say(f, "/save mine");
    say(f, "/clear");
    say(f, "there");
    say(f, "/save yours");
    refused(f, "/rename mine", "/rename NAME NEW");
    refused(f, "/rename nothing else", "no such file");
    refused(f, "/rename mine yours", "already");
    refused(f, "/rename mine .x", "dot");
    say(f, "/rename mine hers");
    assert_int_equal(access(file_of("mine"), F_OK), -1);
    assert_int_equal(access(file_of("hers"), F_OK), 0);
    say(f, "/rename yours ours"); /* this chat */
    assert_string_equal(f->chat.session, "ours");
    say(f, "still");
    assert_int_equal(access(file_of("yours"), F_OK), -1);
    refused(f, "/delete ours", "is this chat");
    refused(f, "/delete nothing", "no session");
    say(f, "/delete hers");
    say(f, "n");
    assert_int_equal(access(file_of("hers"), F_OK), 0);
    say(f, "/delete hers");
    say(f, "y");
    assert_int_equal(access(file_of("hers"), F_OK), -1);
    StoredSession *list;
    Err err = {0};
    int n = chat_sessions(&f->chat, &list, &err);
    assert_true(n > 0);
    assert_string_equal(list[0].name, "ours");
    assert_string_equal(list[0].summary.first, "there");
    assert_string_equal(list[0].summary.target, "big");
    assert_int_equal(list[0].summary.tokens, 4);
    free(list);
}

/* What is taken back is no more in the file; a chat with nothing in it has none. */
static void test_past_is_rewritten(void **state)
{
    Fixture *f = *state;
    SavedChat saved;
    Err err = {0};
    say(f, "/save undone");
    say(f, "one");
    say(f, "two");
    say(f, "/undo");
    assert_int_equal(session_load(file_of("undone"), &saved, &err), 0);
    assert_int_equal(saved.transcript.n, 2);
    saved_close(&saved);
    say(f, "/undo");
    assert_int_equal(access(file_of("undone"), F_OK), -1);
    say(f, "three");
    say(f, "/regen");
    say(f, "four");
    say(f, "/drop");
    assert_int_equal(session_load(file_of("undone"), &saved, &err), 0);
    assert_int_equal(saved.transcript.n, 4);
    assert_int_equal(saved.transcript.entries[1].seed, 8);
    assert_true(saved.transcript.entries[0].dropped && saved.transcript.entries[1].dropped);
    assert_false(saved.transcript.entries[2].dropped);
    assert_int_equal(saved.transcript.entries[3].n_rounds, 1);
    saved_close(&saved);
}

static bool session_holds(const char *name, const char *text)
{
    SavedChat saved;
    Err err = {0};
    if (session_load(file_of(name), &saved, &err) != 0)
        fail_msg("%s", err.text);
    const Transcript *transcript = &saved.transcript;
    bool holds = strcmp(transcript->entries[transcript_last_question(transcript)].text, text) == 0;
    saved_close(&saved);
    return holds;
}

/* Each has a file of its own, also when they go on with the same session. */
static void chats_at_once_do_not_overwrite_each_other(void **state)
{
    Fixture *f = *state, *other;
    void *other_state;
    assert_int_equal(start(&other_state), 0);
    other = other_state;
    say(f, "mine");
    say(other, "theirs");
    assert_string_not_equal(f->chat.keep.store.name, other->chat.keep.store.name);
    say(f, "/save shared");
    say(other, "/load shared");
    assert_non_null(strstr(other->witness.heard, "open in another chat"));
    assert_int_equal(other->chat.transcript.n, 2);
    say(other, "/delete shared");
    refused(other, "y", "open in another chat");
    refused(other, "/rename shared stolen", "open in another chat");
    say(other, "more of theirs");
    say(f, "more of mine");
    assert_true(session_holds("shared", "more of mine"));
    assert_true(session_holds(other->chat.keep.store.name, "more of theirs"));
    assert_int_equal(end(&other_state), 0);
}

/* Target, thresholds and drafter come back, and only where the session had others. */
static void test_load_restores_models(void **state)
{
    Fixture *f = *state;
    char line[256];
    say(f, "/target 2");
    say(f, "zero"); /* behind the switch, after which the new pair's thresholds hold */
    say(f, "/tau 6 0.25");
    say(f, "/drafter sd");
    say(f, "/spec on");
    say(f, "one");
    say(f, "/save tuned");
    say(f, "/clear");
    say(f, "/target 1");
    say(f, "zero");
    say(f, "/tau all 0.75");
    say(f, "/drafter s2d");
    say(f, "/spec off");
    say(f, "two");
    say(f, "/load tuned");
    say(f, "three"); /* behind the switch; what is set after it is there before the next */
    say(f, "four");
    assert_string_equal(f->chat.ready.target, "small");
    assert_float_equal(f->chat.ready.thresholds[0], 0.25f, 1e-6f);
    assert_float_equal(f->chat.ready.thresholds[1], 0.5f, 1e-6f);
    assert_string_equal(f->chat.ready.drafter, "sd");
    assert_int_equal(f->chat.ready.spec, SPEC_ON);
    /* Another profile is loaded first. */
    say(f, "/clear");
    snprintf(line, sizeof(line), "/profile %s", other_profile);
    say(f, line);
    say(f, "five");
    assert_string_equal(f->chat.ready.target, "third");
    assert_int_equal(f->chat.settings.seed, 99);
    say(f, "/load tuned");
    say(f, "six");
    say(f, "seven");
    assert_string_equal(f->chat.ready.target, "small");
    assert_float_equal(f->chat.ready.thresholds[0], 0.25f, 1e-6f);
    assert_int_equal(f->chat.settings.seed, 7);
}

/* Thinking goes on and off where the target can, and a chat keeps both that and its date. */
static void thinking_and_the_date_are_kept(void **state)
{
    Fixture *f = *state;
    SavedChat saved;
    Err err = {0};
    RequestSet other_day = {.date = "2026-01-02"};
    refused(f, "/think off", "the template of big cannot turn thinking on or off");
    say(f, "/target thinker");
    say(f, "one");
    say(f, "/think");
    assert_non_null(strstr(f->witness.heard, "note: thinking on"));
    refused(f, "/think maybe", "none of auto, on, off");
    say(f, "/think off");
    assert_int_equal(chat_set(&f->chat, &other_day, &err), 0);
    say(f, "two");
    assert_string_equal(f->chat.ready.thinking, "off");
    assert_string_equal(f->chat.ready.date, "2026-01-02");
    say(f, "/save thoughtful");
    assert_int_equal(session_load(file_of("thoughtful"), &saved, &err), 0);
    assert_string_equal(saved.drafting.think, "off");
    assert_string_equal(saved.drafting.date, "2026-01-02");
    saved_close(&saved);
    say(f, "/clear");
    say(f, "/target 1");
    say(f, "three");
    assert_string_equal(f->chat.ready.thinking, "");
    say(f, "/load thoughtful");
    say(f, "four");
    say(f, "five");
    assert_string_equal(f->chat.ready.target, "thinker");
    assert_string_equal(f->chat.ready.thinking, "off");
    assert_string_equal(f->chat.ready.date, "2026-01-02");
}

static void test_continue(void **state)
{
    (void)state;
    void *first, *second;
    Err err = {0};
    ClientOptions client = {.program = "/proc/self/exe"};
    Options options = {.go_on = true, .has_seed = true, .seed = 5};
    assert_int_equal(start(&first), 0);
    say(first, "/target 2");
    say(first, "/set temperature 0.5");
    say(first, "the last one");
    say(first, "/save newest");
    /* Cut off in the middle of what came last. */
    assert_int_equal(end(&first), 0);
    FILE *file = fopen(file_of("newest"), "a");
    fputs("{\"role\":\"us", file);
    assert_int_equal(fclose(file), 0);
    Fixture *f = calloc(1, sizeof(*f));
    assert_int_equal(chat_open(&f->chat, &front, &f->witness, &options, &client, &err), 0);
    run_until(&f->chat, CHAT_IDLE);
    assert_string_equal(f->chat.session, "newest");
    assert_string_equal(last_question(f), "the last one");
    assert_string_equal(f->chat.ready.target, "small");
    assert_float_equal(f->chat.settings.temperature, 0.5, 1e-9);
    assert_int_equal(f->chat.settings.seed, 5); /* the command line's word counts */
    say(f, "goes on");
    assert_string_equal(answer(f), "[4] goes on");
    assert_true(session_holds("newest", "goes on"));
    assert_int_equal(start(&second), 0);
    say(second, "/load newest");
    assert_non_null(strstr(((Fixture *)second)->witness.heard, "open in another chat"));
    assert_int_equal(end(&second), 0);
    chat_close(&f->chat);
    free(f);
}

/* Where nothing can be kept it is told once, and the chat goes on. */
static void test_no_place_to_keep(void **state)
{
    (void)state;
    void *chat;
    char *data = strdup(getenv("XDG_DATA_HOME"));
    setenv("XDG_DATA_HOME", "/proc/none", 1);
    assert_int_equal(start(&chat), 0);
    Fixture *f = chat;
    say(f, "one");
    say(f, "two");
    assert_string_equal(answer(f), "[4] two");
    const char *told = strstr(f->witness.heard, "is not kept");
    assert_non_null(told);
    assert_null(strstr(told + 1, "is not kept"));
    refused(f, "/clear", "cannot be kept");
    setenv("XDG_DATA_HOME", data, 1);
    say(f, "three");
    assert_non_null(strstr(f->witness.heard, "kept again"));
    assert_true(session_holds(f->chat.keep.store.name, "three"));
    assert_int_equal(f->chat.keep.entries, 6);
    free(data);
    assert_int_equal(end(&chat), 0);
}

static void test_export(void **state)
{
    Fixture *f = *state;
    char line[256], path[128];
    say(f, "one");
    static const char *const forms[] = {"md", "json", "cast", "trace"};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s/out.%s", folder, forms[i]);
        snprintf(line, sizeof(line), "/export %s %s", forms[i], path);
        say(f, line);
        assert_int_equal(access(path, R_OK), 0);
        refused(f, line, "exists already");
    }
    refused(f, "/export pdf", "none of md, json, trace, cast");
    char text[256] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    assert_non_null(strstr(text, "\"load\"")); /* from the first event on */
    /* What was asked stands before its answer, and is dated by the worker's clock. */
    char *line_of = NULL;
    size_t room = 0;
    double asked = -1, t_ms = 0;
    while (getline(&line_of, &room, file) > 0) {
        Event event;
        assert_int_equal(event_from_line(&event, line_of, strlen(line_of), NULL), 0);
        if (event.type == EVENT_QUESTION) {
            assert_string_equal(event.u.question.text, "one");
            assert_true(asked < 0 && event.t_ms >= t_ms && event.turn == 1);
            asked = event.t_ms;
        }
        if (event.type == EVENT_TEXT)
            assert_true(asked >= 0);
        t_ms = event.t_ms;
        event_free(&event);
    }
    assert_true(asked >= 0);
    free(line_of);
    fclose(file);
}

static void test_complete(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *line;
        int start;
        const char *word;
        const char *first, *second;
    } cases[] = {
        {"/ta", 1, "ta", "target", "tau"},
        {"/ta", 0, "/ta", "/target", "/tau"},
        {"/target sm", 8, "sm", "small", NULL},
        {"/tau ", 5, "", "all", "auto"},
        {"/tau au", 5, "au", "auto", NULL},
        {"/tau 1", 5, "1", "12", NULL},
        {"/drafter e", 9, "e", "exit:6", "exit:12"},
        {"/spec o", 6, "o", "on", "off"},
        {"/think o", 7, "o", "on", "off"},
        {"/set t", 5, "t", "temperature", "top_k"},
        {"/export j", 8, "j", "json", NULL},
        {"/ab pl", 4, "pl", "plain", NULL},
        {"/ab now target=sm", 8, "target=sm", "target=small", NULL},
        {"/ab now p", 8, "p", "plain", "profile"},
        {"hello t", 6, "t", NULL, NULL},
        {"//ta", 0, "//ta", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int n = 0; n < 2; n++) {
            const char *expected = n ? cases[i].second : cases[i].first;
            char *got = slash_complete(&f->chat, cases[i].line, cases[i].start, cases[i].word, n);
            if (expected && got)
                assert_string_equal(got, expected);
            else if (expected || got)
                fail_msg("%s: got %s, not %s", cases[i].line, got ? got : "nothing",
                         expected ? expected : "nothing");
            free(got);
        }
    }
}

static void test_first_load_fails(void **state)
{
    (void)state;
    Err err = {0};
    Options options = {.profile = profile, .draft = "missing"};
    ClientOptions client = {.program = "/proc/self/exe"};
    Fixture *f = calloc(1, sizeof(*f));
    assert_int_equal(chat_open(&f->chat, &front, &f->witness, &options, &client, &err), 0);
    int status = 0;
    for (int ms = 0; ms < PATIENCE_MS && status == 0; ms += wait_ms(&f->chat))
        status = chat_pump(&f->chat);
    assert_int_equal(status, -1);
    assert_int_equal(f->chat.failure.code, EXIT_NOINPUT);
    assert_string_equal(f->chat.failure.text, "missing: there is no such model");
    chat_close(&f->chat);
    free(f);
}

static int make_places(void **state)
{
    (void)state;
    temp_folder_make(folder);
    setenv("XDG_DATA_HOME", folder, 1);
    setenv("XDG_CACHE_HOME", folder, 1); /* nor is any model found */
    setenv("XDG_STATE_HOME", folder, 1);
    setenv("XDG_CONFIG_HOME", folder, 1);
    snprintf(profile, sizeof(profile), "%s/test.yaml", folder);
    file_write_text(profile, "name: test\n"
                             "draft: {base: nested, layers: 12, exits: [6, 12]}\n"
                             "targets:\n  - model: big\n  - model: small\n"
                             "sampling: {seed: 7}\n"
                             "system: Be brief.\n");
    snprintf(other_profile, sizeof(other_profile), "%s/other.yaml", folder);
    file_write_text(other_profile, "name: other\ntargets:\n  - model: third\n"
                                   "sampling: {seed: 99}\nsystem: Be long.\n");
    return 0;
}

static int remove_places(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

int main(int argc, char **argv)
{
    fake_worker_maybe(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ask, start, end),
        cmocka_unit_test_setup_teardown(test_undo_regen_clear, start, end),
        cmocka_unit_test_setup_teardown(test_edit, start, end),
        cmocka_unit_test_setup_teardown(test_other_names_and_the_front, start, end),
        cmocka_unit_test_setup_teardown(test_queue_and_stop, start, end),
        cmocka_unit_test_setup_teardown(test_question_that_cannot_be_sent, start, end),
        cmocka_unit_test_setup_teardown(test_switch, start, end),
        cmocka_unit_test_setup_teardown(test_worker_dies, start, end),
        cmocka_unit_test_setup_teardown(test_worker_killed_idle, start, end),
        cmocka_unit_test_setup_teardown(test_automatic_thresholds, start, end),
        cmocka_unit_test_setup_teardown(test_settings_to_compare, start, end),
        cmocka_unit_test_setup_teardown(test_two_settings_answer, start, end),
        cmocka_unit_test_setup_teardown(test_device_fails, start, end),
        cmocka_unit_test_setup_teardown(test_memory_is_asked_for, start, end),
        cmocka_unit_test_setup_teardown(test_context_full, start, end),
        cmocka_unit_test_setup_teardown(test_question_too_long, start, end),
        cmocka_unit_test_setup_teardown(test_go_on, start, end),
        cmocka_unit_test_setup_teardown(test_nearly_full, start, end),
        cmocka_unit_test_setup_teardown(test_other_models, start, end),
        cmocka_unit_test_setup_teardown(test_undo_alters_nothing, start, end),
        cmocka_unit_test_setup_teardown(test_text_is_no_command, start, end),
        cmocka_unit_test_setup_teardown(test_tilde_is_home, start, end),
        cmocka_unit_test_setup_teardown(test_settings, start, end),
        cmocka_unit_test_setup_teardown(test_save_load, start, end),
        cmocka_unit_test_setup_teardown(test_rename_delete, start, end),
        cmocka_unit_test_setup_teardown(test_past_is_rewritten, start, end),
        cmocka_unit_test_setup_teardown(test_load_restores_models, start, end),
        cmocka_unit_test_setup_teardown(thinking_and_the_date_are_kept, start, end),
        cmocka_unit_test(test_continue),
        cmocka_unit_test(test_no_place_to_keep),
        cmocka_unit_test_setup_teardown(chats_at_once_do_not_overwrite_each_other, start, end),
        cmocka_unit_test_setup_teardown(test_files, start, end),
        cmocka_unit_test_setup_teardown(test_files_that_do_not_fit, start, end),
        cmocka_unit_test_setup_teardown(test_roles, start, end),
        cmocka_unit_test_setup_teardown(test_stop_strings, start, end),
        cmocka_unit_test_setup_teardown(test_export, start, end),
        cmocka_unit_test_setup_teardown(test_complete, start, end),
        cmocka_unit_test(test_first_load_fails),
    };
    return cmocka_run_group_tests(tests, make_places, remove_places);
}
