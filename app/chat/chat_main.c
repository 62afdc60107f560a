/* chat_main.c - `s2d chat`: which front, and with what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/chat/chat.h"
#include "app/commands.h"

/* A person at a terminal that can do more than print lines. */
static bool screen_is_possible(void)
{
    const char *term = getenv("TERM");
    return isatty(0) && isatty(1) && term && *term && strcmp(term, "dumb") != 0;
}

typedef struct ChatArguments {
    Options options;
    bool plain;
} ChatArguments;

static const Option own_options[] = {
    {"--plain", NULL, OPTION_FLAG, .field = offsetof(ChatArguments, plain)},
    {"--continue", NULL, OPTION_FLAG, .field = offsetof(ChatArguments, options.go_on)},
    {0},
};

const CommandLine cmd_chat_line = {
    .name = "chat",
    .lists = {{model_options, offsetof(ChatArguments, options)},
              {drafting_options, offsetof(ChatArguments, options)},
              {sampling_options, offsetof(ChatArguments, options)},
              {screen_options, offsetof(ChatArguments, options)},
              {stop_options, offsetof(ChatArguments, options)},
              {role_options, offsetof(ChatArguments, options)},
              {own_options, 0}},
    .summary = "the chat (what s2d alone starts)",
};

int cmd_chat(int argc, char **argv)
{
    ChatArguments arguments = {0};
    Err err = {0};
    int first = command_line_parse(&cmd_chat_line, &arguments, argc, argv, &err);
    if (first < 0 ||
        (first < argc && err_set(&err, EXIT_USAGE,
                                 "chat takes no argument \"%s\"; s2d chat --help shows its options",
                                 argv[first]) != 0)) {
        fprintf(stderr, "s2d: %s\n", err.text);
        return err.code;
    }
    Options *options = &arguments.options;
    ClientOptions client = {.host = options->host};
    Config *config = malloc(sizeof *config);
    if (!config || config_open(config, &err) != 0) {
        free(config);
        fprintf(stderr, "s2d: %s\n", err.code ? err.text : "out of memory");
        return err.code ? err.code : EXIT_MEMORY;
    }
    options->config = config;
    int status = arguments.plain || !screen_is_possible() ? chat_plain(options, &client)
                                                          : chat_screen(options, &client);
    config_close(config);
    free(config);
    return status;
}
