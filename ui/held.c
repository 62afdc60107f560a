/* held.c - see held.h. Each copy has as many bytes as its type needs. */
#include "ui/held.h"

#include <stdlib.h>
#include <string.h>

struct HeldEvent {
    HeldEvent *next;
    size_t bytes;
    char *text;   /* what the event points to, owned; NULL = nothing */
    Event *event; /* behind this */
};

static size_t bytes_of(const Event *event)
{
    size_t bytes = offsetof(Event, u);
    switch (event->type) {
    case EVENT_ROUND:
        return bytes + sizeof event->u.round;
    case EVENT_TEXT:
    case EVENT_OTHER_TEXT:
        return bytes + sizeof event->u.text;
    case EVENT_STATS:
        return bytes + sizeof event->u.stats;
    case EVENT_PREFILL:
        return bytes + sizeof event->u.prefill;
    default: /* there are few of the others */
        return sizeof *event;
    }
}

static bool is_text(const Event *event)
{
    return event->type == EVENT_TEXT || event->type == EVENT_OTHER_TEXT;
}

static const char *text_of(const Event *event)
{
    return is_text(event)                  ? event->u.text.text
           : event->type == EVENT_QUESTION ? event->u.question.text
                                           : NULL;
}

int held_add(Held *held, const Event *event)
{
    size_t align = _Alignof(max_align_t), bytes = bytes_of(event);
    size_t start = (sizeof(HeldEvent) + align - 1) / align * align;
    const char *pointed = text_of(event);
    char *text = pointed != NULL ? strdup(pointed) : NULL;
    HeldEvent *one = malloc(start + bytes);
    if (one == NULL || (pointed != NULL && text == NULL)) {
        free(one);
        free(text);
        return -1;
    }
    *one = (HeldEvent){.bytes = start + bytes, .text = text};
    one->event = (Event *)(void *)((char *)one + start);
    memcpy(one->event, event, bytes);
    if (text != NULL) {
        if (is_text(event))
            one->event->u.text.text = text;
        else
            one->event->u.question.text = text;
        one->bytes += strlen(text) + 1;
    }
    if (held->last != NULL)
        held->last->next = one;
    else
        held->first = one;
    held->last = one;
    held->bytes += one->bytes;
    held->rounds += event->type == EVENT_ROUND;
    return 0;
}

const Event *held_first(const Held *held)
{
    return held->first != NULL ? held->first->event : NULL;
}

void held_drop(Held *held)
{
    HeldEvent *one = held->first;
    held->first = one->next;
    if (held->first == NULL)
        held->last = NULL;
    held->bytes -= one->bytes;
    held->rounds -= one->event->type == EVENT_ROUND;
    free(one->text);
    free(one);
}

bool held_has_round(const Held *held)
{
    const HeldEvent *one = held->first;
    while (one != NULL && one->event->type != EVENT_ROUND)
        one = one->next;
    while (one != NULL && (one->event->type == EVENT_ROUND || one->event->type == EVENT_TEXT))
        one = one->next;
    return one != NULL;
}

void held_close(Held *held)
{
    while (held->first != NULL)
        held_drop(held);
}
