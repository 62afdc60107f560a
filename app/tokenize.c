/* tokenize.c - `s2d tokenize`: the token ids of a text, on one line. Reads headers only, never
 * weights, so that a file which holds nothing but a vocabulary is enough. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/paths.h"
#include "app/commands.h"
#include "app/profile/catalog.h"
#include "engine/text/tokenizer.h"

enum { TEXT_MAX = 1 << 28 }; /* bytes */

typedef struct Arguments {
    const char *model;
    const char *text; /* NULL = stdin */
    bool special;
} Arguments;

static const Option options[] = {
    {"-m", "MODEL", OPTION_TEXT, .field = offsetof(Arguments, model), .alias = "--model",
     .required = true},
    {"--special", NULL, OPTION_FLAG, .field = offsetof(Arguments, special)},
    {0},
};

const CommandLine cmd_tokenize_line = {
    .name = "tokenize",
    .lists = {{options, 0}},
    .words = "[TEXT]",
    .summary = "token ids of a text",
    .mixed = true,
};

static int parse(Arguments *arguments, int argc, char **argv, Err *err)
{
    int first = command_line_parse(&cmd_tokenize_line, arguments, argc, argv, err);
    if (first < 0)
        return -1;
    if (arguments->model == NULL)
        return err_set(err, EXIT_USAGE, "which model's tokens? name it with -m MODEL");
    if (argc - first > 1)
        return err_set(err, EXIT_USAGE, "one text at a time; put it in quotes");
    arguments->text = argv[first];
    return 0;
}

static int read_stdin(char **text, size_t *bytes, Err *err)
{
    size_t capacity = 0, got;
    *text = NULL;
    *bytes = 0;
    do {
        if (*bytes == capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            char *grown = capacity > TEXT_MAX ? NULL : realloc(*text, capacity);
            if (grown == NULL)
                return err_set(err, EXIT_MEMORY, "stdin: no memory for more than %zu bytes",
                               *bytes);
            *text = grown;
        }
        got = fread(*text + *bytes, 1, capacity - *bytes, stdin);
        *bytes += got;
    } while (got > 0);
    return ferror(stdin) ? err_set(err, EXIT_IO, "stdin: cannot be read") : 0;
}

static int open_tokenizer(Tokenizer **tokenizer, const char *model, Err *err)
{
    char path[PATH_BYTES];
    Gguf *gguf;
    if (catalog_resolve(model, path, sizeof path, err) != 0 || gguf_open(&gguf, path, err) != 0)
        return -1;
    int rc = tokenizer_open(tokenizer, gguf, err);
    gguf_close(gguf);
    return rc;
}

static void print_ids(const int *ids, int count)
{
    for (int i = 0; i < count; i++)
        printf(i == 0 ? "%d" : " %d", ids[i]);
    putchar('\n');
}

int cmd_tokenize(int argc, char **argv)
{
    Arguments arguments = {0};
    Tokenizer *tokenizer = NULL;
    Err err = {0};
    char *input = NULL;
    size_t bytes = 0;
    int *ids = NULL, count = 0, capacity = 0;
    if (parse(&arguments, argc, argv, &err) != 0 ||
        open_tokenizer(&tokenizer, arguments.model, &err) != 0)
        goto done;
    if (arguments.text != NULL)
        bytes = strlen(arguments.text);
    else if (read_stdin(&input, &bytes, &err) != 0)
        goto done;
    if (tokenizer_encode(tokenizer, arguments.text ? arguments.text : input, bytes,
                         arguments.special, &ids, &count, &capacity, &err) == 0)
        print_ids(ids, count);
done:
    if (err.code != 0)
        fprintf(stderr, "s2d tokenize: %s\n", err.text);
    free(ids);
    free(input);
    tokenizer_close(tokenizer);
    return err.code;
}
