/* drafters.c - the table of what can draft; see drafters.h. */
#include "engine/draft/drafters.h"

#include <stdio.h>
#include <string.h>

#define DRAFTER(name, title, help, model, exits, ngrams, open) \
    {name, title, help, DRAFTER_MODEL_##model, DRAFTER_EXITS_##exits, ngrams, open},
static const DrafterKind kinds[] = {
#include "engine/draft/drafters.def"
};
#undef DRAFTER
enum { KINDS = sizeof kinds / sizeof *kinds };

const DrafterKind *drafter_kind(int i)
{
    return i >= 0 && i < KINDS ? &kinds[i] : NULL;
}

const DrafterKind *drafter_find(const char *name)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(name, kinds[i].name) == 0)
            return &kinds[i];
    return NULL;
}

/* What may follow a kind's name and a colon. */
static int parse_rest(const DrafterKind *kind, const char *rest, DrafterChoice *choice)
{
    char more;
    *choice = (DrafterChoice){.kind = kind};
    if (kind->exits == DRAFTER_EXITS_FIXED) {
        bool number = rest && sscanf(rest, "%d%c", &choice->layer, &more) == 1;
        return number && choice->layer >= 1 && choice->layer < 1000 ? 0 : -1;
    }
    if (rest == NULL)
        return 0;
    choice->file = rest;
    return kind->model == DRAFTER_MODEL_HEAD && *rest ? 0 : -1;
}

int drafter_parse(const char *text, DrafterChoice *choice)
{
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    if (strlen(text) >= DRAFTER_TEXT)
        return -1;
    for (int i = 0; i < KINDS; i++)
        if (strlen(kinds[i].name) == length && strncmp(text, kinds[i].name, length) == 0)
            return parse_rest(&kinds[i], colon ? colon + 1 : NULL, choice);
    return -1;
}

int drafter_choose(const char *text, DraftConfig *config)
{
    DrafterChoice choice;
    if (drafter_parse(text, &choice) != 0)
        return -1;
    config->kind = choice.kind;
    config->fixed_exit = choice.layer;
    return 0;
}

void drafter_name(const DrafterKind *kind, int layer, char *text, size_t size)
{
    kind = kind ? kind : &kinds[0];
    if (kind->exits == DRAFTER_EXITS_FIXED)
        snprintf(text, size, "%s:%d", kind->name, layer);
    else
        snprintf(text, size, "%s", kind->name);
}

const char *drafter_names(const char *between, char *text)
{
    size_t used = 0, size = DRAFTER_NAMES_BYTES;
    for (int i = 0; i < KINDS && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s%s", i > 0 ? between : "",
                                 kinds[i].name, kinds[i].exits == DRAFTER_EXITS_FIXED ? ":L" : "");
    return text;
}

const char *drafter_default(bool has_draft)
{
    return has_draft ? "ngram+s2d" : "ngram";
}

int plain_open(const DrafterParts *parts, Drafter **drafter, Err *err)
{
    (void)parts, (void)err;
    *drafter = NULL;
    return 0;
}

int drafters_open(const DrafterParts *parts, Drafter **drafter, Err *err)
{
    const DrafterKind *kind = parts->drafting->kind;
    *drafter = NULL;
    return kind ? kind->open(parts, drafter, err) : 0;
}
