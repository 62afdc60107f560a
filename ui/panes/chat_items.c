/* chat_items.c - see chat_items.h. Heights are cached in the items. */
#include "ui/panes/chat_items.h"

#include <string.h>

const char *chat_prefix(const Item *item)
{
    switch (item->kind) {
    case ITEM_USER:
        return "you> ";
    case ITEM_ANSWER:
        return item->continued ? "" : "s2d> ";
    case ITEM_SWITCH:
        return "-- ";
    case ITEM_COMMAND:
        return "> ";
    case ITEM_WARNING:
        return "warning: ";
    case ITEM_ERROR:
        return "error: ";
    default:
        return "";
    }
}

/* What notes do not stand close to. */
static bool is_talk(const Item *item)
{
    return item->kind == ITEM_USER || item->kind == ITEM_ANSWER;
}

int chat_gap(const Scrollback *scrollback, int i)
{
    const Item *item = &scrollback->items[i];
    return i > 0 && (is_talk(item) || is_talk(&scrollback->items[i - 1]) ||
                     item->kind == ITEM_COMMAND)
               ? 1
               : 0;
}

static int figures_rows(const Item *item, int width)
{
    int rows = 0;
    size_t skip, n = strlen(item->figures);
    for (size_t at = 0; at < n; at += skip, rows++)
        at += text_wrap(item->figures + at, n - at, width - 2, &skip);
    return rows;
}

static void count_code(void *user, const Line *line)
{
    Item *item = user;
    item->codes += line->begins_code;
}

int chat_height(const View *view, Item *item, int width)
{
    int key = view->bare ? -width : width; /* a bare view wraps code otherwise */
    if (item->wrap_width != key) {
        item->codes = 0;
        item->height = markdown_lines(view, item, width, (int)strlen(chat_prefix(item)),
                                      item->kind == ITEM_ANSWER, count_code, item) +
                       figures_rows(item, width);
        item->wrap_width = key;
    }
    return item->height;
}
