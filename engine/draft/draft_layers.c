/* draft_layers.c - a draft's layers, cut at its exits: their KV cache, what waits between them, and
 * which exits are open.
 *
 * Invariant between rounds: length[0] >= length[1] >= …, and pending[r] holds exactly the residual
 * streams of positions length[r] … length[r-1]-1.
 *
 * In the target's own cache (`self`) the committed text has its keys and values already. An exit's
 * own layer needs its residual stream again, so there too the draft reads what was committed, and
 * only leaves those keys and values as they are.
 */
#include <assert.h>
#include <string.h>

#include "engine/draft/draft.h"
#include "engine/draft/keeps_to_list.h"

int draft_start(const Draft *d, int r)
{
    return r == 0 ? 0 : d->exit[r - 1];
}

size_t draft_width(const Draft *d)
{
    return (size_t)d->context->model->config.hidden;
}

int draft_waiting(const Draft *d, int r)
{
    return r == 0 || !d->follows ? 0 : d->length[r - 1] - d->length[r];
}

bool draft_is_open(const Draft *d, int r)
{
    /* Where the whole vocabulary is scored, an exit that was trained on the list knows nothing. */
    bool foreign = d->trained[r] && d->context->model->short_head && !d->narrow;
    bool wanted = d->asked == EXITS_ALL || (d->asked == EXITS_BY_THRESHOLD && d->threshold[r] < 1);
    return r == d->ranges - 1 || (wanted && !foreign);
}

bool draft_has_own(const Draft *d, int r)
{
    return d->trained[r] && d->trained[r]->own;
}

/* The target may have tokens that the draft has no row for. No text becomes one of those that
 * differ, so what the draft reads in its place hardly matters. */
static int known_token(const Draft *d, int token)
{
    return token >= 0 && token < d->context->model->config.vocab ? token : 0;
}

/* What the draft reads for a node: the root is a token of its own text, the others are the target's. */
static int token_of(const Draft *d, int slot)
{
    int token = d->build.grown.node[slot].token;
    return known_token(d, d->words && slot > 0 ? d->words->translation.to_draft[token] : token);
}

void draft_range(Draft *d, int r, const int *nodes, int n, const int *tokens, int n_tokens)
{
    Context *c = d->context;
    size_t H = draft_width(d);
    int fresh = r == 0 && tokens ? n_tokens - d->length[0] : 0;
    int committed = r == 0 ? fresh : draft_waiting(d, r);
    int total = committed + n;
    if (total == 0)
        return;
    assert(total <= ROWS_MAX);

    int slot[ROWS_MAX], prefix[ROWS_MAX], ids[ROWS_MAX];
    uint64_t mask[ROWS_MAX];
    Batch batch;
    tree_batch(&d->build.grown, nodes, n, d->base, slot + committed, prefix + committed,
               mask + committed, &batch);
    for (int i = 0; i < committed; i++) {
        slot[i] = d->length[r] + i;
        prefix[i] = slot[i] + 1;
        mask[i] = 0;
    }
    batch = (Batch){.n = total, .slot = slot, .prefix = prefix, .mask = mask, .base = d->base};
    if (r == 0) {
        for (int i = 0; i < committed; i++)
            ids[i] = known_token(d, tokens[d->length[0] + i]);
        for (int i = 0; i < n; i++)
            ids[committed + i] = token_of(d, nodes[i]);
    } else {
        hidden_copy(c, c->hidden, d->pending[r], committed);
        for (int i = 0; i < n; i++)
            hidden_copy(c, c->hidden + (committed + i) * H, d->hidden + nodes[i] * H, 1);
    }
    forward_kv_present(c, &batch, d->shared ? committed : 0, ids, draft_start(d, r), d->exit[r]);

    if (d->follows && r + 1 < d->reach)
        hidden_copy(c, d->pending[r + 1] + draft_waiting(d, r + 1) * H, c->hidden, committed);
    if (fresh > 0)
        memcpy(d->tokens + d->length[0], tokens + d->length[0], sizeof(int) * (size_t)fresh);
    d->length[r] += committed;
    for (int i = 0; i < n; i++) {
        hidden_copy(c, d->hidden + nodes[i] * H, c->hidden + (committed + i) * H, 1);
        d->done[nodes[i]] = r + 1;
    }
    if (!draft_has_own(d, r))
        return;
    /* Committed tokens are not asked, nor is anything where the exit is closed. */
    int kv_only = draft_is_open(d, r) ? committed : total;
    const Model *model = c->model;
    LayerPass pass = {.layer = d->trained[r]->own,
                      .kv = d->exit_kv,
                      .index = d->trained[r]->kv,
                      .kv_only = kv_only,
                      .next = d->narrow ? model->short_head : model->head};
    layer_forward(c, &pass, &batch);
    for (int i = 0; i < total - kv_only; i++)
        hidden_copy(c, d->said + nodes[i] * H, c->hidden + (committed + i) * H, 1);
}

void draft_settle(Draft *d)
{
    int reach = d->ranges;
    if (d->asked == EXITS_BY_THRESHOLD)
        reach = drafter_reach(d->threshold, d->ranges);
    if (reach > d->reach) /* what was left out has to be read: again from where that begins */
        for (int r = 0; r < d->ranges; r++)
            d->length[r] = d->length[reach - 1];
    d->reach = reach;
}

void draft_begin(Draft *d, const int *tokens, int n)
{
    const Model *model = d->context->model;
    d->base = n - 1;
    memset(d->done, 0, sizeof d->done);
    bool listed = model->short_head && (d->words == NULL || d->words->narrow.n > 0);
    draft_narrow(
        d, listed && keeps_to_list(model->short_ids, model->n_short, model->tokenizer, tokens, n));
}

void draft_narrow(Draft *d, bool narrow)
{
    const Model *model = d->context->model;
    d->narrow = narrow;
    d->sampler.tokens = d->narrow ? model->short_ids : NULL;
    d->sampler.device_tokens = d->narrow ? model->device_ids : NULL;
    if (d->words) {
        const WordList *list = d->narrow ? &d->words->narrow : &d->words->whole;
        d->sampler.tokens = list->tokens;
        d->sampler.device_tokens = list->device_tokens;
    }
}
