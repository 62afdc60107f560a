/* fake_worker.c - see fake_worker.h. */
#include "tests/support/fake_worker.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/protocol/event_json.h"
#include "app/protocol/request.h"

typedef struct Fake {
    EventReady ready;
    int turn;
    bool waiting; /* an answer goes on until it is stopped */
    int round;
    int switched; /* rounds before the target was changed in this answer */
    bool nearly_full;
} Fake;

static void emit(const Fake *fake, Event *event)
{
    event->turn = fake->turn;
    char *line = event_to_line(event);
    puts(line);
    fflush(stdout);
    free(line);
}

static void emit_text(const Fake *fake, const char *text, int source)
{
    emit(fake, &(Event){.type = EVENT_TEXT, .u.text = {.text = text, .source = source}});
}

static void emit_round(Fake *fake)
{
    Event event = {.type = EVENT_ROUND};
    EventRound *round = &event.u.round;
    round->round = ++fake->round;
    round->n_nodes = 1;
    round->nodes[0] = (EventNode){.id = 1,
                                  .depth = 1,
                                  .token = 7,
                                  .text = " a",
                                  .p = 0.5f,
                                  .exit = 6,
                                  .accepted = true,
                                  .n_visited = 1,
                                  .visited = {{6, 7, 0.5f}}};
    round->accepted = 1;
    round->bonus_token = 8;
    strcpy(round->bonus_text, " b");
    strcpy(round->target, fake->ready.target);
    strcpy(round->mode, "spec");
    round->draft_ms = 1;
    round->verify_ms = 3;
    round->ctx_used = fake->nearly_full ? 3500 : 10 + 2 * fake->round;
    round->n_thresholds = fake->ready.n_exits;
    memcpy(round->thresholds, fake->ready.thresholds, sizeof(round->thresholds));
    emit(fake, &event);
}

/* Of the rounds since the last change of target. */
static EventStats totals_of(const Fake *fake)
{
    int rounds = fake->round - fake->switched;
    EventStats totals = {.rounds = rounds,
                         .tokens = 2 * rounds,
                         .drafted = rounds,
                         .accepted = rounds,
                         .mat = rounds ? 2 : 0,
                         .tokens_per_s = rounds ? 500 : 0,
                         .draft_ms = rounds,
                         .verify_ms = 3 * rounds,
                         .reached = {rounds},
                         .back_copies = 2 * rounds,
                         .back_bytes = 1500};
    return totals;
}

static void emit_done(Fake *fake, const char *reason, uint32_t seed)
{
    Event event = {.type = EVENT_DONE};
    strcpy(event.u.done.reason, reason);
    event.u.done.seed = (int)seed;
    event.u.done.totals = totals_of(fake);
    fake->waiting = false;
    emit(fake, &event);
}

static void on_load(Fake *fake, const RequestLoad *load)
{
    const Profile *profile = &load->profile;
    if (profile->draft_base && strcmp(profile->draft_base, "missing") == 0) {
        Event event = {.type = EVENT_ERROR, .u.error = {.code = EXIT_NOINPUT}};
        event.u.error.kept = fake->ready.n_targets > 0;
        strcpy(event.u.error.message, "missing: there is no such model");
        emit(fake, &event);
        return;
    }
    EventReady *ready = &fake->ready;
    memset(ready, 0, sizeof(*ready));
    emit(fake, &(Event){.type = EVENT_LOAD, .u.load = {.model = "fake", .fraction = 0.5f}});
    strcpy(ready->version, "0");
    snprintf(ready->device, sizeof(ready->device), "%s",
             profile->device ? profile->device : "no device");
    strcpy(ready->drafter, "s2d");
    ready->drafts = ready->drafts_by_model = ready->exits_in_use = true;
    strcpy(ready->quant, "Q4_K");
    strcpy(ready->kv, "f16");
    strcpy(ready->tree, "auto");
    ready->n_targets = profile->n_targets;
    ready->target_index = load->target_index;
    for (int i = 0; i < profile->n_targets; i++)
        snprintf(ready->targets[i], sizeof(ready->targets[i]), "%s", profile->targets[i].model);
    strcpy(ready->target, ready->targets[load->target_index]);
    snprintf(ready->draft, sizeof(ready->draft), "%s",
             profile->draft_base ? profile->draft_base : "");
    ready->n_exits = 2;
    ready->exits[0] = 6;
    ready->exits[1] = 12;
    ready->thresholds[0] = ready->thresholds[1] = 0.5f;
    ready->n_profile = 2;
    ready->profile_thresholds[0] = ready->profile_thresholds[1] = 0.5f;
    ready->vocab = 1000;
    ready->ctx = 4096;
    ready->seed = profile->seed;
    emit(fake, &(Event){.type = EVENT_READY, .u.ready = *ready});
}

static void on_say(Fake *fake, const RequestSay *say)
{
    char text[4096];
    const char *last = say->messages[say->n_messages - 1].text;
    bool goes_on = say->messages[say->n_messages - 1].role == ROLE_ASSISTANT;
    const char *word = strrchr(last, ' ') ? strrchr(last, ' ') + 1 : last;
    fake->turn++;
    fake->round = fake->switched = 0;
    emit(fake, &(Event){.type = EVENT_PREFILL, .u.prefill = {.done = 10, .total = 10}});
    if (strcmp(word, "refuse") == 0) {
        Event event = {.type = EVENT_ERROR, .u.error = {.code = EXIT_DATA}};
        strcpy(event.u.error.message, "refused");
        emit(fake, &event);
        emit_done(fake, "error", say->seed);
        return;
    }
    if (strcmp(word, "toolong") == 0) {
        Event event = {.type = EVENT_WARNING};
        strcpy(event.u.warning.code, "question-too-long");
        strcpy(event.u.warning.message, "the question has 5000 tokens");
        emit(fake, &event);
        emit_done(fake, "context", say->seed);
        return;
    }
    fake->nearly_full = strcmp(word, "nearlyfull") == 0;
    if (say->compare)
        emit(fake, &(Event){.type = EVENT_COMPARE, .u.compare = {.equal = true}});
    else
        emit_round(fake);
    snprintf(text, sizeof(text), "[%d] ", say->n_messages);
    emit_text(fake, text, 6);
    emit_text(fake, last, 0);
    if (strcmp(word, "die") == 0)
        raise(SIGKILL);
    if (strcmp(word, "break") == 0) {
        fprintf(stderr, "a device failed: computing: no more\n");
        exit(EXIT_NODEVICE);
    }
    if (strcmp(word, "wait") == 0)
        fake->waiting = true;
    else
        emit_done(fake, strcmp(word, "context") == 0 && !goes_on ? "context" : "eos", say->seed);
}

static void on_switch(Fake *fake, const RequestSwitch *swap)
{
    EventReady *ready = &fake->ready;
    Event event = {.type = EVENT_SWITCH};
    if (fake->waiting)
        emit(fake, &(Event){.type = EVENT_STATS, .u.stats = totals_of(fake)});
    bool good = swap->name ? strcmp(swap->name, "nowhere") != 0 : swap->index < ready->n_targets;
    if (swap->name && strcmp(swap->name, "wide") == 0 && !swap->unload)
        event.u.swap.room = SWITCH_ROOM_UNLOAD;
    if (swap->name && strcmp(swap->name, "widest") == 0)
        event.u.swap.room = SWITCH_ROOM_REPLACE;
    good = good && event.u.swap.room == SWITCH_ROOM_NONE;
    event.u.swap.stage = good ? SWITCH_DONE : SWITCH_FAILED;
    event.u.swap.target_index = swap->name ? -1 : swap->index;
    snprintf(event.u.swap.target, sizeof(event.u.swap.target), "%s",
             swap->name ? swap->name : ready->targets[swap->index]);
    strcpy(event.u.swap.reason, good                ? ""
                                : event.u.swap.room ? "no memory"
                                                    : "there is no such model");
    event.u.swap.draft_kv_kept = true;
    event.u.swap.ms = 400;
    emit(fake, &event);
    if (!good)
        return;
    fake->switched = fake->round;
    strcpy(ready->target, event.u.swap.target);
    ready->target_index = swap->name ? 0 : swap->index;
    bool thinks = strcmp(ready->target, "thinker") == 0;
    strcpy(ready->thinking, thinks ? "on" : "");
    strcpy(ready->date, thinks ? "2026-11-30" : "");
    emit(fake, &(Event){.type = EVENT_READY, .u.ready = *ready});
}

static void on_set(Fake *fake, const RequestSet *set)
{
    EventReady *ready = &fake->ready;
    if (set->n_thresholds == ready->n_exits)
        memcpy(ready->thresholds, set->thresholds, sizeof(ready->thresholds));
    if (set->n_thresholds || set->has_auto)
        ready->auto_thresholds = set->has_auto && set->auto_thresholds;
    if (set->has_sampling)
        ready->temperature = set->sampling.temperature;
    if (set->has_spec)
        ready->spec = set->spec;
    if (set->has_think && ready->thinking[0])
        strcpy(ready->thinking, set->think == THINK_OFF ? "off" : "on");
    if (set->date[0] && ready->date[0])
        memcpy(ready->date, set->date, sizeof(ready->date));
    if (set->drafter[0])
        strcpy(ready->drafter, set->drafter);
    emit(fake, &(Event){.type = EVENT_READY, .u.ready = *ready});
}

static void on_line(Fake *fake, const char *line, size_t bytes)
{
    Request request;
    Err err = {0};
    if (request_from_line(&request, line, bytes, &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(EXIT_INTERNAL);
    }
    switch (request.type) {
    case REQUEST_LOAD:
        on_load(fake, &request.u.load);
        break;
    case REQUEST_SAY:
        on_say(fake, &request.u.say);
        break;
    case REQUEST_STOP:
        if (fake->waiting)
            emit_done(fake, "stopped", 1);
        break;
    case REQUEST_SWITCH:
        on_switch(fake, &request.u.swap);
        break;
    case REQUEST_SET:
        on_set(fake, &request.u.set);
        break;
    case REQUEST_COUNT: /* a token a byte */
        emit(fake,
             &(Event){.type = EVENT_COUNT,
                      .u.count = {request.u.count.number, (int)strlen(request.u.count.text)}});
        break;
    case REQUEST_QUIT:
        exit(0);
    }
    request_free(&request);
}

void fake_worker_maybe(int argc, char **argv)
{
    static char input[1 << 20];
    Fake fake = {0};
    size_t used = 0;
    if (argc != 2 || strcmp(argv[1], "worker") != 0)
        return;
    signal(SIGINT, SIG_IGN);
    for (;;) {
        struct pollfd polled = {.fd = 0, .events = POLLIN};
        if (poll(&polled, 1, fake.waiting ? 50 : -1) == 0) {
            emit_round(&fake);
            emit_text(&fake, " more", 12);
            continue;
        }
        ssize_t n = read(0, input + used, sizeof(input) - used);
        if (n <= 0)
            exit(0);
        used += n;
        for (char *end; (end = memchr(input, '\n', used));) {
            on_line(&fake, input, end - input);
            used -= end + 1 - input;
            memmove(input, end + 1, used);
        }
    }
}
