/* scene.c - see scene.h. */
#include "tests/support/scene.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

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
    ready->ctx = 4096;
    ready->memory_bytes = 2100000000;
    view_event(&scene->view, &event);
}

void scene_say(Scene *scene, const char *text)
{
    Event event;
    scene->turn++;
    memset(&scene->stats, 0, sizeof scene->stats);
    view_user(&scene->view, text);
    view_asked(&scene->view);
    begin(scene, &event, EVENT_PREFILL);
    event.u.prefill.done = event.u.prefill.total = 40;
    view_event(&scene->view, &event);
}

void scene_text(Scene *scene, const char *text, int source)
{
    Event event;
    begin(scene, &event, EVENT_TEXT);
    event.u.text = (EventText){text, source};
    view_event(&scene->view, &event);
}

/* Counts a round as the engine does, and tells. */
static void send_round(Scene *scene, Event *event)
{
    EventRound *round = &event->u.round;
    EventStats *stats = &scene->stats;
    strcpy(round->target, scene->view.ready.target);
    round->round = stats->rounds + 1;
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
    view_event(&scene->view, event);
    stats->mat = (float)stats->tokens / (float)stats->rounds;
    stats->tokens_per_s = 20 * stats->mat;
    stats->plain_tokens_per_s = 40;
    stats->plain_rounds = 6;
    Event told;
    begin(scene, &told, EVENT_STATS);
    told.u.stats = *stats;
    view_event(&scene->view, &told);
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

void scene_done(Scene *scene, const char *reason)
{
    Event event;
    begin(scene, &event, EVENT_DONE);
    snprintf(event.u.done.reason, sizeof event.u.done.reason, "%s", reason);
    event.u.done.totals = scene->stats;
    view_event(&scene->view, &event);
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
    view_event(&scene->view, &event);
}

void scene_error(Scene *scene, const char *message, bool fatal)
{
    Event event;
    begin(scene, &event, EVENT_ERROR);
    event.u.error.code = 70;
    event.u.error.fatal = fatal;
    snprintf(event.u.error.message, sizeof event.u.error.message, "%s", message);
    view_event(&scene->view, &event);
}
