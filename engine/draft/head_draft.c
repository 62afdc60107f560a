/* head_draft.c - heads of a target as the session sees them: see head_draft.h. */
#include "engine/draft/head_draft.h"
#include "engine/draft/keeps_to_list.h"
#include "engine/draft/tree_static.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/common/clock.h"

static const HeadNet *const nets[HEAD_KINDS] = {[HEAD_EAGLE] = &head_eagle,
                                                [HEAD_EAGLE3] = &head_eagle3,
                                                [HEAD_MEDUSA] = &head_medusa,
                                                [HEAD_HYDRA] = &head_hydra};

/* ---- what of the text its cache holds ---- */

static bool reads(const HeadDraft *d)
{
    return d->head->info.has_layer;
}

/* Forgets rows of another text. tokens: [n]; the last one is the root. */
static void sync(HeadDraft *d, const int *tokens, int n)
{
    int same = 0, known = d->length < n - 1 ? d->length : n - 1;
    while (same < known && d->tokens[same] == tokens[same + 1])
        same++;
    d->length = same;
}

static int head_behind(Drafter *drafter, const int *tokens, int n)
{
    HeadDraft *d = (HeadDraft *)drafter;
    if (!reads(d))
        return 0;
    sync(d, tokens, n);
    int behind = n - 2 - d->length; /* the root's row belongs to drafting */
    return behind > 0 ? behind : 0;
}

/* Row i is of the token behind place i. */
static void read_rows(HeadDraft *d, const int *tokens, int n)
{
    int first = d->length;
    d->net->read(d, tokens, n);
    memcpy(d->tokens + first, tokens + first + 1, sizeof *tokens * (size_t)(n - first));
    d->length = n;
}

static int head_read(Drafter *drafter, const int *tokens, int n)
{
    HeadDraft *d = (HeadDraft *)drafter;
    int behind = head_behind(drafter, tokens, n);
    if (behind == 0)
        return 0;
    int rows = behind < ROWS_MAX ? behind : ROWS_MAX;
    read_rows(d, tokens, d->length + rows);
    Kernels *k = d->head->net.kernels;
    k->wait(k); /* whoever reads takes the time */
    return rows;
}

/* ---- drafting ---- */

/* EAGLE scores by the target's own head, so where the text leaves its list it may score all tokens. */
static void choose_list(HeadDraft *d, const int *tokens, int n)
{
    const Head *head = d->head;
    d->narrow =
        head->ids && (d->whole == NULL || keeps_to_list(head->ids, head->info.n_vocab,
                                                        d->target->model->tokenizer, tokens, n));
    d->sampler.tokens = d->narrow ? head->ids : NULL;
    d->sampler.device_tokens = d->narrow ? head->device_ids : NULL;
}

static void head_expand(TreeBuild *build, const Proposal *in, const int *frontier, int n, int width)
{
    HeadDraft *d = build->user;
    double start = clock_ms();
    if (frontier[0] == 0 && reads(d))
        read_rows(d, in->tokens, d->base + 1);
    int said = d->net->say(d, frontier, n);
    if (said == 0) {
        exit_time_add(in, 0, start);
        return;
    }
    Prediction predictions[EXPAND_MAX];
    const HeadInfo *info = &d->head->info;
    DrawRows rows = {
        .logits = d->logits, .n = said, .stride = d->narrow ? head_scored(info) : info->vocab};
    for (int i = 0; i < said; i++)
        rows.position[i] = in->n + build->grown.node[frontier[i]].depth;
    if (!predict(&d->sampler, d->head->net.kernels, &rows, in->sampling, in->vocab, width,
                 predictions))
        d->drafter.no_number = true;
    for (int i = 0; i < n; i++) {
        const Prediction *o = &predictions[said == n ? i : 0];
        TreeNode *node = &build->grown.node[frontier[i]];
        if (o->n == 0)
            continue;
        node->visited[node->n_visited++] =
            (EventVisit){build->exit[0], o->likeliest, o->confidence};
        bool sure = in->shape.published || o->confidence >= d->threshold[0];
        for (int t = 0; t < o->n && t < width && (sure || frontier[i] == 0); t++)
            tree_add(build, in, frontier[i], o->ids[t], o->p[t], 0);
    }
    exit_time_add(in, 0, start);
}

static void head_propose(Drafter *drafter, const Proposal *in, Tree *tree)
{
    HeadDraft *d = (HeadDraft *)drafter;
    int behind = head_behind(drafter, in->tokens, in->n);
    assert(behind <= BEHIND_MAX && in->n >= 2);
    Proposal proposal = *in;
    int deepest = d->head->info.branches;
    if (deepest > 0 && proposal.max_depth > deepest)
        proposal.max_depth = deepest;
    d->base = in->n - 2;
    choose_list(d, in->tokens, in->n);
    if (reads(d) && d->length > d->base)
        d->length = d->base; /* the same text again: its last row is the root's */
    d->build.behind = behind;
    (in->shape.published ? tree_build_static : tree_build)(&d->build, &proposal, tree);
}

/* A step over n children of the root. */
static void step_once(void *user, int n)
{
    HeadDraft *d = user;
    int slots[EXPAND_MAX];
    d->build.grown.n = n + 1;
    for (int slot = 0; slot <= n; slot++)
        d->build.grown.node[slot] =
            (TreeNode){.parent = slot == 0 ? -1 : 0, .slot = slot, .depth = slot > 0};
    for (int row = 0; row < n; row++)
        slots[row] = row + 1;
    d->net->say(d, slots, n);
}

static void head_measure(Drafter *drafter, int length, Curve *steps)
{
    HeadDraft *d = (HeadDraft *)drafter;
    (void)length;
    d->base = d->length;
    tree_time_steps(d->head->net.kernels, step_once, d, steps);
}

static void head_accepted(Drafter *drafter, const Tree *tree, const int *path, int n)
{
    (void)drafter, (void)tree, (void)path, (void)n; /* read again, from true features */
}

/* ---- open, close ---- */

/* One of its buffers: where it is kept, and of how many floats; 0 = it needs none. */
typedef struct Buffer {
    float **place;
    size_t floats;
} Buffer;
enum { BUFFERS = 8 };

static void buffers_of(HeadDraft *d, const HeadInfo *info, Buffer all[BUFFERS])
{
    size_t H = (size_t)info->hidden, branched = info->branches > 0;
    size_t widens = info->kind == HEAD_EAGLE && info->n_vocab > 0;
    Buffer of[BUFFERS] = {{&d->embedded, ROWS_MAX * H},
                          {&d->feature, ROWS_MAX * H},
                          {&d->said, NODES_MAX * H},
                          {&d->whole, widens * EXPAND_MAX * (size_t)info->vocab},
                          {&d->first, branched * H},
                          {&d->sum, branched * EXPAND_MAX * H},
                          {&d->turned, branched * EXPAND_MAX * H},
                          {&d->scores, branched * EXPAND_MAX * (size_t)head_scored(info)}};
    memcpy(all, of, sizeof of);
}

static void head_draft_close(Drafter *drafter)
{
    HeadDraft *d = (HeadDraft *)drafter;
    Buffer all[BUFFERS];
    if (d == NULL)
        return;
    Kernels *k = d->head->net.kernels;
    buffers_of(d, &d->head->info, all);
    for (int i = 0; i < BUFFERS; i++)
        if (*all[i].place)
            k->buffer_free(k, *all[i].place);
    sampler_close(&d->sampler);
    context_close(&d->own);
    free(d->tokens);
    free(d);
}

static const Drafter head_calls = {.behind = head_behind,
                                   .read = head_read,
                                   .measure = head_measure,
                                   .propose = head_propose,
                                   .accepted = head_accepted,
                                   .close = head_draft_close};

size_t head_draft_bytes(Kernels *kernels, const HeadInfo *info, KvType kv, int slots)
{
    HeadDraft none;
    Buffer all[BUFFERS];
    size_t floats =
        (size_t)info->n_taps * (size_t)slots * (size_t)info->hidden; /* the target's features */
    buffers_of(&none, info, all);
    for (int i = 0; i < BUFFERS; i++)
        floats += all[i].floats;
    size_t bytes = sizeof(float) * floats + sizeof(HeadDraft) + sizeof(int) * (size_t)slots;
    if (info->has_layer)
        bytes += context_bytes(kernels, &info->layer, kv, 1, slots, EXPAND_MAX);
    return bytes + (2 * sizeof(int) + sizeof(SampleEntry)) * (size_t)info->vocab;
}

static bool open_buffers(HeadDraft *d, int slots)
{
    Kernels *k = d->head->net.kernels;
    Buffer all[BUFFERS];
    bool ok = true;
    buffers_of(d, &d->head->info, all);
    for (int i = 0; i < BUFFERS; i++)
        if (all[i].floats > 0) {
            *all[i].place = k->buffer_alloc(k, all[i].floats);
            ok = ok && *all[i].place;
        }
    d->tokens = calloc((size_t)slots, sizeof *d->tokens);
    return ok && d->tokens;
}

int head_draft_open(const DrafterParts *parts, Drafter **drafter, Err *err)
{
    Head *head = parts->drafting->head;
    HeadDraft *d = calloc(1, sizeof *d);
    if (d == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for a drafter");
    d->drafter = head_calls;
    d->net = nets[head->info.kind];
    bool branches = head->info.branches > 0;
    d->build = (TreeBuild){.expand = head_expand,
                           .user = d,
                           .kernels = head->net.kernels,
                           .exit = d->exit,
                           .paths = branches ? tree_paths_medusa : tree_paths_eagle};
    d->head = head;
    d->target = parts->context;
    d->threshold = parts->thresholds;
    d->exit[0] = parts->drafting->exits[0];
    int result = sampler_open(&d->sampler, head->info.vocab, err);
    if (result == 0 && head->info.has_layer)
        result = context_open(&d->own, &head->net, parts->kv, 1, parts->slots, EXPAND_MAX, err);
    if (result == 0 && !open_buffers(d, parts->slots))
        result = err_set(err, EXIT_MEMORY, "no memory to draft by %s", head->name);
    if (result != 0) {
        head_draft_close(&d->drafter);
        return -1;
    }
    *drafter = &d->drafter;
    return 0;
}
