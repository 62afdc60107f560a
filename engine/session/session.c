/* session.c - setting a session up, and what may be changed while it lives. */
#include "engine/session/session_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int session_ctx(int asked, const ModelConfig *target)
{
    int most = target->context > 0 ? target->context : 4096;
    if (asked > 0)
        return asked < most ? asked : most;
    return most < 4096 ? most : 4096;
}

size_t session_bytes(Kernels *kernels, const ModelConfig *target, const ModelConfig *draft,
                     const HeadInfo *head, KvType kv, int ctx)
{
    int slots = session_ctx(ctx, target) + NODES_MAX;
    size_t bytes =
        context_bytes(kernels, target, kv, target->layers, slots, NODES_MAX) + sizeof(Session);
    bytes += draft ? draft_bytes(kernels, draft, kv, draft->loaded, slots) : 0;
    bytes += draft && draft->vocab != target->vocab ? translated_bytes(draft, target, slots) : 0;
    return bytes + (head ? head_draft_bytes(kernels, head, kv, slots) : 0);
}

/* ---- open, close ---- */

int session_take_features(const DraftConfig *resolved, Context *context, Err *err)
{
    if (!drafter_is_head(resolved->kind))
        return 0;
    const HeadInfo *info = &resolved->head->info;
    int layers[FEATURES_MAX];
    for (int i = 0; i < info->n_taps; i++)
        layers[i] = info->taps[i] < 0 ? context->model->config.layers : info->taps[i];
    if (context_has_features(context, info->n_taps, layers))
        return 0;
    return context_set_features(context, info->n_taps, layers, err) == 0 ? 1 : -1;
}

int session_open_drafter(Session *s, const DraftConfig *resolved, Model *target, Context *context,
                         Drafter **drafter, Err *err)
{
    DrafterParts parts = {.drafting = resolved,
                          .target = target,
                          .draft = s->config.draft,
                          .context = context,
                          .kv = s->config.kv,
                          .slots = s->ctx + NODES_MAX,
                          .thresholds = s->drafting.thresholds};
    return drafters_open(&parts, drafter, err);
}

int session_open(Session **session, const SessionConfig *config, Err *err)
{
    Session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for a session");
    s->config = *config;
    s->ctx = session_ctx(config->ctx, &config->target->config);
    s->answer_mean = 128; /* until there were some */
    s->tokens = malloc(sizeof(int) * ((size_t)s->ctx + NODES_MAX));
    DraftConfig resolved;
    if (s->tokens == NULL) {
        err_set(err, EXIT_MEMORY, "no memory for a session of %d tokens", s->ctx);
        goto fail;
    }
    if (context_open(&s->target, config->target, config->kv, config->target->config.layers,
                     s->ctx + NODES_MAX, NODES_MAX, err) ||
        sampler_open(&s->sampler, config->target->config.vocab, err) ||
        drafters_resolve(&config->drafting, config->target, config->draft, &resolved, err))
        goto fail;
    s->config.drafting = config->drafting;
    if (session_open_drafter(s, &resolved, config->target, &s->target, &s->drafter, err) ||
        session_take_features(&resolved, &s->target, err) < 0)
        goto fail;
    s->drafting = resolved;
    session_learn(s);
    *session = s;
    return 0;
fail:
    session_close(s);
    return -1;
}

void session_close(Session *s)
{
    if (s == NULL)
        return;
    if (s->drafter)
        s->drafter->close(s->drafter);
    context_close(&s->target);
    sampler_close(&s->sampler);
    free(s->tokens);
    free(s);
}

/* ---- changes ---- */

int session_set_drafter(Session *s, const DraftConfig *drafting, Err *err)
{
    DraftConfig resolved;
    Drafter *drafter;
    if (drafters_resolve(drafting, s->config.target, s->config.draft, &resolved, err) ||
        session_open_drafter(s, &resolved, s->config.target, &s->target, &drafter, err))
        return -1;
    int taken = session_take_features(&resolved, &s->target, err);
    if (taken < 0) {
        drafter->close(drafter);
        return -1;
    }
    if (s->drafter)
        s->drafter->close(s->drafter);
    s->drafter = drafter;
    s->config.drafting = *drafting;
    s->drafting = resolved;
    session_learn(s);
    if (taken > 0)
        session_read_again(s);
    return 0;
}

void session_set_thresholds(Session *s, const float *thresholds, int n)
{
    s->tuner.on = false;
    session_move_thresholds(s, thresholds, n);
}

void session_set_auto(Session *s, bool on)
{
    s->tuner.on = on;
    if (on && !s->tuner.watched)
        tuner_reset(&s->tuner, s->cost.total_ms);
}

void session_move_thresholds(Session *s, const float *thresholds, int n)
{
    /* Given for the profile's exits; a drafter with one exit takes the last one. */
    if (s->drafting.n_exits == 0 || n < 1)
        return;
    for (int i = 0; i < s->drafting.n_exits; i++) {
        bool last = i == s->drafting.n_exits - 1;
        s->drafting.thresholds[i] = thresholds[last ? n - 1 : i < n ? i : n - 1];
    }
    cost_try_again(&s->cost);
    if (s->tuner.watched && session_has_exits(s))
        report_forecast(s, &(EventForecast){0});
}

int session_thresholds_of(const Session *s, const double *given, int n, float *thresholds)
{
    DraftConfig asked = s->config.drafting, resolved;
    Err none = {0};
    asked.n_thresholds = n;
    for (int i = 0; i < n; i++)
        asked.thresholds[i] = (float)given[i];
    if (drafters_resolve(&asked, s->config.target, s->config.draft, &resolved, &none) != 0)
        return 0;
    memcpy(thresholds, resolved.thresholds, sizeof *thresholds * EXITS_MAX);
    return resolved.n_exits;
}

void session_set_tree(Session *s, TreeShape shape)
{
    s->config.tree = shape;
    cost_try_again(&s->cost);
}

void session_set_sampling(Session *s, Sampling sampling)
{
    s->config.sampling = sampling;
    session_learn(s);
}

void session_set_spec(Session *s, SpecMode spec)
{
    s->config.spec = spec;
}

void session_describe(const Session *s, EventReady *ready)
{
    const ModelConfig *config = &s->config.target->config;
    snprintf(ready->target, sizeof ready->target, "%s", s->config.target->name);
    snprintf(ready->draft, sizeof ready->draft, "%s", s->config.draft ? s->config.draft->name : "");
    drafter_name(s->drafting.kind, s->drafting.fixed_exit, ready->drafter, sizeof ready->drafter);
    snprintf(ready->quant, sizeof ready->quant, "%s", config->quant);
    KvType kv = s->config.kernels->act_f32 ? KV_F32 : s->config.kv;
    snprintf(ready->kv, sizeof ready->kv, "%s", kv_type_name(kv));
    snprintf(ready->device, sizeof ready->device, "%s", s->config.kernels->description);
    ready->n_exits = s->drafting.n_exits;
    memcpy(ready->exits, s->drafting.exits, sizeof ready->exits);
    memcpy(ready->thresholds, s->drafting.thresholds, sizeof ready->thresholds);
    ready->auto_thresholds = s->tuner.on && session_has_exits(s);
    const Model *draft = s->config.draft;
    const DrafterKind *kind = s->drafting.kind;
    bool self = drafter_is_self(kind);
    ready->drafts = s->drafter != NULL;
    ready->drafts_by_model = kind && kind->model == DRAFTER_MODEL_DRAFT;
    ready->exits_in_use =
        kind &&
        (kind->exits == DRAFTER_EXITS_FIXED ||
         (ready->drafts_by_model && kind->exits == DRAFTER_EXITS_NAMED && s->drafting.n_exits > 1));
    const Model *trained = drafters_trained(kind, s->config.target, draft);
    ready->exits_trained = true;
    for (int i = 0; i < s->drafting.n_exits && !drafter_is_head(kind); i++) {
        int layer = s->drafting.exits[i];
        bool whole = !self && layer == draft->config.layers;
        if (!whole && !(trained && model_exit(trained, layer)))
            ready->exits_trained = false;
    }
    if (draft && draft->adapter) {
        const char *slash = strrchr(draft->adapter, '/');
        snprintf(ready->adapter, sizeof ready->adapter, "%s", slash ? slash + 1 : draft->adapter);
    }
    if (drafter_is_head(kind))
        snprintf(ready->head, sizeof ready->head, "%s", s->drafting.head->name);
    ready->vocab = tokenizer_vocab(s->config.target->tokenizer);
    ready->ctx = s->ctx;
    ready->spec = s->config.spec;
    tree_text(&s->config.tree, ready->tree, sizeof ready->tree);
    ready->temperature = s->config.sampling.temperature;
    ready->top_k = s->config.sampling.top_k;
    ready->top_p = s->config.sampling.top_p;
    ready->seed = (int)s->config.sampling.seed;
    for (int i = 0; i < VERIFY_POINTS; i++)
        ready->verify_ms[i] = s->cost.verify.ms[i];
}

Model *session_target(const Session *s)
{
    return s->config.target;
}

const Calibration *session_accept(const Session *s)
{
    return s->cost.accept;
}

const int *session_tokens(const Session *s, int *n)
{
    *n = s->n;
    return s->tokens;
}
