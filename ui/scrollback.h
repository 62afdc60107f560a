/* scrollback.h - what was said, as it is shown: cleaned text, and for each stretch of it who
 * proposed it.
 *
 * In: text of the person, the engine, the app. Out: a list of items for the chat pane, oldest
 * first. Only for looking at: what is sent to the model or saved is the app's. Bounded: the oldest
 * items go first.
 */
#ifndef S2D_UI_SCROLLBACK_H
#define S2D_UI_SCROLLBACK_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/fence.h"
#include "ui/text.h"

enum {
    SCROLLBACK_BYTES = 16 << 20, /* of text kept */
    SCROLLBACK_ITEMS = 20000,
    SOURCE_TARGET = 0, /* of a Span, else an exit's layer, as in EventText */
    SOURCE_FREE = -1,  /* drafted by no model */
};

typedef enum ItemKind {
    ITEM_USER,
    ITEM_ANSWER,
    ITEM_NOTE,
    ITEM_WARNING,
    ITEM_ERROR,
    ITEM_SWITCH,
    ITEM_COMMAND, /* as it was typed */
} ItemKind;

/* From byte `start` on, up to the next span, the text was proposed by `source`. */
typedef struct Span {
    int start, source;
} Span;

/* What had been counted when a question was asked. */
typedef struct ItemBefore {
    unsigned n_strip, n_history;
    int ctx_used;
} ItemBefore;

typedef struct Item {
    ItemKind kind;
    unsigned long id; /* 1 …, never given again */
    bool open;        /* an answer that still grows */
    bool continued;   /* goes on after a switch in its middle, */
    Fence fence;      /* which was in code like this */
    bool queued;      /* a note: the person's text that waits to be said */
    bool greeting;    /* a note: goes when something is said */
    char *text;       /* terminated; may be NULL when empty */
    size_t bytes, room;
    Span *spans;
    int n_spans, spans_room;
    int thought_tokens;     /* of an answer's thoughts, their marks included; 0 = not known */
    char figures[192];      /* one line below a finished answer */
    ItemBefore before;      /* of what the person said */
    int wrap_width, height; /* the chat pane's cache; wrap_width 0 = stale */
    int codes;              /* with it: blocks of code that begin in it */
} Item;

typedef struct Scrollback {
    Item *items;
    int n_items, room;
    size_t bytes;
    unsigned long last_id;
    TextCleaner cleaner; /* of the open answer */
    int codes_gone;      /* blocks of code in what went as the oldest */
} Scrollback;

void scrollback_close(Scrollback *scrollback); /* an all-zero one is open and empty */

/* Appends an item with cleaned text; returns it, valid until the next call, or NULL when memory is
 * short. */
Item *scrollback_add(Scrollback *scrollback, ItemKind kind, const char *text);
/* Appends to the open answer, which is begun when there is none. */
void scrollback_append(Scrollback *scrollback, const char *text, int source);
Item *scrollback_open_answer(Scrollback *scrollback); /* NULL = none */
/* The fences that are open at the end of an answer. */
Fence scrollback_fence(const Item *item);
/* -1 = none */
int scrollback_find(const Scrollback *scrollback, unsigned long id);
void scrollback_remove(Scrollback *scrollback, int index);
/* Removes the items from `first` on. */
void scrollback_cut(Scrollback *scrollback, int first);
int scrollback_last_user(const Scrollback *scrollback); /* -1 = none */

#endif
