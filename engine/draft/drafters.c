/* drafters.c - which layers of which model draft: from what a profile or a person asks for to a
 * drafter. */
#include "engine/decode/session_state.h"

#include <stdio.h>
#include <string.h>

const Model *drafting_trained(DrafterKind kind, const Model *target, const Model *draft)
{
    bool same_base = draft && strcmp(draft->path, target->path) == 0 && !draft->changed;
    return kind != DRAFTER_SELF || same_base ? draft : NULL;
}

int drafting_thresholds(const DraftConfig *in)
{
    return in->n_exits > 0 ? in->n_exits : 1;
}

/* A copy of `in` with everything filled in that the drafter needs, for these models. */
int drafting_resolve(const DraftConfig *in, const Model *target, const Model *draft,
                     DraftConfig *out, Err *err)
{
    *out = *in;
    const Model *model = in->kind == DRAFTER_SELF ? target : draft;
    if (in->kind == DRAFTER_PLAIN || in->kind == DRAFTER_NGRAM) {
        out->n_exits = out->n_thresholds = 0;
        return 0;
    }
    if (model == NULL)
        return err_set(err, EXIT_USAGE,
                       "this drafter needs a draft model and the profile has none; "
                       "use plain, self or ngram, or name one with --draft");
    int layers = model->config.loaded;
    int most = in->kind == DRAFTER_SELF ? layers - 1 : in->layers > 0 ? in->layers : layers;
    if (most > layers || most < 1)
        return err_set(err, EXIT_DATA,
                       "%s has %d layers: a draft of %d of them cannot be cut from it", model->name,
                       layers, most);
    out->layers = most;
    out->n_exits = 0;
    if (in->kind == DRAFTER_EXIT) {
        if (in->fixed_exit < 1 || in->fixed_exit > most)
            return err_set(err, EXIT_USAGE, "exit:%d is not a layer of the draft (1 ... %d)",
                           in->fixed_exit, most);
        out->exits[out->n_exits++] = in->fixed_exit;
    } else if (in->kind == DRAFTER_SD || (in->n_exits == 0 && in->kind != DRAFTER_SELF)) {
        out->exits[out->n_exits++] = most;
    } else {
        for (int i = 0; i < in->n_exits; i++) {
            int exit = in->exits[i];
            if (exit > most && in->kind == DRAFTER_SELF)
                break; /* exits named for a deeper draft */
            if (exit < 1 || exit > most || (i > 0 && exit <= in->exits[i - 1]))
                return err_set(err, EXIT_DATA,
                               "exit %d: exits must ascend within the draft's %d layers", exit,
                               most);
            out->exits[out->n_exits++] = exit;
        }
        if (out->n_exits == 0)
            out->exits[out->n_exits++] = (3 * layers + 3) / 4 <= most ? (3 * layers + 3) / 4 : most;
    }
    /* Untrained exits agree with their model 2-5 % of the time, so they stay closed unless somebody
     * sets a threshold below 1; trained ones take what is more likely than not. The last exit stops
     * drafting where it is very unsure. */
    static const float CLOSED = 1.0f, LIKELY = 0.5f, UNSURE = 0.2f;
    const Model *trained = drafting_trained(in->kind, target, draft);
    for (int i = 0; i < out->n_exits; i++) {
        bool last = i == out->n_exits - 1;
        bool is_trained = trained && model_exit(trained, out->exits[i]);
        if (in->n_thresholds == drafting_thresholds(in))
            out->thresholds[i] = in->thresholds[last ? in->n_thresholds - 1 : i];
        else
            out->thresholds[i] = last ? UNSURE : is_trained ? LIKELY : CLOSED;
    }
    out->n_thresholds = out->n_exits;
    return 0;
}

int drafting_depth(const DraftConfig *resolved)
{
    int reach = drafter_reach(resolved->thresholds, resolved->n_exits);
    return resolved->n_exits > 0 ? resolved->exits[reach - 1] : 0;
}

int drafting_open(Session *s, const DraftConfig *resolved, Model *target, Context *context,
                  Drafter **drafter, Err *err)
{
    *drafter = NULL;
    int slots = s->ctx + NODES_MAX;
    Model *model = resolved->kind == DRAFTER_SELF ? target : s->config.draft;
    const Model *trained = drafting_trained(resolved->kind, target, s->config.draft);
    if (resolved->kind == DRAFTER_PLAIN)
        return 0;
    if (resolved->kind == DRAFTER_NGRAM)
        return ngram_open(drafter, err);
    if (resolved->kind != DRAFTER_SELF)
        context = NULL; /* a cache of its own */
    if (draft_open(drafter, model, trained, context, s->config.kv, slots, resolved->exits,
                   resolved->n_exits, s->drafting.thresholds, err) != 0)
        return -1;
    if (resolved->kind == DRAFTER_S2D_FRONTIER)
        draft_by_frontier(*drafter);
    return resolved->kind == DRAFTER_NGRAM_S2D ? ngram_join(drafter, err) : 0;
}

/* exit:L has its layer behind it. */
static const struct {
    const char *name;
    DrafterKind kind;
} drafters[] = {{"plain", DRAFTER_PLAIN},
                {"sd", DRAFTER_SD},
                {"s2d", DRAFTER_S2D},
                {"s2d-frontier", DRAFTER_S2D_FRONTIER},
                {"self", DRAFTER_SELF},
                {"ngram", DRAFTER_NGRAM},
                {"ngram+s2d", DRAFTER_NGRAM_S2D}};
enum { DRAFTERS = sizeof drafters / sizeof *drafters };

int drafter_parse(const char *text, DrafterKind *kind, int *layer)
{
    *layer = 0;
    for (int i = 0; i < DRAFTERS; i++)
        if (strcmp(text, drafters[i].name) == 0) {
            *kind = drafters[i].kind;
            return 0;
        }
    char rest;
    *kind = DRAFTER_EXIT;
    return sscanf(text, "exit:%d%c", layer, &rest) == 1 && *layer >= 1 && *layer < 1000 ? 0 : -1;
}

void drafter_name(DrafterKind kind, int layer, char *text, size_t size)
{
    snprintf(text, size, "exit:%d", layer);
    for (int i = 0; i < DRAFTERS; i++)
        if (drafters[i].kind == kind)
            snprintf(text, size, "%s", drafters[i].name);
}

int tree_parse(const char *text, TreeShape *shape)
{
    if (strcmp(text, "auto") == 0 || strcmp(text, "off") == 0) {
        *shape = (TreeShape){.automatic = true, .width = text[0] == 'o'};
        return 0;
    }
    int depth, width, nodes;
    char rest;
    if (sscanf(text, "%dx%dx%d%c", &depth, &width, &nodes, &rest) != 3 || depth < 1 ||
        depth > DEPTH_MAX || width < 1 || width > RANKED_MAX || nodes < 1 || nodes >= NODES_MAX)
        return -1;
    *shape = (TreeShape){.depth = depth, .width = width, .nodes = nodes};
    return 0;
}
