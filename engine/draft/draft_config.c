/* draft_config.c - which layers and exits draft, and from which confidence: from what was asked for to
 * what these models have; see drafters.h.
 */
#include <string.h>

#include "engine/draft/drafters.h"

/* Thresholds where nobody gave any. Untrained exits agree with their model 2-5 % of the time, so they
 * stay closed unless somebody sets a threshold below 1; trained ones take what is more likely than
 * not. The last exit stops drafting where it is very unsure. */
static const float CLOSED = 1.0f, LIKELY = 0.5f, UNSURE = 0.2f;

bool drafter_is_self(const DrafterKind *kind)
{
    return kind && kind->model == DRAFTER_MODEL_TARGET;
}

const Model *drafters_trained(const DrafterKind *kind, const Model *target, const Model *draft)
{
    bool same_base = draft && strcmp(draft->path, target->path) == 0 && !draft->changed;
    return !drafter_is_self(kind) || same_base ? draft : NULL;
}

bool drafter_is_head(const DrafterKind *kind)
{
    return kind && kind->model == DRAFTER_MODEL_HEAD;
}

int drafters_thresholds(const DraftConfig *asked)
{
    return asked->n_exits > 0 ? asked->n_exits : 1;
}

int drafter_reach(const float *thresholds, int n_exits)
{
    int reach = 1;
    while (reach < n_exits && thresholds[reach - 1] > 0)
        reach++;
    return reach;
}

/* One exit, so to say: its end. */
static int resolve_head(const DraftConfig *asked, const Model *target, DraftConfig *resolved,
                        Err *err)
{
    const char *kind = asked->kind->name;
    const Head *head = asked->head;
    if (head == NULL)
        return err_set(err, EXIT_USAGE,
                       "%s has no %s head here; train one, or name its file: %s:FILE", target->name,
                       kind, kind);
    if (strcmp(head_kind_name(head->info.kind), kind) != 0)
        return err_set(err, EXIT_DATA, "%s is a head of the kind %s, not %s", head->name,
                       head_kind_name(head->info.kind), kind);
    resolved->layers = resolved->n_exits = resolved->n_thresholds = resolved->exits[0] = 1;
    resolved->thresholds[0] = UNSURE;
    if (asked->n_thresholds > 0)
        resolved->thresholds[0] = asked->thresholds[asked->n_thresholds - 1];
    return 0;
}

int drafters_resolve(const DraftConfig *asked, const Model *target, const Model *draft,
                     DraftConfig *resolved, Err *err)
{
    *resolved = *asked;
    const DrafterKind *kind = asked->kind;
    bool self = drafter_is_self(kind);
    const Model *model = self ? target : draft;
    if (drafter_is_head(kind))
        return resolve_head(asked, target, resolved, err);
    if (kind == NULL || kind->exits == DRAFTER_EXITS_NONE) {
        resolved->n_exits = resolved->n_thresholds = 0;
        return 0;
    }
    if (model == NULL)
        return err_set(err, EXIT_USAGE,
                       "this drafter needs a draft model and the profile has none; "
                       "use plain, self or ngram, or name one with --draft");
    int layers = model->config.loaded;
    int most = self ? layers - 1 : asked->layers > 0 ? asked->layers : layers;
    if (most > layers || most < 1)
        return err_set(err, EXIT_DATA,
                       "%s has %d layers: a draft of %d of them cannot be cut from it", model->name,
                       layers, most);
    resolved->layers = most;
    resolved->n_exits = 0;
    if (kind->exits == DRAFTER_EXITS_FIXED) {
        if (asked->fixed_exit < 1 || asked->fixed_exit > most)
            return err_set(err, EXIT_USAGE, "exit:%d is not a layer of the draft (1 ... %d)",
                           asked->fixed_exit, most);
        resolved->exits[resolved->n_exits++] = asked->fixed_exit;
    } else if (kind->exits == DRAFTER_EXITS_LAST || (asked->n_exits == 0 && !self)) {
        resolved->exits[resolved->n_exits++] = most;
    } else {
        for (int i = 0; i < asked->n_exits; i++) {
            int exit = asked->exits[i];
            if (exit > most && self)
                break; /* exits named for a deeper draft */
            if (exit < 1 || exit > most || (i > 0 && exit <= asked->exits[i - 1]))
                return err_set(err, EXIT_DATA,
                               "exit %d: exits must ascend within the draft's %d layers", exit,
                               most);
            resolved->exits[resolved->n_exits++] = exit;
        }
        if (resolved->n_exits == 0)
            resolved->exits[resolved->n_exits++] =
                (3 * layers + 3) / 4 <= most ? (3 * layers + 3) / 4 : most;
    }
    const Model *trained = drafters_trained(kind, target, draft);
    for (int i = 0; i < resolved->n_exits; i++) {
        bool last = i == resolved->n_exits - 1;
        bool is_trained = trained && model_exit(trained, resolved->exits[i]);
        if (asked->n_thresholds == drafters_thresholds(asked))
            resolved->thresholds[i] = asked->thresholds[last ? asked->n_thresholds - 1 : i];
        else
            resolved->thresholds[i] = last ? UNSURE : is_trained ? LIKELY : CLOSED;
    }
    resolved->n_thresholds = resolved->n_exits;
    return 0;
}

int drafters_depth(const DraftConfig *resolved)
{
    int reach = drafter_reach(resolved->thresholds, resolved->n_exits);
    return resolved->n_exits > 0 ? resolved->exits[reach - 1] : 0;
}
