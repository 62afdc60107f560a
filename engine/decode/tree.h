/* tree.h - the tokens that a draft proposes for one round.
 *
 * Node 0 is the root: the last committed token, whose keys and values are in no cache yet. Parents
 * come before their children. A node's `slot` is its place behind the committed text in a KV cache
 * and its bit in the ancestor masks; along every path slots ascend with depth, as kernels.h wants
 * it.
 */
#ifndef S2D_ENGINE_DECODE_TREE_H
#define S2D_ENGINE_DECODE_TREE_H

#include "engine/decode/event.h"
#include "kernels/kernels.h"

enum { TREE_WIDTH_MAX = 16 }; /* most children of a node */

typedef struct TreeNode {
    int parent; /* index; -1 for the root */
    int token;
    int depth;  /* root 0 */
    int slot;   /* 0 … NODES_MAX - 1, root 0 */
    float p;    /* conditional probability, as the proposing exit says */
    float path; /* probability of the whole path, as the drafter ranks it */
    int exit;   /* layer of the proposing exit; 0 = no model */
    int n_visited;
    EventVisit visited[EXITS_MAX];
} TreeNode;

typedef struct Tree {
    int n; /* nodes, the root included: 1 … NODES_MAX */
    TreeNode node[NODES_MAX];
} Tree;

/* The shape that a tree may have. */
typedef struct TreeShape {
    bool automatic; /* depth, width and nodes from the cost model */
    bool published; /* the tree that a head's authors give: only heads have one */
    int depth;      /* 1 … DEPTH_MAX */
    int width;      /* children per node at most; 1 = a chain */
    int nodes;      /* 1 … NODES_MAX - 1, the root not counted */
} TreeShape;

/* "auto", "off" (a chain of automatic length), "static" (the published one) or "DxWxN"; -1 = unknown or
 * out of range. */
int tree_parse(const char *text, TreeShape *shape);

/* The same the other way. */
void tree_text(const TreeShape *shape, char *out, size_t bytes);

/* The slots that a node sees beyond the committed text: its ancestors' and its own. */
uint64_t tree_mask(const Tree *tree, int node);

/* The child of `node` that carries `token`, or -1. */
int tree_child(const Tree *tree, int node, int token);

/* A batch of tree nodes over `length` committed tokens in the cache; arrays are the caller's,
 * [n]. */
void tree_batch(const Tree *tree, const int *nodes, int n, int length, int *slot, int *prefix,
                uint64_t *mask, Batch *batch);

#endif
