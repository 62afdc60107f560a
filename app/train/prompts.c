/* prompts.c - see prompts.h. */
#include "app/train/prompts.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/plain_text.h"
#include "app/base/save_file.h"

void prompts_close(Prompts *prompts)
{
    for (int i = 0; i < prompts->n; i++)
        free(prompts->list[i]);
    free(prompts->list);
    *prompts = (Prompts){0};
}

/* The prompt of a JSON line, to be freed. */
static char *read_object(const char *line, size_t bytes, Err *err)
{
    json_error_t trouble;
    json_t *object = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &trouble);
    if (!object) {
        err_set(err, EXIT_DATA, "not JSON: %.120s", trouble.text);
        return NULL;
    }
    const json_t *prompt = json_object_get(object, "prompt");
    if (!prompt)
        prompt = json_array_get(json_object_get(object, "turns"), 0);
    bool plain = plain_json(object) == 0;
    const char *text = json_string_value(prompt);
    char *copy = plain && text && *text ? strdup(text) : NULL;
    if (!plain)
        err_set(err, EXIT_MEMORY, "no memory for so many prompts");
    else if (!copy)
        err_set(err, EXIT_DATA, "it has neither a \"prompt\" nor \"turns\" with a text in it");
    json_decref(object);
    return copy;
}

static int add_line(Prompts *prompts, const char *line, size_t bytes, bool json, Err *err)
{
    if (memchr(line, '\0', bytes))
        return err_set(err, EXIT_DATA, "there is a NUL byte in it: is it text?");
    if (prompts->n % 64 == 0) {
        char **grown = realloc(prompts->list, sizeof(*grown) * ((size_t)prompts->n + 64));
        if (!grown)
            return err_set(err, EXIT_MEMORY, "no memory for so many prompts");
        prompts->list = grown;
    }
    char *prompt = json ? read_object(line, bytes, err) : strndup(line, bytes);
    if (!prompt)
        return err && err->code ? -1 : err_set(err, EXIT_MEMORY, "no memory for so many prompts");
    prompts->list[prompts->n++] = prompt;
    return 0;
}

int prompts_parse(Prompts *prompts, const char *text, size_t bytes, const char *name, Err *err)
{
    const char *end = text + bytes, *next;
    bool json = false;
    *prompts = (Prompts){0};
    for (int line = 1; text < end; text = next, line++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);
        Err wrong = {0};
        next = newline ? newline + 1 : end;
        while (length > 0 && strchr(" \t\r", text[length - 1]) && text[length - 1])
            length--;
        if (length == 0)
            continue;
        json = prompts->n == 0 ? text[0] == '{' : json;
        if (add_line(prompts, text, length, json, &wrong) != 0) {
            prompts_close(prompts);
            return err_set(err, wrong.code, "%s: line %d: %s", name, line, wrong.text);
        }
    }
    return prompts->n > 0 ? 0 : err_set(err, EXIT_DATA, "%s: no prompts in it", name);
}

int prompts_open(Prompts *prompts, const char *path, Err *err)
{
    size_t bytes;
    char *text = read_file(path, "file of prompts", PROMPTS_BYTES_MAX, &bytes, err);
    if (!text)
        return -1;
    int status = prompts_parse(prompts, text, bytes, path, err);
    free(text);
    return status;
}

void prompts_choose(Prompts *prompts, int sample)
{
    int total = prompts->n, kept = 0;
    if (sample >= total)
        return;
    for (int i = 0; i < total; i++) {
        if (kept < sample && i == (int)((long)kept * total / sample))
            prompts->list[kept++] = prompts->list[i];
        else
            free(prompts->list[i]);
    }
    prompts->n = kept;
}
