/* view_rounds.c - rounds as they are counted and kept; see view.h.
 *
 * Tokens of rounds = accepted + rounds (the first token of an answer, drawn from the prompt, belongs to
 * no round), MAT = tokens / rounds.
 */
#include <stdio.h>
#include <string.h>

#include "ui/thoughts.h"
#include "ui/view_parts.h"

double view_mat(const View *view)
{
    return view->n_rounds > 0 ? (double)(view->accepted + view->n_rounds) / view->n_rounds : 0;
}

int view_exit_index(const View *view, int layer)
{
    for (int i = 0; i < view->ready.n_exits; i++)
        if (view->ready.exits[i] == layer)
            return i;
    return -1;
}

void view_begin_counts(View *view)
{
    view->n_rounds = view->drafted = view->accepted = 0;
    memset(view->reached, 0, sizeof view->reached);
    memset(view->accepted_by, 0, sizeof view->accepted_by);
    view->draft_ms = view->verify_ms = view->accept_ms = view->other_ms = 0;
    view->has_stats = false;
}

void view_begin_rounds(View *view)
{
    race_begin(&view->race);
    view->answer++;
    view->thought_tokens = 1; /* the first token belongs to no round */
    view->thoughts_took = 0;
    view_begin_counts(view);
    view->last_round = view->browsed = view->tree_cursor = 0;
}

static void add_to_strip(View *view, int source, int exit)
{
    view->strip[view->n_strip++ % VIEW_STRIP] = (StripToken){(short)source, (signed char)exit};
}

static void count_node(View *view, const EventNode *node)
{
    int exit = view_exit_index(view, node->exit);
    view->accepted_by[exit >= 0 ? exit : node->exit == 0 ? VIEW_BY_NO_MODEL : VIEW_BY_ANOTHER]++;
    if (node->depth >= 1 && node->depth <= DEPTH_MAX)
        view->reached[node->depth - 1]++;
    add_to_strip(view, node->exit == 0 ? SOURCE_FREE : node->exit, exit);
}

/* One token of the answer. */
static void count_thought(View *view, const char *token)
{
    if (view->thought_tokens == 0)
        return;
    view->thought_tokens++;
    if (!thoughts_ended_by(token))
        return;
    view->thoughts_took = view->thought_tokens;
    view->thought_tokens = 0;
}

bool view_take_round(View *view, const EventRound *round, int turn)
{
    if (round->round <= 0 || round->n_nodes < 0 || round->n_nodes >= NODES_MAX ||
        round->n_words < 0 || round->n_words > WORDS_MAX)
        return false;
    if (round->round <= view->last_round || turn != view->turn)
        view_begin_rounds(view);
    view->turn = turn;
    view->state = VIEW_GENERATING;
    view_keep_round(view, round);
    view->last_round = round->round;
    view->n_rounds++;
    view->drafted += round->n_nodes;
    view->accepted += round->accepted;
    /* Along the accepted path, root to leaf: a node's parent has a lower depth. */
    for (int depth = 1; depth <= DEPTH_MAX; depth++)
        for (int i = 0; i < round->n_nodes; i++)
            if (round->nodes[i].accepted && round->nodes[i].depth == depth) {
                count_node(view, &round->nodes[i]);
                count_thought(view, round->nodes[i].text);
            }
    count_thought(view, round->bonus_text);
    add_to_strip(view, SOURCE_TARGET, -1);
    view->draft_ms += round->draft_ms;
    view->verify_ms += round->verify_ms;
    view->accept_ms += round->accept_ms;
    view->other_ms += round->other_ms;
    double ms = round->draft_ms + round->verify_ms + round->accept_ms + round->other_ms;
    float tokens = (float)round->accepted + 1;
    evidence_add(view->evidence, view->ready.exits, view->ready.n_exits, round,
                 view->ready.temperature <= 0);
    int trial = trials_add(&view->trials, &view->ready, round);
    view->history[view->n_history++ % VIEW_HISTORY] =
        (SpeedPoint){tokens, ms > 0 ? (float)(tokens * 1000 / ms) : 0, trial};
    view->ctx_used = round->ctx_used;
    if (strcmp(round->mode, "probe") != 0) {
        snprintf(view->mode, sizeof view->mode, "%.11s", round->mode);
        view->predicted_gain = round->predicted_gain;
    }
    return true;
}
