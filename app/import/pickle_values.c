/* pickle_values.c - stack, memo and containers of the pickle reader; see pickle_parts.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/import/pickle_parts.h"

int pickle_fault(Pickle *pickle, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(pickle->err, EXIT_DATA, "%s: data.pkl, byte %zu: %s", pickle->label, pickle->at,
                   text);
}

int pickle_no_memory(Pickle *pickle)
{
    return err_set(pickle->err, EXIT_MEMORY, "%s: no memory for what data.pkl holds",
                   pickle->label);
}

PickleValue *pickle_new(Pickle *pickle, PickleKind kind)
{
    if (pickle->n_made == PICKLE_VALUES_MAX) {
        pickle_fault(pickle, "more than %d values; save the tensors alone", PICKLE_VALUES_MAX);
        return NULL;
    }
    PickleValue *value = calloc(1, sizeof *value);
    if (value == NULL) {
        pickle_no_memory(pickle);
        return NULL;
    }
    value->kind = kind;
    value->next = pickle->made;
    pickle->made = value;
    pickle->n_made++;
    return value;
}

/* Room for one more pointer; `most` bounds them. */
static int make_room(Pickle *pickle, PickleValue ***items, size_t n, size_t *capacity, size_t most)
{
    if (n >= most)
        return pickle_fault(pickle, "more than %zu values side by side", most);
    if (n < *capacity)
        return 0;
    size_t wanted = *capacity > 0 ? *capacity * 2 : 8;
    PickleValue **grown = realloc(*items, sizeof(*grown) * wanted);
    if (grown == NULL)
        return pickle_no_memory(pickle);
    *items = grown;
    *capacity = wanted;
    return 0;
}

int pickle_push(Pickle *pickle, PickleValue *value)
{
    if (value == NULL ||
        make_room(pickle, &pickle->stack, pickle->depth, &pickle->capacity, PICKLE_VALUES_MAX) != 0)
        return -1;
    pickle->stack[pickle->depth++] = value;
    return 0;
}

size_t pickle_floor(const Pickle *pickle)
{
    return pickle->n_marks > 0 ? pickle->marks[pickle->n_marks - 1] : 0;
}

PickleValue *pickle_top(Pickle *pickle)
{
    if (pickle->depth > pickle_floor(pickle))
        return pickle->stack[pickle->depth - 1];
    pickle_fault(pickle, "an instruction without a value to work on; is the file damaged?");
    return NULL;
}

PickleValue *pickle_pop(Pickle *pickle)
{
    PickleValue *value = pickle_top(pickle);
    if (value != NULL)
        pickle->depth--;
    return value;
}

int pickle_mark(Pickle *pickle)
{
    if (pickle->n_marks == PICKLE_MARKS_MAX)
        return pickle_fault(pickle, "nested more than %d deep", PICKLE_MARKS_MAX);
    pickle->marks[pickle->n_marks++] = pickle->depth;
    return 0;
}

int pickle_unmark(Pickle *pickle, size_t *from)
{
    if (pickle->n_marks == 0)
        return pickle_fault(pickle,
                            "the end of a container that never began; is the file damaged?");
    *from = pickle->marks[--pickle->n_marks];
    return 0;
}

int pickle_append(Pickle *pickle, PickleValue *list, PickleValue *item)
{
    if (make_room(pickle, &list->list.items, list->list.n, &list->list.capacity,
                  PICKLE_VALUES_MAX) != 0)
        return -1;
    list->list.items[list->list.n++] = item;
    return 0;
}

int pickle_move(Pickle *pickle, PickleValue *list, size_t from)
{
    for (size_t i = from; i < pickle->depth; i++)
        if (pickle_append(pickle, list, pickle->stack[i]) != 0)
            return -1;
    pickle->depth = from;
    return 0;
}

int pickle_remember(Pickle *pickle, uint64_t index)
{
    PickleValue *value = pickle_top(pickle);
    if (value == NULL)
        return -1;
    /* An instruction that remembers has two bytes at least, or counts by itself. */
    if (index >= PICKLE_MEMO_MAX || index >= pickle->size)
        return pickle_fault(pickle, "it remembers value %llu, more than it can have",
                            (unsigned long long)index);
    if (index >= pickle->memo_capacity) {
        size_t wanted = 64;
        while (wanted <= index)
            wanted *= 2;
        PickleValue **grown = realloc(pickle->memo, sizeof(*grown) * wanted);
        if (grown == NULL)
            return pickle_no_memory(pickle);
        for (size_t i = pickle->memo_capacity; i < wanted; i++)
            grown[i] = NULL;
        pickle->memo = grown;
        pickle->memo_capacity = wanted;
    }
    if (pickle->memo[index] == NULL)
        pickle->memo_next++;
    pickle->memo[index] = value;
    return 0;
}

int pickle_recall(Pickle *pickle, uint64_t index)
{
    if (index >= pickle->memo_capacity || pickle->memo[index] == NULL)
        return pickle_fault(pickle, "it recalls value %llu, which it never remembered",
                            (unsigned long long)index);
    return pickle_push(pickle, pickle->memo[index]);
}

void pickle_close(Pickle *pickle)
{
    for (PickleValue *value = pickle->made; value != NULL;) {
        PickleValue *next = value->next;
        if (value->kind == PICKLE_TUPLE || value->kind == PICKLE_LIST || value->kind == PICKLE_DICT)
            free(value->list.items);
        free(value);
        value = next;
    }
    free(pickle->stack);
    free(pickle->memo);
    *pickle = (Pickle){0};
}
