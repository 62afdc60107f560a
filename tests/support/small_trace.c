/* small_trace.c - see small_trace.h. */
#include "tests/support/small_trace.h"

#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h"

typedef struct Maker {
    FILE *out;
    double t_ms;
    int turn;
    float thresholds[2];
    const char *target;
} Maker;

/* gap: ms since the event before */
static void put(Maker *maker, Event *event, double gap)
{
    maker->t_ms += gap;
    event->t_ms = maker->t_ms;
    event->turn = maker->turn;
    char *line = event_to_line(event);
    fprintf(maker->out, "%s\n", line);
    free(line);
}

static void put_load(Maker *maker, float fraction)
{
    Event event = {.type = EVENT_LOAD, .u.load = {.model = "big", .fraction = fraction}};
    put(maker, &event, 3000);
}

static void put_ready(Maker *maker, double gap)
{
    Event event = {.type = EVENT_READY};
    EventReady *ready = &event.u.ready;
    snprintf(ready->target, sizeof(ready->target), "%s", maker->target);
    strcpy(ready->draft, "small");
    strcpy(ready->drafter, "s2d");
    ready->drafts = ready->drafts_by_model = ready->exits_in_use = true;
    ready->n_targets = 2;
    strcpy(ready->targets[0], "big");
    strcpy(ready->targets[1], "middle");
    ready->n_exits = 2;
    ready->exits[0] = 6;
    ready->exits[1] = 12;
    memcpy(ready->thresholds, maker->thresholds, sizeof(maker->thresholds));
    ready->ctx = 4096;
    put(maker, &event, gap);
}

static void put_question(Maker *maker, const char *text, double gap)
{
    Event event = {.type = EVENT_QUESTION, .u.question = {text}};
    maker->turn++;
    put(maker, &event, gap);
}

static void put_text(Maker *maker, const char *text, int source)
{
    Event event = {.type = EVENT_TEXT, .u.text = {text, source}};
    put(maker, &event, 0);
}

static void put_round(Maker *maker, int number)
{
    Event event = {.type = EVENT_ROUND};
    EventRound *round = &event.u.round;
    char word[16];
    round->round = number;
    snprintf(round->target, sizeof(round->target), "%s", maker->target);
    round->n_nodes = 2;
    for (int i = 0; i < 2; i++) {
        EventNode *node = &round->nodes[i];
        *node = (EventNode){.id = i + 1, .parent = i, .depth = i + 1, .token = 7, .p = 0.9f};
        snprintf(node->text, sizeof(node->text), " w%d", i);
        node->exit = i == 0 ? 6 : 12;
        node->accepted = i == 0;
        node->n_visited = 1;
        node->visited[0] = (EventVisit){node->exit, 7, 0.9f};
    }
    round->accepted = 1;
    strcpy(round->bonus_text, " t");
    round->draft_ms = 10;
    round->verify_ms = 40;
    round->ctx_used = 20 + 2 * number;
    round->n_thresholds = 2;
    memcpy(round->thresholds, maker->thresholds, sizeof(maker->thresholds));
    strcpy(round->mode, "spec");
    put(maker, &event, 80); /* the process was stopped for 30 ms of them */
    snprintf(word, sizeof(word), " w%d", number);
    put_text(maker, word, 6);
    put_text(maker, " t", 0);
    event = (Event){.type = EVENT_STATS};
    event.u.stats.tokens = 2 * number;
    event.u.stats.rounds = number;
    event.u.stats.mat = 2;
    put(maker, &event, 0);
}

static void put_prefill(Maker *maker)
{
    Event event = {.type = EVENT_PREFILL, .u.prefill = {9, 9, 100, 0, 5}};
    put(maker, &event, 100);
}

static void put_done(Maker *maker)
{
    Event event = {.type = EVENT_DONE};
    strcpy(event.u.done.reason, "eos");
    event.u.done.totals.tokens = 2 * SMALL_TRACE_ROUNDS;
    event.u.done.totals.rounds = SMALL_TRACE_ROUNDS;
    event.u.done.totals.mat = 2;
    event.u.done.totals.tokens_per_s = 40;
    put(maker, &event, 10);
}

static void put_switch(Maker *maker, SwitchStage stage)
{
    Event event = {.type = EVENT_SWITCH};
    event.u.swap.stage = stage;
    event.u.swap.target_index = 1;
    strcpy(event.u.swap.target, "middle");
    event.u.swap.draft_kv_kept = true;
    put(maker, &event, 200);
    maker->target = "middle";
}

char *small_trace(bool questions)
{
    char *text = NULL;
    size_t bytes = 0;
    Maker maker = {open_memstream(&text, &bytes), 0, 0, {0.5f, 0.5f}, "big"};
    put_load(&maker, 0.5f);
    put_load(&maker, 1);
    put_ready(&maker, 3000);
    for (int answer = 0; answer < 2; answer++) {
        if (questions)
            put_question(&maker, answer ? SMALL_TRACE_SECOND : SMALL_TRACE_FIRST, 9000);
        else
            maker.turn++;
        put_prefill(&maker);
        for (int round = 1; round <= SMALL_TRACE_ROUNDS; round++) {
            put_round(&maker, round);
            if (answer == 1 && round == 3) {
                put_switch(&maker, SWITCH_LOAD);
                put_switch(&maker, SWITCH_DONE);
            }
        }
        put_done(&maker);
        maker.thresholds[0] = 0.25f;
        if (answer == 0)
            put_ready(&maker, 4000);
    }
    fclose(maker.out);
    return text;
}

FILE *small_trace_file(bool questions)
{
    char *text = small_trace(questions);
    FILE *file = tmpfile();
    fputs(text, file);
    rewind(file);
    free(text);
    return file;
}
