/* evidence.c - see evidence.h. */
#include "ui/evidence.h"

static int bin_of(float p)
{
    int bin = (int)(p * EVIDENCE_BINS);
    return bin < 0 ? 0 : bin >= EVIDENCE_BINS ? EVIDENCE_BINS - 1 : bin;
}

static int index_of(const int *exits, int n, int layer)
{
    for (int i = 0; i < n; i++)
        if (exits[i] == layer)
            return i;
    return -1;
}

/* The token that came to stand behind the place `id`: of an accepted child, or the target's own. */
static int token_behind(const EventRound *round, int id)
{
    for (int i = 0; i < round->n_nodes; i++)
        if (round->nodes[i].parent == id && round->nodes[i].accepted)
            return round->nodes[i].token;
    return round->bonus_token;
}

static bool is_text(const EventRound *round, int id)
{
    for (int i = 0; i < round->n_nodes && id != 0; i++)
        if (round->nodes[i].id == id)
            return round->nodes[i].accepted;
    return id == 0;
}

/* node: the first of its parent's children. */
static void add_place(Evidence *evidence, const int *exits, int n, const EventRound *round,
                      const EventNode *node, bool greedy)
{
    int token = token_behind(round, node->parent);
    for (int v = 0; v < node->n_visited && v < EXITS_MAX; v++) {
        const EventVisit *visit = &node->visited[v];
        int exit = index_of(exits, n, visit->exit), bin = bin_of(visit->p);
        if (exit < 0 || visit->exit > node->exit)
            continue;
        if (visit->exit < node->exit)
            evidence[exit].stayed[bin]++;
        else if (greedy ? visit->token == token : node->token == token)
            evidence[exit].taken[bin]++;
        else
            evidence[exit].refused[bin]++;
    }
}

void evidence_add(Evidence *evidence, const int *exits, int n_exits, const EventRound *round,
                  bool greedy)
{
    for (int i = 0; i < round->n_nodes; i++) {
        const EventNode *node = &round->nodes[i];
        bool first = node->exit > 0;
        for (int j = 0; j < i && first; j++)
            first = round->nodes[j].parent != node->parent || round->nodes[j].exit == 0;
        if (first && is_text(round, node->parent))
            add_place(evidence, exits, n_exits, round, node, greedy);
    }
}

EvidenceSums evidence_sums(const Evidence *evidence)
{
    EvidenceSums sums = {0};
    for (int b = 0; b < EVIDENCE_BINS; b++) {
        sums.taken += evidence->taken[b];
        sums.refused += evidence->refused[b];
        sums.stayed += evidence->stayed[b];
    }
    return sums;
}
