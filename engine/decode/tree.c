/* tree.c - see tree.h. */
#include "engine/decode/tree.h"

#include <stdio.h>
#include <string.h>

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

int tree_parse(const char *text, TreeShape *shape)
{
    if (strcmp(text, "auto") == 0 || strcmp(text, "off") == 0) {
        *shape = (TreeShape){.automatic = true, .width = text[0] == 'o'};
        return 0;
    }
    if (strcmp(text, "static") == 0) {
        *shape =
            (TreeShape){.published = true, .depth = DEPTH_MAX, .width = 10, .nodes = NODES_MAX - 1};
        return 0;
    }
    int depth, width, nodes;
    char rest;
    if (sscanf(text, "%dx%dx%d%c", &depth, &width, &nodes, &rest) != 3 || depth < 1 ||
        depth > DEPTH_MAX || width < 1 || width > TREE_WIDTH_MAX || nodes < 1 || nodes >= NODES_MAX)
        return -1;
    *shape = (TreeShape){.depth = depth, .width = width, .nodes = nodes};
    return 0;
}

void tree_text(const TreeShape *shape, char *out, size_t bytes)
{
    if (shape->automatic || shape->published)
        snprintf(out, bytes, "%s",
                 shape->published    ? "static"
                 : shape->width == 1 ? "off"
                                     : "auto");
    else
        snprintf(out, bytes, "%dx%dx%d", shape->depth, shape->width, shape->nodes);
}
