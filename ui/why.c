/* why.c - see why.h. */
#include "ui/why.h"

#include <string.h>

/* ---- the tree ---- */

/* Accepted before others, then by probability. */
static bool comes_before(const EventNode *a, const EventNode *b)
{
    return a->accepted != b->accepted ? a->accepted : a->p > b->p;
}

static void add_children(WhyTree *tree, int parent, bool *seen)
{
    const EventRound *round = tree->round;
    for (;;) {
        int next = -1;
        for (int i = 0; i < round->n_nodes; i++)
            if (!seen[i] && round->nodes[i].parent == parent &&
                (next < 0 || comes_before(&round->nodes[i], &round->nodes[next])))
                next = i;
        if (next < 0)
            return;
        seen[next] = true;
        tree->order[tree->n++] = next;
        add_children(tree, round->nodes[next].id, seen);
    }
}

void why_tree(WhyTree *tree, const EventRound *round)
{
    *tree = (WhyTree){.round = round};
    bool seen[NODES_MAX] = {false};
    add_children(tree, 0, seen);
    int depth = 0;
    for (int i = 0; i < round->n_nodes; i++)
        if (round->nodes[i].accepted && round->nodes[i].depth > depth) {
            depth = round->nodes[i].depth;
            tree->last = round->nodes[i].id;
        }
    while (tree->n_path < tree->n && round->nodes[tree->order[tree->n_path]].accepted)
        tree->n_path++;
}

static const EventNode *node_of(const EventRound *round, int id)
{
    for (int i = 0; i < round->n_nodes; i++)
        if (round->nodes[i].id == id)
            return &round->nodes[i];
    return NULL;
}

WhyFate why_fate(const WhyTree *tree, const EventNode *node)
{
    const EventNode *parent = node_of(tree->round, node->parent);
    if (node->accepted)
        return WHY_ACCEPTED;
    if (parent != NULL && !parent->accepted)
        return WHY_UNREAD;
    return node->parent == tree->last && node->token == tree->round->bonus_token ? WHY_END
                                                                                 : WHY_REFUSED;
}

/* ---- exits ---- */

static float threshold_of(const RoundFacts *facts, const EventRound *round, int exit)
{
    for (int e = 0; e < facts->n_exits && e < round->n_thresholds; e++)
        if (facts->exits[e] == exit)
            return round->thresholds[e];
    return 2; /* above any confidence */
}

int why_left(const RoundFacts *facts, const EventRound *round, const EventNode *node)
{
    /* An exit may be left without confidence of one's own: at the root, or along with others. */
    for (int v = 0; v < node->n_visited && node->exit > 0; v++) {
        const EventVisit *visit = &node->visited[v];
        if (visit->exit < node->exit && visit->p >= threshold_of(facts, round, visit->exit))
            return visit->exit;
    }
    return node->exit;
}

const EventVisit *why_visit(const EventNode *node, int exit)
{
    for (int v = 0; v < node->n_visited; v++)
        if (node->visited[v].exit == exit)
            return &node->visited[v];
    return NULL;
}

const char *why_word(const EventRound *round, int token)
{
    if (token == round->bonus_token)
        return round->bonus_text;
    for (int i = 0; i < round->n_nodes; i++)
        if (round->nodes[i].token == token)
            return round->nodes[i].text;
    for (int i = 0; i < round->n_words; i++)
        if (round->words[i].token == token)
            return round->words[i].text;
    return NULL;
}

/* ---- time ---- */

WhyTime why_time(const EventRound *round, double plain_ms)
{
    WhyTime time = {.rest = round->accept_ms + round->other_ms,
                    .drafting_rest = round->draft_ms,
                    .tokens = round->accepted + 1};
    for (int e = 0; e < round->n_exit_times; e++)
        time.drafting_rest -= round->exit_times[e].ms;
    if (time.drafting_rest < 0) /* times are told to the microsecond */
        time.drafting_rest = 0;
    time.sum = round->draft_ms + round->verify_ms + time.rest;
    time.gains = plain_ms > 0 && round->n_nodes > 0 && time.sum > 0;
    time.plain = plain_ms > 0 ? plain_ms * time.tokens : 0;
    time.saved = time.gains ? time.plain - time.sum : 0;
    return time;
}

/* ---- what if ---- */

/* What came behind an accepted node or the root: the child that carries it, NULL = the target's
 * own token, which ended the round. */
static const EventNode *accepted_child(const EventRound *round, int parent)
{
    for (int i = 0; i < round->n_nodes; i++)
        if (round->nodes[i].parent == parent && round->nodes[i].accepted)
            return &round->nodes[i];
    return NULL;
}

static WhyIf if_left_at(const EventRound *round, const EventNode *node, const EventVisit *visit)
{
    const EventNode *child = accepted_child(round, node->parent);
    int said = child != NULL ? child->token : round->bonus_token;
    WhyIf one = {.exit = visit->exit,
                 .token = visit->token,
                 .p = visit->p,
                 .right = visit->token == said,
                 .tokens = round->accepted + 1};
    bool ended = false; /* a guess carries the bonus already: it ended the answer */
    for (int i = 0; i < round->n_nodes; i++)
        ended = ended || (child == NULL && round->nodes[i].parent == node->parent &&
                          round->nodes[i].token == said);
    if (one.right && child == NULL && !ended) {
        one.tokens++;
        one.at_least = true;
    } else if (!one.right && child != NULL && child->exit > 0) {
        one.tokens = node->depth; /* the parent's depth, and what the target said there */
    }
    return one;
}

int why_ifs(const RoundFacts *facts, const WhyTree *tree, const EventNode *node, WhyIf ifs[WHY_IFS])
{
    const EventRound *round = tree->round;
    const EventNode *parent = node_of(round, node->parent);
    int left = why_left(facts, round, node), n = 0;
    if (node->exit == 0 || facts->temperature > 0)
        return 0;
    bool unread = parent != NULL && !parent->accepted;
    for (int v = 0; v < node->n_visited && n < EXITS_MAX; v++) {
        const EventVisit *visit = &node->visited[v];
        if (visit->exit == left)
            continue;
        ifs[n] = if_left_at(round, node, visit);
        if (unread) {
            ifs[n].unread = true;
            ifs[n].right = ifs[n].at_least = false;
            ifs[n].tokens = round->accepted + 1;
        }
        n++;
    }
    /* Thresholds that no exit reaches propose nothing: that the round ends there is certain, unless
     * n-grams had proposed the same. At the root something always is. */
    if (parent != NULL && !unread) {
        const EventNode *child = accepted_child(round, parent->id);
        bool ngrams = strncmp(facts->drafter, "ngram", 5) == 0;
        ifs[n++] =
            (WhyIf){.token = -1,
                    .tokens = child != NULL && child->exit > 0 ? node->depth : round->accepted + 1,
                    .exact = !ngrams || child == NULL};
    }
    return n;
}
