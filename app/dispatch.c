/* dispatch.c - finds the command and runs it.
 *
 * `s2d` alone, or with options only, is the chat. The one table below is the dispatcher; the
 * lines in it are the help.
 */
#include <stdio.h>
#include <string.h>

#include "app/base/print.h"
#include "app/commands.h"
#include "kernels/common/err.h"

typedef struct Command {
    const char *name;
    int (*run)(int argc, char **argv);
    const CommandLine *line;
} Command;

static const Command commands[] = {
    {"chat", cmd_chat, &cmd_chat_line},       {"run", cmd_run, &cmd_run_line},
    {"pull", cmd_pull, &cmd_pull_line},       {"models", cmd_models, &cmd_models_line},
    {"info", cmd_info, &cmd_info_line},       {"tokenize", cmd_tokenize, &cmd_tokenize_line},
    {"bench", cmd_bench, &cmd_bench_line},    {"profile", cmd_profile, &cmd_profile_line},
    {"tune", cmd_tune, &cmd_tune_line},       {"draft", cmd_draft, &cmd_draft_line},
    {"train", cmd_train, &cmd_train_line},    {"worker", cmd_worker, &cmd_worker_line},
    {"replay", cmd_replay, &cmd_replay_line}, {"demo", cmd_demo, &cmd_demo_line},
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(void)
{
    printf("s2d - a chat that shows speculative decoding at work\n\n"
           "usage: s2d [COMMAND] [ARGUMENTS]\n\n");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].line->summary);
    printf("\n`s2d COMMAND --help` shows a command's options, `man s2d` explains them.\n");
}

int dispatch(int argc, char **argv)
{
    if (argc > 1 && is_help(argv[1])) {
        print_help();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("s2d " S2D_VERSION "\n");
        return 0;
    }
    if (argc < 2 || argv[1][0] == '-')
        return cmd_chat(argc, argv);
    if (strcmp(argv[1], "complete") == 0) /* asked by the shell, not by a person */
        return cmd_complete(argc - 1, argv + 1);
    for (int i = 0; i < N_COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (argc > 2 && is_help(argv[2])) {
            command_line_usage(commands[i].line, stdout);
            return 0;
        }
        return commands[i].run(argc - 1, argv + 1);
    }
    print_report(stderr, "s2d: there is no command \"%s\"; `s2d --help` lists them\n", argv[1]);
    return EXIT_USAGE;
}
