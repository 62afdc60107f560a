/* chat_search.c - from hit to hit of a search; see chat_items.h.
 *
 * The whole scrollback is laid out as it was last drawn, and its hits are counted on the way.
 */
#include "ui/panes/chat_items.h"

#include <string.h>

typedef struct Hit {
    unsigned long item; /* its id */
    int hit;            /* of the item's */
    int line;           /* of the chat, from its top */
    int number;         /* from 1; 0 = there is no such hit */
} Hit;

/* Looks for the hits around one place of the chat: the current hit, or a line. */
typedef struct Hunt {
    const Search *search;
    unsigned long id; /* of the item that is looked through */
    bool by_line;     /* else by the current hit */
    int line, from;   /* of the next line; the line that is the place */
    int n;
    Hit first, last, before, after;
} Hunt;

static void take_hit(Hunt *hunt, Hit hit)
{
    const Search *search = hunt->search;
    bool here = !hunt->by_line && hit.item == search->item && hit.hit == search->hit;
    bool beyond = hunt->by_line ? hit.line > hunt->from
                                : hit.item > search->item ||
                                      (hit.item == search->item && hit.hit > search->hit);
    hit.number = ++hunt->n;
    if (hunt->n == 1)
        hunt->first = hit;
    hunt->last = hit;
    if (!beyond && !here)
        hunt->before = hit;
    if (beyond && hunt->after.number == 0)
        hunt->after = hit;
}

static void look_through(void *user, const Line *line)
{
    Hunt *hunt = user;
    for (int i = 0; i < line->hits; i++)
        take_hit(hunt, (Hit){hunt->id, line->hit_from + i, hunt->line, 0});
    hunt->line++;
}

/* Goes through all items; leaves the number of lines in hunt->line. */
static void look(View *view, Hunt *hunt)
{
    Scrollback *scrollback = &view->scrollback;
    for (int i = 0; i < scrollback->n_items; i++) {
        Item *item = &scrollback->items[i];
        int line = hunt->line + chat_gap(scrollback, i);
        int rows = chat_height(view, item, view->chat_width);
        hunt->id = item->id;
        hunt->line = line;
        markdown_lines(view, item, view->chat_width, (int)strlen(chat_prefix(item)),
                       item->kind == ITEM_ANSWER, look_through, hunt);
        hunt->line = line + rows;
    }
}

int chat_search(View *view, int by, int scroll, bool *around)
{
    Search *search = &view->search;
    Hunt hunt = {.search = search, .by_line = search->hit < 0};
    *around = false;
    search->n_hits = search->number = 0;
    if (view->chat_width <= 0)
        return 0;
    search->shown = true; /* only then lines have hits */
    hunt.from = view->chat_lines - scroll - 1;
    look(view, &hunt);
    if (hunt.n == 0) {
        search->hit = -1;
        return 0;
    }
    Hit next = by < 0 ? hunt.before : hunt.after;
    if (next.number == 0) {
        *around = !hunt.by_line || by > 0;
        next = by > 0 ? hunt.first : hunt.by_line ? hunt.after : hunt.last;
    }
    search->item = next.item;
    search->hit = next.hit;
    search->n_hits = hunt.n;
    search->number = next.number;
    /* In the middle, unless it is in sight where the chat stands. */
    int below = hunt.line - 1 - next.line;
    view->scroll = scroll;
    if (below < scroll || below >= scroll + view->chat_rows)
        view->scroll = below > view->chat_rows / 2 ? below - view->chat_rows / 2 : 0;
    view->chat_lines = hunt.line;
    view->changes++;
    return hunt.n;
}
