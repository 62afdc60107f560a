/* pane_tree.c - one round's tree as it was verified.
 *
 * A row a node: indentation = depth, its text, probability under the exit that proposed it, that
 * exit, a bar, and what became of it. The accepted path comes first among siblings.
 *
 *   ok   accepted
 *   no   the target said otherwise; what, stands beside the likeliest one
 *   .    not reached, since its parent was not accepted
 *
 * Where rows are left, the rounds before it follow.
 */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

#define BROWSE_KEYS "< > rounds" /* in the title and in the help */

typedef struct RoundTree {
    const EventRound *round;
    int order[NODES_MAX]; /* indices of nodes, depth first */
    int n;
    int last; /* id of the last accepted node, 0 = the root */
    int best; /* index of the likeliest node where the target said otherwise, -1 = none */
} RoundTree;

/* Accepted before others, then by probability. */
static bool comes_before(const EventNode *a, const EventNode *b)
{
    return a->accepted != b->accepted ? a->accepted : a->p > b->p;
}

static void add_children(RoundTree *tree, int parent, bool *seen)
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

static void tree_make(RoundTree *tree, const EventRound *round)
{
    *tree = (RoundTree){.round = round, .best = -1};
    bool seen[NODES_MAX] = {false};
    add_children(tree, 0, seen);
    int depth = 0;
    for (int i = 0; i < round->n_nodes; i++)
        if (round->nodes[i].accepted && round->nodes[i].depth > depth) {
            depth = round->nodes[i].depth;
            tree->last = round->nodes[i].id;
        }
    for (int i = 0; i < tree->n && tree->best < 0; i++)
        if (!round->nodes[tree->order[i]].accepted &&
            round->nodes[tree->order[i]].parent == tree->last)
            tree->best = tree->order[i];
}

/* Columns: text, p, exit, bar, fate. */
static void draw_node(const View *view, const RoundTree *tree, int index, Cells *cells, int y,
                      Rect rect)
{
    const EventNode *node = &tree->round->nodes[index];
    int text_columns = rect.width - 27 < 10 ? 10 : rect.width - 27 > 30 ? 30 : rect.width - 27;
    int indent = node->depth - 1 < text_columns / 2 ? node->depth - 1 : text_columns / 2;
    if (indent < 0)
        indent = 0;
    char text[TOKEN_TEXT * 4 + 4], p[8], exit[12];
    text_quote(node->text, text, sizeof text);
    text_truncate(text, text_columns - indent);
    pane_exit_name(view, node->exit, exit);
    bool refused = !node->accepted && node->parent == tree->last;
    int colour = pane_source_attr(view, node->exit > 0 ? node->exit : SOURCE_FREE);
    int attr = node->accepted ? (colour & ~ATTR_DRAFTED) | ATTR_BOLD
               : refused      ? STYLE_TEXT
                              : STYLE_DIM;
    int x = rect.x, right = rect.x + rect.width;
    cells_text(cells, y, x + indent, text_columns - indent, text, strlen(text), attr);
    x += text_columns + 1;
    cells_print(cells, y, x, right - x, node->accepted || refused ? STYLE_TEXT : STYLE_DIM, "%s",
                pane_fraction(node->p, p));
    x += 4;
    cells_print(cells, y, x, right - x, colour & ~ATTR_DRAFTED, "%s", exit);
    x += 4;
    cells_bar(cells, y, x, 5, node->p,
              node->accepted || refused ? colour & ~ATTR_DRAFTED : STYLE_DIM);
    x += 6;
    if (node->accepted) {
        cells_print(cells, y, x, right - x, STYLE_GOOD | ATTR_BOLD, "ok");
    } else if (refused && node->token == tree->round->bonus_token) {
        /* The answer ended with this token: it counts as the target's own. */
        cells_print(cells, y, x, right - x, STYLE_TEXT | ATTR_BOLD, "end");
    } else if (refused) {
        x += cells_print(cells, y, x, right - x, STYLE_BAD | ATTR_BOLD, "no");
        if (index == tree->best) {
            text_quote(tree->round->bonus_text, text, sizeof text);
            text_truncate(text, right - x - 3);
            cells_print(cells, y, x, right - x, STYLE_TEXT | ATTR_BOLD, " > %s", text);
        }
    } else {
        cells_print(cells, y, x, right - x, STYLE_DIM, ".");
    }
}

/* The target's token where no node stood against it. */
static void draw_bonus(const EventRound *round, Cells *cells, int y, Rect rect)
{
    char text[TOKEN_TEXT * 4 + 4];
    text_quote(round->bonus_text, text, sizeof text);
    text_truncate(text, rect.width - 12);
    cells_print(cells, y, rect.x, rect.width, STYLE_TEXT | ATTR_BOLD, "> %s", text);
    cells_print(cells, y, rect.x + text_width(text, strlen(text)) + 3, rect.width, STYLE_DIM,
                "target");
}

/* What each exit saw on the way to the selected node: " seen e6 .31  e12 .74". */
static void draw_visits(const View *view, const EventNode *node, Cells *cells, int y, Rect rect)
{
    char p[8], exit[12];
    int x = rect.x, right = rect.x + rect.width;
    x += cells_print(cells, y, x, right - x, STYLE_DIM, "exits saw");
    if (node->n_visited <= 0)
        cells_print(cells, y, x, right - x, STYLE_DIM, " nothing: no model was asked");
    for (int i = 0; i < node->n_visited && i < EXITS_MAX; i++) {
        const EventVisit *visit = &node->visited[i];
        pane_exit_name(view, visit->exit, exit);
        char seen[32];
        snprintf(seen, sizeof seen, "  %s %s%s", exit, pane_fraction(visit->p, p),
                 visit->token != node->token ? "*" : "");
        if (x + (int)strlen(seen) > right) /* no part of a figure */
            break;
        x += cells_print(cells, y, x, right - x, STYLE_DIM, "%s", seen);
    }
}

static void draw_head(const View *view, const EventRound *round, Cells *cells, Rect rect)
{
    int x = rect.x, right = rect.x + rect.width;
    x +=
        cells_print(cells, rect.y, x, right - x, STYLE_TITLE | ATTR_BOLD, "ROUND %d", round->round);
    if (view->browsed > 0 && view->browsed == round->round)
        x += cells_print(cells, rect.y, x, right - x, STYLE_WARN, " of %d", view->last_round);
    if (strcmp(round->mode, "spec") == 0 || round->n_nodes > 0) {
        char text[48];
        int n = snprintf(text, sizeof text, "  drafted %d  accepted %d +1", round->n_nodes,
                         round->accepted);
        if (n > right - x)
            n = snprintf(text, sizeof text, "  %d of %d +1", round->accepted, round->n_nodes);
        if (n <= right - x)
            cells_print(cells, rect.y, x, right - x, STYLE_TEXT, "%s", text);
    } else if (strcmp(round->mode, "probe") == 0)
        cells_print(cells, rect.y, x, right - x, STYLE_DIM, "  plain, to measure it");
    else
        cells_print(cells, rect.y, x, right - x, STYLE_DIM, "  plain: nothing drafted");
}

/* The rounds before `number`, newest first, as many as have room in the rectangle. */
static void draw_older(const View *view, int number, Cells *cells, Rect rect)
{
    int y = rect.y + 1, end = rect.y + rect.height; /* a blank row parts them */
    while (--number > 0 && y + 1 < end) {
        const EventRound *round = &view->rounds[number % VIEW_ROUNDS];
        RoundTree tree;
        if (round->round != number)
            return;
        tree_make(&tree, round);
        int rows = 1 + tree.n + (tree.best < 0 ? 1 : 0);
        if (y + rows > end)
            return;
        draw_head(view, round, cells, (Rect){y, rect.x, 1, rect.width});
        for (int i = 0; i < tree.n; i++)
            draw_node(view, &tree, tree.order[i], cells, y + 1 + i, rect);
        if (tree.best < 0)
            draw_bonus(round, cells, y + 1 + tree.n, rect);
        y += rows + 1;
    }
}

static void tree_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    const EventRound *round = view_round(view);
    if (round == NULL) {
        char spec[80];
        view_spec_text(view, spec, sizeof spec);
        if (view->state == VIEW_STARTING)
            cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM, "not loaded yet");
        else
            cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM,
                        "no round yet; speculation %s", spec);
        return;
    }
    RoundTree tree;
    tree_make(&tree, round);
    draw_head(view, round, cells, rect);
    bool bonus_row = tree.best < 0;
    int rows = rect.height - 1, total = tree.n + (bonus_row ? 1 : 0);
    bool visits = focused && rows > 3 && tree.n > 0;
    if (visits)
        rows--;
    if (view->tree_cursor >= tree.n)
        view->tree_cursor = tree.n > 0 ? tree.n - 1 : 0;
    int first = view->tree_cursor - rows + 1 > 0 ? view->tree_cursor - rows + 1 : 0;
    int cut = total - first > rows ? total - first - rows + 1 : 0; /* rows that do not fit */
    if (focused)
        cut = 0; /* the cursor goes there */
    for (int row = 0; row < rows && first + row < total; row++) {
        int y = rect.y + 1 + row, i = first + row;
        if (cut > 0 && row == rows - 1)
            cells_print(cells, y, rect.x, rect.width, STYLE_DIM, "and %d more (F%d)", cut,
                        pane_tree.function.number);
        else if (i < tree.n)
            draw_node(view, &tree, tree.order[i], cells, y, rect);
        else
            draw_bonus(round, cells, y, rect);
        if (focused && i == view->tree_cursor && i < tree.n)
            cells_mark(cells, y, rect.x, rect.width, ATTR_REVERSE);
    }
    if (total - first < rows)
        draw_older(view, round->round, cells,
                   (Rect){rect.y + 1 + total - first, rect.x, rows - (total - first), rect.width});
    if (visits)
        draw_visits(view, &round->nodes[tree.order[view->tree_cursor]], cells,
                    rect.y + rect.height - 1, rect);
}

static void tree_title(const View *view, char *out, size_t bytes)
{
    (void)view;
    snprintf(out, bytes, "DRAFT TREE  " BROWSE_KEYS);
}

static PaneKey tree_key(View *view, const Key *key, UiAction *action)
{
    (void)action;
    char ch = key->code == KB_TEXT ? key->bytes[0] : '\0';
    if (ch == '<' || key->code == KB_LEFT)
        view_browse(view, -1);
    else if (ch == '>' || key->code == KB_RIGHT)
        view_browse(view, 1);
    else if (key->code == KB_PAGE_UP)
        view_browse(view, -10);
    else if (key->code == KB_PAGE_DOWN)
        view_browse(view, 10);
    else if (key->code == KB_HOME)
        view_browse(view, -view->last_round);
    else if (key->code == KB_END)
        view_browse(view, view->last_round);
    else if (key->code == KB_UP && view->tree_cursor > 0)
        view->tree_cursor--;
    else if (key->code == KB_DOWN)
        view->tree_cursor++;
    else if (key->code != KB_UP)
        return PANE_IGNORED;
    view->changes++;
    return PANE_TAKEN;
}

const Pane pane_tree = {
    .wish = {.place = PLACE_RIGHT, .grows = true, .rows = 4, .most = 14},
    .function = {3, "Tree", "draft tree: " BROWSE_KEYS ", arrows: what exits saw"},
    .tab = "TREE",
    .title = tree_title,
    .draw = tree_draw,
    .key = tree_key,
};
