/* list.c - see list.h. */
#include "ui/list.h"

#include <stdio.h>
#include <string.h>

/* The place-th of those found that the profile does not name, from 0; NULL = there are fewer. */
static const ViewFound *found_besides(const View *view, int place)
{
    for (int i = 0; i < view->n_models; i++)
        if (!view_is_target(view, view->models[i].name) && place-- == 0)
            return &view->models[i];
    return NULL;
}

const char *list_target(const View *view, int i)
{
    int own = i - view->ready.n_targets;
    const ViewFound *found = own >= 0 ? found_besides(view, own) : NULL;
    return own < 0 ? view->ready.targets[i] : found ? found->name : NULL;
}

static void target_row(const View *view, int i, ListRow *row)
{
    const char *name = list_target(view, i);
    const ViewFound *found = view_found(view, name);
    row->now = i == view->ready.target_index;
    snprintf(row->lead, sizeof row->lead, "%d", i + 1);
    text_clean_line(name, row->text, sizeof row->text);
    if (found)
        snprintf(row->tail, sizeof row->tail, "%s%s%s", found->about,
                 found->too_large     ? ", too large"
                 : found->other_words ? ", other vocabulary"
                                      : "",
                 row->now ? " (now)" : "");
    else
        snprintf(row->tail, sizeof row->tail, "%s", row->now ? "(now)" : "");
}

static int count_targets(const View *view)
{
    int n = view->ready.n_targets;
    for (int i = 0; i < view->n_models; i++)
        n += !view_is_target(view, view->models[i].name);
    return n;
}

static void session_row(const View *view, int i, ListRow *row)
{
    const ViewSession *session = &view->sessions[i];
    row->now = session->now;
    snprintf(row->lead, sizeof row->lead, "%s", session->when);
    snprintf(row->text, sizeof row->text, "%s%s%s", session->named ? session->name : "",
             session->named ? ": " : "", session->first);
    if (row->now)
        snprintf(row->tail, sizeof row->tail, "(now)");
    else
        snprintf(row->tail, sizeof row->tail, "%.32s %6d tok", session->target, session->tokens);
}

/* i: of all rows, which comes into *row */
static bool is_seen(const List *list, int i, ListRow *row)
{
    list->row(list->view, i, row);
    return strcasestr(row->text, list->filter) || strcasestr(row->tail, list->filter);
}

void list_make(List *list, Overlay overlay, const char *filter, const View *view)
{
    *list = overlay == OVERLAY_SESSIONS
                ? (List){.title = "SESSIONS",
                         .hint = " Enter opens, Del deletes, Ctrl-R renames, Esc closes ",
                         .question = " delete this one for good? y or n ",
                         .all = view->n_sessions,
                         .row = session_row}
                : (List){.title = "TARGET",
                         .hint = view->n_models > 0 ? " Enter switches, letters filter, Esc closes "
                                                    : " Enter switches, Esc closes ",
                         .all = count_targets(view),
                         .row = target_row};
    list->view = view;
    list->filter = overlay == OVERLAY_TARGETS ? filter : "";
    for (int i = 0; i < list->all; i++)
        list->n += is_seen(list, i, &(ListRow){0});
}

int list_place(const List *list, int i)
{
    for (int place = 0; place < list->all; place++)
        if (is_seen(list, place, &(ListRow){0}) && i-- == 0)
            return place;
    return list->all - 1;
}

static int width_of(const char *text)
{
    return text_width(text, strlen(text));
}

/* Columns of the widest lead, text and tail. */
static void measure(const List *list, int *lead, int *text, int *tail)
{
    *lead = *text = *tail = 0;
    for (int i = 0; i < list->all; i++) {
        ListRow row = {0};
        if (!is_seen(list, i, &row))
            continue;
        int widths[] = {width_of(row.lead), width_of(row.text), width_of(row.tail)};
        *lead = widths[0] > *lead ? widths[0] : *lead;
        *text = widths[1] > *text ? widths[1] : *text;
        *tail = widths[2] > *tail ? widths[2] : *tail;
    }
}

void list_draw(const List *list, int choice, Cells *cells)
{
    int lead, text, tail, hint = width_of(list->hint);
    measure(list, &lead, &text, &tail);
    int inner = lead + 2 + text + (tail > 0 ? 2 + tail : 0);
    inner = inner > hint ? inner : hint;
    int width = inner + 4 > cells->width - 2 ? cells->width - 2 : inner + 4;
    int height = list->n + 2 > cells->height - 2 ? cells->height - 2 : list->n + 2;
    Rect box = {(cells->height - height) / 2, (cells->width - width) / 2, height, width};
    int rows = height - 2, first = choice - rows + 1 > 0 ? choice - rows + 1 : 0;
    int room = width - 4 - lead - 2; /* of text and tail */
    bool tails = tail > 0 && room - tail - 2 >= (text < 16 ? text : 16);
    char title[64];
    snprintf(title, sizeof title, "%s%s%s", list->title, list->filter[0] ? " with " : "",
             list->filter);
    cells_box(cells, box, title, STYLE_BORDER);
    for (int place = 0, i = -1; place < list->all && i - first < rows - 1; place++) {
        ListRow row = {0};
        if (!is_seen(list, place, &row) || ++i < first)
            continue;
        int y = box.y + 1 + i - first, x = box.x + 2;
        int attr = row.now ? STYLE_GOOD : STYLE_TEXT;
        text_truncate(row.text, tails ? room - tail - 2 : room);
        cells_print(cells, y, x, lead, row.now ? attr : STYLE_DIM, "%s", row.lead);
        cells_print(cells, y, x + lead + 2, room, attr, "%s", row.text);
        if (tails)
            cells_print(cells, y, box.x + width - 2 - width_of(row.tail), tail,
                        row.now ? attr : STYLE_DIM, "%s", row.tail);
        if (i == choice)
            cells_mark(cells, y, box.x + 1, width - 2, ATTR_REVERSE);
    }
    cells_print(cells, box.y + height - 1, box.x + 2, width - 4,
                list->hint == list->question ? STYLE_WARN | ATTR_BOLD : STYLE_DIM, "%s",
                list->hint);
}

int list_move(const List *list, const Key *key, int choice, int page)
{
    int last = list->n - 1;
    if (last < 0)
        return -1;
    switch (key->code) {
    case KB_UP: /* round and round */
        return choice > 0 ? choice - 1 : last;
    case KB_DOWN:
        return choice < last ? choice + 1 : 0;
    case KB_PAGE_UP:
        return choice > page ? choice - page : 0;
    case KB_PAGE_DOWN:
        return choice + page < last ? choice + page : last;
    case KB_HOME:
        return 0;
    case KB_END:
        return last;
    default:
        return -1;
    }
}
