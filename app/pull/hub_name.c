/* hub_name.c - see hub_name.h. */
#include "app/pull/hub_name.h"

#include <stdio.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

bool hub_name_is(const char *text)
{
    return strchr(text, '/') != NULL;
}

/* Behind `start` where the text begins with it, else NULL. */
static const char *behind(const char *text, const char *start)
{
    size_t length = strlen(start);
    return strncmp(text, start, length) == 0 ? text + length : NULL;
}

static const char *skip_hub(const char *text, const char *endpoint)
{
    static const char *const starts[] = {"https://huggingface.co/", "https://hf.co/",
                                         "huggingface.co/", "hf.co/"};
    const char *rest = behind(text, endpoint);
    if (rest && rest[0] == '/')
        return rest + 1;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if ((rest = behind(text, starts[i])) != NULL)
            return rest;
    return text;
}

/* Copies a word of `letters`; NULL = there is none, or it could be a folder's "..". */
static const char *take_word(const char *text, char word[HUB_WORD_BYTES])
{
    size_t length = strspn(text, letters);
    if (length == 0 || length >= HUB_WORD_BYTES || text[0] == '.')
        return NULL;
    memcpy(word, text, length);
    word[length] = '\0';
    return text + length;
}

/* What stands behind OWNER/REPO; -1 = it makes no sense. A query of an address says nothing here. */
static int take_pick(const char *rest, char pick[HUB_PICK_BYTES])
{
    static const char *const pages[] = {"", "/", "/tree/main", "/tree/main/"};
    static const char *const files[] = {":", "/blob/main/", "/resolve/main/"};
    const char *file = NULL;
    size_t length = strcspn(rest, rest[0] == ':' ? "" : "?");
    pick[0] = '\0';
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strlen(pages[i]) == length && behind(rest, pages[i]))
            return 0;
    for (size_t i = 0; i < sizeof files / sizeof *files && !file; i++)
        file = behind(rest, files[i]);
    length -= file ? (size_t)(file - rest) : 0;
    if (!file || length == 0 || length >= HUB_PICK_BYTES)
        return -1;
    memcpy(pick, file, length);
    pick[length] = '\0';
    return 0;
}

int hub_name_parse(HubName *name, const char *text, const char *endpoint, Err *err)
{
    const char *rest = take_word(skip_hub(text, endpoint), name->owner);
    rest = rest && rest[0] == '/' ? take_word(rest + 1, name->repo) : NULL;
    if (rest && take_pick(rest, name->pick) == 0)
        return 0;
    return err_set(err, EXIT_USAGE,
                   "\"%.200s\" is not understood; a repository is named hf.co/OWNER/REPO or "
                   "hf.co/OWNER/REPO:QUANT",
                   text);
}
