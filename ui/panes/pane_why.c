/* pane_why.c - one round explained: who guessed what at which exit, what the target said, where the
 * time went, and what had come of it otherwise.
 *
 *   guess          e6   e12  e18  e24   verdict
 *   ' revers'      .43  .39 >.99        ok
 *    'es'         >1.0                  ok
 *   target said ' in'
 *
 * A column for each exit that was asked in this round: its confidence, > where the token's place left the
 * draft, + where it was asked along with others after that, * where the exit had another token in mind. Where rows are short the parts below the tree
 * become briefer, and go one after the other.
 */
#include "ui/panes/pane_why.h"

#include <stdio.h>
#include <string.h>

enum {
    CELL = 5,         /* columns of an exit */
    NGRAM = 11,       /* of what stands there of an n-gram */
    GUESS_LEAST = 12, /* columns of the guess */
    SAID = 12,        /* columns of "target said " */
    NODES_LEAST = 5,  /* rows of the tree that the other parts leave, where it has so many */
};

typedef struct Table {
    const WhyTree *tree;
    const RoundFacts *facts;
    Cells *cells;
    Rect rect;
    int n_exits, exits[EXITS_MAX]; /* with a column */
    int guess, said;               /* columns of the guess, and of what exits said */
    bool words;                    /* there is room for the verdict in words */
} Table;

/* ---- columns ---- */

/* How many nodes left at this exit; -1 = it was not even asked. */
static int leavers(const Table *table, int exit)
{
    const EventRound *round = table->tree->round;
    int n = -1;
    for (int i = 0; i < round->n_nodes; i++) {
        const EventNode *node = &round->nodes[i];
        if (why_visit(node, exit) != NULL && n < 0)
            n = 0;
        if (node->exit > 0 && why_left(table->facts, round, node) == exit)
            n = n < 0 ? 1 : n + 1;
    }
    return n;
}

/* Exits that were asked have a column; where there is no room for all, those that fewest left at are
 * left out, as a whole. */
static void choose_columns(Table *table)
{
    const RoundFacts *facts = table->facts;
    int left[EXITS_MAX], n = 0;
    for (int e = 0; e < facts->n_exits && e < EXITS_MAX; e++) {
        int count = leavers(table, facts->exits[e]);
        if (count >= 0) {
            left[n] = count;
            table->exits[n++] = facts->exits[e];
        }
    }
    while (n > 1 && table->rect.width < GUESS_LEAST + n * CELL + 4) {
        int out = 0;
        for (int e = 1; e < n; e++)
            if (left[e] < left[out])
                out = e;
        n--;
        memmove(left + out, left + out + 1, sizeof *left * (size_t)(n - out));
        memmove(table->exits + out, table->exits + out + 1, sizeof(int) * (size_t)(n - out));
    }
    table->n_exits = n;
    table->said = n * CELL;
    for (int i = 0; i < table->tree->n; i++)
        if (table->tree->round->nodes[i].exit == 0 && table->said < NGRAM)
            table->said = NGRAM;
    int rest = table->rect.width - table->said;
    table->words = rest >= GUESS_LEAST + 9;
    table->guess = rest - (table->words ? 9 : 4);
    if (table->guess > 30)
        table->guess = 30;
}

/* ---- rows ---- */

static int indent_of(const Table *table, int depth, int width)
{
    int room = table->guess - 1 - width;
    int indent = depth - 1 < room ? depth - 1 : room;
    return indent > 0 ? indent : 0;
}

static void draw_cells(const Table *table, const EventNode *node, int y, int x, int attr)
{
    const EventRound *round = table->tree->round;
    char p[8];
    if (node->exit == 0) {
        cells_print(table->cells, y, x + 1, NGRAM - 1, STYLE_FREE, "n-gram %s",
                    pane_fraction(node->p, p));
        return;
    }
    int left = why_left(table->facts, round, node);
    for (int e = 0; e < table->n_exits; e++, x += CELL) {
        const EventVisit *visit = why_visit(node, table->exits[e]);
        bool here = table->exits[e] == left;
        if (visit == NULL)
            continue;
        if (here)
            cells_text(table->cells, y, x, 1, ">", 1, STYLE_TEXT | ATTR_BOLD);
        else if (table->exits[e] > left)
            cells_text(table->cells, y, x, 1, "+", 1, STYLE_DIM);
        cells_print(table->cells, y, x + 1, 3,
                    here ? why_exit_attr(table->facts, left) | ATTR_BOLD : attr, "%s",
                    pane_fraction(visit->p, p));
        if (visit->token != node->token)
            cells_text(table->cells, y, x + 4, 1, "*", 1, STYLE_WARN);
    }
}

static void draw_node(const Table *table, const EventNode *node, int y)
{
    static const struct {
        const char *word, *brief;
        int attr;
    } fates[] = {
        [WHY_ACCEPTED] = {"ok", "ok", STYLE_GOOD | ATTR_BOLD},
        [WHY_REFUSED] = {"no", "no", STYLE_BAD | ATTR_BOLD},
        [WHY_END] = {"the end", "end", STYLE_TEXT | ATTR_BOLD},
        [WHY_UNREAD] = {"not read", ".", STYLE_DIM},
    };
    WhyFate fate = why_fate(table->tree, node);
    Rect rect = table->rect;
    char text[TOKEN_TEXT * 4 + 4];
    text_quote(node->text, text, sizeof text);
    text_truncate(text, table->guess - 1);
    int width = text_width(text, strlen(text));
    int attr = fate == WHY_UNREAD ? STYLE_DIM : STYLE_TEXT;
    cells_text(table->cells, y, rect.x + indent_of(table, node->depth, width), width, text,
               strlen(text), fate == WHY_ACCEPTED ? STYLE_TEXT | ATTR_BOLD : attr);
    draw_cells(table, node, y, rect.x + table->guess, attr);
    int x = rect.x + table->guess + table->said + 1;
    cells_print(table->cells, y, x, rect.x + rect.width - x, fates[fate].attr, "%s",
                table->words ? fates[fate].word : fates[fate].brief);
}

/* What the target itself said ends the round. It is never cut: what does not fit goes on below. Returns
 * rows; quoted: [TOKEN_TEXT * 4 + 4] */
static int target_rows(const Table *table, char *quoted, size_t bytes)
{
    text_quote(table->tree->round->bonus_text, quoted, bytes);
    int width = text_width(quoted, strlen(quoted)), columns = table->rect.width;
    return width + SAID <= columns ? 1 : 1 + (width + columns - 1) / columns;
}

static void draw_target(const Table *table, int y, int row)
{
    char quoted[TOKEN_TEXT * 4 + 4];
    Rect rect = table->rect;
    const char *at = quoted;
    int rows = target_rows(table, quoted, sizeof quoted), depth = table->tree->n_path, x = 0;
    if (rows == 1) {
        int room = rect.width - SAID - text_width(quoted, strlen(quoted));
        x = depth < room ? depth : room;
    }
    if (row == 0)
        x += cells_print(table->cells, y, rect.x + x, rect.width - x, STYLE_TITLE, "target said ");
    for (int i = 1; i < row; i++)
        at += text_fit(at, strlen(at), rect.width);
    if (rows == 1 || row > 0)
        cells_text(table->cells, y, rect.x + x, rect.width - x, at,
                   text_fit(at, strlen(at), rect.width - x), STYLE_TITLE | ATTR_BOLD);
}

/* ---- the whole ---- */

static void draw_head(const View *view, const Table *table)
{
    const EventRound *round = table->tree->round;
    Rect rect = table->rect;
    int x = rect.x, right = rect.x + rect.width, y = rect.y;
    double ms = why_time(round, 0).sum;
    x += cells_print(table->cells, y, x, right - x, STYLE_TITLE | ATTR_BOLD, "ROUND %d of %d",
                     round->round, rounds_of_answer(&view->kept, view_round_serial(view)));
    cells_print(table->cells, y, x, right - x, STYLE_TEXT,
                round->accepted > 0 ? "  %d tokens in %.1f ms" : "  %d token in %.1f ms",
                round->accepted + 1, ms);
}

static void draw_header(const Table *table)
{
    char exit[12];
    Rect rect = table->rect;
    int y = rect.y + 1, x = rect.x + table->guess;
    bool plain = table->tree->n == 0;
    cells_print(table->cells, y, rect.x, rect.width, STYLE_DIM, "%s",
                !plain                                           ? "guess"
                : strcmp(table->tree->round->mode, "probe") == 0 ? "plain, to measure it"
                                                                 : "plain: nothing drafted");
    for (int e = 0; e < table->n_exits; e++, x += CELL)
        cells_print(table->cells, y, x + 1, CELL - 1, why_exit_attr(table->facts, table->exits[e]),
                    "%s", why_exit_name(table->facts, table->exits[e], exit));
    if (table->words && !plain)
        cells_print(table->cells, y, rect.x + table->guess + table->said + 1, 8, STYLE_DIM,
                    "verdict");
}

/* Rows of the tree, the target's own among them, around the cursor. */
static void draw_rows(const View *view, const Table *table, int rows)
{
    const WhyTree *tree = table->tree;
    char text[TOKEN_TEXT * 4 + 4];
    int said = target_rows(table, text, sizeof text), total = tree->n + said;
    int cursor = view->tree_cursor < tree->n_path ? view->tree_cursor : view->tree_cursor + said;
    /* The target's word is seen with the last node before it. */
    int lowest = cursor == tree->n_path - 1 ? cursor + said : cursor;
    int shown = total > rows && rows > 2 ? rows - 1 : rows; /* one says how many more there are */
    int first = lowest - shown + 1 > 0 ? lowest - shown + 1 : 0;
    first = first > cursor ? cursor : first;
    if (first + rows >= total) { /* none */
        first = total - rows;
        shown = rows;
    } else if (shown < rows) {
        cells_print(table->cells, table->rect.y + 2 + shown, table->rect.x, table->rect.width,
                    STYLE_DIM, "and %d more below", total - first - shown);
    }
    for (int row = 0; row < shown; row++) {
        int y = table->rect.y + 2 + row, i = first + row;
        if (i >= tree->n_path && i < tree->n_path + said) {
            draw_target(table, y, i - tree->n_path);
            continue;
        }
        draw_node(table, &tree->round->nodes[tree->order[i < tree->n_path ? i : i - said]], y);
        if (i == cursor)
            cells_mark(table->cells, y, table->rect.x, table->rect.width, ATTR_REVERSE);
    }
}

typedef enum TimeForm { TIME_NONE, TIME_ROW, TIME_BRIEF, TIME_FULL } TimeForm;

/* What stands below the tree, from the fullest form down. */
typedef struct Form {
    bool legend;
    TimeForm time;
    bool ifs;
} Form;

static int form_rows(const Form *form, int time_rows, int if_rows)
{
    const int rows[] = {0, 1, WHY_BRIEF_ROWS, time_rows};
    return form->legend + rows[form->time] + (form->ifs ? if_rows : 0);
}

static int most_ifs(const Table *table)
{
    int most = 1;
    WhyIf ifs[WHY_IFS];
    for (int i = 0; i < table->tree->n; i++) {
        int n = why_ifs(table->facts, table->tree, &table->tree->round->nodes[i], ifs);
        most = n > most ? n : most;
    }
    return most;
}

void why_draw(View *view, Cells *cells, Rect rect, const EventRound *round)
{
    static const Form forms[] = {
        {true, TIME_FULL, true},   {false, TIME_FULL, true},   {true, TIME_BRIEF, true},
        {false, TIME_BRIEF, true}, {false, TIME_BRIEF, false}, {false, TIME_ROW, false},
        {false, TIME_NONE, false},
    };
    enum { N_FORMS = sizeof forms / sizeof *forms };
    unsigned long serial = view_round_serial(view);
    WhyTree tree;
    why_tree(&tree, round);
    if (view->tree_cursor >= tree.n)
        view->tree_cursor = tree.n > 0 ? tree.n - 1 : 0;
    Table table = {
        .tree = &tree, .facts = rounds_facts(&view->kept, serial), .cells = cells, .rect = rect};
    choose_columns(&table);
    char text[TOKEN_TEXT * 4 + 4];
    int total = tree.n + target_rows(&table, text, sizeof text), room = rect.height - 2;
    int path = tree.n_path + total - tree.n, form = 0; /* what was committed, in rows */
    int least = path < room / 2 ? path : room / 2;
    least = least < NODES_LEAST ? NODES_LEAST : least;
    least = least < total ? least + 1 : total;
    if (room >= 3 && least >= room)
        least = room - 1;
    int ifs = tree.n > 0 ? 1 + most_ifs(&table) : 0, time = why_time_rows(round);
    while (form < N_FORMS - 1 && room - form_rows(&forms[form], time, ifs) < least)
        form++;
    int below = form_rows(&forms[form], time, ifs);
    int rows = room - below < total ? room - below : total;
    draw_head(view, &table);
    if (room > 0)
        draw_header(&table);
    draw_rows(view, &table, rows);

    WhyPart part = {cells,       rect,  rect.y + 2 + rows,
                    table.facts, &tree, view_plain_ms(view, serial)};
    if (forms[form].legend && tree.n > 0)
        cells_print(cells, part.y++, rect.x, rect.width, STYLE_DIM, "%s",
                    rect.width >= 42 ? "> left here  + asked later  * other token"
                                     : "> left  + asked later  * other token");
    if (forms[form].time == TIME_FULL) {
        why_draw_time(&part);
        part.y += time;
    } else if (forms[form].time == TIME_BRIEF) {
        why_draw_time_brief(&part);
        part.y += WHY_BRIEF_ROWS;
    } else if (forms[form].time == TIME_ROW) {
        why_draw_time_row(&part);
    }
    if (forms[form].ifs && tree.n > 0)
        why_draw_ifs(&part, &round->nodes[tree.order[view->tree_cursor]], ifs);
}
