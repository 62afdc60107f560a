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

int cmd_chat(int argc, char **argv)
{
    Options options;
    Err err = {0};
    if (options_parse(&options, argc, argv, OPTIONS_MODEL | OPTIONS_SAMPLING | OPTIONS_CHAT,
                      &err) != 0 ||
        (options.first_argument < argc &&
         err_set(&err, EXIT_USAGE,
                 "chat takes no argument \"%s\"; s2d chat --help shows its options",
                 argv[options.first_argument]) != 0)) {
        fprintf(stderr, "s2d: %s\n", err.text);
        return err.code;
    }
    ClientOptions client = {.host = options.host};
    if (options.plain || !screen_is_possible())
        return chat_plain(&options, &client);
    return chat_screen(&options, &client);
}
