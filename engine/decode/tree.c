/* tree.c - see tree.h. */
#include "engine/decode/tree.h"

uint64_t tree_mask(const Tree *tree, int node)
{
    uint64_t mask = 0;
    for (int i = node; i >= 0; i = tree->node[i].parent)
        mask |= UINT64_C(1) << tree->node[i].slot;
    return mask;
}

int tree_child(const Tree *tree, int node, int token)
{
    for (int i = node + 1; i < tree->n; i++)
        if (tree->node[i].parent == node && tree->node[i].token == token)
            return i;
    return -1;
}

void tree_batch(const Tree *tree, const int *nodes, int n, int length, int *slot, int *prefix,
                uint64_t *mask, Batch *batch)
{
    for (int i = 0; i < n; i++) {
        slot[i] = length + tree->node[nodes[i]].slot;
        prefix[i] = length;
        mask[i] = tree_mask(tree, nodes[i]);
    }
    *batch = (Batch){.n = n, .slot = slot, .prefix = prefix, .mask = mask, .base = length};
}
