/* tree_static.c - the trees that heads were published with: who has a node at all is fixed, by rank, and
 * only the tokens differ.
 *
 * A path is a digit for each step: "021" is the second best (from 0) below the third best below the
 * best. EAGLE's 25 nodes and Medusa's 63, which Hydra takes over, are those of the authors' code
 * (choices.py, medusa_choices.py: mc_sim_7b_63).
 */
#include "engine/draft/tree_static.h"

#include <string.h>

const char *const tree_paths_eagle[] = {
    "0",   "1",   "2",    "3",    "00",   "01",    "02",    "10",  "11",
    "20",  "21",  "30",   "000",  "001",  "002",   "010",   "011", "020",
    "021", "100", "0000", "0001", "0002", "00000", "00001", NULL,
};

const char *const tree_paths_medusa[] = {
    "0",   "1",   "2",   "3",   "4",   "5",   "6",   "7",   "8",   "9",    "00",   "01",  "02",
    "03",  "04",  "05",  "06",  "07",  "08",  "09",  "10",  "11",  "12",   "13",   "14",  "15",
    "16",  "20",  "21",  "22",  "30",  "31",  "40",  "50",  "60",  "70",   "80",   "90",  "000",
    "001", "002", "003", "004", "005", "006", "007", "008", "009", "010",  "011",  "012", "020",
    "021", "030", "040", "050", "060", "070", "100", "101", "200", "0000", "0001", NULL,
};

enum { PATHS_MAX = NODES_MAX - 1 };

/* Where a path's parent is in the list; -1 = it is the root. */
static int parent_of(const char *const *paths, int i)
{
    size_t length = strlen(paths[i]) - 1;
    for (int p = 0; length > 0 && p < i; p++)
        if (strlen(paths[p]) == length && strncmp(paths[p], paths[i], length) == 0)
            return p;
    return -1;
}

/* The candidate of that rank below a node; NULL = so many were not proposed. */
static Candidate *ranked_below(TreeBuild *b, int slot, int rank)
{
    for (int i = 0; i < b->n_candidates; i++)
        if (b->candidate[i].parent == slot && rank-- == 0)
            return &b->candidate[i];
    return NULL;
}

static bool has_children(const char *const *paths, int i)
{
    size_t length = strlen(paths[i]);
    for (int c = i + 1; paths[c]; c++)
        if (strlen(paths[c]) == length + 1 && strncmp(paths[c], paths[i], length) == 0)
            return true;
    return false;
}

void tree_build_static(TreeBuild *b, const Proposal *in, Tree *tree)
{
    Candidate *at[PATHS_MAX] = {0}, *chosen[PATHS_MAX];
    int frontier[EXPAND_MAX] = {0}, n_frontier = 1, n_chosen = 0;
    tree_begin(b, in);
    for (int depth = 1; depth <= in->max_depth && n_frontier > 0; depth++) {
        double before = kernels_ms(b->kernels);
        b->expand(b, in, frontier, n_frontier, in->shape.width);
        curve_add(&in->cost->draft, n_frontier + (depth == 1 ? b->behind : 0),
                  kernels_ms(b->kernels) - before);
        n_frontier = 0;
        for (int i = 0; b->paths[i] && n_chosen < in->max_nodes; i++) {
            if ((int)strlen(b->paths[i]) != depth)
                continue;
            int parent = parent_of(b->paths, i), rank = b->paths[i][depth - 1] - '0';
            if (parent >= 0 && (at[parent] == NULL || at[parent]->slot < 0))
                continue;
            at[i] = ranked_below(b, parent < 0 ? 0 : at[parent]->slot, rank);
            if (at[i] == NULL)
                continue;
            chosen[n_chosen++] = at[i];
            if (has_children(b->paths, i) && n_frontier < EXPAND_MAX && depth < in->max_depth)
                frontier[n_frontier++] = tree_grow(b, at[i]);
        }
    }
    tree_finish(b, chosen, n_chosen, tree);
}
