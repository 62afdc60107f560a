/* verify.c - see verify.h. */
#include "engine/decode/verify.h"

#include <assert.h>

static void pass(Context *c, const Tree *tree, const int *nodes, int n, int length, int from,
                 int upto)
{
    int slot[NODES_MAX], prefix[NODES_MAX], ids[NODES_MAX];
    uint64_t mask[NODES_MAX];
    Batch batch;
    tree_batch(tree, nodes, n, length, slot, prefix, mask, &batch);
    for (int i = 0; i < n; i++)
        ids[i] = tree->node[nodes[i]].token;
    forward(c, &batch, ids, from, upto);
}

void verify(Context *c, const Tree *tree, int length, const Resume *resume)
{
    Kernels *k = c->model->kernels;
    int layers = c->model->config.layers;
    size_t H = (size_t)c->model->config.hidden;
    int nodes[NODES_MAX] = {0}, done[NODES_MAX];
    assert(tree->n <= c->logit_rows);
    for (int i = 0; i < tree->n; i++) {
        nodes[i] = i;
        done[i] = resume ? resume->layer[tree->node[i].slot] : 0;
    }
    if (resume == NULL) {
        pass(c, tree, nodes, tree->n, length, 0, layers);
        head(c, c->hidden, tree->n);
        k->wait(k);
        return;
    }
    /* Level by level: the nodes that stand lowest go on to where the next ones wait, and join
     * them. */
    for (int level = 0; level < layers;) {
        int next = layers, n = 0;
        for (int i = 0; i < tree->n; i++) {
            if (done[i] == level)
                nodes[n++] = i;
            else if (done[i] < next)
                next = done[i];
        }
        for (int i = 0; i < n && level > 0; i++)
            hidden_copy(c, c->hidden + i * H, resume->hidden + tree->node[nodes[i]].slot * H, 1);
        if (n > 0)
            pass(c, tree, nodes, n, length, level, next);
        for (int i = 0; i < n; i++) {
            hidden_copy(c, resume->hidden + tree->node[nodes[i]].slot * H, c->hidden + i * H, 1);
            done[nodes[i]] = next;
        }
        level = next;
    }
    for (int i = 0; i < tree->n; i++)
        hidden_copy(c, c->hidden + i * H, resume->hidden + tree->node[i].slot * H, 1);
    head(c, c->hidden, tree->n);
    k->wait(k);
}

int accept_path(Context *c, Sampler *sampler, const Tree *tree, const AcceptRules *rules,
                Acceptance *acceptance)
{
    Kernels *k = c->model->kernels;
    int vocab = c->model->config.vocab;
    int known =
        tokenizer_vocab(c->model->tokenizer); /* padded tables have rows that are no tokens */
    Draws draws;
    DrawRows rows = {.logits = c->logits,
                     .n = tree->n,
                     .stride = vocab,
                     .vocab = vocab,
                     .limit = known,
                     .count = 1};
    for (int i = 0; i < tree->n; i++)
        rows.position[i] = rules->position + tree->node[i].depth;
    draws_open(&draws, sampler, k, &rows, rules->sampling);
    int node = 0, token;
    float score;
    acceptance->n = 0;
    while (node >= 0 && sample_ranked(&draws, node, &token, &score) > 0) {
        acceptance->path[acceptance->n++] = node;
        acceptance->bonus = token;
        bool ended = rules->ends && rules->ends(rules->user, token);
        if (ended || acceptance->n == rules->max_tokens ||
            (rules->stop && tokenizer_is_end(rules->stop, token)))
            break;
        node = tree_child(tree, node, token);
    }
    return acceptance->n > 0 ? 0 : -1;
}

void keep_path(Context *c, const Tree *tree, const Acceptance *acceptance, int length)
{
    int from[NODES_MAX];
    for (int i = 0; i < acceptance->n; i++)
        from[i] = length + tree->node[acceptance->path[i]].slot;
    context_move(c, from, acceptance->n, length);
}
