/* pane_tree.c - one round's tree as it was verified; with the focus, explained (pane_why.c).
 *
 * A row a node: indentation = depth, its text, probability under the exit that proposed it, that
 * exit, a bar, and what became of it. The accepted path comes first, then the target's own token.
 *
 *   ok   accepted
 *   no   the target said otherwise
 *   end  right, and the answer ended with it
 *   .    not reached, since its parent was not accepted
 *
 * Where rows are left, the rounds before it follow.
 */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

#include "ui/panes/pane_why.h"

#define BROWSE_KEYS "< > rounds" /* in the title and in the help */

/* Columns: text, p, exit, bar, fate. */
static void draw_node(const View *view, const WhyTree *tree, const EventNode *node, Cells *cells,
                      int y, Rect rect)
{
    int text_columns = rect.width - 22 < 10 ? 10 : rect.width - 22 > 30 ? 30 : rect.width - 22;
    int indent = node->depth - 1 < text_columns / 2 ? node->depth - 1 : text_columns / 2;
    if (indent < 0)
        indent = 0;
    char text[TOKEN_TEXT * 4 + 4], p[8], exit[12];
    text_quote(node->text, text, sizeof text);
    text_truncate(text, text_columns - indent);
    pane_exit_name(view, node->exit, exit);
    WhyFate fate = why_fate(tree, node);
    int colour = pane_source_attr(view, node->exit > 0 ? node->exit : SOURCE_FREE) & ~ATTR_DRAFTED;
    int attr = fate == WHY_UNREAD ? STYLE_DIM : STYLE_TEXT;
    int x = rect.x, right = rect.x + rect.width;
    cells_text(cells, y, x + indent, text_columns - indent, text, strlen(text),
               fate == WHY_ACCEPTED ? colour | ATTR_BOLD : attr);
    x += text_columns + 1;
    cells_print(cells, y, x, right - x, attr, "%s", pane_fraction(node->p, p));
    x += 4;
    cells_print(cells, y, x, right - x, colour, "%s", exit);
    x += 4;
    cells_bar(cells, y, x, 5, node->p, fate == WHY_UNREAD ? STYLE_DIM : colour);
    x += 6;
    if (fate == WHY_ACCEPTED)
        cells_print(cells, y, x, right - x, STYLE_GOOD | ATTR_BOLD, "ok");
    else if (fate == WHY_END) /* the answer ended with this token: it counts as the target's own */
        cells_print(cells, y, x, right - x, STYLE_TEXT | ATTR_BOLD, "end");
    else if (fate == WHY_REFUSED)
        cells_print(cells, y, x, right - x, STYLE_BAD | ATTR_BOLD, "no");
    else
        cells_print(cells, y, x, right - x, STYLE_DIM, ".");
}

/* The target's own token, behind the accepted path. */
static void draw_bonus(const WhyTree *tree, Cells *cells, int y, Rect rect)
{
    char text[TOKEN_TEXT * 4 + 4];
    text_quote(tree->round->bonus_text, text, sizeof text);
    int width = text_width(text, strlen(text)), indent = tree->n_path;
    if (indent > rect.width - width - 9) /* the word is not cut for what stands beside it */
        indent = rect.width - width - 9;
    int x = rect.x + (indent > 0 ? indent : 0), right = rect.x + rect.width;
    x += cells_print(cells, y, x, right - x, STYLE_TEXT | ATTR_BOLD, "> %s", text);
    if (right - x >= 7)
        cells_print(cells, y, x + 1, right - x - 1, STYLE_DIM, "target");
}

/* serial: of the browsed one, "of N" stands beside its number; 0 = of another. */
static void draw_head(const View *view, const EventRound *round, unsigned long serial, Cells *cells,
                      Rect rect)
{
    int x = rect.x, right = rect.x + rect.width;
    x +=
        cells_print(cells, rect.y, x, right - x, STYLE_TITLE | ATTR_BOLD, "ROUND %d", round->round);
    if (serial > 0)
        x += cells_print(cells, rect.y, x, right - x, STYLE_WARN, " of %d",
                         rounds_of_answer(&view->kept, serial));
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

/* Where rows are short, the target's own token is there all the same. Returns the rows it took. */
static int draw_compact(const View *view, const EventRound *round, unsigned long serial,
                        Cells *cells, Rect rect)
{
    WhyTree tree;
    why_tree(&tree, round);
    draw_head(view, round, serial, cells, rect);
    int rows = rect.height - 1, total = tree.n + 1, shown = total;
    int bonus = tree.n_path; /* its row */
    if (total > rows) {
        shown = rows - 1; /* one says how many more there are */
        bonus = bonus < shown ? bonus : shown - 1;
    }
    for (int row = 0; row < rows && row < total; row++) {
        int y = rect.y + 1 + row;
        if (row == bonus)
            draw_bonus(&tree, cells, y, rect);
        else if (row >= shown)
            cells_print(cells, y, rect.x, rect.width, STYLE_DIM, "and %d more (F%d)", total - shown,
                        pane_tree.function.number);
        else
            draw_node(view, &tree, &round->nodes[tree.order[row - (row > bonus)]], cells, y, rect);
    }
    return 1 + (total < rows ? total : rows);
}

/* The rounds of the same answer before that one, newest first, each whole and a blank row before it. */
static void draw_older(View *view, unsigned long serial, Cells *cells, Rect rect)
{
    const RoundFacts *newest = rounds_facts(&view->kept, serial), *facts;
    while (serial > 1 && (facts = rounds_facts(&view->kept, --serial)) != NULL &&
           facts->answer == newest->answer && rounds_event(&view->kept, serial, view->shown)) {
        int rows = 2 + view->shown->n_nodes; /* head, nodes, the target's token */
        if (1 + rows > rect.height)
            return;
        rect.y++;
        draw_compact(view, view->shown, 0, cells, (Rect){rect.y, rect.x, rows, rect.width});
        rect.y += rows;
        rect.height -= 1 + rows;
    }
}

static void tree_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    (void)focused;
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
    if (view->explaining) {
        why_draw(view, cells, rect, round);
        return;
    }
    unsigned long serial = view_round_serial(view);
    int used = draw_compact(view, round, view->browsed > 0 ? serial : 0, cells, rect);
    draw_older(view, serial, cells, (Rect){rect.y + used, rect.x, rect.height - used, rect.width});
}

static int tree_wanted(const View *view)
{
    return view->explaining ? WHY_ROWS : 0;
}

static void tree_title(const View *view, char *out, size_t bytes)
{
    unsigned long first = rounds_first(&view->kept), dropped = rounds_dropped(&view->kept);
    const RoundFacts *facts = rounds_facts(&view->kept, view_round_serial(view));
    if (!view->explaining)
        snprintf(out, bytes, "DRAFT TREE  " BROWSE_KEYS);
    else if (dropped > 0 && view_round_serial(view) == first)
        snprintf(out, bytes, "WHY  !oldest kept: %lu before it are gone", dropped);
    else if (facts != NULL && facts->answer < view->answer)
        snprintf(out, bytes, "WHY  !%d answer%s ago  < >  t in text", view->answer - facts->answer,
                 view->answer - facts->answer == 1 ? "" : "s");
    else
        snprintf(out, bytes, "WHY  " BROWSE_KEYS "  t in text");
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
        view_browse_to(view, rounds_first(&view->kept));
    else if (key->code == KB_END)
        view_browse_to(view, rounds_last(&view->kept));
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
    .wanted = tree_wanted,
    .function = {3, "Why", "why it was fast: " BROWSE_KEYS ", arrows, t its words"},
    .tab = "WHY",
    .title = tree_title,
    .draw = tree_draw,
    .key = tree_key,
};
