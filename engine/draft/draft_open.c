/* draft_open.c - what the nested-exits drafter is made of: its memory, planned, taken and freed. */
#include "engine/draft/draft.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void draft_close(Drafter *drafter)
{
    Draft *d = (Draft *)drafter;
    if (d == NULL)
        return;
    Kernels *k = d->context->model->kernels;
    for (int r = 1; r < d->ranges; r++)
        if (d->pending[r])
            k->buffer_free(k, d->pending[r]);
    if (d->hidden)
        k->buffer_free(k, d->hidden);
    if (d->said)
        k->buffer_free(k, d->said);
    if (d->resume.hidden && d->resume.hidden != d->hidden)
        k->buffer_free(k, d->resume.hidden);
    if (d->exit_kv)
        k->kv_close(k, d->exit_kv);
    sampler_close(&d->sampler);
    if (d->words)
        words_close(d->words);
    free(d->words);
    free(d->tokens);
    context_close(&d->own);
    free(d);
}

static const Drafter draft_calls = {.behind = draft_behind,
                                    .read = draft_read,
                                    .measure = draft_measure,
                                    .propose = draft_propose,
                                    .accepted = draft_accepted,
                                    .close = draft_close,
                                    .trace = draft_trace,
                                    .trace_cost = draft_trace_cost};

size_t draft_bytes(Kernels *kernels, const ModelConfig *config, KvType kv, int layers, int slots)
{
    size_t rows = (EXITS_MAX - 1) * (PENDING_MAX + NODES_MAX) + NODES_MAX, exits = 0;
    if (config->exit_layers > 0) {
        rows += NODES_MAX;
        KvShape shape = context_kv(config, kv, config->exit_layers, slots);
        exits = kernels->kv_bytes(kernels, &shape);
    }
    return context_bytes(kernels, config, kv, layers, slots, EXPAND_MAX) + exits + sizeof(Draft) +
           sizeof(float) * rows * config->hidden + sizeof(int) * (size_t)slots +
           (2 * sizeof(int) + sizeof(SampleEntry)) * (size_t)config->vocab;
}

/* What the trained exits need: a cache of their own layers, and a place for what they say. */
static bool open_trained(Draft *d, const Model *trained, KvType kv, int slots)
{
    Kernels *k = trained->kernels;
    const ModelConfig *config = &trained->config;
    size_t rows = NODES_MAX * (size_t)config->hidden;
    bool own = false;
    for (int r = 0; r < d->ranges; r++) {
        d->trained[r] = model_exit(trained, d->exit[r]);
        own = own || draft_has_own(d, r);
    }
    if (!own)
        return true;
    d->follows = true;
    KvShape shape = context_kv(config, kv, config->exit_layers, slots);
    d->exit_kv = k->kv_open(k, &shape);
    d->said = k->buffer_alloc(k, rows);
    if (d->shared)
        d->resume.hidden = k->buffer_alloc(k, rows);
    return d->exit_kv && d->said && (d->resume.hidden || !d->shared);
}

/* words: between the two vocabularies, the draft's from now on; NULL = they are the same. On failure they
 * stay the caller's. */
static int open_draft(const DrafterParts *parts, Words *words, Draft **draft, Err *err)
{
    bool self = drafter_is_self(parts->drafting->kind);
    Model *model = self ? parts->target : parts->draft;
    Context *shared = self ? parts->context : NULL; /* else a cache of its own */
    const Model *trained = drafters_trained(parts->drafting->kind, parts->target, parts->draft);
    const int *exits = parts->drafting->exits, n_exits = parts->drafting->n_exits;
    KvType kv = parts->kv;
    int slots = parts->slots;
    assert(n_exits >= 1 && n_exits <= EXITS_MAX && exits[n_exits - 1] <= model->config.loaded);
    Kernels *k = model->kernels;
    size_t H = (size_t)model->config.hidden;
    Draft *d = calloc(1, sizeof *d);
    if (d == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for a draft");
    d->drafter = draft_calls;
    d->build = (TreeBuild){.expand = draft_expand, .user = d, .kernels = k, .exit = d->exit};
    d->shared = shared != NULL;
    d->follows = !d->shared;
    d->context = shared ? shared : &d->own;
    d->own.model = model; /* draft_close needs it whatever happens below */
    d->ranges = d->reach = n_exits;
    d->threshold = parts->thresholds;
    memcpy(d->exit, exits, sizeof *exits * (size_t)n_exits);
    bool ok =
        shared || context_open(&d->own, model, kv, exits[n_exits - 1], slots, EXPAND_MAX, err) == 0;
    ok = ok && sampler_open(&d->sampler, model->config.vocab, err) == 0;
    if (ok) {
        d->tokens = malloc(sizeof(int) * (size_t)slots);
        d->hidden = k->buffer_alloc(k, NODES_MAX * H);
        ok = d->tokens && d->hidden;
        for (int r = 1; r < n_exits; r++) {
            d->pending[r] = k->buffer_alloc(k, (PENDING_MAX + NODES_MAX) * H);
            ok = ok && d->pending[r];
        }
        ok = ok && (!trained || open_trained(d, trained, kv, slots));
    }
    if (!ok) {
        d->own.model = model;
        draft_close(&d->drafter);
        return err_set(err, EXIT_MEMORY, "no memory for a draft of %s", model->name);
    }
    if (shared) {
        d->own.model = NULL;
        if (!d->resume.hidden)
            d->resume.hidden = d->hidden;
        d->drafter.resume = &d->resume;
    }
    d->words = words;
    *draft = d;
    return 0;
}

/* NULL in *words = both have one vocabulary. */
static int words_between(const DrafterParts *parts, Words **words, Err *err)
{
    const Model *draft = parts->draft, *target = parts->target;
    *words = NULL;
    if (drafter_is_self(parts->drafting->kind) ||
        tokenizer_compatible(draft->tokenizer, target->tokenizer, NULL) == 0)
        return 0;
    *words = malloc(sizeof **words);
    if (*words == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for a draft of %s", draft->name);
    if (words_open(*words, draft, target, err) == 0)
        return 0;
    free(*words);
    return -1;
}

static int open_any(const DrafterParts *parts, bool by_frontier, Drafter **drafter, Err *err)
{
    Words *words;
    Draft *draft = NULL;
    if (words_between(parts, &words, err) != 0)
        return -1;
    if (open_draft(parts, words, &draft, err) != 0) {
        if (words)
            words_close(words);
        free(words);
        return -1;
    }
    draft->by_frontier = by_frontier;
    *drafter = &draft->drafter;
    return words ? draft_translate(draft, drafter, err) : 0;
}

int nested_open(const DrafterParts *parts, Drafter **drafter, Err *err)
{
    return open_any(parts, false, drafter, err);
}

int frontier_open(const DrafterParts *parts, Drafter **drafter, Err *err)
{
    return open_any(parts, true, drafter, err);
}
