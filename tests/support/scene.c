/* scene.c - see scene.h. */
#include "tests/support/scene.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h"

static const int exits[] = {6, 12, 18, 24};
static const char *const targets[] = {"qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b"};
enum { N_EXITS = 4 };

static Event *begin(Scene *scene, Event *event, EventType type)
{
    memset(event, 0, sizeof *event);
    event->type = type;
    event->turn = scene->turn;
    return event;
}

static void tell(Scene *scene, const Event *event)
{
    view_event(&scene->view, event);
    if (scene->trace == NULL)
        return;
    char *line = event_to_line(event);
    assert(line != NULL);
    fprintf(scene->trace, "%s\n", line);
    free(line);
}

void scene_open(Scene *scene)
{
    memset(scene, 0, sizeof *scene);
    Err err = {0};
    int status = view_open(&scene->view, &err);
    assert(status == 0);
    (void)status;
}

void scene_close(Scene *scene)
{
    view_close(&scene->view);
}

int scene_setup(void **state)
{
    Scene *scene = malloc(sizeof *scene);
    if (scene == NULL)
        return -1;
    scene_open(scene);
    *state = scene;
    return 0;
}

int scene_teardown(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

void scene_ready(Scene *scene)
{
    static const float thresholds[] = {0.70f, 0.55f, 0.50f, 0.20f};
    static Event event;
    EventReady *ready = &begin(scene, &event, EVENT_READY)->u.ready;
    strcpy(ready->version, "0.1.0");
    strcpy(ready->device, "cpu");
    strcpy(ready->target, targets[0]);
    strcpy(ready->draft, targets[1]);
    strcpy(ready->drafter, "s2d");
    ready->drafts = ready->drafts_by_model = ready->exits_in_use = true;
    strcpy(ready->quant, "Q4_K");
    ready->n_targets = 2;
    for (int i = 0; i < 2; i++)
        strcpy(ready->targets[i], targets[i]);
    ready->n_exits = N_EXITS;
    memcpy(ready->exits, exits, sizeof exits);
    memcpy(ready->thresholds, thresholds, sizeof thresholds);
    ready->n_profile = N_EXITS;
    memcpy(ready->profile_thresholds, thresholds, sizeof thresholds);
    ready->ctx = 4096;
    ready->vocab = 1000;
    ready->seed = 1;
    ready->top_p = 1;
    strcpy(ready->tree, "auto");
    ready->memory_bytes = 2100000000;
    tell(scene, &event);
}

void scene_say(Scene *scene, const char *text)
{
    Event event;
    scene->turn++;
    scene->rounds = 0;
    memset(&scene->stats, 0, sizeof scene->stats);
    view_user(&scene->view, text);
    view_asked(&scene->view);
    begin(scene, &event, EVENT_PREFILL);
    event.u.prefill.done = event.u.prefill.total = 40;
    tell(scene, &event);
}

void scene_text(Scene *scene, const char *text, int source)
{
    Event event;
    begin(scene, &event, EVENT_TEXT);
    event.u.text = (EventText){text, source};
    tell(scene, &event);
}

/* Plain rounds take 25 ms, and 24 of these in the target's pass. */
static void count_gain(Scene *scene, bool drafted)
{
    EventStats *stats = &scene->stats;
    double passes = stats->draft_ms + stats->verify_ms;
    double ms = passes + stats->accept_ms + stats->other_ms;
    scene->plain_age = drafted ? scene->plain_age + 1 : 0;
    stats->mat = (float)stats->tokens / (float)stats->rounds;
    stats->tokens_per_s = (float)(1000 * stats->tokens / ms);
    stats->plain_tokens_per_s = 40;
    stats->plain_rounds = 6;
    stats->plain_age = scene->plain_age;
    double gain = fmin(stats->tokens_per_s / 40, stats->tokens * 24 / passes);
    stats->gain = stats->gain_low = stats->gain_high = stats->drafted > 0 ? (float)gain : 0;
}

/* Counts a round as the engine does, and tells. */
static void send_round(Scene *scene, Event *event)
{
    EventRound *round = &event->u.round;
    EventStats *stats = &scene->stats;
    strcpy(round->target, scene->view.ready.target);
    round->round = ++scene->rounds;
    round->bonus_token = 1;
    for (int i = 0; i < round->n_nodes; i++) {
        EventNode *node = &round->nodes[i];
        node->token = 2 + i; /* none of them what the target wanted instead */
        for (int v = 0; v < node->n_visited; v++)
            node->visited[v].token = node->token;
    }
    round->draft_ms = 2.0 * round->n_nodes;
    for (int e = 0; e < N_EXITS; e++) { /* as often as somebody was asked there */
        int passes = 0;
        for (int i = 0; i < round->n_nodes; i++)
            passes += round->nodes[i].n_visited > e;
        if (passes > 0)
            round->exit_times[round->n_exit_times++] =
                (EventExitTime){exits[e], passes, 0.4 * passes};
    }
    round->verify_ms = 24;
    round->accept_ms = 0.5;
    round->other_ms = 0.5;
    round->plain_ms = round->plain_low_ms = round->plain_high_ms = 25;
    round->pass_ms = 24;
    round->n_thresholds = N_EXITS;
    memcpy(round->thresholds, scene->view.ready.thresholds, sizeof round->thresholds);
    stats->rounds++;
    stats->drafted += round->n_nodes;
    stats->accepted += round->accepted;
    stats->tokens = stats->accepted + stats->rounds;
    stats->draft_ms += round->draft_ms;
    stats->verify_ms += round->verify_ms;
    stats->accept_ms += round->accept_ms;
    stats->other_ms += round->other_ms;
    round->ctx_used = 40 + stats->tokens;
    tell(scene, event);
    for (int depth = 0; depth < round->accepted; depth++)
        stats->reached[depth]++;
    count_gain(scene, strcmp(round->mode, "spec") == 0);
    Event told;
    begin(scene, &told, EVENT_STATS);
    told.u.stats = *stats;
    tell(scene, &told);
}

void scene_round(Scene *scene, const char *const *words, int n, int extra)
{
    static Event event;
    EventRound *round = &begin(scene, &event, EVENT_ROUND)->u.round;
    strcpy(round->mode, "spec");
    round->predicted_gain = 1.5f;
    round->accepted = n - 1;
    snprintf(round->bonus_text, sizeof round->bonus_text, "%s", words[n - 1]);
    int sources[NODES_MAX];
    for (int i = 0; i < n - 1 + extra; i++) {
        bool accepted = i < n - 1;
        int parent = accepted ? i : (i - (n - 1)) % n; /* the n-1-th accepted node, or one before */
        parent = accepted ? i : n - 1 - parent;
        EventNode *node = &round->nodes[round->n_nodes++];
        *node = (EventNode){.id = i + 1, .parent = parent, .accepted = accepted};
        node->depth = parent == 0 ? 1 : round->nodes[parent - 1].depth + 1;
        node->exit = exits[i % N_EXITS];
        node->p = accepted ? 0.95f - 0.1f * (float)i : 0.3f / (float)(i + 1);
        snprintf(node->text, sizeof node->text, "%s", accepted ? words[i] : " other");
        for (int v = 0; v <= i % N_EXITS; v++)
            node->visited[node->n_visited++] = (EventVisit){exits[v], v, 0.2f * (float)(v + 1)};
        sources[i] = node->exit;
    }
    send_round(scene, &event);
    for (int i = 0; i < n; i++)
        scene_text(scene, words[i], i < n - 1 ? sources[i] : SOURCE_TARGET);
}

void scene_plain(Scene *scene, const char *word, const char *mode, float gain)
{
    static Event event;
    EventRound *round = &begin(scene, &event, EVENT_ROUND)->u.round;
    snprintf(round->mode, sizeof round->mode, "%s", mode);
    snprintf(round->bonus_text, sizeof round->bonus_text, "%s", word);
    round->predicted_gain = gain;
    send_round(scene, &event);
    scene_text(scene, word, SOURCE_TARGET);
}

void scene_forecast(Scene *scene, const float *found, bool moved)
{
    Event event;
    EventForecast *f = &begin(scene, &event, EVENT_FORECAST)->u.forecast;
    f->places = 96;
    f->n_exits = N_EXITS;
    f->speed = 40;
    for (int i = 0; i < N_EXITS; i++) {
        float now = f->thresholds[i] = scene->view.ready.thresholds[i];
        f->lower[i] = now - 0.05f;
        f->upper[i] = now + 0.05f;
        f->lower_speed[i] = 40.5f + 0.7f * (float)i;
        f->upper_speed[i] = i == 3 ? 0 : 39.8f - 0.4f * (float)i;
        f->best[i] = found != NULL ? found[i] : 0;
    }
    f->searched = found != NULL;
    f->moved = moved;
    f->best_speed = moved ? 44.8f : 40.4f;
    view_event(&scene->view, &event);
}

void scene_done(Scene *scene, const char *reason)
{
    Event event;
    begin(scene, &event, EVENT_DONE);
    snprintf(event.u.done.reason, sizeof event.u.done.reason, "%s", reason);
    event.u.done.totals = scene->stats;
    tell(scene, &event);
}

void scene_switch(Scene *scene, SwitchStage stage, int target, float fraction)
{
    Event event;
    EventSwitch *swap = &begin(scene, &event, EVENT_SWITCH)->u.swap;
    swap->stage = stage;
    strcpy(swap->target, targets[target]);
    swap->target_index = target;
    swap->fraction = fraction;
    if (stage == SWITCH_FAILED)
        strcpy(swap->reason, "no memory: 3.1 GB wanted, 2.0 GB free");
    swap->draft_kv_kept = stage == SWITCH_DONE;
    swap->ms = 412;
    swap->n_thresholds = N_EXITS;
    for (int i = 0; i < N_EXITS; i++)
        swap->thresholds[i] = 0.6f - 0.1f * (float)i;
    if (stage == SWITCH_DONE)
        memset(&scene->stats, 0, sizeof scene->stats);
    tell(scene, &event);
}

void scene_error(Scene *scene, const char *message, bool fatal)
{
    Event event;
    begin(scene, &event, EVENT_ERROR);
    event.u.error.code = 70;
    event.u.error.fatal = fatal;
    snprintf(event.u.error.message, sizeof event.u.error.message, "%s", message);
    tell(scene, &event);
}

/* ---- a whole chat ---- */

static const char *const answer[][5] = {
    {"A", " small", " draft", " proposes", NULL},
    {" **several", " tokens**", ",", NULL},
    {" the", " target", " checks", " them", NULL},
    {" all", ".\n\n", NULL},
    {"- ", "keep the longest", " `prefix`", "\n", NULL},
    {"- ", "\u65e5\u672c\u8a9e", " \U0001F642 stays wide", "\n\n", NULL},
    {"```", "c\n", "return", " x;", NULL},
    {"\n", "```\n\n", NULL},
    {"Done\033[31m", " and\033[0m", " out", ".", NULL},
};

static int count(const char *const *words)
{
    int n = 0;
    while (words[n] != NULL)
        n++;
    return n;
}

void scene_demo(Scene *scene)
{
    scene_ready(scene);
    view_set_session(&scene->view, "demo-1");
    static const ViewSession sessions[] = {
        {"2026-11-30 20:01", "demo-1", "Explain speculative decoding.", "coder-1.5b", true, 372,
         true},
        {"2026-11-29 09:30", "2026-11-29-0930", "How do I reverse a list in C?\nIn place, please.",
         "coder-0.5b", false, 1216, false},
        {"2026-11-28 18:12", "lists", "Why is it lossless?", "coder-1.5b", true, 95, false},
    };
    view_set_sessions(&scene->view, sessions, 3);
    scene_say(scene, "Explain speculative decoding.");
    for (size_t i = 0; i < sizeof answer / sizeof answer[0]; i++)
        scene_round(scene, answer[i], count(answer[i]), (int)(i % 4));
    scene_done(scene, "eos");
    scene_say(scene, "Why is it lossless?");
    static const char *const words[] = {"Every", " kept", " token", " is"};
    static const char *const more[] = {" what", " the", " target"};
    scene_round(scene, words, 4, 3);
    scene_switch(scene, SWITCH_DONE, 1, 1);
    scene_round(scene, more, 3, 2);
}
