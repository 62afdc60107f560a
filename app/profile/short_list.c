/* short_list.c - see short_list.h. Text -> a bit for each id -> ascending ids, each once. */
#include "app/profile/short_list.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/plain_text.h"
#include "app/base/save_file.h"

typedef struct Parser {
    const char *at, *end;
    const char *name;
    int line;
    bool *listed; /* [room] by id */
    int room;
    Err *err;
} Parser;

/* Makes room for ids up to `last`: lists are made of a model's most frequent tokens, which are low. */
static int reserve(Parser *p, int last)
{
    if (last < p->room)
        return 0;
    int room = p->room < 1024 ? 1024 : p->room;
    while (room <= last)
        room *= 2;
    bool *listed = realloc(p->listed, (size_t)room * sizeof *listed);
    if (!listed)
        return err_set(p->err, EXIT_MEMORY, "no memory for reading %.200s", p->name);
    memset(listed + p->room, false, (size_t)(room - p->room) * sizeof *listed);
    p->listed = listed;
    p->room = room;
    return 0;
}

static bool is_digit(const Parser *p)
{
    return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

/* Blanks and comments. */
static void skip(Parser *p)
{
    for (bool comment = false; p->at < p->end; p->at++) {
        if (*p->at == '\n')
            p->line++;
        comment = *p->at == '\n' ? false : comment || *p->at == '#';
        if (!comment && strchr(" \t\r\n", *p->at) == NULL)
            return;
        if (*p->at == '\0' && !comment)
            return;
    }
}

static int fail(const Parser *p, const char *start, const char *what)
{
    int length = 0, most = 24;
    while (start + length < p->end && length < most && start[length] > ' ' && start[length] <= '~')
        length++;
    return err_set(p->err, EXIT_DATA, "%.200s:%d: \"%.*s\" %s", p->name, p->line, length, start,
                   what);
}

static int read_id(Parser *p, const char *start, int *id)
{
    if (!is_digit(p))
        return fail(p, start, "is no token id and no range such as 0-8191");
    for (*id = 0; is_digit(p); p->at++) {
        *id = *id * 10 + (*p->at - '0');
        if (*id > SHORT_LIST_ID_MAX)
            return fail(p, start, "is beyond any vocabulary");
    }
    return 0;
}

static int read_range(Parser *p)
{
    const char *start = p->at;
    int first, last;
    if (read_id(p, start, &first) != 0)
        return -1;
    last = first;
    if (p->at < p->end && *p->at == '-') {
        p->at++;
        if (read_id(p, start, &last) != 0)
            return -1;
        if (last < first)
            return fail(p, start, "is a range that ends before it starts");
    }
    if (p->at < p->end && (*p->at == '\0' || strchr(" \t\r\n#", *p->at) == NULL))
        return fail(p, start, "is no token id and no range such as 0-8191");
    if (reserve(p, last) != 0)
        return -1;
    memset(p->listed + first, true, (size_t)(last - first + 1));
    return 0;
}

int short_list_parse(ShortList *list, const char *text, size_t bytes, const char *name, Err *err)
{
    Parser p = {.at = text + plain_text_mark(text, bytes),
                .end = text + bytes,
                .name = name,
                .line = 1,
                .err = err};
    *list = (ShortList){0};
    int result = 0, count = 0;
    for (skip(&p); result == 0 && p.at < p.end; skip(&p))
        result = read_range(&p);
    for (int id = 0; id < p.room; id++)
        count += p.listed[id];
    if (result == 0 && count == 0)
        result = err_set(err, EXIT_DATA, "%.200s: no token ids; a short list holds some", name);
    if (result == 0 && !(list->ids = malloc((size_t)count * sizeof *list->ids)))
        result = err_set(err, EXIT_MEMORY, "no memory for %d token ids", count);
    for (int id = 0; result == 0 && id < p.room; id++)
        if (p.listed[id])
            list->ids[list->n++] = id;
    free(p.listed);
    return result;
}

int short_list_open(ShortList *list, const char *path, Err *err)
{
    enum { SIZE = SHORT_LIST_BYTES_MAX + 1 };
    *list = (ShortList){0};
    char *data = malloc(SIZE);
    if (!data)
        return err_set(err, EXIT_MEMORY, "no memory for reading %.300s", path);
    ssize_t length = read_start(path, data, SIZE);
    int result;
    if (length < 0)
        result = err_set(err, errno == ENOENT ? EXIT_NOINPUT : EXIT_IO,
                         "cannot read the short list %.300s: %s", path, strerror(errno));
    else if (length == SIZE)
        result = err_set(err, EXIT_DATA, "%.300s: larger than %d MiB, so no short list", path,
                         SHORT_LIST_BYTES_MAX >> 20);
    else
        result = short_list_parse(list, data, (size_t)length, path, err);
    free(data);
    return result;
}

void short_list_close(ShortList *list)
{
    free(list->ids);
    *list = (ShortList){0};
}

int short_list_add(ShortList *list, int id, Err *err)
{
    int at = list->n;
    while (at > 0 && list->ids[at - 1] >= id)
        at--;
    if (at < list->n && list->ids[at] == id)
        return 0;
    int *ids = realloc(list->ids, (size_t)(list->n + 1) * sizeof *ids);
    if (!ids)
        return err_set(err, EXIT_MEMORY, "no memory for %d token ids", list->n + 1);
    memmove(ids + at + 1, ids + at, (size_t)(list->n - at) * sizeof *ids);
    ids[at] = id;
    list->ids = ids;
    list->n++;
    return 0;
}

char *short_list_text(const ShortList *list)
{
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        return NULL;
    for (int i = 0, last; i < list->n; i = last + 1) {
        for (last = i; last + 1 < list->n && list->ids[last + 1] == list->ids[last] + 1;)
            last++;
        fprintf(stream, last > i ? "%s%d-%d" : "%s%d", i > 0 ? " " : "", list->ids[i],
                list->ids[last]);
    }
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
