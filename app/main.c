/* main.c - finds the command and runs it.
 *
 * `s2d` alone, or with options only, is the chat. The one table below is the dispatcher and the
 * help.
 */
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "kernels/common/err.h"

typedef struct Command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
    const char *summary;
} Command;

static const Command commands[] = {
    {"chat", cmd_chat, "[--profile P] [--target M] [--host H] [--plain]",
     "the chat (what s2d alone starts)"},
    {"run", cmd_run,
     "-p TEXT | < stdin  [-n N] [--profile P] [--target M] [--draft M]\n"
     "        [--adapter FILE] [--drafter plain|sd|exit:L|s2d|s2d-frontier|self|ngram|ngram+s2d]\n"
     "        [--spec auto|on|off] [--tree auto|off|DxWxN] [--temp T] [--top-k K] [--top-p P]\n"
     "        [--seed S] [--ctx N] [--kv f16|q8] [--threads N] [--device auto|cpu|cuda]\n"
     "        [--isa auto|amx|avx512|avx2|scalar] [--act int8|f32] [--host H]\n"
     "        [--raw] [--ignore-eos] [--json]",
     "answer one prompt"},
    {"pull", cmd_pull, "[--ask] NAME ...", "fetch models of the catalog, verified"},
    {"models", cmd_models, "", "the catalog, and which of it is here"},
    {"info", cmd_info, "[MODEL | PROFILE]", "this machine, a model's header, or a profile's plan"},
    {"tokenize", cmd_tokenize, "-m M [--special] [TEXT]", "token ids of a text"},
    {"bench", cmd_bench,
     "kernels | verify | spec | project | products | synth [ARGUMENTS]\n"
     "       s2d bench NAME --help shows those of one",
     "measure this machine and the speculation"},
    {"tune", cmd_tune,
     "--prompts FILE [--profile P] [--target M] [-n N] [--sample N] [--repeats N]\n"
     "        [--json | --csv] [options as for `s2d run`]\n"
     "       s2d tune --forget [--profile P] [--target M]",
     "the thresholds that are fastest here, for each target"},
    {"draft", cmd_draft, "merge [--profile P] [--draft M] [--adapter FILE] --exit LAYER -o FILE",
     "one trained exit as a model of its own, for other programs"},
    {"train", cmd_train,
     "-m BASE --data FILE ... -o OUT  [--tune exits|lora:RANK|full]\n"
     "        [--method soft|sft] [--loss distill|text] [--top K] [--layers N]\n"
     "        [--exits L,L,...] [--copy next|last|L,L,...] [--list FILE] [--epochs E | --steps N]\n"
     "        [--batch TOKENS] [--length N] [--rate R] [--warmup PART] [--cosine]\n"
     "        [--decay D] [--clip NORM] [--seed S] [--eval FILE | --hold N] [--every N]\n"
     "        [--type T] [--system TEXT] [--avoid FILE] [--cache FILE] [--start FILE] [--resume]\n"
     "        [--device auto|cpu|cuda] [--threads N] [--isa auto|amx|avx512|avx2|scalar]\n"
     "       s2d train --plan -m BASE | --shape SHAPE  [options as above]\n"
     "       s2d train --generate -m MODEL --prompts FILE -o FILE  [-n N] [--temp T]\n"
     "        [--top-k K] [--top-p P] [--seed S] [--system TEXT] [--at-once N]",
     "train a draft's exits, or let a model answer prompts to train on"},
    {"worker", cmd_worker, "", "the engine behind JSON lines on stdin and stdout"},
    {"replay", cmd_replay, "FILE", "show a trace again"},
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(const Command *command)
{
    printf("usage: s2d %s%s%s\n%s.\n", command->name, *command->usage ? " " : "", command->usage,
           command->summary);
}

static void print_help(void)
{
    printf("s2d - a chat that shows speculative decoding at work\n\n"
           "usage: s2d [COMMAND] [ARGUMENTS]\n\n");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    printf("\n`s2d COMMAND --help` shows a command's options, `man s2d` explains them.\n");
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, ""); /* characters only: numbers are read and written with a point */
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
    for (int i = 0; i < N_COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (argc > 2 && is_help(argv[2])) {
            print_usage(&commands[i]);
            return 0;
        }
        return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "s2d: there is no command \"%s\"; `s2d --help` lists them\n", argv[1]);
    return EXIT_USAGE;
}
