/* scrollback.c - see scrollback.h. */
#include "ui/scrollback.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void item_close(Item *item)
{
    free(item->text);
    free(item->spans);
    *item = (Item){0};
}

void scrollback_close(Scrollback *scrollback)
{
    scrollback_cut(scrollback, 0);
    free(scrollback->items);
    *scrollback = (Scrollback){0};
}

void scrollback_cut(Scrollback *scrollback, int first)
{
    while (scrollback->n_items > first) {
        Item *item = &scrollback->items[--scrollback->n_items];
        scrollback->bytes -= item->bytes;
        item_close(item);
    }
    if (first == 0)
        scrollback->codes_gone = 0;
}

Fence scrollback_fence(const Item *item)
{
    Fence fence = item->fence;
    fence_count(item->text, item->bytes, &fence);
    return fence;
}

void scrollback_remove(Scrollback *scrollback, int index)
{
    Item *item = &scrollback->items[index];
    scrollback->bytes -= item->bytes;
    item_close(item);
    scrollback->n_items--;
    memmove(item, item + 1, (size_t)(scrollback->n_items - index) * sizeof *item);
}

/* Makes room for one more item and keeps the whole within its bounds. */
static int reserve(Scrollback *scrollback)
{
    int drop = 0;
    size_t bytes = scrollback->bytes;
    while (drop < scrollback->n_items && !scrollback->items[drop].open &&
           (bytes > SCROLLBACK_BYTES || scrollback->n_items - drop >= SCROLLBACK_ITEMS)) {
        Item *item = &scrollback->items[drop++];
        bytes -= item->bytes;
        if (item->kind == ITEM_ANSWER)
            scrollback->codes_gone += fence_count(item->text, item->bytes, &item->fence);
        item_close(item);
    }
    if (drop > 0) {
        scrollback->n_items -= drop;
        scrollback->bytes = bytes;
        memmove(scrollback->items, scrollback->items + drop,
                (size_t)scrollback->n_items * sizeof *scrollback->items);
    }
    if (scrollback->n_items < scrollback->room)
        return 0;
    int room = scrollback->room > 0 ? scrollback->room * 2 : 64;
    Item *items = realloc(scrollback->items, (size_t)room * sizeof *items);
    if (items == NULL)
        return -1;
    scrollback->items = items;
    scrollback->room = room;
    return 0;
}

/* Appends n bytes, cleaned. What finds no memory is left out: the screen is not worth dying for. */
static void item_append(Scrollback *scrollback, Item *item, TextCleaner *cleaner, const char *text,
                        size_t n)
{
    size_t most = item->bytes + 3 * (n + 3) + 1;
    if (most > item->room) {
        size_t room = item->room * 2 > most ? item->room * 2 : most;
        char *grown = realloc(item->text, room);
        if (grown == NULL)
            return;
        item->text = grown;
        item->room = room;
    }
    size_t added = text_clean(cleaner, text, n, item->text + item->bytes);
    item->bytes += added;
    item->wrap_width = 0;
    scrollback->bytes += added;
}

Item *scrollback_add(Scrollback *scrollback, ItemKind kind, const char *text)
{
    if (reserve(scrollback) < 0)
        return NULL;
    Item *item = &scrollback->items[scrollback->n_items++];
    *item = (Item){.kind = kind, .id = ++scrollback->last_id};
    TextCleaner cleaner = {0};
    item_append(scrollback, item, &cleaner, text, strlen(text));
    return item;
}

Item *scrollback_open_answer(Scrollback *scrollback)
{
    for (int i = scrollback->n_items - 1; i >= 0 && scrollback->items[i].kind != ITEM_USER; i--)
        if (scrollback->items[i].open)
            return &scrollback->items[i];
    return NULL;
}

static void item_span(Item *item, int source)
{
    if (item->n_spans > 0 && item->spans[item->n_spans - 1].source == source)
        return;
    if (item->n_spans == item->spans_room) {
        int room = item->spans_room > 0 ? item->spans_room * 2 : 32;
        Span *spans = realloc(item->spans, (size_t)room * sizeof *spans);
        if (spans == NULL)
            return;
        item->spans = spans;
        item->spans_room = room;
    }
    item->spans[item->n_spans++] = (Span){(int)item->bytes, source};
}

void scrollback_append(Scrollback *scrollback, const char *text, int source)
{
    Item *item = scrollback_open_answer(scrollback);
    if (item == NULL) {
        item = scrollback_add(scrollback, ITEM_ANSWER, "");
        if (item == NULL)
            return;
        item->open = true;
        scrollback->cleaner = (TextCleaner){0};
    }
    item_span(item, source);
    item_append(scrollback, item, &scrollback->cleaner, text, strlen(text));
}

int scrollback_find(const Scrollback *scrollback, unsigned long id)
{
    int i = scrollback->n_items - 1;
    while (i >= 0 && scrollback->items[i].id != id)
        i--;
    return i;
}

int scrollback_last_user(const Scrollback *scrollback)
{
    int i = scrollback->n_items - 1;
    while (i >= 0 && scrollback->items[i].kind != ITEM_USER)
        i--;
    return i;
}
