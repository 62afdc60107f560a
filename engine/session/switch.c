/* switch.c - another target takes over the conversation; the draft and its cache stay. */
#include "engine/session/session_state.h"

#include <string.h>

/* Has the draft another vocabulary than that target? */
static bool translates(const Session *s, const Model *target)
{
    const Model *draft = s->config.draft;
    return draft && tokenizer_compatible(draft->tokenizer, target->tokenizer, NULL) != 0;
}

int session_switch(Session *s, Model *target, int index, const DraftConfig *pair, Err *err)
{
    double start = clock_ms();
    int known = tokenizer_vocab(target->tokenizer);
    for (int i = 0; i < s->n; i++) {
        GgufString old = tokenizer_piece(s->config.target->tokenizer, s->tokens[i]);
        GgufString new = tokenizer_piece(target->tokenizer, s->tokens[i]);
        if (s->tokens[i] >= known || old.length != new.length ||
            memcmp(old.data, new.data, old.length) != 0)
            return err_set(err, EXIT_DATA,
                           "the conversation holds token %d ('%.*s'), which %s spells '%.*s'; "
                           "/clear first, or choose another target",
                           s->tokens[i], (int)old.length, old.data, target->name, (int)new.length,
                           new.data);
    }
    if (s->n >= session_ctx(s->ctx, &target->config))
        return err_set(err, EXIT_DATA, "the conversation has %d tokens, %s reads at most %d", s->n,
                       target->name, target->config.context);

    DraftConfig asked = s->config.drafting, resolved;
    bool other = pair->kind != asked.kind || pair->fixed_exit != asked.fixed_exit;
    asked.kind = pair->kind;
    asked.fixed_exit = pair->fixed_exit;
    asked.head = pair->head;
    asked.n_thresholds = pair->n_thresholds;
    memcpy(asked.thresholds, pair->thresholds, sizeof asked.thresholds);
    asked.accept = pair->accept;
    if (drafters_resolve(&asked, target, s->config.draft, &resolved, err))
        return -1;
    Context context;
    Sampler sampler = {0};
    if (context_open(&context, target, s->config.kv, target->config.layers, s->ctx + NODES_MAX,
                     NODES_MAX, err))
        return -1;
    if (target->config.vocab > s->sampler.vocab &&
        sampler_open(&sampler, target->config.vocab, err)) {
        context_close(&context);
        return -1;
    }
    /* Of one kind, only a drafter that lives in the target's own cache, was trained for it, or
     * translates for it, has to go with it. */
    bool kept = !other && !drafter_is_self(resolved.kind) && !drafter_is_head(resolved.kind) &&
                !translates(s, s->config.target) && !translates(s, target);
    Drafter *drafter = s->drafter;
    if (session_take_features(&resolved, &context, err) < 0 ||
        (!kept && session_open_drafter(s, &resolved, target, &s->target, &drafter, err))) {
        sampler_close(&sampler);
        context_close(&context);
        return -1;
    }

    /* From here on nothing can fail. */
    if (!kept && s->drafter)
        s->drafter->close(s->drafter);
    context_close(&s->target);
    s->target = context;
    s->drafter = drafter;
    s->drafting = resolved;
    s->config.drafting = asked;
    s->config.target = target;
    if (sampler.vocab > 0) {
        sampler_close(&s->sampler);
        s->sampler = sampler;
    }
    int cached = s->cached;
    s->cached = 0;
    session_learn(s);
    s->tuner.upto = cached; /* what is read as a prompt now, `self` must not run as an answer */
    report_switch(s, SWITCH_PREFILL, index, 0, NULL, true, clock_ms() - start);
    session_prefill(s, cached, true);
    report_switch(s, SWITCH_DONE, index, 1, NULL, kept, clock_ms() - start);
    if (s->answering) { /* each target is credited with its own rounds */
        report_begin(s);
        cost_begin_answer(&s->cost);
    }
    return 0;
}
